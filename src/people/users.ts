import {
  type Assignment,
  type Context,
  changeRights,
  deleteTokensOf,
  hashPassword,
  includes,
  insertAssignments,
  listRoles,
  MAX_PASSWORD_BYTES,
  type Reach,
  type RoleRow,
  rankOf,
  reachOf,
} from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import { mayGrant, roleTypeOf, STATUS } from './rules.ts';

export interface UserInput {
  readonly departmentId: string;
  /** Lower-case names → texts; `login` is required, `email` may be here */
  readonly fields: Readonly<Record<string, string>>;
  readonly email?: string | undefined;
  readonly password?: string | undefined;
  readonly role?: string | undefined;
  readonly roleId?: string | undefined;
  readonly roles?: readonly { roleId: string; manageableDepartmentIds?: string[] }[] | undefined;
  readonly manageableDepartmentIds?: readonly string[] | undefined;
}

const UNIQUE_VIOLATION = '23505';

/**
 * Adds a user; returns it. Refuses a department outside the caller's (403; unknown: 400, or 403 for limited callers),
 * roles the caller may not give (403), a taken login or e-mail (409, naming the existing user to whoever may see them).
 */
export async function addUser(ctx: Context, input: UserInput): Promise<queries.User> {
  const reach = reachOf(ctx.caller, 'user.write');
  const login = (input.fields['login'] ?? '').trim();
  if (login === '') refuse('request.invalid', { field: 'fields.login', detail: 'is required' });
  const email = (input.email ?? input.fields['email'] ?? '').trim();
  if (Buffer.byteLength(input.password ?? '') > MAX_PASSWORD_BYTES)
    refuse('request.invalid', {
      field: 'password',
      detail: `must not be longer than ${MAX_PASSWORD_BYTES} bytes`,
    });
  if (!includes(reach, input.departmentId)) refuse('auth.department_scope', { ids: input.departmentId });
  const passwordHash = input.password ? await hashPassword(input.password) : null;
  const others = Object.entries(input.fields).filter(([name]) => name !== 'login' && name !== 'email');
  const fields = Object.fromEntries(others.map(([name, value]) => [name.toUpperCase(), value]));
  const user = {
    userId: newId(),
    departmentId: input.departmentId,
    status: STATUS.active,
    login,
    email,
    passwordHash,
    fields,
  };
  const { accountId } = ctx.caller;
  try {
    return await ctx.write(async (tx) => {
      await refuseUnknownDepartments(tx, ctx, reach, [input.departmentId], 'departmentId');
      const assignments = await resolveRoles(tx, ctx, reach, input);
      await queries.insertUsers(tx, accountId, [user], ctx.now);
      await insertAssignments(tx, accountId, user.userId, assignments);
      const [added] = await queries.selectUsers(
        tx,
        { accountId, reach: 'everyone', userIds: [user.userId] },
        null,
        1,
      );
      return added ?? refuse('people.unknown_user', { ids: user.userId });
    });
  } catch (error) {
    throw await nameTaken(ctx, error, login, email);
  }
}

async function resolveRoles(tx: ReadTx, ctx: Context, reach: Reach, input: UserInput): Promise<Assignment[]> {
  const roles = await listRoles(tx, ctx.caller.accountId);
  const own = [...(input.manageableDepartmentIds ?? [])];
  const wanted = input.roles?.length
    ? input.roles.map(({ roleId, manageableDepartmentIds }) => ({
        role: byId(roles, roleId, 'roles'),
        departments: manageableDepartmentIds ?? [],
      }))
    : [
        {
          role: input.roleId ? byId(roles, input.roleId, 'roleId') : byName(roles, input.role ?? 'learner'),
          departments: own,
        },
      ];
  for (const { role, departments } of wanted) {
    if (!mayGrant(ctx.caller, role.roleType))
      refuse('auth.outranked', { detail: `you may not give the role ${role.title}` });
    const outside = departments.filter((id) => !includes(reach, id));
    if (outside.length > 0) refuse('auth.department_scope', { ids: listIds(outside) });
    await refuseUnknownDepartments(tx, ctx, reach, departments, 'manageableDepartmentIds');
  }
  return mergeAssignments(wanted.map(({ role, departments }) => [role.roleId, departments] as const));
}

/** A role that is given twice is held once, over the departments of both. */
function mergeAssignments(given: readonly (readonly [string, readonly string[]])[]): Assignment[] {
  const merged = new Map<string, Set<string>>();
  for (const [roleId, departments] of given)
    merged.set(roleId, new Set([...(merged.get(roleId) ?? []), ...departments]));
  return [...merged].map(([roleId, departments]) => ({ roleId, manageableDepartmentIds: [...departments] }));
}

const byId = (roles: readonly RoleRow[], id: string, field: string): RoleRow =>
  roles.find((role) => role.roleId === id) ?? refuse('people.unknown_role', { field, ids: id });

function byName(roles: readonly RoleRow[], name: string): RoleRow {
  const type = roleTypeOf(name);
  const role = type && type !== 'custom' ? roles.find((candidate) => candidate.roleType === type) : undefined;
  return role ?? refuse('people.unknown_role', { field: 'role', ids: name.slice(0, 100) });
}

