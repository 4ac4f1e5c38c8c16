import { sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of files: who and what their cells name, what an export says of both, and what was not imported. */

export interface NamedLearner {
  readonly id: string;
  readonly loginKey: string | null;
  readonly emailKey: string | null;
}

/** Users within reach who have one of the ids, logins or e-mail addresses. */
export async function learnersNamed(
  tx: ReadTx,
  accountId: number,
  reach: Reach,
  wanted: { ids: readonly string[]; logins: readonly string[]; emails: readonly string[] },
): Promise<NamedLearner[]> {
  const { rows } = await sql<NamedLearner>`
    with named as materialized (
      select u.user_id from unnest(${wanted.ids}::uuid[]) as w(id) cross join lateral (
        select user_id from users where account_id = ${accountId} and user_id = w.id offset 0) u
      union
      select u.user_id from unnest(${wanted.logins}::text[]) as w(key) cross join lateral (
        select user_id from users where account_id = ${accountId} and login_key = w.key offset 0) u
      union
      select u.user_id from unnest(${wanted.emails}::text[]) as w(key) cross join lateral (
        select user_id from users where account_id = ${accountId} and email_key = w.key offset 0) u)
    select u.user_id as id, u.login_key as "loginKey", u.email_key as "emailKey"
    from named cross join lateral (
      select * from users where account_id = ${accountId} and user_id = named.user_id and deleted_at is null offset 0) u
    where ${within(reach, sql`u.department_id`)}`.execute(tx);
  return rows;
}

export interface NamedItem {
  readonly id: string;
  readonly code: string | null;
}

/** Content items that have one of the ids or codes. */
export async function itemsNamed(
  tx: ReadTx,
  accountId: number,
  wanted: { ids: readonly string[]; codes: readonly string[] },
): Promise<NamedItem[]> {
  const { rows } = await sql<NamedItem>`
    select i.item_id as id, i.code from unnest(${wanted.ids}::uuid[]) as w(id) cross join lateral (
      select item_id, code from content_item where account_id = ${accountId} and item_id = w.id offset 0) i
    union
    select i.item_id, i.code from unnest(${wanted.codes}::text[]) as w(code) cross join lateral (
      select item_id, code from content_item where account_id = ${accountId} and code = w.code offset 0) i`.execute(
    tx,
  );
  return rows;
}

export interface LearnerNames {
  readonly login: string;
  readonly email: string | null;
}

export interface ItemNames {
  readonly code: string | null;
  readonly title: string;
}

/** What learners and items are called; learners beyond `reach` are left out. */
export async function namesOf(
  tx: ReadTx,
  accountId: number,
  reach: Reach | undefined,
  learnerIds: readonly string[],
  itemIds: readonly string[],
): Promise<{ learners: Map<string, LearnerNames>; items: Map<string, ItemNames> }> {
  const learners = reach
    ? (
        await sql<LearnerNames & { id: string }>`
          select u.* from unnest(${learnerIds}::uuid[]) as w(id) cross join lateral (
            select user_id as id, login, email from users where account_id = ${accountId} and user_id = w.id
              and deleted_at is null and ${within(reach, sql`department_id`)} offset 0) u`.execute(tx)
      ).rows
    : [];
  const { rows: items } = await sql<ItemNames & { id: string }>`
    select i.* from unnest(${itemIds}::uuid[]) as w(id) cross join lateral (
      select item_id as id, code, title from content_item where account_id = ${accountId} and item_id = w.id offset 0) i`.execute(
    tx,
  );
  return {
    learners: new Map(learners.map((row) => [row.id, row])),
    items: new Map(items.map((row) => [row.id, row])),
  };
}

/** What is kept of a file that was imported. */
export interface KeptFile {
  /** Compressed (notes.ts). */
  readonly notes: Buffer;
  /** Numbers of the rows that are outcomes of the operation, likewise. */
  readonly rowNumbers: Buffer;
}

/** Keeps it, and lets go of files of the account from before `expiredAt`. */
export async function keepFile(
  tx: WriteTx,
  accountId: number,
  operationId: string,
  { notes, rowNumbers }: KeptFile,
  now: Date,
  expiredAt: Date,
): Promise<void> {
  await sql`
    with expired as (
      delete from import_file where account_id = ${accountId} and created_at < ${expiredAt})
    insert into import_file (account_id, operation_id, created_at, notes, row_numbers)
    values (${accountId}, ${operationId}, ${now}, ${notes}, ${rowNumbers})
    on conflict (account_id, operation_id) do update set notes = excluded.notes, row_numbers = excluded.row_numbers`.execute(
    tx,
  );
}

/** Unless it is from before `expiredAt`. */
export async function findFile(
  tx: ReadTx,
  accountId: number,
  operationId: string,
  expiredAt: Date,
): Promise<KeptFile | null> {
  const { rows } = await sql<KeptFile>`
    select notes, row_numbers as "rowNumbers" from import_file
    where account_id = ${accountId} and operation_id = ${operationId} and created_at >= ${expiredAt}`.execute(
    tx,
  );
  return rows[0] ?? null;
}
