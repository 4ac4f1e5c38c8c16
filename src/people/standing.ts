import {
  type Context,
  changeRights,
  deleteLinksOfInactive,
  deleteTokensOf,
  includes,
  type Reach,
  rankOf,
  reachOf,
} from '../access/index.ts';
import { forgetUser, participantRemoved, recordEvents } from '../events/index.ts';
import { setGroups, usersChanged } from '../groups/index.ts';
import { enqueue } from '../jobs/index.ts';
import { toDateText } from '../kernel/dates.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { forgetMail } from '../mail/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { isTooEarly, STATUS } from './rules.ts';
import * as queries from './standing-queries.ts';

/**
 * What a user may still do: status, scheduled ends, deletion. All of it asks the same of the caller, and is
 * judged under the lock of the account's rights, so that two owners cannot remove each other.
 */

/**
 * Acts on users. Refuses unknown ones (404 for the one in the path, 400 in a list; 403 for limited callers, as if they
 * were somebody else's) and those who outrank the caller (403).
 */
export function actOn<T>(
  ctx: Context,
  who: { userId: string } | { userIds: readonly string[] },
  work: (tx: WriteTx, accountId: number, standings: readonly queries.Standing[]) => Promise<T>,
): Promise<T> {
  const reach = reachOf(ctx.caller, 'user.write');
  const { accountId } = ctx.caller;
  const ids = 'userId' in who ? [who.userId] : [...new Set(who.userIds)];
  return ctx.write(async (tx) => {
    await changeRights(tx, accountId);
    await queries.lockAgainstEnrollments(tx, accountId, ids);
    const { found, missing } = await findAmong(tx, accountId, reach, ids);
    if (missing !== '') {
      if (reach !== 'everyone') refuse('auth.user_scope', { ids: missing });
      if ('userId' in who) refuse('people.unknown_user', { ids: missing });
      refuse('people.unknown_users', { field: 'userIds', ids: missing });
    }
    requireRank(ctx, found);
    return work(tx, accountId, found);
  });
}

/** Those of the users whom a caller reaches, and the ids of the others. */
async function findAmong(tx: ReadTx, accountId: number, reach: Reach, ids: readonly string[]) {
  const found = await queries.selectStandings(tx, accountId, reach, ids);
  const known = new Set(found.map((standing) => standing.userId));
  return { found, missing: listIds(ids.filter((id) => !known.has(id))) };
}

/** The same of one user, for what is no status: refuses whoever is unknown, out of reach, or outranks the caller. */
export async function requireOver(tx: ReadTx, ctx: Context, userId: string): Promise<void> {
  const reach = reachOf(ctx.caller, 'user.write');
  const { found, missing } = await findAmong(tx, ctx.caller.accountId, reach, [userId]);
  if (missing !== '')
    refuse(reach === 'everyone' ? 'people.unknown_user' : 'auth.user_scope', { ids: missing });
  requireRank(ctx, found);
}

/**
 * Refuses whoever outranks the caller (403): by role, or by managing departments that the caller does not, as whoever
 * sets a password could use what it opens.
 */
export function requireRank(ctx: Context, standings: readonly queries.Standing[]): void {
  const reach = reachOf(ctx.caller, 'user.write');
  const above = standings.filter(
    ({ roleTypes, manages }) =>
      rankOf(roleTypes) > ctx.caller.rank || !manages.every((departmentId) => includes(reach, departmentId)),
  );
  if (above.length > 0)
    refuse('auth.outranked', { detail: `user ${listIds(above.map((user) => user.userId))} outranks you` });
}

/** Refuses to take away the last owner who is active for good (409). */
export async function requireOwnerBesides(
  tx: ReadTx,
  ctx: Context,
  leaving: readonly queries.Standing[],
): Promise<void> {
  const owners = leaving.filter(({ roleTypes }) => roleTypes.includes('owner'));
  if (owners.length === 0) return;
  const ids = leaving.map((user) => user.userId);
  if (!(await queries.hasOtherOwner(tx, ctx.caller.accountId, ids, ctx.now))) refuse('people.last_owner');
}

