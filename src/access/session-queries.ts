import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL about sessions of people in pages, and which account a host name means. */

export interface Site {
  readonly accountId: number;
  readonly key: string;
  readonly name: string;
  readonly url: string;
  readonly timeZone: string;
  readonly accentColor: string | null;
  /** As it is called in its address; null: none */
  readonly logo: string | null;
}

/**
 * The account at a host (`host[:port]`): the one that is exactly there, by its index; else the only one under a path of
 * it, or the only one at all. Null if it cannot be told.
 */
export async function findSite(tx: ReadTx, host: string): Promise<Site | null> {
  const { rows } = await sql<{
    account_id: number;
    url_key: string;
    name: string;
    url: string;
    time_zone: string;
    accent_color: string | null;
    logo: string | null;
  }>`
    with exact as (select * from account where url_key = ${host}),
    here as (
      select * from exact
      union all
      (select * from account
        where not exists (select from exact)
          and (split_part(url_key, '/', 1) = ${host} or (select count(*) from (select from account limit 2) a) = 1)
        limit 2))
    select h.account_id, h.url_key, h.name, h.url, h.time_zone, h.accent_color, l.name as logo
    from here h left join account_logo l on l.account_id = h.account_id`.execute(tx);
  const [row] = rows;
  return row && rows.length === 1
    ? {
        accountId: row.account_id,
        key: row.url_key,
        name: row.name,
        url: row.url,
        timeZone: row.time_zone,
        accentColor: row.accent_color,
        logo: row.logo,
      }
    : null;
}

export interface SessionRow {
  readonly userId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** What its user chose; null: what the account has. */
  readonly locale: string | null;
  readonly timeZone: string | null;
}

export async function findSession(
  tx: ReadTx,
  accountId: number,
  sessionHash: Buffer,
): Promise<SessionRow | null> {
  const { rows } = await sql<{
    user_id: string;
    created_at: Date;
    expires_at: Date;
    locale: string | null;
    time_zone: string | null;
  }>`
    select s.user_id, s.created_at, s.expires_at, u.locale, u.time_zone
    from session s join users u on u.account_id = s.account_id and u.user_id = s.user_id
    where s.account_id = ${accountId} and s.session_hash = ${sessionHash}`.execute(tx);
  const row = rows[0];
  return row
    ? {
        userId: row.user_id,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        locale: row.locale,
        timeZone: row.time_zone,
      }
    : null;
}

export interface OwnLogin {
  readonly login: string;
  /** Not who signs in otherwise. */
  readonly hasPassword: boolean;
}

export async function findOwnLogin(tx: ReadTx, accountId: number, userId: string): Promise<OwnLogin> {
  const { rows } = await sql<{ login: string | null; has_password: boolean }>`
    select login, password_hash is not null as has_password from users
    where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
  return { login: rows[0]?.login ?? '', hasPassword: rows[0]?.has_password ?? false };
}

/** Stores a session, and clears the account's expired ones on the way. */
export async function insertSession(
  tx: WriteTx,
  session: { accountId: number; sessionHash: Buffer; userId: string; createdAt: Date; expiresAt: Date },
): Promise<void> {
  await sql`
    with expired as (
      delete from session where account_id = ${session.accountId} and expires_at < ${session.createdAt})
    insert into session (account_id, session_hash, user_id, created_at, expires_at)
    values (${session.accountId}, ${session.sessionHash}, ${session.userId}, ${session.createdAt}, ${session.expiresAt})`.execute(
    tx,
  );
}

export async function prolongSession(
  tx: WriteTx,
  accountId: number,
  sessionHash: Buffer,
  expiresAt: Date,
): Promise<void> {
  await sql`update session set expires_at = ${expiresAt}
    where account_id = ${accountId} and session_hash = ${sessionHash}`.execute(tx);
}

export async function deleteSession(tx: WriteTx, accountId: number, sessionHash: Buffer): Promise<void> {
  await sql`delete from session where account_id = ${accountId} and session_hash = ${sessionHash}`.execute(
    tx,
  );
}
