import {
  type Context,
  changeRights,
  deleteLinksOf,
  hashPassword,
  insertAssignments,
  listRoles,
  type Reach,
  reachOf,
  replaceAssignments,
} from '../access/index.ts';
import { recordEvents, userRegistered } from '../events/index.ts';
import {
  findGroups,
  refuseUnknownGroups,
  removeFromGroups,
  setGroups,
  usersChanged,
} from '../groups/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { type ReadTx, violatedConstraint, type WriteTx } from '../storage/index.ts';
import { judgeAssignments, mentionsRoles, type RolesInput, wantedAssignments } from './assignments.ts';
import { updateSupervision } from './department-queries.ts';
import {
  loadDepartment,
  refuseUnknownDepartments,
  requireDepartments,
  requireReached,
} from './departments.ts';
import { sendInvitation } from './passwords.ts';
import { noteFields } from './profile-fields.ts';
import { passwordFault, STATUS, type SupervisionInput } from './rules.ts';
import { requireOwnerBesides, requireRank } from './standing.ts';
import { checkSupervisors } from './supervision.ts';
import * as queries from './user-queries.ts';

interface Profile extends RolesInput {
  /** Lower-case names → texts */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly email?: string | undefined;
  readonly groupIds?: readonly string[] | undefined;
}

export interface NewUser extends Profile {
  readonly departmentId: string;
  /** With `login`; `email` may be here */
  readonly fields: Readonly<Record<string, string>>;
  readonly password?: string | undefined;
  /** What an invitation by mail is to say; undefined: none is sent. */
  readonly invitation?: string | undefined;
}

/**
 * Adds a user; returns it. Refuses a department outside the caller's (403; unknown: 400, or 403 for limited callers),
 * roles the caller may not give (403), a taken login or e-mail (409, naming the existing user to whoever may see them).
 */
export async function addUser(ctx: Context, input: NewUser): Promise<queries.User> {
  const reach = reachOf(ctx.caller, 'user.write');
  const fault = input.password === undefined ? null : passwordFault(input.password);
  if (fault) refuse('request.invalid', { field: 'password', detail: fault });
  const { login, email, fields } = mergeProfile({ login: '', email: '', fields: {} }, input);
  requireReached(reach, [input.departmentId]);
  const passwordHash = input.password ? await hashPassword(input.password) : null;
  const { accountId } = ctx.caller;
  const { departmentId } = input;
  const user = { userId: newId(), departmentId, status: STATUS.active, login, email, passwordHash, fields };
  return refusingTakenNames(ctx, { login, email }, () =>
    ctx.write(async (tx) => {
      await requireDepartments(tx, ctx, reach, [departmentId], 'departmentId');
      const known = await listRoles(tx, accountId);
      const learner = known.filter((role) => role.roleType === 'learner');
      const presumed = learner.map(({ roleId }) => ({ roleId, manageableDepartmentIds: [] }));
      const assignments = wantedAssignments(known, presumed, input);
      await judgeAssignments(tx, ctx, reach, known, [], assignments);
      await queries.insertUsers(tx, accountId, [user], ctx.now);
      await insertAssignments(tx, accountId, user.userId, assignments);
      if (input.groupIds) await placeInGroups(tx, ctx, user.userId, input.groupIds);
      await noteFields(tx, accountId, Object.keys(fields));
      await usersChanged(tx, accountId, [user.userId]);
      await recordEvents(tx, accountId, [userRegistered(user)], ctx.now);
      if (input.invitation !== undefined) await sendInvitation(tx, ctx, user.userId, input.invitation);
      return loadUser(tx, ctx, 'everyone', user.userId);
    }),
  );
}

export interface UserChanges extends Profile {
  readonly departmentId?: string | undefined;
}

/** Edits a user; what is left out stays, an empty field is cleared. Refuses what `addUser` refuses, and whoever outranks the caller. */
export function editUser(ctx: Context, userId: string, changes: UserChanges): Promise<void> {
  const reach = reachOf(ctx.caller, 'user.write');
  const { accountId } = ctx.caller;
  const names = { login: changes.fields?.['login'] ?? '', email: emailOf(changes) ?? '' };
  return refusingTakenNames(ctx, names, () =>
    ctx.write(async (tx) => {
      // First, as its lock must be held while the owners are counted.
      if (changes.departmentId || mentionsRoles(changes)) await changeRights(tx, accountId);
      const user = await loadUser(tx, ctx, reach, userId);
      requireRank(ctx, [standingOf(user)]);
      const departmentId = changes.departmentId ?? user.departmentId;
      if (departmentId !== user.departmentId)
        await requireDepartments(tx, ctx, reach, [departmentId], 'departmentId');
      const profile = mergeProfile(user, changes);
      if (mentionsRoles(changes)) await changeRoles(tx, ctx, reach, user, changes);
      await queries.updateUser(tx, accountId, { userId, departmentId, ...profile });
      if (profile.email !== user.email) await deleteLinksOf(tx, accountId, [userId]);
      if (changes.groupIds) await placeInGroups(tx, ctx, userId, changes.groupIds);
      await noteFields(tx, accountId, Object.keys(profile.fields));
      await usersChanged(tx, accountId, [userId]);
    }),
  );
}

