import { enqueue } from '../jobs/index.ts';
import type { WriteTx } from '../storage/index.ts';
import { lookAgain } from './queries.ts';
import { sayAt } from './schedule.ts';

/** When reminders are changed, all dates of the account are looked at again: some of them at a time. */

export const LOOK_AGAIN_JOB = 'notices.look_again';
const DATES_AT_ONCE = 5_000;
export const FROM_THE_START = '00000000-0000-0000-0000-000000000000';

/** Each is a job of its own: settings that are changed meanwhile begin anew. */
const lookAgainFrom = (tx: WriteTx, accountId: number, after: string, now: Date): Promise<void> =>
  enqueue(tx, accountId, [{ kind: LOOK_AGAIN_JOB, runAt: now, payload: { after } }], now);

export const lookAgainAtAll = (tx: WriteTx, accountId: number, now: Date): Promise<void> =>
  lookAgainFrom(tx, accountId, FROM_THE_START, now);

export async function lookAgainAt(tx: WriteTx, accountId: number, after: string, now: Date): Promise<void> {
  const last = await lookAgain(tx, accountId, { after, limit: DATES_AT_ONCE, now });
  await sayAt(tx, accountId, now, now);
  if (last !== null) await lookAgainFrom(tx, accountId, last, now);
}
