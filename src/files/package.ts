import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createInflateRaw, inflateRaw } from 'node:zlib';
import yauzl from 'yauzl';
import { Refusal, refuse } from '../kernel/errors.ts';
import type { Database } from '../storage/index.ts';
import { readManifest } from './manifest.ts';
import * as queries from './package-queries.ts';
import {
  isMarkup,
  MAX_ENTRIES,
  MAX_UNPACKED_BYTES,
  mediaTypeOf,
  objectionTo,
  upFrom,
  withScripts,
} from './package-rules.ts';
import { bytesOf } from './serve.ts';
import { PART_BYTES, type Upload } from './store.ts';

/**
 * Packages: archives that stay packed. When one comes in, the list of what is in it is read, judged and kept; later each
 * file is unpacked while it is sent.
 */

const MANIFEST = 'imsmanifest.xml';
const MAX_MANIFEST_BYTES = 2 * 1024 * 1024;
/** Pages of packages are short; a longer one goes out as it is. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const ROWS_AT_ONCE = 1_000;
const LOCAL_HEADER_BYTES = 30;

const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw);
const unusable = (detail: string): never => refuse('file.package', { detail });

/** An archive in the database, read part by part; the part that was read last is kept. */
class PartsReader extends yauzl.RandomAccessReader {
  readonly #db: Database;
  readonly #accountId: number;
  readonly #upload: Upload;
  #part: { readonly number: number; readonly bytes: Buffer } | null = null;

  constructor(db: Database, accountId: number, upload: Upload) {
    super();
    this.#db = db;
    this.#accountId = accountId;
    this.#upload = upload;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#range(start, end), { objectMode: false });
  }

