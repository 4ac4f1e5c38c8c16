import { sql } from 'kysely';
import { isActiveAt, type Reach, type RoleType, statusAt, within } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** SQL of what a user may still do: status, scheduled ends, credentials, deletion. */

export interface Standing {
  readonly userId: string;
  readonly roleTypes: readonly RoleType[];
  /** The departments that the roles manage, without those below */
  readonly manages: readonly string[];
}

/** Those of the users whom the caller reaches, with what ranks them. */
export async function selectStandings(
  tx: ReadTx,
  accountId: number,
  reach: Reach,
  userIds: readonly string[],
): Promise<Standing[]> {
  const { rows } = await sql<{ user_id: string; role_types: RoleType[]; manages: string[] }>`
    select u.user_id, array(
        select r.role_type from user_role ur
        join role r on r.account_id = ur.account_id and r.role_id = ur.role_id
        where ur.account_id = u.account_id and ur.user_id = u.user_id) as role_types, array(
        select unnest(ur.manageable_department_ids) from user_role ur
        where ur.account_id = u.account_id and ur.user_id = u.user_id) as manages
    from users u where u.account_id = ${accountId} and u.user_id = any(${userIds}::uuid[]) and ${within(reach, sql`u.department_id`)}`.execute(
    tx,
  );
  return rows.map((row) => ({ userId: row.user_id, roleTypes: row.role_types, manages: row.manages }));
}

/** Waits for enrollments of these users that are being written; later ones meet what this transaction decides. */
export async function lockAgainstEnrollments(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
): Promise<void> {
  await sql`select from users where account_id = ${accountId} and user_id = any(${userIds}::uuid[])
    order by user_id for update`.execute(tx);
}

/** Whether an owner is active, for good, besides these users. */
export async function hasOtherOwner(
  tx: ReadTx,
  accountId: number,
  userIds: readonly string[],
  now: Date,
): Promise<boolean> {
  const { rows } = await sql`
    select from users u
    join user_role ur on ur.account_id = u.account_id and ur.user_id = u.user_id
    join role r on r.account_id = ur.account_id and r.role_id = ur.role_id and r.role_type = 'owner'
    where u.account_id = ${accountId} and ${isActiveAt('u', now)} and u.active_until is null
      and u.user_id <> all(${userIds}::uuid[]) limit 1`.execute(tx);
  return rows.length > 0;
}

/** Gives users a status from now on; what was scheduled and has come about is over, what lies ahead stays. */
export async function updateStatus(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  status: number,
  now: Date,
): Promise<void> {
  await sql`
    update users set status = ${status},
      deactivate_at = case when deactivate_at > ${now}::timestamptz then deactivate_at end,
      terminate_at = case when terminate_at > ${now}::timestamptz then terminate_at end
    where account_id = ${accountId} and user_id = any(${userIds}::uuid[])`.execute(tx);
}

export type ScheduledEnd = 'deactivation' | 'termination';
const COLUMN: Record<ScheduledEnd, string> = { deactivation: 'deactivate_at', termination: 'terminate_at' };

/** Schedules an end, or takes it back; one that has come about already becomes the stored status and is not undone. */
export async function updateSchedule(
  tx: WriteTx,
  accountId: number,
  userId: string,
  end: ScheduledEnd,
  at: Date | null,
  now: Date,
): Promise<void> {
  await sql`update users u set status = ${statusAt('u', now)}, ${sql.ref(COLUMN[end])} = ${at}::timestamptz
    where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
}

export async function updatePassword(
  tx: WriteTx,
  accountId: number,
  userId: string,
  passwordHash: string,
): Promise<void> {
  await sql`update users set password_hash = ${passwordHash}
    where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
}

/** Who is meant by a login or, where that is nobody's login, by an e-mail; null for nobody. */
export async function findByName(tx: ReadTx, accountId: number, name: string): Promise<string | null> {
  const { rows } = await sql<{ user_id: string }>`
    select user_id from users where account_id = ${accountId} and (login_key = ${name} or email_key = ${name})
    order by login_key = ${name} desc nulls last limit 1`.execute(tx);
  return rows[0]?.user_id ?? null;
}

/** Where somebody is written to, and whether they are active; null if there is no such user. */
export async function findAddress(
  tx: ReadTx,
  accountId: number,
  userId: string,
  now: Date,
): Promise<{ readonly address: string | null; readonly isActive: boolean } | null> {
  const { rows } = await sql<{ email: string | null; is_active: boolean }>`
    select u.email, ${isActiveAt('u', now)} as is_active from users u
    where u.account_id = ${accountId} and u.user_id = ${userId}`.execute(tx);
  return rows[0] ? { address: rows[0].email, isActive: rows[0].is_active } : null;
}

/** Takes away every seat a user has in trainings; where they were. */
export async function deleteSeatsOf(
  tx: WriteTx,
  accountId: number,
  userId: string,
): Promise<{ trainingId: string; sessionId: string }[]> {
  const { rows } = await sql<{ training_id: string; session_id: string }>`
    delete from training_seat where account_id = ${accountId} and user_id = ${userId}
    returning training_id, session_id`.execute(tx);
  return rows.map((row) => ({ trainingId: row.training_id, sessionId: row.session_id }));
}

/** Leaves of a user the id that enrollments and history name: who it was, department, credentials, roles and calendar go. */
export async function eraseUser(tx: WriteTx, accountId: number, userId: string, now: Date): Promise<void> {
  for (const table of [
    'api_client',
    'password_link',
    'user_role',
    'user_openid',
    'calendar_feed',
    'calendar_event',
  ])
    await sql`delete from ${sql.table(table)} where account_id = ${accountId} and user_id = ${userId}`.execute(
      tx,
    );
  await sql`
    update users set deleted_at = ${now}, status = 5, department_id = null, login = null, login_key = null, email = null, email_key = null,
      password_hash = null, fields = '{}', deactivate_at = null, terminate_at = null, last_login_at = null,
      subordination = 'no_supervisor', supervisor_id = null, co_subordination = 'no_supervisor', co_supervisor_id = null
    where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
  for (const table of ['users', 'department']) {
    await sql`update ${sql.table(table)} set subordination = 'no_supervisor', supervisor_id = null
      where account_id = ${accountId} and supervisor_id = ${userId}`.execute(tx);
    await sql`update ${sql.table(table)} set co_subordination = 'no_supervisor', co_supervisor_id = null
      where account_id = ${accountId} and co_supervisor_id = ${userId}`.execute(tx);
  }
}
