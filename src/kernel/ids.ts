import { createHash, randomBytes, randomFillSync } from 'node:crypto';

/**
 * Identifiers, all made by the application (no database sequence travels to a distributed PostgreSQL).
 *
 * - entities: UUIDv7, so that order by id is order of creation;
 * - chunks: a 60-bit number that grows with time (40 bits of milliseconds, 10 of process, 10 of counter);
 * - enrollments: a UUIDv8 that spells account, chunk and ordinal, so that it needs no column and no index of its own;
 * - what has only a name: a UUIDv5 of account and name;
 * - API clients: a UUIDv8 whose first four bytes are the account's number;
 * - secrets: 32 bytes as 43 characters of base64url; in a token the first four are the account's number.
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether text is a UUID in its usual spelling, of any version and either case. */
export const isUuid = (text: string): boolean => UUID.test(text);

const spell = (bytes: Buffer): string => {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

const bytesOf = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

function stamp(bytes: Buffer, version: number): Buffer {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (version << 4), 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes;
}

const POOL = Buffer.allocUnsafe(4_096);
let usedOfPool = POOL.length;

/** 16 random bytes out of a pool: a call of the system for each id costs as much as everything else about it. */
function sixteenRandomBytes(): Buffer {
  if (usedOfPool >= POOL.length) {
    randomFillSync(POOL);
    usedOfPool = 0;
  }
  usedOfPool += 16;
  return POOL.subarray(usedOfPool - 16, usedOfPool);
}

let lastMs = 0;
let sequenceInMs = 0;

/** A new UUIDv7; within a process each is greater than the one before. */
export function newId(): string {
  const nowMs = Date.now();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequenceInMs = 0;
  } else if (++sequenceInMs > 0xfff) {
    lastMs++;
    sequenceInMs = 0;
  }
  const bytes = sixteenRandomBytes();
  bytes.writeUIntBE(lastMs, 0, 6);
  bytes.writeUInt16BE(sequenceInMs, 6);
  return spell(stamp(bytes, 7));
}

const CHUNK_EPOCH_MS = Date.UTC(2025, 0, 1);
const PROCESS_NUMBER = BigInt(randomBytes(2).readUInt16BE() & 0x3ff);
let lastChunkTick = 0n;

/** The next chunk number: greater than every earlier one of this process; another process's may collide only in the same millisecond (a unique key then says so and the write is repeated). */
export function newChunkNumber(): bigint {
  const tick = BigInt(Date.now() - CHUNK_EPOCH_MS) << 10n;
  lastChunkTick = tick > lastChunkTick ? tick : lastChunkTick + 1n;
  return ((lastChunkTick >> 10n) << 20n) | (PROCESS_NUMBER << 10n) | (lastChunkTick & 0x3ffn);
}

/** When a chunk number was drawn, in milliseconds since 1970. */
export const millisecondOfChunk = (chunk: bigint): number => Number(chunk >> 20n) + CHUNK_EPOCH_MS;

/** When an id of newId was made, in milliseconds since 1970. */
export const millisecondOfId = (id: string): number => bytesOf(id).readUIntBE(0, 6);

/** Where an enrollment was created: which account, in which chunk, at which place of it. */
export interface EnrollmentKey {
  readonly accountId: number;
  readonly chunk: bigint;
  readonly ordinal: number;
}

/** The wire id of an enrollment: 48+12 bits chunk, then 32 bits account and 24 bits ordinal in the second half. */
export function enrollmentId(key: EnrollmentKey): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(Number(key.chunk >> 12n), 0, 6);
  bytes.writeUInt16BE(Number(key.chunk & 0xfffn), 6);
  bytes.writeUInt32BE(key.accountId, 9);
  bytes.writeUIntBE(key.ordinal, 13, 3);
  return spell(stamp(bytes, 8));
}

/** What an enrollment id spells, or null if it cannot be one. */
export function readEnrollmentId(id: string): EnrollmentKey | null {
  const bytes = bytesOf(id);
  if (bytes.length !== 16 || bytes.readUInt8(6) >> 4 !== 8 || bytes.readUInt8(8) !== 0x80) return null;
  return {
    chunk: (BigInt(bytes.readUIntBE(0, 6)) << 12n) | BigInt(bytes.readUInt16BE(6) & 0xfff),
    accountId: bytes.readUInt32BE(9),
    ordinal: bytes.readUIntBE(13, 3),
  };
}

/** The id that a name has in an account, where the wire wants one for what is only a word: a UUIDv5 (RFC 9562). */
export function namedId(accountId: number, name: string): string {
  const digest = createHash('sha1').update(`rollbook:${accountId}:${name}`).digest();
  return spell(stamp(digest.subarray(0, 16), 5));
}

/** A new API client id, carrying its account's number. */
export function newClientId(accountId: number): string {
  const bytes = randomBytes(16);
  bytes.writeUInt32BE(accountId, 0);
  return spell(stamp(bytes, 8));
}

export const accountOfClientId = (clientId: string): number => bytesOf(clientId).readUInt32BE(0);

/** A new secret: 43 characters of base64url (256 random bits). */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** A new access token: 43 characters; 32 bits of account number and 224 random bits. */
export function newToken(accountId: number): string {
  const bytes = randomBytes(32);
  bytes.writeUInt32BE(accountId, 0);
  return bytes.toString('base64url');
}

/** The account number in a token, or null if the text cannot be a token. */
export function accountOfToken(token: string): number | null {
  return /^[\w-]{43}$/.test(token) ? Buffer.from(token, 'base64url').readUInt32BE(0) : null;
}
