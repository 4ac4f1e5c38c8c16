import { type RawBuilder, sql } from 'kysely';
import { type Reach, type RoleType, within } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { keyOf } from './rules.ts';

/** All SQL of accounts, departments and users. */

export interface NewAccount {
  readonly accountId: number;
  readonly name: string;
  readonly url: string;
  readonly urlKey: string;
  readonly plan: string;
  readonly rootDepartmentId: string;
  readonly now: Date;
}

export async function nextAccountId(tx: WriteTx): Promise<number> {
  const { rows } = await sql<{ id: string }>`select nextval('account_number') as id`.execute(tx);
  return Number(rows[0]?.id);
}

/** The account with its root department and its seal. */
export async function insertAccount(tx: WriteTx, account: NewAccount): Promise<void> {
  await sql`
    insert into account (account_id, name, url, url_key, plan, root_department_id, created_at)
    values (${account.accountId}, ${account.name}, ${account.url}, ${account.urlKey}, ${account.plan}, ${account.rootDepartmentId}, ${account.now})`.execute(
    tx,
  );
  await sql`insert into seal (account_id) values (${account.accountId})`.execute(tx);
  await insertDepartments(tx, account.accountId, [
    { departmentId: account.rootDepartmentId, parentDepartmentId: null, name: account.name, code: null },
  ]);
}

export async function findAccount(
  tx: ReadTx,
  urlKey: string,
): Promise<{ accountId: number; url: string } | null> {
  const { rows } = await sql<{ account_id: number; url: string }>`
    select account_id, url from account where url_key = ${urlKey}`.execute(tx);
  return rows[0] ? { accountId: rows[0].account_id, url: rows[0].url } : null;
}

export async function countAccounts(tx: ReadTx): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from account`.execute(tx);
  return Number(rows[0]?.n ?? 0);
}

export interface Department {
  readonly departmentId: string;
  readonly parentDepartmentId: string | null;
  readonly name: string;
  readonly code: string | null;
}

/** Any number of departments in one statement; a parent stands before its children. */
export async function insertDepartments(
  tx: WriteTx,
  accountId: number,
  departments: readonly Department[],
): Promise<void> {
  await sql`
    insert into department (account_id, department_id, parent_department_id, name, code)
    select ${accountId}, * from unnest(${departments.map((d) => d.departmentId)}::uuid[],
      ${departments.map((d) => d.parentDepartmentId)}::uuid[], ${departments.map((d) => d.name)}::text[],
      ${departments.map((d) => d.code)}::text[])`.execute(tx);
}

export interface DepartmentFilter {
  readonly accountId: number;
  readonly reach: Reach;
  readonly code?: string | undefined;
  readonly departmentIds?: readonly string[] | undefined;
}

/** Departments the caller reaches, in order of creation. */
export async function selectDepartments(
  tx: ReadTx,
  filter: DepartmentFilter,
  after: string | null,
  limit: number,
): Promise<Department[]> {
  const conditions: RawBuilder<unknown>[] = [within(filter.reach, sql`d.department_id`)];
  if (filter.code !== undefined) conditions.push(sql`d.code = ${filter.code}`);
  if (filter.departmentIds) conditions.push(sql`d.department_id = any(${filter.departmentIds}::uuid[])`);
  if (after) conditions.push(sql`d.department_id > ${after}::uuid`);
  const { rows } = await sql<{
    department_id: string;
    parent_department_id: string | null;
    name: string;
    code: string | null;
  }>`
    select d.department_id, d.parent_department_id, d.name, d.code from department d
    where d.account_id = ${filter.accountId} and ${sql.join(conditions, sql` and `)}
    order by d.department_id limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    departmentId: row.department_id,
    parentDepartmentId: row.parent_department_id,
    name: row.name,
    code: row.code,
  }));
}

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

export interface User {
  readonly userId: string;
  readonly departmentId: string;
  readonly status: number;
  readonly login: string;
  readonly email: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly addedAt: Date;
  readonly lastLoginAt: Date | null;
  readonly roles: readonly {
    roleId: string;
    roleType: RoleType;
    manageableDepartmentIds: readonly string[];
  }[];
}

