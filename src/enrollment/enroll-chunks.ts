import { newChunkNumber } from '../kernel/ids.ts';
import type { ChunkWriter } from './bulk.ts';
import {
  areAllEnrolled,
  insertChunk,
  type LargeWork,
  type LockedParents,
  lockParents,
  type PlannedItem,
} from './bulk-queries.ts';
import type { ChunkRecord } from './ledger-queries.ts';
import { digestOf } from './receipt.ts';
import type { Terms } from './rules.ts';

/** A large enrolling: how learners × items are cut, and how a piece of them is written. */

/** Terms as they are kept until they are written. */
export const toPlanned = (terms: ReadonlyMap<string, Terms>): PlannedItem[] =>
  [...terms].map(([itemId, own]) => ({
    itemId,
    accessAt: own.accessAt.toISOString(),
    dueAt: own.dueAt?.toISOString() ?? null,
    duePeriodHours: own.duePeriodHours,
    dueRule: own.dueRule,
    lock: own.lock,
  }));

export const enrollChunks: ChunkWriter = {
  count: (work) => shapeOf(work).count,
  write: async (tx, lease, place) => {
    const { accountId } = lease;
    const cut = cutChunk(lease, place);
    const itemIds = cut.items.map((item) => item.itemId);
    if (await areAllEnrolled(tx, accountId, cut.learnerIds, itemIds)) return nothingNew(cut);
    const parents = await lockParents(tx, accountId, cut.learnerIds, itemIds, lease.acceptedAt);
    const learnerIds = cut.learnerIds.filter((id) => !parents.goneLearners.has(id));
    const items = cut.items.filter((item) => !parents.goneItems.has(item.itemId));
    const chunk = newChunkNumber();
    const { withPast } = parents;
    const learners =
      learnerIds.length > 0 && items.length > 0
        ? await insertChunk(tx, {
            accountId,
            chunk,
            recordedAt: lease.acceptedAt,
            learnerIds,
            withPast,
            items,
          })
        : new Map<string, number>();
    const created = [...learners.values()].reduce((sum, n) => sum + n, 0);
    return {
      chunk,
      created,
      changed: 0,
      unchanged: learnerIds.length * items.length - created,
      refusals: refusalsOf(cut, parents),
      event: { type: 'LEARNERS_ENROLLED_IN_COURSE', learners },
      digest: digestOf([cut.items, cut.learnerIds]),
    };
  },
};

/** A request that is sent again finds everything there. */
const nothingNew = (cut: Cut): Omit<ChunkRecord, 'place'> => ({
  chunk: newChunkNumber(),
  created: 0,
  changed: 0,
  unchanged: cut.learnerIds.length * cut.items.length,
  refusals: [],
  event: { type: 'LEARNERS_ENROLLED_IN_COURSE', learners: new Map() },
  digest: digestOf([cut.items, cut.learnerIds]),
});

interface Cut {
  readonly learnerIds: readonly string[];
  readonly items: readonly PlannedItem[];
}

/** What changed under the operation: pairs whose learner or item went away since it was accepted. */
function refusalsOf(cut: Cut, { goneLearners, goneItems }: LockedParents) {
  if (goneLearners.size === 0 && goneItems.size === 0) return [];
  return cut.items.flatMap((item) =>
    cut.learnerIds
      .filter((learnerId) => goneLearners.has(learnerId) || goneItems.has(item.itemId))
      .map((learnerId) => ({
        learnerId,
        itemId: item.itemId,
        reason: goneItems.has(item.itemId) ? 'course_retired' : 'learner_inactive',
      })),
  );
}

/** How the product is cut: so many items by so many learners, `count` chunks in all. */
export interface ChunkShape {
  readonly learnersAtOnce: number;
  readonly itemsAtOnce: number;
  readonly learnerParts: number;
  readonly count: number;
}

/** One item by many learners where there are many learners, else several items by all learners. */
export function chunkShape(learners: number, items: number, chunkPairs: number): ChunkShape {
  const learnersAtOnce = Math.min(learners, chunkPairs);
  const itemsAtOnce = Math.min(items, Math.max(1, Math.floor(chunkPairs / learnersAtOnce)));
  const learnerParts = Math.ceil(learners / learnersAtOnce);
  return { learnersAtOnce, itemsAtOnce, learnerParts, count: learnerParts * Math.ceil(items / itemsAtOnce) };
}

const shapeOf = (work: LargeWork): ChunkShape =>
  chunkShape(work.ids.length, work.items.length, work.chunkPairs);

function cutChunk(work: LargeWork, place: number): Cut {
  const shape = shapeOf(work);
  const itemFrom = Math.floor(place / shape.learnerParts) * shape.itemsAtOnce;
  const learnerFrom = (place % shape.learnerParts) * shape.learnersAtOnce;
  return {
    items: work.items.slice(itemFrom, itemFrom + shape.itemsAtOnce),
    learnerIds: work.ids.slice(learnerFrom, learnerFrom + shape.learnersAtOnce),
  };
}
