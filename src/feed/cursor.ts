import { createHash } from 'node:crypto';
import { refuse } from '../kernel/errors.ts';
import type { FeedPlace } from './read.ts';

/**
 * Where a reader of the feed stands, as opaque text: the account, a place, and a check of both, so that a cursor that
 * was cut, put together or made for another account is told from one that was given. It never expires by itself.
 */

const PLACE_BYTES = 41;
const CHECK_BYTES = 7;

const checkOf = (bytes: Buffer): Buffer =>
  createHash('sha256').update('rollbook feed cursor').update(bytes).digest().subarray(0, CHECK_BYTES);

export function writeCursor(accountId: number, { position, itemId, ordinal, number }: FeedPlace): string {
  const bytes = Buffer.alloc(PLACE_BYTES);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt32BE(accountId, 1);
  bytes.writeBigInt64BE(position, 5);
  bytes.write(itemId.replaceAll('-', ''), 13, 'hex');
  bytes.writeInt32BE(ordinal, 29);
  bytes.writeBigInt64BE(number, 33);
  return Buffer.concat([bytes, checkOf(bytes)]).toString('base64url');
}

/** The place of a cursor of this account. Refuses `feed.cursor`; `field` is where it was sent. */
export function readCursor(accountId: number, text: string, field: string): FeedPlace {
  const refuseAs = (detail: string): never => refuse('feed.cursor', { field, value: shown(text), detail });
  const all = Buffer.from(text, 'base64url');
  const bytes = all.subarray(0, PLACE_BYTES);
  const isOurs =
    all.length === PLACE_BYTES + CHECK_BYTES &&
    all.toString('base64url') === text &&
    bytes[0] === 1 &&
    checkOf(bytes).equals(all.subarray(PLACE_BYTES));
  if (!isOurs) return refuseAs('is not a cursor of this list');
  if (bytes.readUInt32BE(1) !== accountId) return refuseAs('is a cursor of another account');
  return {
    position: bytes.readBigInt64BE(5),
    itemId: bytes
      .subarray(13, 29)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    ordinal: bytes.readInt32BE(29),
    number: bytes.readBigInt64BE(33),
  };
}

const shown = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
