import { type RawBuilder, sql } from 'kysely';
import { type Reach, type RoleType, statusAt, within } from '../access/index.ts';
import { groupIdsOf, isInGroups } from '../groups/index.ts';
import { keyOf } from '../kernel/names.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { type SupervisionRow, toSupervision } from './department-queries.ts';
import type { Supervision } from './rules.ts';

/** SQL of users as they are read and written; what ends or locks them out stands in standing-queries.ts. */

export interface NewUser {
  readonly userId: string;
  readonly departmentId: string;
  readonly status: number;
  readonly login: string;
  readonly email: string;
  readonly passwordHash: string | null;
  /** Upper-case name → text, without LOGIN and EMAIL */
  readonly fields: Readonly<Record<string, string>>;
}

/** Any number of users in one statement. Logins and e-mails are unique by constraint. */
export async function insertUsers(
  tx: WriteTx,
  accountId: number,
  users: readonly NewUser[],
  now: Date,
): Promise<void> {
  const column = <T>(pick: (user: NewUser) => T): T[] => users.map(pick);
  await sql`
    insert into users (account_id, user_id, department_id, status, login, login_key, email, email_key, password_hash, fields, added_at)
    select ${accountId}, u.*, ${now}::timestamptz from unnest(${column((u) => u.userId)}::uuid[], ${column((u) => u.departmentId)}::uuid[],
      ${column((u) => u.status)}::int2[], ${column((u) => u.login)}::text[], ${column((u) => keyOf(u.login))}::text[],
      ${column((u) => u.email || null)}::text[], ${column((u) => keyOf(u.email) || null)}::text[],
      ${column((u) => u.passwordHash)}::text[], ${column((u) => JSON.stringify(u.fields))}::jsonb[]) as u`.execute(
    tx,
  );
}

/** Gives any number of users the same role, without departments to manage. */
export async function assignRole(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  roleId: string,
): Promise<void> {
  await sql`insert into user_role (account_id, user_id, role_id)
    select ${accountId}, id, ${roleId} from unnest(${userIds}::uuid[]) as u(id)`.execute(tx);
}

export interface HeldRole {
  readonly roleId: string;
  readonly roleType: RoleType;
  readonly manageableDepartmentIds: readonly string[];
}

export interface User extends Supervision {
  readonly userId: string;
  readonly departmentId: string;
  /** At the filter's `now` */
  readonly status: number;
  readonly login: string;
  readonly email: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly addedAt: Date;
  readonly lastLoginAt: Date | null;
  readonly roles: readonly HeldRole[];
  readonly groupIds: readonly string[];
}

export interface FieldFilter {
  /** Upper case */
  readonly name: string;
  readonly values: readonly string[];
}

export interface FieldRange {
  readonly name: string;
  /** Days as YYYY-MM-DD, both included */
  readonly from: string;
  readonly to: string;
}

export interface UserFilter {
  readonly accountId: number;
  readonly reach: Reach;
  readonly now: Date;
  readonly userIds?: readonly string[] | undefined;
  readonly departmentIds?: readonly string[] | undefined;
  readonly groupIds?: readonly string[] | undefined;
  readonly logins?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
  readonly fields?: readonly FieldFilter[] | undefined;
  readonly fieldRanges?: readonly FieldRange[] | undefined;
}

/** Which users a filter admits, as a condition over `users u`. */
function admitted(filter: UserFilter): RawBuilder<unknown> {
  const conditions = [sql`u.account_id = ${filter.accountId}`, within(filter.reach, sql`u.department_id`)];
  if (filter.userIds) conditions.push(sql`u.user_id = any(${filter.userIds}::uuid[])`);
  if (filter.departmentIds) conditions.push(sql`u.department_id = any(${filter.departmentIds}::uuid[])`);
  if (filter.groupIds) conditions.push(isInGroups(sql`u.account_id`, sql`u.user_id`, filter.groupIds));
  if (filter.logins) conditions.push(sql`u.login_key = any(${filter.logins.map(keyOf)}::text[])`);
  if (filter.emails) conditions.push(sql`u.email_key = any(${filter.emails.map(keyOf)}::text[])`);
  for (const { name, values } of filter.fields ?? []) conditions.push(hasField(name, values));
  for (const { name, from, to } of filter.fieldRanges ?? [])
    conditions.push(
      sql`left(u.fields ->> ${name}, 10) between ${from} and ${to}`,
      sql`u.fields ->> ${name} ~ '^\\d{4}-\\d\\d-\\d\\d'`,
    );
  return sql.join(conditions, sql` and `);
}

/** Containment, value by value, is what the index of the fields answers. */
function hasField(name: string, values: readonly string[]): RawBuilder<unknown> {
  if (name === 'LOGIN') return sql`u.login_key = any(${values.map(keyOf)}::text[])`;
  if (name === 'EMAIL') return sql`u.email_key = any(${values.map(keyOf)}::text[])`;
  const each = values.map((value) => sql`u.fields @> ${JSON.stringify({ [name]: value })}::jsonb`);
  return each.length === 0 ? sql`false` : sql`(${sql.join(each, sql` or `)})`;
}

