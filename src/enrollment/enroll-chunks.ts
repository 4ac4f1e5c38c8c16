import type { PackedIds } from '../kernel/id-set.ts';
import { newChunkNumber } from '../kernel/ids.ts';
import type { WriteTx } from '../storage/index.ts';
import type { ChunkWriter } from './bulk.ts';
import {
  areAllEnrolled,
  insertChunk,
  type LargeWork,
  type Lease,
  lockParents,
  type PlannedItem,
  type RefusedItem,
} from './bulk-queries.ts';
import { demandOfPairs, toFaults } from './demand.ts';
import type { Faults, Plan, Terms } from './rules.ts';

/** A large enrolling: how learners × items are cut, and how a piece of them is written. */

/** A plan's items as they are kept until they are written, in order of their ids. */
export const toPlanned = ({ terms, itemFaults }: Plan): (PlannedItem | RefusedItem)[] =>
  [
    ...[...terms].map(([itemId, own]) => plannedItem(itemId, own)),
    ...[...itemFaults].map(([itemId, reason]) => ({ itemId, reason })),
  ].sort((a, b) => (a.itemId < b.itemId ? -1 : 1));

const plannedItem = (itemId: string, own: Terms): PlannedItem => ({
  itemId,
  accessAt: own.accessAt.toISOString(),
  dueAt: own.dueAt?.toISOString() ?? null,
  duePeriodHours: own.duePeriodHours,
  dueRule: own.dueRule,
  lock: own.lock,
});

const termsOf = (item: PlannedItem): Terms => ({
  accessAt: new Date(item.accessAt),
  dueAt: item.dueAt === null ? null : new Date(item.dueAt),
  duePeriodHours: item.duePeriodHours,
  dueRule: item.dueRule,
  lock: item.lock,
});

export const enrollChunks: ChunkWriter = {
  count: (work) => shapeOf(work).count,
  write: async (tx, lease, place) => {
    const { accountId, acceptedAt } = lease;
    const cut = cutChunk(lease, place);
    const itemIds = cut.items.map(({ itemId }) => itemId);
    // A request that is sent again finds everything there: then no parent is locked.
    const isRepeated = isWithoutFaults(cut) && (await areAllEnrolled(tx, accountId, cut.learnerIds, itemIds));
    const { withPast, ...faults } = isRepeated
      ? NOTHING_WRONG
      : await judgeCut(tx, accountId, cut, acceptedAt);
    const learnerIds = cut.learnerIds.filter((id) => !faults.learners.has(id));
    const items = cut.items.filter(isPlanned).filter(({ itemId }) => !faults.items.has(itemId));
    const chunk = newChunkNumber();
    const learners =
      !isRepeated && learnerIds.length > 0 && items.length > 0
        ? await insertChunk(tx, { accountId, chunk, recordedAt: acceptedAt, learnerIds, withPast, items })
        : new Map<string, number>();
    const created = [...learners.values()].reduce((sum, n) => sum + n, 0);
    return {
      chunk,
      created,
      changed: 0,
      unchanged: learnerIds.length * items.length - created,
      demand: demandOfPairs(cut.ids, itemIds, faults.learners, faults.items),
      events: [{ type: 'LEARNERS_ENROLLED_IN_COURSE', learners }],
      given: { typeGroup: 0, terms: cut.items.map((item) => (isPlanned(item) ? termsOf(item) : null)) },
    };
  },
};

interface Cut {
  readonly ids: PackedIds;
  /** The same, spelled. */
  readonly learnerIds: readonly string[];
  readonly idReasons: Buffer | null;
  readonly items: readonly (PlannedItem | RefusedItem)[];
}

export const isPlanned = (item: PlannedItem | RefusedItem): item is PlannedItem => !('reason' in item);

const isWithoutFaults = (cut: Cut): boolean => cut.idReasons === null && cut.items.every(isPlanned);

interface Judged {
  readonly learners: Faults;
  readonly items: Faults;
  readonly withPast: ReadonlySet<string>;
}

const NOTHING_WRONG: Judged = { learners: new Map(), items: new Map(), withPast: new Set() };

/** What was refused when the operation was accepted, and what went away under it since. */
async function judgeCut(tx: WriteTx, accountId: number, cut: Cut, now: Date): Promise<Judged> {
  const learners = new Map(toFaults(cut.learnerIds, cut.idReasons));
  const items = new Map(cut.items.flatMap((item) => (isPlanned(item) ? [] : [[item.itemId, item.reason]])));
  const parents = await lockParents(
    tx,
    accountId,
    cut.learnerIds.filter((id) => !learners.has(id)),
    cut.items.filter(isPlanned).map(({ itemId }) => itemId),
    now,
  );
  for (const id of parents.goneLearners) learners.set(id, 'learner_inactive');
  for (const id of parents.goneItems) items.set(id, 'course_retired');
  return { learners, items, withPast: parents.withPast };
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

/** Which learners and items the chunk of a place has. */
export function rangeAt(
  shape: ChunkShape,
  place: number,
): { learnerFrom: number; learnerTo: number; itemFrom: number; itemTo: number } {
  const itemFrom = Math.floor(place / shape.learnerParts) * shape.itemsAtOnce;
  const learnerFrom = (place % shape.learnerParts) * shape.learnersAtOnce;
  return {
    learnerFrom,
    learnerTo: learnerFrom + shape.learnersAtOnce,
    itemFrom,
    itemTo: itemFrom + shape.itemsAtOnce,
  };
}

const shapeOf = (work: LargeWork): ChunkShape =>
  chunkShape(work.ids.length, work.items.length, work.chunkPairs);

function cutChunk(work: Lease, place: number): Cut {
  const { learnerFrom, learnerTo, itemFrom, itemTo } = rangeAt(shapeOf(work), place);
  const ids = work.ids.part(learnerFrom, learnerTo);
  return {
    ids,
    learnerIds: ids.slice(0, ids.length),
    idReasons: work.idReasons?.subarray(learnerFrom, learnerTo) ?? null,
    items: work.items.slice(itemFrom, itemTo),
  };
}
