import { type Context, type Reach, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { membersChanged } from './evaluate.ts';
import * as queries from './queries.ts';
import { groupsIn } from './rules.ts';
import * as smart from './smart-queries.ts';

/**
 * Groups belong to the account, not to a department: whoever may read groups sees every group and its size. Its members
 * are shown, added and removed as far as the caller's departments reach; and who does not reach every member may neither
 * rename nor delete it.
 */

/** The account's groups, after a place. */
export function listGroups(ctx: Context, after: string | null, limit: number): Promise<queries.Group[]> {
  reachOf(ctx.caller, 'group.read');
  return ctx.read((tx) => queries.selectGroups(tx, ctx.caller.accountId, after, limit));
}

/** A group with its size; `showsMembers` unless the caller reaches nobody at all (authors). Refuses an unknown one (404). */
export function findGroup(
  ctx: Context,
  groupId: string,
): Promise<queries.Group & { usersCount: number; showsMembers: boolean }> {
  const reach = reachOf(ctx.caller, 'group.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    const group = await loadGroup(tx, accountId, groupId);
    const usersCount = await queries.countMembers(tx, accountId, groupId);
    return { ...group, usersCount, showsMembers: reach === 'everyone' || reach.size > 0 };
  });
}

/** The members of a group whom the caller reaches, after a place. */
export function listMembers(
  ctx: Context,
  groupId: string,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const reach = reachOf(ctx.caller, 'group.read');
  return ctx.read((tx) => queries.selectMembers(tx, ctx.caller.accountId, groupId, reach, after, limit));
}

/** Makes a plain group; returns its id. Refuses users beyond the caller's reach (403), and unknown ones (400; 403 likewise). */
export function addGroup(ctx: Context, input: { name: string; userIds: readonly string[] }): Promise<string> {
  const reach = reachOf(ctx.caller, 'group.write');
  const { accountId } = ctx.caller;
  const userIds = [...new Set(input.userIds)];
  const groupId = newId();
  return ctx.write(async (tx) => {
    await refuseBeyond(tx, accountId, userIds, reach);
    await queries.insertGroups(tx, accountId, [{ groupId, name: input.name, rules: null }], ctx.now);
    await queries.insertMembers(tx, accountId, { groupIds: userIds.map(() => groupId), userIds });
    return groupId;
  });
}

/** Renames a group. Refuses an unknown one (404), and one with members beyond the caller's reach (403). */
export function renameGroup(ctx: Context, groupId: string, name: string): Promise<void> {
  const reach = reachOf(ctx.caller, 'group.write');
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    await loadGroup(tx, accountId, groupId);
    await refuseUnlessAllReached(tx, accountId, groupId, reach);
    await queries.updateGroup(tx, accountId, groupId, { name });
  });
}

/** Deletes a group. Refuses as renaming does, and one to which the rules of a smart group refer (409). */
export function deleteGroup(ctx: Context, groupId: string): Promise<void> {
  const reach = reachOf(ctx.caller, 'group.write');
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    await queries.lockGroups(tx, accountId, 'exclusive');
    await loadGroup(tx, accountId, groupId);
    await refuseUnlessAllReached(tx, accountId, groupId, reach);
    const users = (await smart.selectSmartGroups(tx, accountId)).filter(({ rules }) =>
      groupsIn(rules).some(({ id }) => id === groupId),
    );
    if (users.length > 0) refuse('group.in_use', { ids: listIds(users.map((group) => group.groupId)) });
    await queries.deleteGroup(tx, accountId, groupId);
  });
}

/**
 * Makes these users the members of a plain group; members beyond the caller's reach stay. Refuses an unknown group (404),
 * a smart one (400), and users as `addGroup` does.
 */
export function setMembers(ctx: Context, groupId: string, userIds: readonly string[]): Promise<void> {
  const reach = reachOf(ctx.caller, 'group.write');
  const { accountId } = ctx.caller;
  const wanted = [...new Set(userIds)];
  return ctx.write(async (tx) => {
    await queries.lockGroups(tx, accountId, 'shared');
    const group = await loadGroup(tx, accountId, groupId);
    if (group.isSmart) refuse('group.smart', { field: 'id', ids: groupId });
    await refuseBeyond(tx, accountId, wanted, reach);
    const changed = await queries.replaceMembers(tx, accountId, groupId, wanted, reach);
    await membersChanged(tx, accountId, [groupId], changed);
  });
}

export async function loadGroup(tx: ReadTx, accountId: number, groupId: string): Promise<queries.Group> {
  const [group] = await queries.findGroups(tx, accountId, [groupId]);
  return group ?? refuse('group.unknown', { ids: groupId });
}

export async function refuseUnlessAllReached(
  tx: ReadTx,
  accountId: number,
  groupId: string,
  reach: Reach,
): Promise<void> {
  if (reach !== 'everyone' && (await queries.hasMembersBeyond(tx, accountId, groupId, reach)))
    refuse('group.scope', { detail: `group ${groupId} has members outside of the departments you manage` });
}

async function refuseBeyond(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  reach: Reach,
): Promise<void> {
  const beyond = await queries.usersBeyond(tx, accountId, userIds, reach);
  if (beyond.length === 0) return;
  if (reach === 'everyone') refuse('people.unknown_users', { field: 'userIds', ids: listIds(beyond) });
  refuse('auth.user_scope', { ids: listIds(beyond) });
}
