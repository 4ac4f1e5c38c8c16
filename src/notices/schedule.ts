import { endOf, eventsOf, type FeedEvent, placeAfter } from '../feed/index.ts';
import { enqueue } from '../jobs/index.ts';
import { seal, sealState } from '../operations/index.ts';
import type { Database, WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import { follow, type Settings } from './rules.ts';
import { stage } from './send.ts';
import { SESSION_TYPES, saidOfSessions } from './sessions.ts';
import { findSettings, timeZoneOf } from './settings-queries.ts';

/** Events that are followed in one transaction. */
const EVENTS_AT_ONCE = 100;

/** The kind of job that says what is due in an account. There is one at a time: what is due stands in the schedule. */
export const SAY_JOB = 'notices.say';

export const sayAt = (tx: WriteTx, accountId: number, runAt: Date, now: Date): Promise<void> =>
  enqueue(
    tx,
    accountId,
    [{ kind: SAY_JOB, key: SAY_JOB, runAt: runAt > now ? runAt : now, payload: {} }],
    now,
  );

/** What is followed: enrollments that are there, those that have other dates, and training sessions. */
const FOLLOWED = ['LEARNERS_ENROLLED_IN_COURSE', 'ENROLLMENTS_CHANGED', ...SESSION_TYPES] as const;

/**
 * Follows an account's events, and notes what is to be said when: a row for each chunk, item and pair of dates, however
 * many learners that concerns. What is noted and how far events were followed is committed together.
 */
export async function followEvents(
  db: Database,
  accountId: number,
  clock: () => Date,
  maxAgeMs: number,
): Promise<void> {
  await seal(db, accountId);
  while (await db.write((tx) => followSome(tx, accountId, clock(), maxAgeMs)));
}

/** True if there is more. */
async function followSome(tx: WriteTx, accountId: number, now: Date, maxAgeMs: number): Promise<boolean> {
  const place = await queries.lockPlace(tx, accountId);
  const state = await sealState(tx, accountId);
  const events = await eventsOf(tx, accountId, {
    after: place,
    upTo: state,
    types: FOLLOWED,
    limit: EVENTS_AT_ONCE,
  });
  const settings = await findSettings(tx, accountId);
  const oldest = new Date(now.getTime() - maxAgeMs);
  await schedule(tx, accountId, putsOf(events), settings, { oldest, now });
  const singles = events.flatMap(({ single }) => single ?? []);
  await stage(tx, accountId, await saidOfSessions(tx, accountId, singles, settings, oldest), now);
  const hasMore = events.length === EVENTS_AT_ONCE;
  const passed = events.reduce((at, event) => placeAfter(at, event), place);
  await queries.recordPlace(tx, accountId, hasMore ? passed : endOf(state));
  return hasMore;
}

/** What chunks put there; an import creates and changes, and is looked at once all the same. */
function putsOf(events: readonly FeedEvent[]): queries.Put[] {
  const puts = new Map<string, queries.Put>();
  for (const { pairs } of events)
    if (pairs) puts.set(`${pairs.chunk} ${pairs.itemId}`, { chunk: pairs.chunk, itemId: pairs.itemId });
  return [...puts.values()];
}

async function schedule(
  tx: WriteTx,
  accountId: number,
  puts: readonly queries.Put[],
  settings: Settings,
  { oldest, now }: { readonly oldest: Date; readonly now: Date },
): Promise<void> {
  if (puts.length === 0) return;
  const timeZone = await timeZoneOf(tx, accountId);
  const scheduled = (await queries.termsOf(tx, accountId, puts)).flatMap((terms) => {
    const { say, nextAt } = follow({ ...terms, saidAt: null }, settings, timeZone, { oldest, now });
    const at = say.length > 0 ? now : nextAt;
    return at ? [{ ...terms, nextAt: at }] : [];
  });
  if (scheduled.length === 0) return;
  await queries.insertSchedule(tx, accountId, scheduled);
  await sayAt(tx, accountId, new Date(Math.min(...scheduled.map(({ nextAt }) => nextAt.getTime()))), now);
}