  async *#range(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const number = Math.floor(at / PART_BYTES);
      if (this.#part?.number !== number) this.#part = { number, bytes: await this.#load(number) };
      const from = at - number * PART_BYTES;
      const piece = this.#part.bytes.subarray(from, from + end - at);
      if (piece.length === 0) throw new Error('The archive ends early.');
      yield piece;
      at += piece.length;
    }
  }

  async #load(number: number): Promise<Buffer> {
    const from = number * PART_BYTES;
    const to = Math.min(from + PART_BYTES, this.#upload.size);
    const pieces: Buffer[] = [];
    for await (const piece of bytesOf(this.#db, this.#accountId, this.#upload.fileId, { from, to }))
      pieces.push(piece);
    return Buffer.concat(pieces);
  }
}

/** Reads what is in an archive that came in, and keeps the list. Refuses `file.package`, saying what is wrong with it. */
export async function keepPackage(db: Database, accountId: number, upload: Upload): Promise<void> {
  const entries = await list(new PartsReader(db, accountId, upload), upload.size);
  const manifest = await manifestOf(db, accountId, upload.fileId, entries);
  const [path = ''] = manifest.launch.split('?');
  const launched = entries.find((entry) => entry.path === decoded(path));
  if (!launched) unusable(`its manifest opens ${JSON.stringify(path.slice(0, 100))}, which it does not have`);
  await db.write(async (tx) => {
    await queries.insertPackage(tx, accountId, upload.fileId, manifest);
    for (let from = 0; from < entries.length; from += ROWS_AT_ONCE)
      await queries.insertEntries(tx, accountId, upload.fileId, entries.slice(from, from + ROWS_AT_ONCE));
  }, 'bulk');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The first sentence of what a library says. */
const sentenceOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split(/\.(\s|$)/)[0]?.slice(0, 100) ?? '';

async function list(reader: PartsReader, size: number): Promise<queries.Entry[]> {
  const entries = new Map<string, queries.Entry>();
  let unpacked = 0;
  try {
    const archive = await yauzl.fromRandomAccessReaderPromise(reader, size, {
      validateEntrySizes: true,
      autoClose: true,
    });
    if (archive.entryCount > MAX_ENTRIES * 2) unusable(`it has more than ${MAX_ENTRIES} files`);
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      const objection = objectionTo({
        fileName: entry.fileName,
        compressedSize: entry.compressedSize,
        uncompressedSize: entry.uncompressedSize,
        compressionMethod: entry.compressionMethod,
        externalFileAttributes: entry.externalFileAttributes,
        isEncrypted: entry.isEncrypted(),
      });
      if (objection) unusable(objection);
      unpacked += entry.uncompressedSize;
      if (entries.has(entry.fileName)) unusable(`${JSON.stringify(entry.fileName)} is in it twice`);
      if (entries.size >= MAX_ENTRIES) unusable(`it has more than ${MAX_ENTRIES} files`);
      if (unpacked > MAX_UNPACKED_BYTES) unusable(`it has more than ${MAX_UNPACKED_BYTES} bytes unpacked`);
      entries.set(entry.fileName, {
        path: entry.fileName,
        at: entry.relativeOffsetOfLocalHeader,
        packedSize: entry.compressedSize,
        size: entry.uncompressedSize,
        isDeflated: entry.compressionMethod === 8,
      });
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    unusable(`it is no archive that can be read (${sentenceOf(error)})`);
  }
  return [...entries.values()];
}

async function manifestOf(
  db: Database,
  accountId: number,
  fileId: string,
  entries: readonly queries.Entry[],
): Promise<ReturnType<typeof readManifest>> {
  const entry = entries.find(({ path }) => path === MANIFEST) ?? unusable(`it has no ${MANIFEST}`);
  if (entry.size > MAX_MANIFEST_BYTES) unusable('its manifest is too large');
  const bytes = await wholeEntry(db, accountId, fileId, entry).catch(() =>
    unusable('its manifest is damaged'),
  );
  return readManifest(textOf(bytes));
}

function textOf(bytes: Buffer): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const encoding = isUtf16 ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

/** Where the bytes of an entry are in the archive. */
async function packedRange(
  db: Database,
  accountId: number,
  fileId: string,
  { at, packedSize }: queries.Entry,
): Promise<{ from: number; to: number }> {
  const pieces: Buffer[] = [];
  for await (const piece of bytesOf(db, accountId, fileId, { from: at, to: at + LOCAL_HEADER_BYTES }))
    pieces.push(piece);
  const header = Buffer.concat(pieces);
  if (header.readUInt32LE(0) !== 0x04034b50) throw new Error(`A file of the package ${fileId} is damaged.`);
  const from = at + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  return { from, to: from + packedSize };
}

async function wholeEntry(
  db: Database,
  accountId: number,
  fileId: string,
  entry: queries.Entry,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const range = await packedRange(db, accountId, fileId, entry);
  for await (const piece of bytesOf(db, accountId, fileId, range)) pieces.push(piece);
  const packed = Buffer.concat(pieces);
  return entry.isDeflated ? inflate(packed, { maxOutputLength: Math.max(entry.size, 1) }) : packed;
}

export interface EntryAnswer {
  readonly contentType: string;
  readonly size: number;
  readonly body: AsyncIterable<Buffer>;
}

/** A file of a package; into pages, scripts of ours (paths from the root of the package) are put first. Null if it has none. */
export async function openEntry(
  db: Database,
  accountId: number,
  fileId: string,
  path: string,
  scripts: readonly string[],
): Promise<EntryAnswer | null> {
  const entry = await db.read((tx) => queries.findEntry(tx, accountId, fileId, path));
  if (!entry) return null;
  const contentType = mediaTypeOf(path);
  if (isMarkup(path) && entry.size <= MAX_PAGE_BYTES) {
    const page = await wholeEntry(db, accountId, fileId, entry);
    const body = withScripts(
      page,
      scripts.map((script) => upFrom(path, script)),
    );
    return { contentType, size: body.length, body: Readable.from([body]) };
  }
  const range = await packedRange(db, accountId, fileId, entry);
  const packed = bytesOf(db, accountId, fileId, range);
  return { contentType, size: entry.size, body: entry.isDeflated ? inflated(packed, entry.size) : packed };
}

/** No more than it is said to have: a file that lies about its size breaks off. */
async function* inflated(packed: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  const unpacking = createInflateRaw();
  // What fails, fails the reading of what comes out of it.
  pipeline(Readable.from(packed, { objectMode: false }), unpacking, () => undefined);
  let sent = 0;
  for await (const piece of unpacking as AsyncIterable<Buffer>) {
    sent += piece.length;
    if (sent > size) throw new Error('A file of a package is longer than it says.');
    yield piece;
  }
}
