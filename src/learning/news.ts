import type { Context } from '../access/index.ts';
import { meetingsChangedAfter } from '../events/index.ts';
import { enrollmentId } from '../kernel/ids.ts';
import { headlinesOf, type Notice, type OwnMessage, sentTo } from '../mail/index.ts';
import type { ReadTx } from '../storage/index.ts';
import { type MyLearning, standing } from './mine.ts';
import * as queries from './queries.ts';
import { newsFrom, tellsOf } from './rules.ts';

/**
 * What is new for the caller. It is read from what there is, so that it is told whether or not mail is sent; what was
 * sent stands beside it.
 */

/** How many are shown of each. */
const MOST = 50;

export interface Entry extends OwnMessage {
  /** As a message about it would be called. */
  readonly text: string;
  /** The caller's current enrollment that it is about. */
  readonly enrollmentId: string | null;
}

export interface News {
  readonly now: readonly Entry[];
  readonly sent: readonly Entry[];
}

/** The latest first, in the reader's words. */
export function readNews(
  ctx: Context,
  words: { readonly locale: string; readonly timeZone: string },
): Promise<News> {
  const { accountId, userId } = ctx.caller;
  return ctx.read(async (tx) => {
    const rows = await queries.learningOf(tx, accountId, userId);
    const learning = rows.map((row) => standing(ctx, row));
    const now = [...(await ofEnrollments(tx, ctx, learning)), ...(await ofSessions(tx, ctx))]
      .sort((one, other) => other.at.getTime() - one.at.getTime())
      .slice(0, MOST);
    const sent = await sentTo(tx, accountId, userId, MOST);
    const all = [...now, ...sent];
    const texts = await headlinesOf(
      tx,
      accountId,
      all.map(({ notice }) => notice),
      words,
    );
    const places = await placesOf(tx, ctx, learning, all);
    const entries = all.map(({ at, notice }, place) => ({
      at,
      notice,
      text: texts[place] ?? null,
      enrollmentId: places.get(subjectOf(notice)) ?? null,
    }));
    // What it is about may be gone.
    const isThere = (entry: (typeof entries)[number]): entry is Entry => entry.text !== null;
    return {
      now: entries.slice(0, now.length).filter(isThere),
      sent: entries.slice(now.length).filter(isThere),
    };
  });
}

async function ofEnrollments(
  tx: ReadTx,
  { caller: { accountId, userId }, now }: Context,
  learning: readonly MyLearning[],
): Promise<OwnMessage[]> {
  const assigned = await queries.assignedAfter(tx, accountId, userId, newsFrom(now), now);
  return learning.flatMap((own) => tellsOf(own, assigned.get(own.itemId) ?? null, now));
}

/** Seats that were given, and days of their sessions that were changed afterwards. */
async function ofSessions(tx: ReadTx, ctx: Context): Promise<OwnMessage[]> {
  const { accountId, userId } = ctx.caller;
  const since = newsFrom(ctx.now);
  const seats = await queries.seatsOf(tx, accountId, userId);
  const changed = await meetingsChangedAfter(
    tx,
    accountId,
    seats.map(({ sessionId, takenAt }) => ({ sessionId, at: takenAt > since ? takenAt : since })),
  );
  return seats.flatMap(({ trainingId, sessionId, takenAt }): OwnMessage[] => {
    const changedAt = changed.get(sessionId);
    return [
      ...(takenAt >= since
        ? [{ at: takenAt, notice: { kind: 'session_chosen', trainingId, sessionId } as const }]
        : []),
      ...(changedAt
        ? [{ at: changedAt, notice: { kind: 'session_changed', trainingId, sessionId } as const }]
        : []),
    ];
  });
}

/** The item or training that a notice to the caller is about; what supervisors are told is about others. */
const subjectOf = (notice: Notice): string => {
  if ('learnerId' in notice) return '';
  return 'itemId' in notice ? notice.itemId : notice.trainingId;
};

/** Where the caller finds each of these items and trainings. */
async function placesOf(
  tx: ReadTx,
  { caller: { accountId, userId } }: Context,
  learning: readonly MyLearning[],
  all: readonly OwnMessage[],
): Promise<Map<string, string>> {
  const trainings = all.flatMap(({ notice }) => ('trainingId' in notice ? notice.trainingId : []));
  const within = await queries.enrollmentsWith(tx, accountId, userId, [...new Set(trainings)]);
  return new Map([
    ...[...within].map(([trainingId, key]) => [trainingId, enrollmentId(key)] as const),
    ...learning.map((own) => [own.itemId, own.enrollmentId] as const),
  ]);
}