/** Activates, deactivates or terminates users, all or none. Whoever leaves loses tokens and links at once, and for good. */
function changeStatus(
  ctx: Context,
  who: { userId: string } | { userIds: readonly string[] },
  status: number,
): Promise<void> {
  return actOn(ctx, who, async (tx, accountId, standings) => {
    const isLeaving = status !== STATUS.active;
    if (isLeaving) await requireOwnerBesides(tx, ctx, standings);
    const ids = standings.map((user) => user.userId);
    await deleteLinksOfInactive(tx, accountId, ids, ctx.now);
    await queries.updateStatus(tx, accountId, ids, status, ctx.now);
    if (isLeaving) await deleteTokensOf(tx, accountId, ids);
  });
}

export const setStatus = (ctx: Context, userId: string, status: number): Promise<void> =>
  changeStatus(ctx, { userId }, toStatus(status));

export const setStatusOfMany = (
  ctx: Context,
  userIds: readonly string[],
  status: keyof typeof STATUS,
): Promise<void> => changeStatus(ctx, { userIds }, STATUS[status]);

/** One of the contract's statuses; refuses any other number (400). */
function toStatus(status: number): number {
  if ((Object.values(STATUS) as number[]).includes(status)) return status;
  return refuse('request.invalid', { field: 'status', detail: `must be 1, 3 or 5, got ${status}` });
}

/** Schedules the day from which a user is inactive or terminated. Refuses days that are over (400). */
export function scheduleEnd(
  ctx: Context,
  userId: string,
  end: queries.ScheduledEnd,
  at: Date,
): Promise<void> {
  if (isTooEarly(at, ctx.now))
    refuse('request.invalid', { field: 'date', detail: `must not be in the past, got ${toDateText(at)}` });
  return actOn(ctx, { userId }, async (tx, accountId, standings) => {
    await requireOwnerBesides(tx, ctx, standings);
    await queries.updateSchedule(tx, accountId, userId, end, at, ctx.now);
  });
}

/** Takes back what was scheduled; what has come about already stays. */
export const cancelEnd = (ctx: Context, userId: string, end: queries.ScheduledEnd): Promise<void> =>
  actOn(ctx, { userId }, (tx, accountId) =>
    queries.updateSchedule(tx, accountId, userId, end, null, ctx.now),
  );

/** Who ends enrollments; nothing here may write them. */
export interface EndsEnrollments {
  /** Ends whatever these learners have, in the transaction that removes them. */
  endOf(tx: WriteTx, ctx: Context, learnerIds: readonly string[]): Promise<void>;
}

/** The job that follows where somebody's seat in a training session is free: people know nothing of waiting lists. */
export const SEATS_FREED = 'training.seats_freed';

/**
 * Deletes a user: enrollments end, login and e-mail are free again, nothing of who it was remains; only the id stays, as
 * history names it.
 */
export function deleteUser(ctx: Context, enrollments: EndsEnrollments, userId: string): Promise<void> {
  return actOn(ctx, { userId }, async (tx, accountId, standings) => {
    await requireOwnerBesides(tx, ctx, standings);
    // First, as it waits for whoever is enrolling this user, and nobody does so afterwards.
    await queries.eraseUser(tx, accountId, userId, ctx.now);
    await enrollments.endOf(tx, ctx, [userId]);
    await setGroups(tx, accountId, userId, []);
    await usersChanged(tx, accountId, [userId]);
    const seats = await queries.deleteSeatsOf(tx, accountId, userId);
    const events = seats.map((session) => participantRemoved(session, userId));
    await recordEvents(tx, accountId, events, ctx.now);
    await forgetUser(tx, accountId, userId);
    const freed = seats.map((session) => ({
      kind: SEATS_FREED,
      key: session.sessionId,
      runAt: ctx.now,
      payload: session,
    }));
    await enqueue(tx, accountId, freed, ctx.now);
    await forgetMail(tx, accountId, userId);
  });
}
