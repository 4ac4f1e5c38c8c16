import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of accounts. */

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

/** The account with its seal. */
export async function insertAccount(tx: WriteTx, account: NewAccount): Promise<void> {
  await sql`
    insert into account (account_id, name, url, url_key, plan, root_department_id, created_at)
    values (${account.accountId}, ${account.name}, ${account.url}, ${account.urlKey}, ${account.plan}, ${account.rootDepartmentId}, ${account.now})`.execute(
    tx,
  );
  await sql`insert into seal (account_id) values (${account.accountId})`.execute(tx);
}

export async function findAccount(
  tx: ReadTx,
  urlKey: string,
): Promise<{ accountId: number; url: string } | null> {
  const { rows } = await sql<{ account_id: number; url: string }>`
    select account_id, url from account where url_key = ${urlKey}`.execute(tx);
  return rows[0] ? { accountId: rows[0].account_id, url: rows[0].url } : null;
}

/** Every account, or the one of a key. */
export async function listAccounts(
  tx: ReadTx,
  urlKey: string | null,
): Promise<{ accountId: number; url: string }[]> {
  const { rows } = await sql<{ account_id: number; url: string }>`
    select account_id, url from account where ${urlKey === null ? sql`true` : sql`url_key = ${urlKey}`}
    order by account_id`.execute(tx);
  return rows.map((row) => ({ accountId: row.account_id, url: row.url }));
}

export async function countAccounts(tx: ReadTx): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from account`.execute(tx);
  return Number(rows[0]?.n ?? 0);
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
