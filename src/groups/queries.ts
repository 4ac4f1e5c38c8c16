import { type RawBuilder, sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of groups and of who belongs to them; what concerns rules alone is in smart-queries.ts. */

export interface Group {
  readonly groupId: string;
  readonly name: string;
  readonly isSmart: boolean;
}

interface GroupRow {
  group_id: string;
  name: string;
  is_smart: boolean;
}
const toGroup = (row: GroupRow): Group => ({
  groupId: row.group_id,
  name: row.name,
  isSmart: row.is_smart,
});

/** The account's groups after a place, in order of creation. */
export async function selectGroups(
  tx: ReadTx,
  accountId: number,
  after: string | null,
  limit: number,
): Promise<Group[]> {
  const place = after ? sql`and group_id > ${after}::uuid` : sql``;
  const { rows } = await sql<GroupRow>`
    select group_id, name, is_smart from user_group
    where account_id = ${accountId} ${place} order by group_id limit ${limit}`.execute(tx);
  return rows.map(toGroup);
}

/** Those of the groups that exist. */
export async function findGroups(
  tx: ReadTx,
  accountId: number,
  groupIds: readonly string[],
): Promise<Group[]> {
  const { rows } = await sql<GroupRow>`
    select group_id, name, is_smart from user_group
    where account_id = ${accountId} and group_id = any(${groupIds}::uuid[])`.execute(tx);
  return rows.map(toGroup);
}

/** The smart groups a user is in. */
export async function smartGroupsOf(tx: ReadTx, accountId: number, userId: string): Promise<Set<string>> {
  const { rows } = await sql<{ group_id: string }>`
    select g.group_id from group_member m join user_group g on g.account_id = m.account_id and g.group_id = m.group_id
    where m.account_id = ${accountId} and m.user_id = ${userId} and g.is_smart`.execute(tx);
  return new Set(rows.map((row) => row.group_id));
}

/**
 * What groups are made of is judged and changed under the account's row. `shared`: people or plain members change, any
 * number of transactions at once. `exclusive`: rules, the department tree or the groups themselves change, alone.
 */
export async function lockGroups(
  tx: WriteTx,
  accountId: number,
  mode: 'shared' | 'exclusive',
): Promise<void> {
  const strength = mode === 'shared' ? sql`for key share` : sql`for update`;
  await sql`select from account where account_id = ${accountId} ${strength}`.execute(tx);
}

/** The plain groups of a user become these; returns the groups that were joined or left. */
export async function replaceGroupsOf(
  tx: WriteTx,
  accountId: number,
  userId: string,
  groupIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ group_id: string }>`
    with gone as (
      delete from group_member m using user_group g
      where m.account_id = ${accountId} and m.user_id = ${userId} and m.group_id <> all(${groupIds}::uuid[])
        and g.account_id = m.account_id and g.group_id = m.group_id and not g.is_smart
      returning m.group_id),
    come as (
      insert into group_member (account_id, group_id, user_id)
      select ${accountId}, id, ${userId}::uuid from unnest(${groupIds}::uuid[]) as wanted(id)
      on conflict do nothing returning group_id)
    select group_id from gone union all select group_id from come`.execute(tx);
  return rows.map((row) => row.group_id);
}

/** The members of a group within a reach become these; returns the users who joined or left. */
export async function replaceMembers(
  tx: WriteTx,
  accountId: number,
  groupId: string,
  userIds: readonly string[],
  reach: Reach,
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    with gone as (
      delete from group_member m using users u
      where m.account_id = ${accountId} and m.group_id = ${groupId} and m.user_id <> all(${userIds}::uuid[])
        and u.account_id = m.account_id and u.user_id = m.user_id and ${within(reach, sql`u.department_id`)}
      returning m.user_id),
    come as (
      insert into group_member (account_id, group_id, user_id)
      select ${accountId}, ${groupId}::uuid, id from unnest(${userIds}::uuid[]) as wanted(id)
      on conflict do nothing returning user_id)
    select user_id from gone union all select user_id from come`.execute(tx);
  return rows.map((row) => row.user_id);
}

/** Pairs of group and user, in columns. */
export interface Pairs {
  readonly groupIds: readonly string[];
  readonly userIds: readonly string[];
}

/** Adds members, those that are not yet; returns the users who joined something. */
export async function insertMembers(tx: WriteTx, accountId: number, pairs: Pairs): Promise<string[]> {
  if (pairs.groupIds.length === 0) return [];
  const { rows } = await sql<{ user_id: string }>`
    insert into group_member (account_id, group_id, user_id)
    select ${accountId}, * from unnest(${pairs.groupIds}::uuid[], ${pairs.userIds}::uuid[])
    on conflict do nothing returning user_id`.execute(tx);
  return rows.map((row) => row.user_id);
}

/** Removes members, those that are some; returns the users who left something. */
export async function deleteMembers(tx: WriteTx, accountId: number, pairs: Pairs): Promise<string[]> {
  if (pairs.groupIds.length === 0) return [];
  const { rows } = await sql<{ user_id: string }>`
    delete from group_member m using unnest(${pairs.groupIds}::uuid[], ${pairs.userIds}::uuid[]) as pair(group_id, user_id)
    where m.account_id = ${accountId} and m.group_id = pair.group_id and m.user_id = pair.user_id
    returning m.user_id`.execute(tx);
  return rows.map((row) => row.user_id);
}

/** SQL: the ids of the groups of a user, plain and smart, as a jsonb array; of any statement over users. */
export const groupIdsOf = (
  accountId: RawBuilder<unknown>,
  userId: RawBuilder<unknown>,
): RawBuilder<string[]> =>
  sql<
    string[]
  >`coalesce((select jsonb_agg(membership.group_id order by membership.group_id) from group_member membership
    where membership.account_id = ${accountId} and membership.user_id = ${userId}), '[]')`;

/** SQL: whether a user belongs to one of the groups. */
export const isInGroups = (
  accountId: RawBuilder<unknown>,
  userId: RawBuilder<unknown>,
  groupIds: readonly string[],
): RawBuilder<boolean> =>
  sql<boolean>`exists (select from group_member membership
    where membership.account_id = ${accountId} and membership.user_id = ${userId} and membership.group_id = any(${groupIds}::uuid[]))`;
