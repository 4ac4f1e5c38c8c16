import { sql } from 'kysely';
import { isActiveAt } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Claim } from './rules.ts';

/** All SQL about providers of identities, and who is who there. */

export interface Provider {
  readonly issuer: string;
  readonly clientId: string;
  /** null: a client without one */
  readonly clientSecret: string | null;
  readonly label: string;
  readonly claim: Claim;
  /** Of whoever set it: nobody who ranks higher is signed in by it. */
  readonly rank: number;
}

export async function findProvider(tx: ReadTx, accountId: number): Promise<Provider | null> {
  const { rows } = await sql<{
    issuer: string;
    client_id: string;
    client_secret: string | null;
    label: string;
    claim: Claim;
    rank: number;
  }>`
    select issuer, client_id, client_secret, label, claim, rank from openid_provider
    where account_id = ${accountId}`.execute(tx);
  const [row] = rows;
  return row
    ? {
        issuer: row.issuer,
        clientId: row.client_id,
        clientSecret: row.client_secret,
        label: row.label,
        claim: row.claim,
        rank: row.rank,
      }
    : null;
}

export async function writeProvider(
  tx: WriteTx,
  accountId: number,
  provider: Provider,
  now: Date,
): Promise<void> {
  await sql`
    insert into openid_provider (account_id, issuer, client_id, client_secret, label, claim, rank, changed_at)
    values (${accountId}, ${provider.issuer}, ${provider.clientId}, ${provider.clientSecret}, ${provider.label},
      ${provider.claim}, ${provider.rank}, ${now})
    on conflict (account_id) do update set issuer = excluded.issuer, client_id = excluded.client_id,
      client_secret = excluded.client_secret, label = excluded.label, claim = excluded.claim, rank = excluded.rank,
      changed_at = excluded.changed_at`.execute(tx);
}

/** Who is who at it is forgotten, too. */
export async function deleteProvider(tx: WriteTx, accountId: number): Promise<void> {
  for (const table of ['user_openid', 'openid_provider'])
    await sql`delete from ${sql.table(table)} where account_id = ${accountId}`.execute(tx);
}

export interface Person {
  readonly userId: string;
  readonly isActive: boolean;
}

const personOf = (row: { user_id: string; is_active: boolean } | undefined): Person | null =>
  row ? { userId: row.user_id, isActive: row.is_active } : null;

/** Who a person at a provider has turned out to be; null before their first sign-in. */
export async function findBound(
  tx: ReadTx,
  accountId: number,
  { issuer, subject }: { issuer: string; subject: string },
  now: Date,
): Promise<Person | null> {
  const { rows } = await sql<{ user_id: string; is_active: boolean }>`
    select u.user_id, ${isActiveAt('u', now)} as is_active
    from user_openid o join users u on u.account_id = o.account_id and u.user_id = o.user_id
    where o.account_id = ${accountId} and o.issuer = ${issuer} and o.subject = ${subject}`.execute(tx);
  return personOf(rows[0]);
}

/** Whom a name means; null for nobody, or for more than one. */
export async function findNamed(
  tx: ReadTx,
  accountId: number,
  claim: Claim,
  key: string,
  now: Date,
): Promise<Person | null> {
  const means =
    claim === 'email'
      ? sql`u.email_key = ${key}`
      : claim === 'sub'
        ? sql`u.login_key = ${key}`
        : sql`(u.login_key = ${key} or u.email_key = ${key})`;
  const { rows } = await sql<{ user_id: string; is_active: boolean }>`
    select u.user_id, ${isActiveAt('u', now)} as is_active from users u
    where u.account_id = ${accountId} and ${means} limit 2`.execute(tx);
  return rows.length === 1 ? personOf(rows[0]) : null;
}

/** Binds a person at a provider to a user; false where either is bound to another already. */
export async function bind(
  tx: WriteTx,
  accountId: number,
  { issuer, subject }: { issuer: string; subject: string },
  userId: string,
  now: Date,
): Promise<boolean> {
  await sql`
    insert into user_openid (account_id, issuer, subject, user_id, bound_at)
    values (${accountId}, ${issuer}, ${subject}, ${userId}, ${now}) on conflict do nothing`.execute(tx);
  const { rows } = await sql<{ user_id: string }>`
    select user_id from user_openid
    where account_id = ${accountId} and issuer = ${issuer} and subject = ${subject}`.execute(tx);
  return rows[0]?.user_id === userId;
}

export async function unbind(tx: WriteTx, accountId: number, userId: string): Promise<void> {
  await sql`delete from user_openid where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
}

/** Notes that an attempt came back, and forgets those that have expired; false if this one came back before. */
export async function spendState(
  tx: WriteTx,
  accountId: number,
  stateHash: Buffer,
  expiresAt: Date,
  now: Date,
): Promise<boolean> {
  await sql`delete from openid_used where account_id = ${accountId} and expires_at < ${now}`.execute(tx);
  const { rows } = await sql`
    insert into openid_used (account_id, state_hash, expires_at) values (${accountId}, ${stateHash}, ${expiresAt})
    on conflict do nothing returning account_id`.execute(tx);
  return rows.length > 0;
}
