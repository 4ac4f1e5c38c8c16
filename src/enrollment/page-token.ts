import { refuse } from '../kernel/errors.ts';
import type { Moment, Place } from './list-queries.ts';

/**
 * Where a reader of the paged list stands. Chunks are numbered before they commit, so "after this number" alone would
 * lose those still in flight; the token therefore also says up to which sealed position the reader has seen. What is
 * sealed later with a lower number is shown when the reader comes back.
 *
 * Everything with number ≤ `after` and position ≤ `seen` has been shown. While late chunks are being shown, `late` says
 * up to which position they are taken and which was the last row of them.
 */
export interface Cursor {
  readonly after: Place;
  readonly seen: bigint;
  readonly late: { readonly upTo: bigint; readonly after: Place } | null;
}

/** Where a reader of what was current at a moment stands: nothing is late there. */
export interface MomentCursor {
  readonly after: Place;
  readonly moment: Moment;
}

export const START: Place = { chunk: -1n, ordinal: -1 };

/** Opaque text that never expires: big-endian numbers in base64url. */
export function writeToken(cursor: Cursor): string {
  const bytes = Buffer.alloc(cursor.late ? 41 : 21);
  bytes.writeUInt8(1, 0);
  bytes.writeBigInt64BE(cursor.after.chunk, 1);
  bytes.writeInt32BE(cursor.after.ordinal, 9);
  bytes.writeBigInt64BE(cursor.seen, 13);
  if (cursor.late) {
    bytes.writeBigInt64BE(cursor.late.upTo, 21);
    bytes.writeBigInt64BE(cursor.late.after.chunk, 29);
    bytes.writeInt32BE(cursor.late.after.ordinal, 37);
  }
  return bytes.toString('base64url');
}

export function writeMomentToken({ after, moment }: MomentCursor): string {
  const bytes = Buffer.alloc(MOMENT_BYTES);
  bytes.writeUInt8(2, 0);
  bytes.writeBigInt64BE(after.chunk, 1);
  bytes.writeInt32BE(after.ordinal, 9);
  bytes.writeBigInt64BE(moment.sealed, 13);
  bytes.writeDoubleBE(moment.at.getTime(), 21);
  return bytes.toString('base64url');
}

const MOMENT_BYTES = 29;
/** Kinds of tokens by their first byte, and how long each is. */
const LENGTHS: ReadonlyMap<number | undefined, readonly number[]> = new Map([
  [1, [21, 41]],
  [2, [MOMENT_BYTES]],
]);

/** Reads a token; empty or absent is the first page (null). Refuses `request.page_token`. */
export function readToken(token: string | undefined): Cursor | MomentCursor | null {
  if (token === undefined || token === '') return null;
  const bytes = Buffer.from(token, 'base64url');
  const isOurs =
    LENGTHS.get(bytes[0])?.includes(bytes.length) && bytes.toString('base64url') === token.replace(/=+$/, '');
  if (!isOurs) refuse('request.page_token', { value: token.slice(0, 100) });
  return bytes[0] === 1 ? readCursor(bytes) : readMomentCursor(bytes);
}

function readMomentCursor(bytes: Buffer): MomentCursor {
  return {
    after: { chunk: bytes.readBigInt64BE(1), ordinal: bytes.readInt32BE(9) },
    moment: { sealed: bytes.readBigInt64BE(13), at: new Date(bytes.readDoubleBE(21)) },
  };
}

function readCursor(bytes: Buffer): Cursor {
  return {
    after: { chunk: bytes.readBigInt64BE(1), ordinal: bytes.readInt32BE(9) },
    seen: bytes.readBigInt64BE(13),
    late:
      bytes.length === 41
        ? {
            upTo: bytes.readBigInt64BE(21),
            after: { chunk: bytes.readBigInt64BE(29), ordinal: bytes.readInt32BE(37) },
          }
        : null,
  };
}
