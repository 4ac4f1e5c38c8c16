import { openRequests } from '../enrollment/index.ts';
import type { Asked } from '../mail/index.ts';
import type { ReadTx } from '../storage/index.ts';
import { type Standing, seatsOf, standingsOf } from './notice-queries.ts';

/**
 * Whether what is to be said still holds, asked before a message is sent: of somebody who is done, unenrolled or inactive,
 * or whose dates are others, nobody is reminded; of a request that is answered nobody is told.
 */
export async function holds(
  tx: ReadTx,
  accountId: number,
  asked: readonly Asked[],
  now: Date,
): Promise<boolean[]> {
  const pairs = asked.flatMap(({ userId, notice }, no) =>
    'itemId' in notice && notice.kind !== 'unlock_asked'
      ? [{ no, itemId: notice.itemId, learnerId: notice.kind === 'escalation' ? notice.learnerId : userId }]
      : [],
  );
  const standings = await standingsOf(tx, accountId, pairs, now);
  const seats = asked.flatMap(({ userId, notice }, no) =>
    'sessionId' in notice ? [{ no, userId, sessionId: notice.sessionId }] : [],
  );
  const taken = await seatsOf(tx, accountId, seats);
  const open = await openRequests(
    tx,
    accountId,
    asked.flatMap(({ notice }) => ('requestId' in notice ? notice.requestId : [])),
  );
  const standingAt = new Map(pairs.map(({ no }, place) => [no, standings[place] ?? null]));
  const seatAt = new Map(seats.map(({ no }, place) => [no, taken[place] ?? false]));
  return asked.map(({ notice }, no) => {
    if ('sessionId' in notice) return seatAt.get(no) ?? false;
    if (notice.kind === 'unlock_asked') return open.has(notice.requestId);
    if (!('itemId' in notice)) return true;
    const standing = standingAt.get(no);
    return standing ? stillSo(notice, standing, now) : false;
  });
}

function stillSo(
  notice: Exclude<Extract<Asked['notice'], { readonly itemId: string }>, { readonly kind: 'unlock_asked' }>,
  { dueAt, isDone, isActive }: Standing,
  now: Date,
): boolean {
  if (notice.kind === 'assigned') return true;
  const isSame = dueAt !== null && dueAt.getTime() === notice.dueAt.getTime();
  return isSame && !isDone && isActive && (notice.kind !== 'due_soon' || now < dueAt);
}
