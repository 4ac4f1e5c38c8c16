import { createHash } from 'node:crypto';
import { enqueue, unqueue } from '../jobs/index.ts';
import { DAY_MS, HOUR_MS } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { Database, WriteTx } from '../storage/index.ts';
import { PURGE_FILE } from './purge.ts';
import * as queries from './queries.ts';
import { cleanName, type FileType, HEAD_BYTES } from './rules.ts';

/**
 * Files coming in. Each part is a statement of its own, so that nothing is open in the database while a client sends, and
 * memory holds one part of a file however large it is. What came in is nobody's until somebody takes it.
 */

/**
 * Of one statement: large enough that a film is not tens of thousands of them, small enough that the one connection of
 * the embedded engine is soon free for others.
 */
export const PART_BYTES = 1024 * 1024;

/** An upload lasts no longer (the server's own limit is far below); what is not taken by then is removed. */
const ABANDONED_AFTER_MS = DAY_MS;
/** Who is in the middle of reading a file when it is replaced, reads it to its end. */
const KEPT_AFTER_MS = 2 * HOUR_MS;

/** A file as it comes in; its bytes are read once. */
export interface Incoming {
  readonly name: string | null;
  readonly bytes: AsyncIterable<Buffer>;
}

/** What came in, not yet anybody's. */
export type Upload = Pick<queries.StoredFile, 'fileId' | 'mediaType' | 'size' | 'sha256'>;

/** The same bytes in parts of one size but for the last. */
async function* inParts(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    gathered.push(chunk);
    length += chunk.length;
    if (length < PART_BYTES) continue;
    const whole = Buffer.concat(gathered);
    let from = 0;
    for (; whole.length - from >= PART_BYTES; from += PART_BYTES)
      yield whole.subarray(from, from + PART_BYTES);
    gathered = [whole.subarray(from)];
    length = whole.length - from;
  }
  if (length > 0) yield Buffer.concat(gathered);
}

/** Stores what comes in. `judge` is given how it begins, says what it is, or refuses it; refuses `file.empty`. */
export async function receive(
  db: Database,
  accountId: number,
  { name, bytes }: Incoming,
  { judge, now }: { judge(head: Buffer): FileType; now: Date },
): Promise<Upload> {
  const parts = inParts(bytes);
  const first = await parts.next();
  if (first.done) return refuse('file.empty');
  const fileId = newId();
  const { mediaType } = judge(first.value.subarray(0, HEAD_BYTES));
  await db.write(async (tx) => {
    await queries.insertFile(tx, accountId, { fileId, name: cleanName(name), mediaType }, now);
    await purgeAt(tx, accountId, fileId, new Date(now.getTime() + ABANDONED_AFTER_MS), now);
  });
  try {
    const hash = createHash('sha256');
    let size = 0;
    for (let [part, bytes] = [0, first.value as Buffer | undefined]; bytes; part++) {
      hash.update(bytes);
      size += bytes.length;
      await db.writeOnce(queries.insertPart(accountId, fileId, part, bytes), 'bulk');
      const next = await parts.next();
      bytes = next.done ? undefined : next.value;
    }
    return { fileId, mediaType, size, sha256: hash.digest() };
  } catch (error) {
    await discard(db, accountId, fileId, now);
    throw error;
  }
}

const purgeAt = (tx: WriteTx, accountId: number, fileId: string, runAt: Date, now: Date): Promise<void> =>
  enqueue(tx, accountId, [{ kind: PURGE_FILE, key: fileId, runAt, payload: { fileId } }], now);

/** Takes an upload: from now on the file is whole, and somebody's. */
export async function take(tx: WriteTx, accountId: number, upload: Upload, now: Date): Promise<void> {
  const isTaken = await queries.completeFile(tx, accountId, { ...upload, completedAt: now });
  if (!isTaken) throw new Error(`The upload ${upload.fileId} was given up meanwhile.`);
  await unqueue(tx, accountId, PURGE_FILE, [upload.fileId]);
}

/** A file is nobody's any more; whoever reads it now may read it to its end. */
export async function release(tx: WriteTx, accountId: number, fileId: string, now: Date): Promise<void> {
  await queries.releaseFile(tx, accountId, fileId, now);
  await purgeAt(tx, accountId, fileId, new Date(now.getTime() + KEPT_AFTER_MS), now);
}

/** Removes soon what came in and was not taken. Where even that fails, it is removed a day later. */
export async function discard(db: Database, accountId: number, fileId: string, now: Date): Promise<void> {
  await db.write((tx) => purgeAt(tx, accountId, fileId, now, now)).catch(() => undefined);
}
