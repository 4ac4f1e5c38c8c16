import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { isActiveAt } from './standing-queries.ts';

/** All SQL about links with which people set their passwords. */

export interface NewLink {
  readonly accountId: number;
  readonly linkHash: Buffer;
  readonly userId: string;
  readonly address: string;
  readonly expiresAt: Date;
}

/**
 * Stores a link, and clears the account's expired ones afterwards. False for whoever is not active, or has another
 * address by now; who changes either meanwhile is waited for, or finds the link and deletes it.
 */
export async function insertLink(tx: WriteTx, link: NewLink, now: Date): Promise<boolean> {
  const { rows } = await sql`
    with person as (
      select u.account_id, u.user_id from users u
      where u.account_id = ${link.accountId} and u.user_id = ${link.userId} and u.email = ${link.address}
        and ${isActiveAt('u', now)} for share)
    insert into password_link (account_id, link_hash, user_id, expires_at)
    select account_id, ${link.linkHash}::bytea, user_id, ${link.expiresAt}::timestamptz from person returning 1`.execute(
    tx,
  );
  await sql`delete from password_link where account_id = ${link.accountId} and expires_at <= ${now}`.execute(
    tx,
  );
  return rows.length > 0;
}

/** Whose link it is, while it holds and they are active. */
export async function findLink(
  tx: ReadTx,
  accountId: number,
  linkHash: Buffer,
  now: Date,
): Promise<{ readonly userId: string; readonly login: string } | null> {
  const { rows } = await sql<{ user_id: string; login: string }>`
    select u.user_id, u.login from password_link l
    join users u on u.account_id = l.account_id and u.user_id = l.user_id
    where l.account_id = ${accountId} and l.link_hash = ${linkHash} and l.expires_at > ${now}
      and ${isActiveAt('u', now)}`.execute(tx);
  return rows[0] ? { userId: rows[0].user_id, login: rows[0].login } : null;
}

/** No link of these users leads anywhere any more. */
export async function deleteLinksOf(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
): Promise<void> {
  await sql`delete from password_link where account_id = ${accountId} and user_id = any(${userIds}::uuid[])`.execute(
    tx,
  );
}

/** The same of those who are not active: before they are again, so that what ended with them does not come back. */
export async function deleteLinksOfInactive(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  now: Date,
): Promise<void> {
  await sql`
    delete from password_link l using users u
    where l.account_id = ${accountId} and l.user_id = any(${userIds}::uuid[])
      and u.account_id = l.account_id and u.user_id = l.user_id and not ${isActiveAt('u', now)}`.execute(tx);
}
