/** UUIDs as a request names them: in any order, repeated or not. */
export type Ids = readonly string[] | PackedIds;

/** Distinct UUIDs in ascending order, read by slices. */
export interface IdSet {
  readonly length: number;
  slice(from: number, to: number): readonly string[];
}

const BYTES = 16;

/**
 * Many UUIDs in 16 bytes each: a million of them are neither a million strings nor a long sort on the event loop,
 * since whoever packs them sorts them (http/decode-worker.ts).
 */
export class PackedIds implements IdSet {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Of ids in lower case, in the order given. */
  static of(ids: readonly string[]): PackedIds {
    return new PackedIds(Buffer.from(ids.join('').replaceAll('-', ''), 'hex'));
  }

  get length(): number {
    return this.bytes.length / BYTES;
  }

  /** The same ids from one place to another, without a copy. */
  part(from: number, to: number): PackedIds {
    return new PackedIds(this.bytes.subarray(from * BYTES, to * BYTES));
  }

  slice(from: number, to: number): string[] {
    const hex = this.bytes.toString('hex', from * BYTES, Math.min(to * BYTES, this.bytes.length));
    const ids: string[] = [];
    for (let at = 0; at < hex.length; at += 32)
      ids.push(
        `${hex.slice(at, at + 8)}-${hex.slice(at + 8, at + 12)}-${hex.slice(at + 12, at + 16)}-${hex.slice(at + 16, at + 20)}-${hex.slice(at + 20, at + 32)}`,
      );
    return ids;
  }
}

/** Any set of ids in 16 bytes each. */
export const pack = (ids: IdSet): PackedIds =>
  ids instanceof PackedIds ? ids : PackedIds.of(ids.slice(0, ids.length));

export const sortedDistinct = (ids: Iterable<string>): string[] => [...new Set(ids)].sort();

/** The same set in whatever order and however often its ids were named. */
export const toIdSet = (ids: Ids): IdSet => (ids instanceof PackedIds ? ids : sortedDistinct(ids));
