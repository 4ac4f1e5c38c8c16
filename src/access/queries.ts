import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Plan } from './caller.ts';
import type { HeldRole, Permission, RoleType } from './rules.ts';
import { isActiveAt } from './standing-queries.ts';

/** All SQL about credentials, roles and API clients. */

export interface KnownUser {
  readonly accountId: number;
  readonly userId: string;
  readonly plan: Plan;
  readonly rightsVersion: bigint;
  readonly isActive: boolean;
  /** When a scheduled end comes about */
  readonly activeUntil: Date | null;
  readonly roles: readonly HeldRole[];
}

interface HeldRow {
  role_id: string;
  role_type: RoleType;
  permissions: Permission[];
  manageable_department_ids: string[];
}

/** The user with plan, rights version and roles, in one statement, so that all of one version. */
export async function loadUser(
  tx: ReadTx,
  accountId: number,
  userId: string,
  now: Date,
): Promise<KnownUser | null> {
  const { rows } = await sql<{
    plan: Plan;
    rights_version: string;
    is_active: boolean;
    active_until: Date | null;
    roles: HeldRow[];
  }>`
    select a.plan, a.rights_version, ${isActiveAt('u', now)} as is_active, u.active_until,
      coalesce((
        select jsonb_agg(jsonb_build_object('role_id', r.role_id, 'role_type', r.role_type, 'permissions', r.permissions,
                                            'manageable_department_ids', ur.manageable_department_ids))
        from user_role ur join role r on r.account_id = ur.account_id and r.role_id = ur.role_id
        where ur.account_id = u.account_id and ur.user_id = u.user_id), '[]') as roles
    from account a join users u on u.account_id = a.account_id
    where a.account_id = ${accountId} and u.user_id = ${userId} and u.deleted_at is null`.execute(tx);
  const row = rows[0];
  if (!row) return null;
  const below = await departmentsBelow(
    tx,
    accountId,
    row.roles.flatMap((role) => role.manageable_department_ids),
  );
  return {
    accountId,
    userId,
    plan: row.plan,
    rightsVersion: BigInt(row.rights_version),
    isActive: row.is_active,
    activeUntil: row.active_until,
    roles: row.roles.map((role) => ({
      roleId: role.role_id,
      roleType: role.role_type,
      permissions: role.permissions,
      manages: new Set(role.manageable_department_ids.flatMap((id) => below.get(id) ?? [])),
    })),
  };
}

/** Each department → itself and every department below it. */
export async function departmentsBelow(
  tx: ReadTx,
  accountId: number,
  departmentIds: readonly string[],
): Promise<Map<string, string[]>> {
  const below = new Map<string, string[]>();
  if (departmentIds.length === 0) return below;
  const { rows } = await sql<{ top: string; department_id: string }>`
    with recursive tree(top, department_id) as (
      select department_id, department_id from department
      where account_id = ${accountId} and department_id = any(${departmentIds}::uuid[])
      union
      select t.top, d.department_id from tree t
      join department d on d.account_id = ${accountId} and d.parent_department_id = t.department_id)
    select top, department_id from tree`.execute(tx);
  for (const row of rows) {
    const list = below.get(row.top);
    if (list) list.push(row.department_id);
    else below.set(row.top, [row.department_id]);
  }
  return below;
}

/** Each department → itself and every department above it, nearest first. */
export async function departmentsAbove(
  tx: ReadTx,
  accountId: number,
  departmentIds: readonly string[],
): Promise<Map<string, string[]>> {
  const above = new Map<string, string[]>();
  const { rows } = await sql<{ start: string; department_id: string }>`
    with recursive path(start, department_id, parent_department_id, distance) as (
      select department_id, department_id, parent_department_id, 0 from department
      where account_id = ${accountId} and department_id = any(${departmentIds}::uuid[])
      union all
      select p.start, d.department_id, d.parent_department_id, p.distance + 1 from path p
      -- Step by step: a plain join would be planned for many more rows, and read the whole tree.
      cross join lateral (select department_id, parent_department_id from department
        where account_id = ${accountId} and department_id = p.parent_department_id limit 1) d)
    select start, department_id from path order by start, distance`.execute(tx);
  for (const row of rows) {
    const list = above.get(row.start);
    if (list) list.push(row.department_id);
    else above.set(row.start, [row.department_id]);
  }
  return above;
}

