import { PackedIds, sortedDistinct } from '../kernel/id-set.ts';
import { enrollmentId, newChunkNumber } from '../kernel/ids.ts';
import { progressedSince } from '../progress/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { ChunkWriter } from './bulk.ts';
import { findParents, lockParents } from './bulk-queries.ts';
import { askedOf, demandOfEnrollments, pairingOf, sizeOf } from './demand.ts';
import type { ChunkRecord } from './ledger-queries.ts';
import { type Change, moveToPast, REPLACED_BY_UNDO } from './past-queries.ts';
import { REASONS, type StoredReason } from './reasons.ts';
import * as queries from './undo-queries.ts';
import { entersAnew, hidesWork, objectionToUndo, revives, type TouchedPair } from './undo-rules.ts';

/** Undoing what a chunk did, pair by pair: what stood before comes back, unless something speaks against it. */

/** A pair that was held against the rules. */
export interface JudgedPair extends TouchedPair {
  /** What comes back; where nothing does, what goes. */
  readonly enrollmentId: string;
  /** Why it stays as it is; undefined if it is undone. */
  readonly kept: StoredReason | undefined;
}

export const undoChunks: ChunkWriter = {
  count: (work) => work.undoes?.length ?? 0,
  write: async (tx, lease, place) => {
    const undone = lease.undoes?.[place];
    if (undone === undefined) throw new Error(`the plan ${lease.operationId} undoes nothing at ${place}`);
    return undoChunk(tx, lease.accountId, undone, lease.acceptedAt);
  },
};

/** Undoes a chunk as far as it can be undone: what its own chunk did. */
export async function undoChunk(
  tx: WriteTx,
  accountId: number,
  undone: bigint,
  at: Date,
): Promise<Omit<ChunkRecord, 'place'>> {
  await queries.lockTouched(tx, accountId, undone);
  const pairs = await judgePairs(tx, accountId, undone, at, lockParents);
  // Under the locks, as for endings: numbers tell what came first.
  const change = { accountId, chunk: newChunkNumber(), at };
  const events = await bringBack(
    tx,
    change,
    undone,
    pairs.filter(({ kept }) => kept === undefined),
  );
  return recordOf(change.chunk, pairs, events);
}

/** What undoing a chunk would lead to now. */
export const previewChunk = (
  tx: ReadTx,
  accountId: number,
  undone: bigint,
  now: Date,
): Promise<JudgedPair[]> => judgePairs(tx, accountId, undone, now, findParents);

function recordOf(
  chunk: bigint,
  pairs: readonly JudgedPair[],
  events: ChunkRecord['events'],
): Omit<ChunkRecord, 'place'> {
  const reasons = new Map(pairs.flatMap(({ enrollmentId: id, kept }) => (kept ? [[id, kept]] : [])));
  const ids = pairs.map((pair) => pair.enrollmentId);
  return {
    chunk,
    created: 0,
    changed: pairs.length - reasons.size,
    unchanged: [...reasons.values()].filter((reason) => REASONS[reason].outcome === 'unchanged').length,
    demand: demandOfEnrollments(PackedIds.of(ids), reasons),
    events,
    given: null,
  };
}

async function judgePairs<Tx extends ReadTx>(
  tx: Tx,
  accountId: number,
  undone: bigint,
  now: Date,
  parentsOf: (tx: Tx, ...rest: ParentsArguments) => ReturnType<typeof findParents>,
): Promise<JudgedPair[]> {
  const pairs = await queries.touchedPairs(tx, accountId, undone);
  const standing = pairs.filter(({ isStanding }) => isStanding);
  const entering = standing.filter(entersAnew);
  const parents = await parentsOf(
    tx,
    accountId,
    sortedDistinct(entering.map(({ learnerId }) => learnerId)),
    sortedDistinct(entering.map(({ itemId }) => itemId)),
    now,
  );
  const leaving = standing.filter(hidesWork);
  const progressed = await progressedSince(
    tx,
    accountId,
    leaving.map((pair) => ({ ...pair, at: pair.since })),
  );
  const worked = new Set(leaving.filter((_, place) => progressed.has(place)));
  const confirmed = await confirmedAfter(tx, accountId, undone, standing);
  return pairs.map((pair) => ({
    ...pair,
    enrollmentId: idOf(pair),
    kept: objectionToUndo(pair, {
      isConfirmed: confirmed.has(pair),
      hasProgressed: worked.has(pair),
      isLearnerGone: parents.goneLearners.has(pair.learnerId),
      isItemGone: parents.goneItems.has(pair.itemId),
    }),
  }));
}

