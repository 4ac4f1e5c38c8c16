import type { Context } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import type { WriteTx } from '../storage/index.ts';
import * as queries from './seat-queries.ts';
import { distinct, refuseUsers } from './seats.ts';

/** What is recorded of a participant's day. */
export interface Attendance {
  readonly userId: string;
  readonly isAttended: boolean;
  readonly durationSeconds: number | null;
}

/** Who, by what was just recorded, has attended every day of their session of the training. */
export interface AttendedInFull {
  readonly trainingId: string;
  readonly userIds: readonly string[];
}

/**
 * Records who attended a day, in place of what was recorded before; of two entries for one user the last holds.
 * Refuses 403 (scope), 404 (day), 400 (unknown users, users without a seat in the day's session).
 *
 * It takes the caller's transaction and has no route here: attending in full completes modules of courses, which this
 * folder does not know. `src/results` has the route, and completes them in the same transaction.
 */
export async function recordAttendance(
  tx: WriteTx,
  ctx: Context,
  dayId: string,
  entries: readonly Attendance[],
): Promise<AttendedInFull> {
  const { accountId, userId: actorId } = ctx.caller;
  const field = 'participantsAttendance';
  const byUser = new Map(entries.map((entry) => [entry.userId, entry]));
  const userIds = distinct([...byUser.keys()]);
  await refuseUsers(tx, ctx, userIds, { field, mustBeActive: false });
  const session = (await queries.sessionOfDay(tx, accountId, dayId)) ?? refuse('training.unknown_day');
  // Two days of one session may be recorded at once: whoever comes second must see what the first wrote.
  const seated = new Set(await queries.lockSeats(tx, accountId, session.sessionId, userIds));
  const absent = userIds.filter((id) => !seated.has(id));
  if (absent.length > 0) refuse('training.no_seat', { field, ids: listIds(absent) });
  await queries.upsertAttendance(tx, accountId, dayId, [...byUser.values()], {
    by: actorId,
    at: ctx.now,
  });
  return {
    trainingId: session.trainingId,
    userIds: await queries.attendedInFull(tx, accountId, session.sessionId, userIds),
  };
}