export interface TokenOwner {
  readonly clientId: string;
  readonly userId: string;
  readonly expiresAt: Date;
}

export async function findToken(
  tx: ReadTx,
  accountId: number,
  tokenHash: Buffer,
): Promise<TokenOwner | null> {
  const { rows } = await sql<{ client_id: string; user_id: string; expires_at: Date }>`
    select client_id, user_id, expires_at from access_token
    where account_id = ${accountId} and token_hash = ${tokenHash}`.execute(tx);
  const row = rows[0];
  return row ? { clientId: row.client_id, userId: row.user_id, expiresAt: row.expires_at } : null;
}

export interface ClientRow {
  readonly clientId: string;
  readonly userId: string;
  readonly secretHash: Buffer;
  readonly isUserActive: boolean;
}

export async function findClient(
  tx: ReadTx,
  accountId: number,
  clientId: string,
  now: Date,
): Promise<ClientRow | null> {
  const { rows } = await sql<{ user_id: string; secret_hash: Buffer; is_active: boolean }>`
    select c.user_id, c.secret_hash, ${isActiveAt('u', now)} as is_active
    from api_client c join users u on u.account_id = c.account_id and u.user_id = c.user_id
    where c.account_id = ${accountId} and c.client_id = ${clientId}`.execute(tx);
  const row = rows[0];
  return row
    ? { clientId, userId: row.user_id, secretHash: row.secret_hash, isUserActive: row.is_active }
    : null;
}

/** Stores a token, clears this account's expired ones on the way, and keeps up when its user was last here. */
export async function insertToken(
  tx: WriteTx,
  token: {
    accountId: number;
    tokenHash: Buffer;
    clientId: string;
    userId: string;
    expiresAt: Date;
    now: Date;
  },
): Promise<void> {
  await sql`
    with expired as (delete from access_token where account_id = ${token.accountId} and expires_at < ${token.now}),
      login as (${keepLogin(token.accountId, token.userId, token.now)})
    insert into access_token (account_id, token_hash, client_id, user_id, expires_at)
    values (${token.accountId}, ${token.tokenHash}, ${token.clientId}, ${token.userId}, ${token.expiresAt})`.execute(
    tx,
  );
}

/** To the minute, so that a program that asks for a token with every call does not write its user with every call. */
const keepLogin = (accountId: number, userId: string, now: Date) => sql`
  update users set last_login_at = ${now} where account_id = ${accountId} and user_id = ${userId}
    and (last_login_at <= ${now}::timestamptz - interval '1 minute') is not false`;

/** Keeps up when a user was last here. */
export async function noteLogin(tx: WriteTx, accountId: number, userId: string, now: Date): Promise<void> {
  await keepLogin(accountId, userId, now).execute(tx);
}

export interface LoginRow {
  readonly accountId: number;
  readonly userId: string;
  readonly passwordHash: string | null;
  readonly isActive: boolean;
}

export async function findLogin(
  tx: ReadTx,
  accountKey: string,
  loginKey: string,
  now: Date,
): Promise<LoginRow | null> {
  const { rows } = await sql<{
    account_id: number;
    user_id: string;
    password_hash: string | null;
    is_active: boolean;
  }>`
    select u.account_id, u.user_id, u.password_hash, ${isActiveAt('u', now)} as is_active
    from account a join users u on u.account_id = a.account_id
    where a.url_key = ${accountKey} and u.login_key = ${loginKey}`.execute(tx);
  const row = rows[0];
  return row
    ? {
        accountId: row.account_id,
        userId: row.user_id,
        passwordHash: row.password_hash,
        isActive: row.is_active,
      }
    : null;
}