async function refuseUnknownDepartments(
  tx: ReadTx,
  ctx: Context,
  reach: Reach,
  ids: readonly string[],
  field: string,
): Promise<void> {
  if (ids.length === 0) return;
  const known = await queries.selectDepartments(
    tx,
    { accountId: ctx.caller.accountId, reach, departmentIds: ids },
    null,
    ids.length,
  );
  const found = new Set(known.map((department) => department.departmentId));
  const unknown = ids.filter((id) => !found.has(id));
  if (unknown.length > 0) refuse('people.unknown_department', { field, ids: listIds(unknown) });
}

/** A taken login or e-mail: the constraint says which; the existing id is told only to a caller who may see that user. */
async function nameTaken(ctx: Context, error: unknown, login: string, email: string): Promise<unknown> {
  const { code, constraint } = error as { code?: string; constraint?: string };
  if (code !== UNIQUE_VIOLATION || (constraint !== 'users_login' && constraint !== 'users_email'))
    return error;
  const isLogin = constraint === 'users_login';
  const reach = ctx.caller.reach.get('user.read') ?? new Set<string>();
  const filter = {
    accountId: ctx.caller.accountId,
    reach,
    ...(isLogin ? { logins: [login] } : { emails: [email] }),
  };
  const [existing] = await ctx.db.read((tx) => queries.selectUsers(tx, filter, null, 1));
  const tail = existing ? ` by the user ${existing.userId}` : '.';
  try {
    return refuse(isLogin ? 'people.login_taken' : 'people.email_taken', { login, email, existing: tail });
  } catch (refusal) {
    return refusal;
  }
}

export interface UserListFilter {
  readonly userIds?: readonly string[] | undefined;
  readonly departmentIds?: readonly string[] | undefined;
  readonly logins?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
}

/** Users the caller reaches, after a place. Unknown ids in a filter are refused (400) to callers who see the whole account. */
export function listUsers(
  ctx: Context,
  wanted: UserListFilter,
  after: string | null,
  limit: number,
): Promise<queries.User[]> {
  const reach = reachOf(ctx.caller, 'user.read');
  const { accountId } = ctx.caller;
  const filter = Object.fromEntries(
    Object.entries(wanted).filter(([, value]) => value && value.length > 0),
  ) as UserListFilter;
  return ctx.read(async (tx) => {
    if (reach === 'everyone') {
      if (filter.departmentIds)
        await refuseUnknownDepartments(tx, ctx, reach, filter.departmentIds, 'departments');
      if (filter.userIds) await refuseUnknownUsers(tx, accountId, filter.userIds, 'userIds');
    }
    return queries.selectUsers(tx, { ...filter, accountId, reach }, after, limit);
  });
}

async function refuseUnknownUsers(
  tx: ReadTx,
  accountId: number,
  ids: readonly string[],
  field: string,
): Promise<void> {
  const known = await queries.selectUsers(
    tx,
    { accountId, reach: 'everyone', userIds: ids },
    null,
    ids.length,
  );
  const found = new Set(known.map((user) => user.userId));
  const unknown = ids.filter((id) => !found.has(id));
  if (unknown.length > 0) refuse('people.unknown_users', { field, ids: listIds(unknown) });
}

/** One user; unknown is 404 for callers who see the whole account, and 403 like a foreign one for others. */
export async function findUser(ctx: Context, userId: string): Promise<queries.User> {
  const reach = reachOf(ctx.caller, 'user.read');
  return ctx.read((tx) => loadUser(tx, ctx, reach, userId));
}

async function loadUser(tx: ReadTx, ctx: Context, reach: Reach, userId: string): Promise<queries.User> {
  const [user] = await queries.selectUsers(
    tx,
    { accountId: ctx.caller.accountId, reach, userIds: [userId] },
    null,
    1,
  );
  return user ?? refuse(reach === 'everyone' ? 'people.unknown_user' : 'auth.user_scope', { ids: userId });
}

/**
 * Activates, deactivates or terminates a user. Whoever leaves loses tokens at once. Refuses to act on somebody who
 * outranks the caller (403), and to take away the last active owner (409).
 */
export function setStatus(ctx: Context, userId: string, status: number): Promise<void> {
  const reach = reachOf(ctx.caller, 'user.write');
  const { accountId } = ctx.caller;
  return ctx.write(async (tx: WriteTx) => {
    const user = await loadUser(tx, ctx, reach, userId);
    if (rankOf(user.roles.map((role) => role.roleType)) > ctx.caller.rank)
      refuse('auth.outranked', { detail: `user ${userId} outranks you` });
    const isOwner = user.roles.some((role) => role.roleType === 'owner');
    if (isOwner && status !== STATUS.active && (await queries.otherActiveOwners(tx, accountId, userId)) === 0)
      refuse('people.last_owner');
    await queries.updateStatus(tx, accountId, userId, status);
    if (status !== STATUS.active) await deleteTokensOf(tx, accountId, [userId]);
    await changeRights(tx, accountId);
  });
}

/** One of the contract's statuses; refuses any other number (400). */
export function toStatus(status: number): number {
  if ((Object.values(STATUS) as number[]).includes(status)) return status;
  return refuse('request.invalid', { field: 'status', detail: `must be 1, 3 or 5, got ${status}` });
}
