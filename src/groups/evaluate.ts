import { departmentsAbove, departmentsBelow } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import { ATTRIBUTE, dependentsOf, inOrder, membershipsOf, OPERATOR, type SmartGroup } from './rules.ts';
import * as smart from './smart-queries.ts';

/**
 * Keeps the stored members of smart groups equal to what their rules say. A changed person is decided anew alone, by
 * rules.ts over what is known of them; changed rules decide the whole account, in SQL. Either way in the transaction of
 * the change, and under `lockGroups`, so that no two transactions each decide by what the other has not yet changed.
 */

/** People decided together: one load and one write each. */
const AT_ONCE = 1_000;

/** To be called in every transaction that added users, moved them or edited their fields: after the change, and last. */
export async function usersChanged(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return;
  await queries.lockGroups(tx, accountId, 'shared');
  await decideAlone(tx, accountId, inOrder(await smart.selectSmartGroups(tx, accountId)), userIds);
}

/** To be called in every transaction that moved departments: everybody in or below them stands elsewhere now. */
export async function departmentsMoved(
  tx: WriteTx,
  accountId: number,
  departmentIds: readonly string[],
): Promise<void> {
  await queries.lockGroups(tx, accountId, 'exclusive');
  const ordered = inOrder(await smart.selectSmartGroups(tx, accountId));
  if (nestedIn(ordered).length === 0) return;
  const below = await departmentsBelow(tx, accountId, departmentIds);
  const userIds = await smart.usersIn(tx, accountId, [...below.values()].flat());
  for (const some of chunks(userIds)) await decide(tx, accountId, ordered, some);
}

/** The members of these plain groups changed by these users, under a shared lock: decides the groups that refer to them. */
export async function membersChanged(
  tx: WriteTx,
  accountId: number,
  groupIds: readonly string[],
  userIds: readonly string[],
): Promise<void> {
  if (groupIds.length === 0 || userIds.length === 0) return;
  const ordered = inOrder(await smart.selectSmartGroups(tx, accountId));
  await decideAlone(tx, accountId, dependentsOf(ordered, groupIds), userIds);
}

/** The rules of these smart groups changed, under the exclusive lock: decides them, and the groups that refer to them, for everybody. */
export async function rulesChanged(
  tx: WriteTx,
  accountId: number,
  groupIds: readonly string[],
): Promise<void> {
  const ordered = inOrder(await smart.selectSmartGroups(tx, accountId));
  const dependents = new Set(dependentsOf(ordered, groupIds));
  const stale = ordered.filter((group) => groupIds.includes(group.groupId) || dependents.has(group));
  const below = await departmentsBelow(tx, accountId, nestedIn(stale));
  for (const group of stale) await smart.refill(tx, accountId, group, below);
}

/** Whom the rules of each smart group admit by the stored members of the others: what its own stored members must equal. */
export async function evaluateFully(tx: ReadTx, accountId: number): Promise<Map<string, string[]>> {
  const groups = await smart.selectSmartGroups(tx, accountId);
  const below = await departmentsBelow(tx, accountId, nestedIn(groups));
  const members = new Map<string, string[]>();
  for (const group of groups)
    members.set(group.groupId, await smart.selectAdmitted(tx, accountId, group, below));
  return members;
}

const nestedIn = (groups: readonly SmartGroup[]): string[] =>
  groups
    .flatMap((group) => group.rules.flat())
    .filter((rule) => rule.attributeType === ATTRIBUTE.department && rule.operator === OPERATOR.nested)
    .map((rule) => rule.value);

/** Sorted, so that two transactions lock the same people in the same order. */
function* chunks(userIds: readonly string[]): Generator<string[]> {
  const sorted = [...userIds].sort();
  for (let from = 0; from < sorted.length; from += AT_ONCE) yield sorted.slice(from, from + AT_ONCE);
}

/** Decides for users whom others may be deciding at the same time: each waits for the other, and sees what it wrote. */
async function decideAlone(
  tx: WriteTx,
  accountId: number,
  ordered: readonly SmartGroup[],
  userIds: readonly string[],
): Promise<void> {
  if (ordered.length === 0) return;
  for (const some of chunks(userIds)) {
    await smart.lockUsers(tx, accountId, some);
    await decide(tx, accountId, ordered, some);
  }
}

async function decide(
  tx: WriteTx,
  accountId: number,
  ordered: readonly SmartGroup[],
  userIds: readonly string[],
): Promise<void> {
  const people = await smart.selectPeople(tx, accountId, userIds);
  const departmentIds = [...new Set(people.flatMap(({ departmentId }) => departmentId ?? []))];
  const above = await departmentsAbove(tx, accountId, departmentIds);
  const joined = { groupIds: [] as string[], userIds: [] as string[] };
  const left = { groupIds: [] as string[], userIds: [] as string[] };
  for (const { userId, departmentId, fields, groupIds } of people) {
    const before = new Set(groupIds);
    const departmentPath = above.get(departmentId ?? '') ?? [];
    const after = membershipsOf(ordered, { departmentPath, fields, groupIds: before });
    for (const { groupId } of ordered) {
      if (before.has(groupId) === after.has(groupId)) continue;
      const changed = after.has(groupId) ? joined : left;
      changed.groupIds.push(groupId);
      changed.userIds.push(userId);
    }
  }
  await queries.insertMembers(tx, accountId, joined);
  await queries.deleteMembers(tx, accountId, left);
}