type ParentsArguments = [
  accountId: number,
  learnerIds: readonly string[],
  itemIds: readonly string[],
  now: Date,
];

function idOf({ before, after }: TouchedPair): string {
  const key = before ?? after;
  if (!key) throw new Error('a chunk did nothing to a pair that it touched');
  return enrollmentId(key);
}

/** Later chunks looked at in one statement: each may hold 10,000 ids. */
const CHUNKS_AT_ONCE = 50;

/** The pairs of which a later operation that stands was told that they are as it asked. */
async function confirmedAfter(
  tx: ReadTx,
  accountId: number,
  undone: bigint,
  pairs: readonly TouchedPair[],
): Promise<Set<TouchedPair>> {
  const confirmed = new Set<TouchedPair>();
  if (pairs.length === 0) return confirmed;
  const byName = new Map<string, TouchedPair>();
  for (const pair of pairs) {
    byName.set(`${pair.learnerId} ${pair.itemId}`, pair);
    for (const key of [pair.before, pair.after]) if (key) byName.set(enrollmentId(key), pair);
  }
  const about = {
    learnerIds: PackedIds.of(sortedDistinct(pairs.map(({ learnerId }) => learnerId))),
    itemIds: sortedDistinct(pairs.map(({ itemId }) => itemId)),
  };
  for (let after: bigint | undefined = undone; after !== undefined; ) {
    const chunks: queries.LaterChunk[] = await queries.laterUnchanged(
      tx,
      accountId,
      after,
      about,
      CHUNKS_AT_ONCE,
    );
    for (const chunk of chunks)
      for (const asked of askedOf(chunk, pairingOf(chunk.kind), 0, sizeOf(chunk, pairingOf(chunk.kind)))) {
        const isId = 'enrollmentId' in asked;
        if (isId ? asked.reason : asked.refused) continue;
        const pair = byName.get(isId ? asked.enrollmentId : `${asked.learnerId} ${asked.itemId}`);
        if (pair) confirmed.add(pair);
      }
    after = chunks.length === CHUNKS_AT_ONCE ? chunks.at(-1)?.chunk : undefined;
  }
  return confirmed;
}

/** Takes away what the chunk left, and puts back what it took. */
async function bringBack(
  tx: WriteTx,
  change: Change,
  undone: bigint,
  pairs: readonly JudgedPair[],
): Promise<ChunkRecord['events']> {
  const take = (some: readonly JudgedPair[], how: Parameters<typeof moveToPast>[3]) => {
    const keys = some.flatMap(({ after }) => after ?? []);
    return keys.length > 0 ? moveToPast(tx, change, { keys }, how) : new Map<string, number>();
  };
  await take(
    pairs.filter(({ before }) => before !== null),
    REPLACED_BY_UNDO,
  );
  const ended = await take(
    pairs.filter(({ before }) => before === null),
    queries.leavingNothing(change.accountId, undone),
  );
  const enrolled = new Map<string, number>();
  const changed = new Map<string, number>();
  const count = (learners: Map<string, number>, itemId: string) =>
    learners.set(itemId, (learners.get(itemId) ?? 0) + 1);
  let place = 0;
  const versions = pairs.flatMap((pair): queries.PutBack[] => {
    if (!pair.before) return [];
    count(revives(pair) ? enrolled : changed, pair.itemId);
    if (!revives(pair)) return [{ key: pair.before, place: null }];
    return [{ key: pair.before, place: place++ }];
  });
  if (versions.length > 0) await queries.putBack(tx, change, undone, versions);
  return [
    { type: 'LEARNERS_ENROLLED_IN_COURSE', learners: enrolled },
    { type: 'ENROLLMENTS_CHANGED', learners: changed },
    { type: 'LEARNERS_UNENROLLED', learners: ended },
  ];
}
