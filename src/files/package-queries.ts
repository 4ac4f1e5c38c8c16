import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Manifest } from './manifest.ts';

/** All SQL of packages: stored files that are archives, and where each file within them is. */

/** A file within an archive. */
export interface Entry {
  readonly path: string;
  /** Of its local header in the archive. */
  readonly at: number;
  readonly packedSize: number;
  readonly size: number;
  /** Or just stored. */
  readonly isDeflated: boolean;
}

export async function insertPackage(
  tx: WriteTx,
  accountId: number,
  fileId: string,
  manifest: Manifest,
): Promise<void> {
  await sql`
    insert into stored_package (account_id, file_id, version, launch, mastery_score)
    values (${accountId}, ${fileId}, ${manifest.version}, ${manifest.launch}, ${manifest.masteryScore})`.execute(
    tx,
  );
}

export async function insertEntries(
  tx: WriteTx,
  accountId: number,
  fileId: string,
  entries: readonly Entry[],
): Promise<void> {
  await sql`
    insert into stored_package_entry (account_id, file_id, path, at, packed_size, size, is_deflated)
    select ${accountId}, ${fileId}, * from unnest(${entries.map(({ path }) => path)}::text[],
      ${entries.map(({ at }) => at)}::int8[], ${entries.map(({ packedSize }) => packedSize)}::int8[],
      ${entries.map(({ size }) => size)}::int8[], ${entries.map(({ isDeflated }) => isDeflated)}::boolean[])`.execute(
    tx,
  );
}

/** What the manifest of a file says; null if the file is no package. */
export async function findPackage(tx: ReadTx, accountId: number, fileId: string): Promise<Manifest | null> {
  const { rows } = await sql<{ version: Manifest['version']; launch: string; mastery_score: string | null }>`
    select version, launch, mastery_score from stored_package
    where account_id = ${accountId} and file_id = ${fileId}`.execute(tx);
  const row = rows[0];
  return row ? { version: row.version, launch: row.launch, masteryScore: row.mastery_score } : null;
}

export async function findEntry(
  tx: ReadTx,
  accountId: number,
  fileId: string,
  path: string,
): Promise<Entry | null> {
  const { rows } = await sql<{ at: string; packed_size: string; size: string; is_deflated: boolean }>`
    select at, packed_size, size, is_deflated from stored_package_entry
    where account_id = ${accountId} and file_id = ${fileId} and path = ${path}`.execute(tx);
  const row = rows[0];
  return row
    ? {
        path,
        at: Number(row.at),
        packedSize: Number(row.packed_size),
        size: Number(row.size),
        isDeflated: row.is_deflated,
      }
    : null;
}

/** There are few enough for one statement. */
export async function deletePackage(tx: WriteTx, accountId: number, fileId: string): Promise<void> {
  await sql`delete from stored_package_entry where account_id = ${accountId} and file_id = ${fileId}`.execute(
    tx,
  );
  await sql`delete from stored_package where account_id = ${accountId} and file_id = ${fileId}`.execute(tx);
}