async function changeRoles(
  tx: WriteTx,
  ctx: Context,
  reach: Reach,
  user: queries.User,
  changes: RolesInput,
): Promise<void> {
  const { accountId } = ctx.caller;
  const known = await listRoles(tx, accountId);
  const assignments = wantedAssignments(known, user.roles, changes);
  await judgeAssignments(tx, ctx, reach, known, user.roles, assignments);
  const owner = known.find((role) => role.roleType === 'owner')?.roleId;
  if (!assignments.some(({ roleId }) => roleId === owner))
    await requireOwnerBesides(tx, ctx, [standingOf(user)]);
  await replaceAssignments(tx, accountId, user.userId, assignments);
}

const standingOf = (user: queries.User) => ({
  userId: user.userId,
  roleTypes: user.roles.map((role) => role.roleType),
  manages: user.roles.flatMap((role) => role.manageableDepartmentIds),
});

const emailOf = ({ email, fields }: Profile): string | undefined => (email ?? fields?.['email'])?.trim();

/** Login, e-mail and the other fields after a request. Refuses an empty login (400). */
function mergeProfile(
  before: Pick<queries.User, 'login' | 'email' | 'fields'>,
  input: Profile,
): Pick<queries.User, 'login' | 'email' | 'fields'> {
  const { login: newLogin, email: _column, ...others } = input.fields ?? {};
  const login = (newLogin ?? before.login).trim();
  if (login === '') refuse('request.invalid', { field: 'fields.login', detail: 'is required' });
  const upper = Object.entries(others).map(([name, value]) => [name.toUpperCase(), value]);
  const fields = { ...before.fields, ...Object.fromEntries(upper) };
  return { login, email: emailOf(input) ?? before.email, fields };
}

/** The groups of a user become these, for callers who may write groups. */
async function placeInGroups(
  tx: WriteTx,
  ctx: Context,
  userId: string,
  groupIds: readonly string[],
): Promise<void> {
  reachOf(ctx.caller, 'group.write');
  await setGroups(tx, ctx.caller.accountId, userId, groupIds);
}

/** Takes a user out of groups. */
export function leaveGroups(ctx: Context, userId: string, groupIds: readonly string[]): Promise<void> {
  const reach = reachOf(ctx.caller, 'user.write');
  reachOf(ctx.caller, 'group.write');
  return ctx.write(async (tx) => {
    await loadUser(tx, ctx, reach, userId);
    await removeFromGroups(tx, ctx.caller.accountId, userId, groupIds);
  });
}

/** Says who stands above a user. */
export function setUserSupervision(ctx: Context, userId: string, input: SupervisionInput): Promise<void> {
  const reach = reachOf(ctx.caller, 'user.write');
  return ctx.write(async (tx) => {
    await loadUser(tx, ctx, reach, userId);
    await checkSupervisors(tx, ctx, input, userId);
    await updateSupervision(tx, ctx.caller.accountId, { userId }, input);
  });
}

/**
 * Moves users into a department, all or none. Refuses an unknown department (404) or user (400), and what a limited
 * caller does not manage (403).
 */
export function moveUsers(ctx: Context, departmentId: string, userIds: readonly string[]): Promise<void> {
  const reach = reachOf(ctx.caller, 'user.write');
  const { accountId } = ctx.caller;
  const ids = [...new Set(userIds)];
  return ctx.write(async (tx) => {
    await changeRights(tx, accountId);
    await loadDepartment(tx, ctx, reach, departmentId);
    await refuseUnknownUsers(tx, ctx, reach, ids);
    await queries.moveUsers(tx, accountId, ids, departmentId);
    await usersChanged(tx, accountId, ids);
  });
}