export async function insertClient(
  tx: WriteTx,
  client: { accountId: number; clientId: string; userId: string; secretHash: Buffer; now: Date },
): Promise<void> {
  await sql`insert into api_client (account_id, client_id, user_id, secret_hash, created_at)
    values (${client.accountId}, ${client.clientId}, ${client.userId}, ${client.secretHash}, ${client.now})`.execute(
    tx,
  );
}

/** The account's API clients, oldest first. */
export async function listClients(
  tx: ReadTx,
  accountId: number,
): Promise<{ clientId: string; userId: string; createdAt: Date }[]> {
  const { rows } = await sql<{ client_id: string; user_id: string; created_at: Date }>`
    select client_id, user_id, created_at from api_client
    where account_id = ${accountId} order by created_at, client_id`.execute(tx);
  return rows.map((row) => ({ clientId: row.client_id, userId: row.user_id, createdAt: row.created_at }));
}

export async function deleteClient(tx: WriteTx, accountId: number, clientId: string): Promise<void> {
  await sql`delete from api_client where account_id = ${accountId} and client_id = ${clientId}`.execute(tx);
}

/** Forgets every token, session and link of users (password change, deactivation), but for the session of that hash. */
export async function deleteTokensOf(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  besides: Buffer | null = null,
): Promise<void> {
  await sql`
    with sessions as (
      delete from session where account_id = ${accountId} and user_id = any(${userIds}::uuid[])
        and session_hash is distinct from ${besides}::bytea),
      links as (
        delete from password_link where account_id = ${accountId} and user_id = any(${userIds}::uuid[]))
    delete from access_token where account_id = ${accountId} and user_id = any(${userIds}::uuid[])`.execute(
    tx,
  );
}

export interface RoleRow {
  readonly roleId: string;
  readonly roleType: RoleType;
  readonly title: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
}

/** Every role of the account, in order of creation. */
export async function listRoles(tx: ReadTx, accountId: number): Promise<RoleRow[]> {
  const { rows } = await sql<{
    role_id: string;
    role_type: RoleType;
    title: string;
    description: string;
    permissions: Permission[];
  }>`select role_id, role_type, title, description, permissions from role
     where account_id = ${accountId} order by role_id`.execute(tx);
  return rows.map((row) => ({
    roleId: row.role_id,
    roleType: row.role_type,
    title: row.title,
    description: row.description,
    permissions: row.permissions,
  }));
}

export async function insertRole(tx: WriteTx, accountId: number, role: RoleRow): Promise<void> {
  await sql`insert into role (account_id, role_id, role_type, title, description, permissions)
    values (${accountId}, ${role.roleId}, ${role.roleType}, ${role.title}, ${role.description},
            ${role.permissions}::text[])`.execute(tx);
}

export interface Assignment {
  readonly roleId: string;
  readonly manageableDepartmentIds: readonly string[];
}

/** Gives a new user its roles. */
export async function insertAssignments(
  tx: WriteTx,
  accountId: number,
  userId: string,
  assignments: readonly Assignment[],
): Promise<void> {
  for (const { roleId, manageableDepartmentIds } of assignments) {
    await sql`insert into user_role (account_id, user_id, role_id, manageable_department_ids)
      values (${accountId}, ${userId}, ${roleId}, ${manageableDepartmentIds}::uuid[])`.execute(tx);
  }
}

/** The roles of a user become these. */
export async function replaceAssignments(
  tx: WriteTx,
  accountId: number,
  userId: string,
  assignments: readonly Assignment[],
): Promise<void> {
  await sql`delete from user_role where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
  await insertAssignments(tx, accountId, userId, assignments);
}

/** The address of an account, which links to it begin with. */
export async function accountUrlOf(tx: ReadTx, accountId: number): Promise<string> {
  const { rows } = await sql<{ url: string }>`
    select url from account where account_id = ${accountId}`.execute(tx);
  return rows[0]?.url ?? '';
}
