import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** SQL of the key that an account signs links with. */

/** Null before the first signature. */
export async function findSigningKey(tx: ReadTx, accountId: number): Promise<Buffer | null> {
  const { rows } = await sql<{ key: Buffer }>`
    select key from signing_key where account_id = ${accountId}`.execute(tx);
  return rows[0]?.key ?? null;
}

/** Keeps a first signing key; of two that are made at once the first stays, and is answered. */
export async function keepSigningKey(tx: WriteTx, accountId: number, key: Buffer): Promise<Buffer> {
  await sql`insert into signing_key (account_id, key) values (${accountId}, ${key}) on conflict do nothing`.execute(
    tx,
  );
  return (await findSigningKey(tx, accountId)) ?? key;
}
