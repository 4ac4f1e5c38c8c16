import { listIds, refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { newClientId, newId, newSecret } from '../kernel/ids.ts';
import { type Context, changeRights, reachOf, requireAdministrator } from './caller.ts';
import * as queries from './queries.ts';
import { PERMISSIONS, type Permission, rankOf } from './rules.ts';

/** A new API client that acts as a user; its secret is told here and nowhere else. Refuses a user who outranks the caller. */
export function createClient(
  ctx: Context,
  userId: string,
): Promise<{ clientId: string; clientSecret: string }> {
  requireAdministrator(ctx.caller);
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    const user =
      (await queries.loadUser(tx, accountId, userId, ctx.now)) ??
      refuse('people.unknown_users', { field: 'userId', ids: userId });
    if (rankOf(user.roles.map((role) => role.roleType)) > ctx.caller.rank)
      refuse('auth.outranked', { detail: `user ${userId} outranks you` });
    const clientId = newClientId(accountId);
    const clientSecret = newSecret();
    await queries.insertClient(tx, {
      accountId,
      clientId,
      userId,
      secretHash: sha256(clientSecret),
      now: ctx.now,
    });
    return { clientId, clientSecret };
  });
}

/** The account's API clients, without secrets. */
export function listClients(ctx: Context): ReturnType<typeof queries.listClients> {
  requireAdministrator(ctx.caller);
  return ctx.read((tx) => queries.listClients(tx, ctx.caller.accountId));
}

/** Removes an API client; its tokens end at once. Refuses the client of a user who outranks the caller. */
export function deleteClient(ctx: Context, clientId: string): Promise<void> {
  requireAdministrator(ctx.caller);
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    const client =
      (await queries.findClient(tx, accountId, clientId, ctx.now)) ??
      refuse('access.unknown_client', { ids: clientId });
    const user = await queries.loadUser(tx, accountId, client.userId, ctx.now);
    if (rankOf(user?.roles.map((role) => role.roleType) ?? []) > ctx.caller.rank)
      refuse('auth.outranked', { detail: `user ${client.userId} outranks you` });
    await queries.deleteClient(tx, accountId, clientId);
    await changeRights(tx, accountId);
  });
}

/** Every role of the account, for whoever may see users. */
export function listRoles(ctx: Context): Promise<queries.RoleRow[]> {
  reachOf(ctx.caller, 'user.read');
  return ctx.read((tx) => queries.listRoles(tx, ctx.caller.accountId));
}

/** A custom role; returns its id. Its departments come with the assignment. */
export function createRole(
  ctx: Context,
  input: { title: string; description: string; permissions: readonly Permission[] },
): Promise<string> {
  requireAdministrator(ctx.caller);
  const lacking = input.permissions.filter((permission) => !ctx.caller.reach.has(permission));
  if (lacking.length > 0) refuse('auth.outranked', { detail: `you lack ${listIds(lacking)}` });
  const permissions = PERMISSIONS.filter((permission) => input.permissions.includes(permission));
  const role = {
    roleId: newId(),
    roleType: 'custom' as const,
    title: input.title,
    description: input.description,
    permissions,
  };
  return ctx.write(async (tx) => {
    await queries.insertRole(tx, ctx.caller.accountId, role);
    return role.roleId;
  });
}
