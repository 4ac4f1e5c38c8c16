import { sql } from 'kysely';
import { isActiveAt } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Told } from './rules.ts';

/** All SQL of calendars. Due dates are read by enrollment, days by training. */

/** What is known of a calendar by those who give and take its address. */
export interface FeedInfo {
  readonly createdAt: Date;
  readonly lastReadAt: Date | null;
}

/** Gives a user an address; an earlier one is no more. */
export async function replaceFeed(
  tx: WriteTx,
  accountId: number,
  userId: string,
  feed: { readonly secretHash: Buffer; readonly locale: string | null; readonly now: Date },
): Promise<void> {
  await sql`
    insert into calendar_feed (account_id, user_id, secret_hash, locale, created_at)
    values (${accountId}, ${userId}, ${feed.secretHash}, ${feed.locale}, ${feed.now})
    on conflict (account_id, user_id) do update set secret_hash = excluded.secret_hash, locale = excluded.locale,
      created_at = excluded.created_at, last_read_at = null`.execute(tx);
}

export async function deleteFeed(tx: WriteTx, accountId: number, userId: string): Promise<void> {
  await sql`delete from calendar_feed where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
}

export async function findFeedOf(tx: ReadTx, accountId: number, userId: string): Promise<FeedInfo | null> {
  const { rows } = await sql<{ created_at: Date; last_read_at: Date | null }>`
    select created_at, last_read_at from calendar_feed where account_id = ${accountId} and user_id = ${userId}`.execute(
    tx,
  );
  return rows[0] ? { createdAt: rows[0].created_at, lastReadAt: rows[0].last_read_at } : null;
}

/** Whose calendar an address leads to. */
export interface Feed {
  readonly accountId: number;
  readonly userId: string;
  /** The user's own, what the address was asked for in, the account's: the first that has words. */
  readonly locales: readonly (string | null)[];
  readonly lastReadAt: Date | null;
  readonly accountName: string;
  readonly accountUrl: string;
}

/** By the hash of its secret; null too while the user is not active. */
export async function findFeed(
  tx: ReadTx,
  accountId: number,
  secretHash: Buffer,
  now: Date,
): Promise<Feed | null> {
  const { rows } = await sql<{
    user_id: string;
    locales: (string | null)[];
    last_read_at: Date | null;
    name: string;
    url: string;
  }>`
    select f.user_id, array[u.locale, f.locale, m.locale] as locales, f.last_read_at, a.name, a.url
    from calendar_feed f
    join users u on u.account_id = f.account_id and u.user_id = f.user_id
    join account a on a.account_id = f.account_id
    left join mail_settings m on m.account_id = f.account_id
    where f.account_id = ${accountId} and f.secret_hash = ${secretHash} and u.deleted_at is null
      and ${isActiveAt('u', now)}`.execute(tx);
  const row = rows[0];
  return row
    ? {
        accountId,
        userId: row.user_id,
        locales: row.locales,
        lastReadAt: row.last_read_at,
        accountName: row.name,
        accountUrl: row.url,
      }
    : null;
}

/** Of those who read a changed calendar at once one tells the change, the others see that it was told. */
export async function lockFeed(tx: WriteTx, accountId: number, secretHash: Buffer): Promise<void> {
  await sql`select from calendar_feed where account_id = ${accountId} and secret_hash = ${secretHash}
    for update`.execute(tx);
}

export async function noteRead(tx: WriteTx, accountId: number, userId: string, now: Date): Promise<void> {
  await sql`update calendar_feed set last_read_at = ${now}
    where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
}

/** What was told of these sources, of everything that starts at an instant or later, and of what was cancelled lately. */
export async function toldOf(
  tx: ReadTx,
  accountId: number,
  userId: string,
  which: {
    readonly sourceIds: readonly string[];
    readonly startsSince: Date;
    readonly cancelledSince: Date;
  },
): Promise<Told[]> {
  const { rows } = await sql<{
    source_id: string;
    sequence: number;
    digest: Buffer;
    starts_at: Date;
    duration_seconds: number | null;
    summary: string;
    changed_at: Date;
    cancelled_at: Date | null;
  }>`
    select source_id, sequence, digest, starts_at, duration_seconds, summary, changed_at, cancelled_at
    from calendar_event
    where account_id = ${accountId} and user_id = ${userId} and (
      source_id = any(${which.sourceIds}::uuid[])
      or (cancelled_at is null and starts_at >= ${which.startsSince}) or cancelled_at > ${which.cancelledSince})`.execute(
    tx,
  );
  return rows.map((row) => ({
    sourceId: row.source_id,
    sequence: row.sequence,
    digest: row.digest,
    startsAt: row.starts_at,
    durationSeconds: row.duration_seconds,
    summary: row.summary,
    changedAt: row.changed_at,
    cancelledAt: row.cancelled_at,
  }));
}

export async function saveTold(
  tx: WriteTx,
  accountId: number,
  userId: string,
  events: readonly Told[],
): Promise<void> {
  await sql`
    insert into calendar_event (account_id, user_id, source_id, sequence, digest, starts_at, duration_seconds, summary,
      changed_at, cancelled_at)
    select ${accountId}, ${userId}, * from unnest(${events.map((event) => event.sourceId)}::uuid[],
      ${events.map((event) => event.sequence)}::int[], ${events.map((event) => event.digest)}::bytea[],
      ${events.map((event) => event.startsAt)}::timestamptz[], ${events.map((event) => event.durationSeconds)}::int[],
      ${events.map((event) => event.summary)}::text[], ${events.map((event) => event.changedAt)}::timestamptz[],
      ${events.map((event) => event.cancelledAt)}::timestamptz[])
    on conflict (account_id, user_id, source_id) do update set sequence = excluded.sequence, digest = excluded.digest,
      starts_at = excluded.starts_at, duration_seconds = excluded.duration_seconds, summary = excluded.summary,
      changed_at = excluded.changed_at, cancelled_at = excluded.cancelled_at`.execute(tx);
}