/** A taken login or e-mail: the constraint says which; the existing id is told only to a caller who may see that user. */
async function refusingTakenNames<T>(
  ctx: Context,
  names: { readonly login: string; readonly email: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint !== 'users_login' && constraint !== 'users_email') throw error;
    const isLogin = constraint === 'users_login';
    const filter = {
      accountId: ctx.caller.accountId,
      reach: ctx.caller.reach.get('user.read') ?? new Set<string>(),
      now: ctx.now,
      ...(isLogin ? { logins: [names.login] } : { emails: [names.email] }),
    };
    const [existing] = await ctx.db.read((tx) => queries.selectUserIds(tx, filter));
    const tail = existing ? ` by the user ${existing}` : '.';
    return refuse(isLogin ? 'people.login_taken' : 'people.email_taken', { ...names, existing: tail });
  }
}

/** Which users a list is about; what is left out or empty does not narrow it. */
export type UserListFilter = Omit<queries.UserFilter, 'accountId' | 'reach' | 'now'>;

/**
 * Runs a question over the users that the caller reaches and a filter admits. Unknown ids in it are refused (400) to
 * callers who see the whole account.
 */
function asking<T>(
  ctx: Context,
  wanted: UserListFilter,
  ask: (tx: ReadTx, filter: queries.UserFilter) => Promise<T>,
): Promise<T> {
  const reach = reachOf(ctx.caller, 'user.read');
  const { accountId } = ctx.caller;
  const narrowing = Object.entries(wanted).filter(([, value]) => value && value.length > 0);
  const filter: UserListFilter = Object.fromEntries(narrowing);
  return ctx.read(async (tx) => {
    if (reach === 'everyone') {
      const { departmentIds = [], groupIds = [], userIds } = filter;
      await refuseUnknownDepartments(tx, ctx, departmentIds, 'departments');
      if (groupIds.length > 0)
        refuseUnknownGroups(groupIds, await findGroups(tx, accountId, groupIds), 'groups');
      if (userIds) await refuseUnknownUsers(tx, ctx, reach, userIds);
    }
    return ask(tx, { ...filter, accountId, reach, now: ctx.now });
  });
}

/** Users after a place, in order of creation. */
export const listUsers = (
  ctx: Context,
  wanted: UserListFilter,
  after: string | null,
  limit: number,
): Promise<queries.User[]> =>
  asking(ctx, wanted, (tx, filter) => queries.selectUsers(tx, filter, after, limit));

/** A page by its number, from 1, and how many users there are on all of them. */
export const numberedPage = (
  ctx: Context,
  wanted: UserListFilter,
  page: number,
  size: number,
): Promise<{ users: queries.User[]; total: number }> =>
  asking(ctx, wanted, async (tx, filter) => ({
    users: await queries.selectNumberedPage(tx, filter, (page - 1) * size, size),
    total: await queries.countUsers(tx, filter),
  }));

/** Those of the ids that name users the caller may see. */
export function findExisting(ctx: Context, userIds: readonly string[]): Promise<string[]> {
  const reach = reachOf(ctx.caller, 'user.read');
  const filter = { accountId: ctx.caller.accountId, reach, now: ctx.now, userIds };
  return ctx.read((tx) => queries.selectUserIds(tx, filter));
}

/** Refuses ids that name no user the caller reaches: 400, or 403 to a limited caller. */
async function refuseUnknownUsers(
  tx: ReadTx,
  ctx: Context,
  reach: Reach,
  userIds: readonly string[],
): Promise<void> {
  const filter = { accountId: ctx.caller.accountId, reach, now: ctx.now, userIds };
  const found = new Set(await queries.selectUserIds(tx, filter));
  const missing = listIds(userIds.filter((id) => !found.has(id)));
  if (missing === '') return;
  if (reach !== 'everyone') refuse('auth.user_scope', { ids: missing });
  refuse('people.unknown_users', { field: 'userIds', ids: missing });
}

/** One user; unknown is 404 for callers who see the whole account, and 403 like a foreign one for others. */
export function findUser(ctx: Context, userId: string): Promise<queries.User> {
  const reach = reachOf(ctx.caller, 'user.read');
  return ctx.read((tx) => loadUser(tx, ctx, reach, userId));
}

/** The caller, whatever their roles. */
export const findSelf = (ctx: Context): Promise<queries.User> =>
  ctx.read((tx) => loadUser(tx, ctx, 'everyone', ctx.caller.userId));

async function loadUser(tx: ReadTx, ctx: Context, reach: Reach, userId: string): Promise<queries.User> {
  const filter = { accountId: ctx.caller.accountId, reach, now: ctx.now, userIds: [userId] };
  const [user] = await queries.selectUsers(tx, filter, null, 1);
  return user ?? refuse(reach === 'everyone' ? 'people.unknown_user' : 'auth.user_scope', { ids: userId });
}
