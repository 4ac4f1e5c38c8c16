import { sha256 } from '../kernel/hash.ts';
import { type IdSet, PackedIds, pack } from '../kernel/id-set.ts';
import { REASONS, type RefusalReason, type StoredReason } from './reasons.ts';
import { type Faults, firstReason } from './rules.ts';

/**
 * What a chunk was asked, kept with it so that the outcome of every pair can be told for ever: 16 bytes an id and, where
 * something was refused, a byte a reason. What became of a pair that was not refused, enrollments and their history say.
 */
export interface Demand {
  /** Learners to enroll in each of the items; or, without items, enrollments to change or end. */
  readonly ids: Buffer;
  readonly itemIds: Buffer | null;
  readonly idReasons: Buffer | null;
  readonly itemReasons: Buffer | null;
  /** How many outcomes it refuses. */
  readonly refused: number;
}

/** What the digest of a chunk covers, with which the chain of hashes goes on. */
export const DIGEST_VERSION = 2;

/** SHA-256 over what was asked and the terms that were given, each with its length before it. */
export function digestOfDemand(
  { ids, itemIds, idReasons, itemReasons }: Omit<Demand, 'refused'>,
  given: Buffer | null,
): Buffer {
  const parts = [ids, itemIds, idReasons, itemReasons, given];
  const lengths = parts.map((part) => part?.length ?? '-').join();
  return sha256(Buffer.concat([Buffer.from(`${lengths}\n`), ...parts.filter((part) => part !== null)]));
}

const NO_FAULTS: Faults = new Map();

/** Of learners × items, in the order in which they are given. */
export function demandOfPairs(
  learnerIds: IdSet,
  itemIds: readonly string[],
  learnerFaults: Faults,
  itemFaults: Faults,
): Demand {
  const learners = learnerIds.length - learnerFaults.size;
  const items = itemIds.length - itemFaults.size;
  return {
    ids: pack(learnerIds).bytes,
    itemIds: PackedIds.of(itemIds).bytes,
    idReasons: toBytes(learnerIds, learnerFaults),
    itemReasons: toBytes(itemIds, itemFaults),
    refused: learnerIds.length * itemIds.length - learners * items,
  };
}

/** Of rows: each id with the item in its place; `faults` by place. */
export const demandOfRows = (
  ids: PackedIds,
  items: PackedIds,
  faults: ReadonlyMap<number, RefusalReason>,
): Demand => {
  const reasons = faults.size > 0 ? Buffer.alloc(ids.length) : null;
  for (const [place, reason] of faults) reasons?.writeUInt8(REASONS[reason].number, place);
  return {
    ids: ids.bytes,
    itemIds: items.bytes,
    idReasons: reasons,
    itemReasons: null,
    refused: faults.size,
  };
};

/** `reasons`: why some are left as they are, or refused. */
export const demandOfEnrollments = (
  ids: IdSet,
  reasons: ReadonlyMap<string, StoredReason> = new Map(),
): Demand => ({
  ids: pack(ids).bytes,
  itemIds: null,
  idReasons: toBytes(ids, reasons),
  itemReasons: null,
  refused: [...reasons.values()].filter(isRefusal).length,
});

/** A byte for each id: 0, or the number of its reason; null when none has one. */
export function toBytes(ids: IdSet, faults: ReadonlyMap<string, StoredReason>): Buffer | null {
  if (faults.size === 0) return null;
  return Buffer.from(
    ids.slice(0, ids.length).map((id) => {
      const reason = faults.get(id);
      return reason ? REASONS[reason].number : 0;
    }),
  );
}

const BY_NUMBER = new Map<number, StoredReason>(
  Object.entries(REASONS)
    .filter(([, { number }]) => number > 0)
    .map(([reason, { number }]) => [number, reason as StoredReason]),
);

/** What a byte of those stands for. */
export const reasonOfByte = (byte: number | undefined): StoredReason | undefined => BY_NUMBER.get(byte ?? 0);

const isRefusal = (reason: StoredReason): reason is RefusalReason => REASONS[reason].outcome === 'refused';