export interface UserFilter {
  readonly accountId: number;
  readonly reach: Reach;
  readonly userIds?: readonly string[] | undefined;
  readonly departmentIds?: readonly string[] | undefined;
  readonly logins?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
}

/** Users the caller reaches, in order of creation, with their roles. */
export async function selectUsers(
  tx: ReadTx,
  filter: UserFilter,
  after: string | null,
  limit: number,
): Promise<User[]> {
  const conditions: RawBuilder<unknown>[] = [within(filter.reach, sql`u.department_id`)];
  if (filter.userIds) conditions.push(sql`u.user_id = any(${filter.userIds}::uuid[])`);
  if (filter.departmentIds) conditions.push(sql`u.department_id = any(${filter.departmentIds}::uuid[])`);
  if (filter.logins) conditions.push(sql`u.login_key = any(${filter.logins.map(keyOf)}::text[])`);
  if (filter.emails) conditions.push(sql`u.email_key = any(${filter.emails.map(keyOf)}::text[])`);
  if (after) conditions.push(sql`u.user_id > ${after}::uuid`);
  const { rows } = await sql<{
    user_id: string;
    department_id: string;
    status: number;
    login: string;
    email: string | null;
    fields: Record<string, string>;
    added_at: Date;
    last_login_at: Date | null;
    roles: { roleId: string; roleType: RoleType; manageableDepartmentIds: string[] }[];
  }>`
    select u.user_id, u.department_id, u.status, u.login, u.email, u.fields, u.added_at, u.last_login_at,
      coalesce((select jsonb_agg(jsonb_build_object('roleId', r.role_id, 'roleType', r.role_type,
                  'manageableDepartmentIds', ur.manageable_department_ids) order by r.role_id)
                from user_role ur join role r on r.account_id = ur.account_id and r.role_id = ur.role_id
                where ur.account_id = u.account_id and ur.user_id = u.user_id), '[]') as roles
    from users u where u.account_id = ${filter.accountId} and ${sql.join(conditions, sql` and `)}
    order by u.user_id limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    userId: row.user_id,
    departmentId: row.department_id,
    status: row.status,
    login: row.login,
    email: row.email ?? '',
    fields: row.fields,
    addedAt: row.added_at,
    lastLoginAt: row.last_login_at,
    roles: row.roles,
  }));
}

export async function updateStatus(
  tx: WriteTx,
  accountId: number,
  userId: string,
  status: number,
): Promise<void> {
  await sql`update users set status = ${status} where account_id = ${accountId} and user_id = ${userId}`.execute(
    tx,
  );
}

/** How many active owners there are, besides one user. Locks them, so that two cannot remove each other. */
export async function otherActiveOwners(tx: WriteTx, accountId: number, userId: string): Promise<number> {
  const { rows } = await sql`
    select u.user_id from users u
    join user_role ur on ur.account_id = u.account_id and ur.user_id = u.user_id
    join role r on r.account_id = ur.account_id and r.role_id = ur.role_id and r.role_type = 'owner'
    where u.account_id = ${accountId} and u.status = 1
    order by u.user_id for update of u`.execute(tx);
  return (rows as { user_id: string }[]).filter((row) => row.user_id !== userId).length;
}

export async function firstOwner(
  tx: ReadTx,
  accountId: number,
): Promise<{ userId: string; departmentId: string } | null> {
  const { rows } = await sql<{ user_id: string; department_id: string }>`
    select u.user_id, u.department_id from users u
    join user_role ur on ur.account_id = u.account_id and ur.user_id = u.user_id
    join role r on r.account_id = ur.account_id and r.role_id = ur.role_id and r.role_type = 'owner'
    where u.account_id = ${accountId} order by u.user_id limit 1`.execute(tx);
  return rows[0] ? { userId: rows[0].user_id, departmentId: rows[0].department_id } : null;
}
