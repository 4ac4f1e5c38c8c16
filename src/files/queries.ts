import { type RawBuilder, sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of stored files. */

export interface StoredFile {
  readonly fileId: string;
  readonly name: string | null;
  readonly mediaType: string;
  readonly size: number;
  readonly sha256: Buffer;
  readonly completedAt: Date;
}

/** A file that begins to come in. */
export async function insertFile(
  tx: WriteTx,
  accountId: number,
  file: Pick<StoredFile, 'fileId' | 'name' | 'mediaType'>,
  now: Date,
): Promise<void> {
  await sql`
    insert into stored_file (account_id, file_id, name, media_type, created_at)
    values (${accountId}, ${file.fileId}, ${file.name}, ${file.mediaType}, ${now})`.execute(tx);
}

/** The next part of it: a statement of its own. */
export const insertPart = (
  accountId: number,
  fileId: string,
  part: number,
  bytes: Buffer,
): RawBuilder<unknown> => sql`
    insert into stored_file_part (account_id, file_id, part, bytes) values (${accountId}, ${fileId}, ${part}, ${bytes})`;

/** All its parts are there. False if it was given up meanwhile. */
export async function completeFile(
  tx: WriteTx,
  accountId: number,
  { fileId, size, sha256, completedAt }: Pick<StoredFile, 'fileId' | 'size' | 'sha256' | 'completedAt'>,
): Promise<boolean> {
  const { rows } = await sql`
    update stored_file set size = ${size}, sha256 = ${sha256}, completed_at = ${completedAt}
    where account_id = ${accountId} and file_id = ${fileId} and completed_at is null and released_at is null
    returning file_id`.execute(tx);
  return rows.length > 0;
}

/** A file that is whole; null if there is none. */
export async function findFile(tx: ReadTx, accountId: number, fileId: string): Promise<StoredFile | null> {
  const { rows } = await sql<{
    name: string | null;
    media_type: string;
    size: string;
    sha256: Buffer;
    completed_at: Date;
  }>`
    select name, media_type, size, sha256, completed_at from stored_file
    where account_id = ${accountId} and file_id = ${fileId} and completed_at is not null`.execute(tx);
  const row = rows[0];
  return row
    ? {
        fileId,
        name: row.name,
        mediaType: row.media_type,
        size: Number(row.size),
        sha256: row.sha256,
        completedAt: row.completed_at,
      }
    : null;
}

/** A piece of a part, counted from 0; null if the part is gone. */
export async function readPart(
  tx: ReadTx,
  accountId: number,
  fileId: string,
  part: number,
  { from, length }: { from: number; length: number },
): Promise<Buffer | null> {
  const { rows } = await sql<{ bytes: Buffer }>`
    select substring(bytes from ${from + 1}::int for ${length}::int) as bytes from stored_file_part
    where account_id = ${accountId} and file_id = ${fileId} and part = ${part}`.execute(tx);
  return rows[0]?.bytes ?? null;
}

/** Nobody has the file any more. */
export async function releaseFile(tx: WriteTx, accountId: number, fileId: string, now: Date): Promise<void> {
  await sql`
    update stored_file set released_at = coalesce(released_at, ${now})
    where account_id = ${accountId} and file_id = ${fileId}`.execute(tx);
}

/** Gives up a file that never became whole, so that it never does. Whether nobody has it, now or before. */
export async function giveUp(tx: WriteTx, accountId: number, fileId: string, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update stored_file set released_at = coalesce(released_at, ${now})
    where account_id = ${accountId} and file_id = ${fileId} and (completed_at is null or released_at is not null)
    returning file_id`.execute(tx);
  return rows.length > 0;
}

/** Removes some parts of a file; how many. */
export async function deleteParts(
  tx: WriteTx,
  accountId: number,
  fileId: string,
  limit: number,
): Promise<number> {
  const { rows } = await sql`
    delete from stored_file_part where account_id = ${accountId} and file_id = ${fileId} and part in (
      select part from stored_file_part where account_id = ${accountId} and file_id = ${fileId}
      order by part limit ${limit})
    returning part`.execute(tx);
  return rows.length;
}

export async function deleteFile(tx: WriteTx, accountId: number, fileId: string): Promise<void> {
  await sql`delete from stored_file where account_id = ${accountId} and file_id = ${fileId}`.execute(tx);
}