interface UserRow extends SupervisionRow {
  user_id: string;
  department_id: string;
  status: number;
  login: string;
  email: string | null;
  fields: Record<string, string>;
  added_at: Date;
  last_login_at: Date | null;
  /** Departments to manage, by role */
  held: Record<string, string[]> | null;
  group_ids: string[];
}

/**
 * Users by the statement that chooses them, in order of creation. Roles and groups are gathered for those alone, and per
 * user: a join of a thousand users with theirs is sometimes made by reading all there are.
 */
async function usersOf(tx: ReadTx, filter: UserFilter, chosen: RawBuilder<unknown>): Promise<User[]> {
  const { rows } = await sql<UserRow>`
    select u.user_id, u.department_id, ${statusAt('u', filter.now)} as status, u.login, u.email, u.fields, u.added_at,
      u.last_login_at, u.subordination, u.supervisor_id, u.co_subordination, u.co_supervisor_id,
      (select jsonb_object_agg(ur.role_id, ur.manageable_department_ids) from user_role ur
       where ur.account_id = u.account_id and ur.user_id = u.user_id) as held,
      ${groupIdsOf(sql`u.account_id`, sql`u.user_id`)} as group_ids
    from (${chosen}) u order by u.user_id`.execute(tx);
  if (rows.length === 0) return [];
  const typeOf = await roleTypes(tx, filter.accountId);
  return rows.map((row) => ({
    userId: row.user_id,
    departmentId: row.department_id,
    status: row.status,
    login: row.login,
    email: row.email ?? '',
    fields: row.fields,
    addedAt: row.added_at,
    lastLoginAt: row.last_login_at,
    roles: heldRoles(row.held ?? {}, typeOf),
    groupIds: row.group_ids,
    ...toSupervision(row),
  }));
}

async function roleTypes(tx: ReadTx, accountId: number): Promise<ReadonlyMap<string, RoleType>> {
  const { rows } = await sql<{ role_id: string; role_type: RoleType }>`
    select role_id, role_type from role where account_id = ${accountId}`.execute(tx);
  return new Map(rows.map((row) => [row.role_id, row.role_type]));
}

/** In order of their ids, as the database's objects are. A role that was removed between two statements is nobody's any more. */
const heldRoles = (
  held: Readonly<Record<string, readonly string[]>>,
  typeOf: ReadonlyMap<string, RoleType>,
): HeldRole[] =>
  Object.entries(held).flatMap(([roleId, manageableDepartmentIds]) => {
    const roleType = typeOf.get(roleId);
    return roleType ? [{ roleId, roleType, manageableDepartmentIds }] : [];
  });

/** Users the caller reaches, in order of creation, with their roles and groups. */
export const selectUsers = (
  tx: ReadTx,
  filter: UserFilter,
  after: string | null,
  limit: number,
): Promise<User[]> =>
  usersOf(
    tx,
    filter,
    sql`select u.* from users u
      where ${admitted(filter)} ${after ? sql`and u.user_id > ${after}::uuid` : sql``}
      order by u.user_id limit ${limit}`,
  );

/** The same by number of page, for the list that counts its pages. */
export const selectNumberedPage = (
  tx: ReadTx,
  filter: UserFilter,
  offset: number,
  limit: number,
): Promise<User[]> =>
  usersOf(
    tx,
    filter,
    sql`select u.* from users u where ${admitted(filter)}
      order by u.user_id limit ${limit} offset ${offset}`,
  );

export async function countUsers(tx: ReadTx, filter: UserFilter): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from users u where ${admitted(filter)}`.execute(tx);
  return rows[0]?.n ?? 0;
}

/** The ids of the users that a filter admits, in order of creation. */
export async function selectUserIds(tx: ReadTx, filter: UserFilter): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select u.user_id from users u where ${admitted(filter)} order by u.user_id`.execute(tx);
  return rows.map((row) => row.user_id);
}

export interface UserChange {
  readonly userId: string;
  readonly departmentId: string;
  readonly login: string;
  readonly email: string;
  readonly fields: Readonly<Record<string, string>>;
}

export async function updateUser(tx: WriteTx, accountId: number, user: UserChange): Promise<void> {
  await sql`
    update users set department_id = ${user.departmentId}, login = ${user.login}, login_key = ${keyOf(user.login)},
      email = ${user.email || null}, email_key = ${keyOf(user.email) || null}, fields = ${JSON.stringify(user.fields)}::jsonb
    where account_id = ${accountId} and user_id = ${user.userId}`.execute(tx);
}

export async function moveUsers(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  departmentId: string,
): Promise<void> {
  await sql`update users set department_id = ${departmentId}
    where account_id = ${accountId} and user_id = any(${userIds}::uuid[])`.execute(tx);
}
