import { type Context, includes, reachOf } from '../access/index.ts';
import { participantRemoved, participantsAdded, recordEvents } from '../events/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { violatedConstraint, type WriteTx } from '../storage/index.ts';
import { promoteIn } from './choice.ts';
import { objectionToUsers } from './rules.ts';
import * as queries from './seat-queries.ts';

/** Who sits in which session. How many may, and in how many sessions of a training, the database's constraints say. */

/**
 * Gives users seats in a session, whole or not at all; who has one there keeps it. Refuses 403 (scope), 404 (session),
 * 400 (unknown or inactive users), 409 (too few seats, or a seat in another session of the training).
 */
export function addParticipants(ctx: Context, sessionId: string, userIds: readonly string[]): Promise<void> {
  const { accountId } = ctx.caller;
  const wanted = distinct(userIds);
  return ctx.write(async (tx) => {
    await refuseUsers(tx, ctx, wanted, { field: 'userIds', mustBeActive: true });
    const session =
      (await queries.lockSession(tx, accountId, sessionId)) ?? refuse('training.unknown_session');
    const seats = wanted.map((userId) => ({ seatId: newId(), userId }));
    const seated = await takeSeats(tx, ctx, session, seats);
    const elsewhere = await queries.seatedElsewhere(tx, accountId, session, wanted);
    if (elsewhere.length > 0) refuse('training.other_session', { field: 'userIds', ids: listIds(elsewhere) });
    await recordEvents(tx, accountId, participantsAdded(session, seated), ctx.now);
  });
}

/** Who got a seat that they did not have. Refuses too few seats (409). */
async function takeSeats(
  tx: WriteTx,
  ctx: Context,
  session: queries.SeatedSession,
  seats: readonly { seatId: string; userId: string }[],
): Promise<string[]> {
  const taken = { by: 'administrator', at: ctx.now } as const;
  try {
    return await queries.insertSeats(tx, ctx.caller.accountId, session, seats, taken);
  } catch (error) {
    if (violatedConstraint(error) === 'training_seat_limit')
      refuse('training.session_full', { seats: session.seatLimit });
    throw error;
  }
}

/** Takes users' seats in a session away; having none is no fault. Refuses 403 (scope), 404 (session), 400 (unknown users). */
export function removeParticipants(
  ctx: Context,
  sessionId: string,
  userIds: readonly string[],
): Promise<void> {
  const { accountId } = ctx.caller;
  const wanted = distinct(userIds);
  return ctx.write(async (tx) => {
    await refuseUsers(tx, ctx, wanted, { field: 'userIds', mustBeActive: false });
    const session =
      (await queries.lockSession(tx, accountId, sessionId)) ?? refuse('training.unknown_session');
    const left = await queries.deleteSeats(tx, accountId, sessionId, wanted);
    const events = left.map((userId) => participantRemoved(session, userId));
    await recordEvents(tx, accountId, events, ctx.now);
    await promoteIn(tx, accountId, session, ctx.now);
  });
}

/** Whom the caller reaches of those who have a seat in a session, in the order in which the seats were taken. */
export function listParticipants(
  ctx: Context,
  sessionId: string,
  after: string | null,
  limit: number,
): Promise<queries.Seat[]> {
  const reach = reachOf(ctx.caller, 'enrollment.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    if (!(await queries.sessionExists(tx, accountId, sessionId))) refuse('training.unknown_session');
    return queries.seatsAfter(tx, { accountId, sessionId, reach }, after, limit);
  });
}

/**
 * Locks users against a change of status and refuses those whom the caller may not seat: out of reach (403), unknown
 * or, for a new seat, inactive (400). A seat is given and taken by whoever may enroll.
 */
export async function refuseUsers(
  tx: WriteTx,
  ctx: Context,
  userIds: readonly string[],
  demand: { field: string; mustBeActive: boolean },
): Promise<void> {
  const reach = reachOf(ctx.caller, 'enrollment.write');
  const known = await queries.lockUsers(tx, ctx.caller.accountId, userIds, ctx.now);
  const objection = objectionToUsers(userIds, known, {
    ...demand,
    reaches: (departmentId) => includes(reach, departmentId),
  });
  if (objection) refuse(objection.code, objection.details);
}

/** Sorted, so that two requests lock the same users in the same order. */
export const distinct = (ids: readonly string[]): string[] => [...new Set(ids)].sort();
