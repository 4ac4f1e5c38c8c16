import { type RawBuilder, sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Rules } from './rules.ts';

/** All SQL of groups and of who belongs to them; what concerns rules alone is in smart-queries.ts. */

export interface Group {
  readonly groupId: string;
  readonly name: string;
  readonly isSmart: boolean;
}

export interface NewGroup {
  readonly groupId: string;
  readonly name: string;
  /** null: a plain group */
  readonly rules: Rules | null;
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

/** Makes groups, in one statement. */
export async function insertGroups(
  tx: WriteTx,
  accountId: number,
  groups: readonly NewGroup[],
  now: Date,
): Promise<void> {
  await sql`
    insert into user_group (account_id, group_id, name, is_smart, rules, added_at)
    select ${accountId}, id, name, rules is not null, rules, ${now}::timestamptz
    from unnest(${groups.map((group) => group.groupId)}::uuid[], ${groups.map((group) => group.name)}::text[],
      ${groups.map((group) => group.rules && JSON.stringify(group.rules))}::jsonb[]) as made(id, name, rules)`.execute(
    tx,
  );
}

/** Changes what is given. */
export async function updateGroup(
  tx: WriteTx,
  accountId: number,
  groupId: string,
  change: { name?: string | undefined; rules?: Rules | undefined },
): Promise<void> {
  await sql`
    update user_group set name = coalesce(${change.name ?? null}, name),
      rules = coalesce(${change.rules ? JSON.stringify(change.rules) : null}::jsonb, rules)
    where account_id = ${accountId} and group_id = ${groupId}`.execute(tx);
}

/** With its members. */
export async function deleteGroup(tx: WriteTx, accountId: number, groupId: string): Promise<void> {
  await sql`delete from user_group where account_id = ${accountId} and group_id = ${groupId}`.execute(tx);
}

/** How many belong to a group. */
export async function countMembers(tx: ReadTx, accountId: number, groupId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from group_member where account_id = ${accountId} and group_id = ${groupId}`.execute(
    tx,
  );
  return rows[0]?.n ?? 0;
}

/** Whether somebody outside a reach belongs to a group. */
export async function hasMembersBeyond(
  tx: ReadTx,
  accountId: number,
  groupId: string,
  reach: Reach,
): Promise<boolean> {
  const { rows } = await sql<{ has: boolean }>`
    select exists (select from group_member m join users u on u.account_id = m.account_id and u.user_id = m.user_id
      where m.account_id = ${accountId} and m.group_id = ${groupId} and not ${within(reach, sql`u.department_id`)}) as has`.execute(
    tx,
  );
  return rows[0]?.has ?? false;
}

/** The members of a group within a reach, after a place, in order of their creation. */
export async function selectMembers(
  tx: ReadTx,
  accountId: number,
  groupId: string,
  reach: Reach,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const place = after ? sql`and m.user_id > ${after}::uuid` : sql``;
  const { rows } = await sql<{ user_id: string }>`
    select m.user_id from group_member m join users u on u.account_id = m.account_id and u.user_id = m.user_id
    where m.account_id = ${accountId} and m.group_id = ${groupId} and ${within(reach, sql`u.department_id`)} ${place}
    order by m.user_id limit ${limit}`.execute(tx);
  return rows.map((row) => row.user_id);
}

/** Those of the users that are not there (who was deleted has no department), or not within a reach. The others stay until the transaction ends. */
export async function usersBeyond(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  reach: Reach,
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select u.user_id from users u
    where u.account_id = ${accountId} and u.user_id = any(${userIds}::uuid[])
      and u.department_id is not null and ${within(reach, sql`u.department_id`)}
    for key share`.execute(tx);
  const found = new Set(rows.map((row) => row.user_id));
  return userIds.filter((id) => !found.has(id));
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
  sql<string[]>`to_jsonb(array(select membership.group_id from group_member membership
    where membership.account_id = ${accountId} and membership.user_id = ${userId} order by membership.group_id))`;

/** SQL: whether a user belongs to one of the groups. */
export const isInGroups = (
  accountId: RawBuilder<unknown>,
  userId: RawBuilder<unknown>,
  groupIds: readonly string[],
): RawBuilder<boolean> =>
  sql<boolean>`exists (select from group_member membership
    where membership.account_id = ${accountId} and membership.user_id = ${userId} and membership.group_id = any(${groupIds}::uuid[]))`;
