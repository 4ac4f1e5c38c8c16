import { listIds, refuse } from '../kernel/errors.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { membersChanged } from './evaluate.ts';
import * as queries from './queries.ts';

/**
 * Who belongs to a plain group, set by hand. Each refuses groups that do not exist, and smart ones (400), whose rules
 * decide; and brings the smart groups that refer to the changed ones up to date.
 */

/** The plain groups of a user become these. Smart groups that the user is in may be named, too: clients send back what they read. */
export async function setGroups(
  tx: WriteTx,
  accountId: number,
  userId: string,
  groupIds: readonly string[],
): Promise<void> {
  await queries.lockGroups(tx, accountId, 'shared');
  const held = await queries.smartGroupsOf(tx, accountId, userId);
  const wanted = [...new Set(groupIds)].filter((id) => !held.has(id));
  await refuseUnlessPlain(tx, accountId, wanted);
  const changed = await queries.replaceGroupsOf(tx, accountId, userId, wanted);
  await membersChanged(tx, accountId, changed, [userId]);
}

/** Each of the users joins each of the groups. */
export async function addToGroups(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  groupIds: readonly string[],
): Promise<void> {
  await queries.lockGroups(tx, accountId, 'shared');
  await refuseUnlessPlain(tx, accountId, groupIds);
  const joined = await queries.insertMembers(tx, accountId, cross(groupIds, userIds));
  await membersChanged(tx, accountId, groupIds, [...new Set(joined)]);
}

/** A user leaves the groups. */
export async function removeFromGroups(
  tx: WriteTx,
  accountId: number,
  userId: string,
  groupIds: readonly string[],
): Promise<void> {
  await queries.lockGroups(tx, accountId, 'shared');
  await refuseUnlessPlain(tx, accountId, groupIds);
  const left = await queries.deleteMembers(tx, accountId, cross(groupIds, [userId]));
  await membersChanged(tx, accountId, groupIds, left.slice(0, 1));
}

const cross = (groupIds: readonly string[], userIds: readonly string[]): queries.Pairs => ({
  groupIds: groupIds.flatMap((groupId) => userIds.map(() => groupId)),
  userIds: groupIds.flatMap(() => userIds),
});

async function refuseUnlessPlain(tx: ReadTx, accountId: number, groupIds: readonly string[]): Promise<void> {
  const found = await queries.findGroups(tx, accountId, groupIds);
  refuseUnknownGroups(groupIds, found, 'groupIds');
  const smart = found.filter((group) => group.isSmart).map((group) => group.groupId);
  if (smart.length > 0) refuse('group.smart', { field: 'groupIds', ids: listIds(smart) });
}

/** Refuses ids that are not among the groups found (400), naming the member they stand in. */
export function refuseUnknownGroups(
  groupIds: readonly string[],
  found: readonly queries.Group[],
  field: string,
): void {
  const known = new Set(found.map((group) => group.groupId));
  const unknown = groupIds.filter((id) => !known.has(id));
  if (unknown.length > 0) refuse('group.unknown_ids', { field, ids: listIds(unknown) });
}