/** The other way round. */
export function toFaults(ids: readonly string[], bytes: Buffer | null): Faults {
  if (bytes === null) return NO_FAULTS;
  const faults = new Map<string, RefusalReason>();
  ids.forEach((id, place) => {
    const reason = reasonOfByte(bytes[place]);
    if (reason && isRefusal(reason)) faults.set(id, reason);
  });
  return faults;
}

/** One thing that was asked of a chunk: a pair, or an enrollment. */
export type Asked =
  | { readonly learnerId: string; readonly itemId: string; readonly refused: RefusalReason | undefined }
  | { readonly enrollmentId: string; readonly reason: StoredReason | undefined };

/** Whether each id goes with the item in its place (an import), or with every item. */
export type Pairing = 'row by row' | 'each with each';

export const pairingOf = (kind: string): Pairing => (kind === 'import' ? 'row by row' : 'each with each');

/** How many things a chunk was asked. */
export const sizeOf = ({ ids, itemIds }: Pick<Demand, 'ids' | 'itemIds'>, pairing: Pairing): number =>
  new PackedIds(ids).length * (itemIds && pairing === 'each with each' ? new PackedIds(itemIds).length : 1);

const ID_BYTES = 16;

/** The bytes of the pair that was asked at a place, learner before item: to be compared, at a tenth of the cost of ids. */
export function pairAt(
  { ids, itemIds }: Pick<Demand, 'ids' | 'itemIds'>,
  pairing: Pairing,
  place: number,
): string {
  const idAt = (packed: Buffer, at: number): string =>
    packed.toString('latin1', at * ID_BYTES, (at + 1) * ID_BYTES);
  const learners = ids.length / ID_BYTES;
  const [learner, item] =
    pairing === 'row by row' ? [place, place] : [place % learners, Math.floor(place / learners)];
  return idAt(ids, learner) + (itemIds === null ? '' : idAt(itemIds, item));
}

/** All pairs that are packed one after another, as {@link pairAt} has them. */
export function pairsIn(packed: Buffer): Set<string> {
  const pairs = new Set<string>();
  for (let at = 0; at < packed.length; at += 2 * ID_BYTES)
    pairs.add(packed.toString('latin1', at, at + 2 * ID_BYTES));
  return pairs;
}

const reasonAt = (bytes: Buffer | null, place: number): StoredReason | undefined =>
  reasonOfByte(bytes?.[place]);
const refusalAt = (bytes: Buffer | null, place: number): RefusalReason | undefined => {
  const reason = reasonAt(bytes, place);
  return reason && isRefusal(reason) ? reason : undefined;
};

/** What a chunk was asked from one place to another: item after item, and within it learner after learner. */
export function askedOf(
  demand: Omit<Demand, 'refused'>,
  pairing: Pairing,
  from: number,
  to: number,
): Asked[] {
  const ids = new PackedIds(demand.ids);
  if (demand.itemIds === null)
    return ids
      .slice(from, to)
      .map((enrollmentId, n) => ({ enrollmentId, reason: reasonAt(demand.idReasons, from + n) }));
  const items = new PackedIds(demand.itemIds);
  if (pairing === 'row by row') {
    const itemIds = items.slice(from, to);
    return ids.slice(from, to).map((learnerId, n) => ({
      learnerId,
      itemId: itemIds[n] ?? '',
      refused: refusalAt(demand.idReasons, from + n),
    }));
  }
  const asked: Asked[] = [];
  const end = Math.min(to, sizeOf(demand, pairing));
  for (let place = from; place < end; ) {
    const item = Math.floor(place / ids.length);
    const first = place % ids.length;
    const last = Math.min(ids.length, first + end - place);
    const [itemId = ''] = items.slice(item, item + 1);
    const itemReason = refusalAt(demand.itemReasons, item);
    ids.slice(first, last).forEach((learnerId, n) => {
      asked.push({
        learnerId,
        itemId,
        refused: firstReason(refusalAt(demand.idReasons, first + n), itemReason),
      });
    });
    place += last - first;
  }
  return asked;
}
