import { enqueue } from '../jobs/index.ts';
import { type NewMessage, queueMail } from '../mail/index.ts';
import type { WriteTx } from '../storage/index.ts';
import * as notices from './notice-queries.ts';
import { nextDue } from './queries.ts';
import type { Said } from './said.ts';

/** What is to be said to people becomes messages: one for each of them, whatever there is to be said. */

export const SEND_JOB = 'notices.send';
/** So long what is to be said is kept, for more that belongs to it. */
const GATHER_MS = 60_000;
/** So long at most, while more is being found. */
const GATHER_AT_MOST_MS = 10 * GATHER_MS;
const LOOK_AGAIN_MS = 5_000;
const PEOPLE_AT_ONCE = 1_000;

const sendAt = (tx: WriteTx, accountId: number, runAt: Date, now: Date): Promise<void> =>
  enqueue(tx, accountId, [{ kind: SEND_JOB, key: SEND_JOB, runAt, payload: {} }], now);

/** Keeps what is to be said, for as long as more may belong to it. */
export async function stage(tx: WriteTx, accountId: number, said: readonly Said[], now: Date): Promise<void> {
  if (said.length === 0) return;
  await notices.insertNotices(tx, accountId, said, now);
  await sendAt(tx, accountId, new Date(now.getTime() + GATHER_MS), now);
}

/** Asks for messages to some people; goes on with the others in another job. */
export async function send(tx: WriteTx, accountId: number, now: Date): Promise<void> {
  const oldest = await notices.oldestStaged(tx, accountId);
  if (!oldest) return;
  const next = await nextDue(tx, accountId);
  const isOverdue = now.getTime() - oldest.getTime() >= GATHER_AT_MOST_MS;
  if (next && next <= now && !isOverdue)
    return sendAt(tx, accountId, new Date(now.getTime() + LOOK_AGAIN_MS), now);
  const taken = await notices.takeNotices(tx, accountId, PEOPLE_AT_ONCE);
  await queueMail(tx, accountId, messagesOf(taken), now);
  if (await notices.oldestStaged(tx, accountId)) await sendAt(tx, accountId, now, now);
}

/** One message to each, which is a digest if there is more than one thing to be said. */
function messagesOf(taken: readonly notices.Staged[]): NewMessage[] {
  const byUser = new Map<string, notices.Staged[]>();
  for (const one of taken) byUser.set(one.userId, [...(byUser.get(one.userId) ?? []), one]);
  return [...byUser].flatMap(([userId, said]): NewMessage[] => {
    const [first] = said;
    if (!first) return [];
    const { noticeId: key, notice, at: notBefore } = first;
    const content =
      said.length === 1 ? notice : ({ kind: 'digest', entries: said.map((one) => one.notice) } as const);
    return [{ key, userId, content, notBefore }];
  });
}
