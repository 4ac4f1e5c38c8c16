import { PackedIds, sortedDistinct } from '../kernel/id-set.ts';
import { newChunkNumber } from '../kernel/ids.ts';
import type { WriteTx } from '../storage/index.ts';
import type { ChunkWriter } from './bulk.ts';
import { type Lease, type LockedParents, lockParents } from './bulk-queries.ts';
import { demandOfRows } from './demand.ts';
import { unpackRows } from './packed-rows.ts';
import type { RefusalReason } from './reasons.ts';
import { type ChangedRow, changeRows, insertRows, type NewRow } from './row-queries.ts';

/** A large operation of rows with terms of their own, cut by place. */

export const rowChunks: ChunkWriter = {
  // One at least: also what has no row left is an operation that says so.
  count: (work) => Math.max(1, Math.ceil(work.ids.length / work.chunkPairs)),
  write: async (tx, lease, place) => {
    const { accountId, acceptedAt: at } = lease;
    const { ids, items, terms, added, edited } = cutRows(lease, place);
    const parents = added.length > 0 ? await lockParentsOf(tx, accountId, added, at) : NOBODY;
    const faults = new Map<number, RefusalReason>();
    for (const { learnerId, itemId, ordinal } of added)
      if (parents.goneLearners.has(learnerId)) faults.set(ordinal, 'learner_inactive');
      else if (parents.goneItems.has(itemId)) faults.set(ordinal, 'course_retired');
    const chunk = newChunkNumber();
    const writing = { accountId, chunk, at };
    const good = added.filter(({ ordinal }) => !faults.has(ordinal));
    const learners =
      good.length > 0 ? await insertRows(tx, writing, good, parents.withPast) : new Map<string, number>();
    const created = sum(learners);
    const others = edited.length > 0 ? await changeRows(tx, writing, edited) : new Map<string, number>();
    const changed = sum(others);
    return {
      chunk,
      created,
      changed,
      unchanged: ids.length - faults.size - created - changed,
      demand: demandOfRows(ids, items, faults),
      events: [
        { type: 'LEARNERS_ENROLLED_IN_COURSE', learners },
        { type: 'ENROLLMENTS_CHANGED', learners: others },
      ],
      given: { typeGroup: 0, terms },
    };
  },
};

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((all, n) => all + n, 0);

const NOBODY: LockedParents = { goneLearners: new Set(), goneItems: new Set(), withPast: new Set() };

const lockParentsOf = (
  tx: WriteTx,
  accountId: number,
  rows: readonly NewRow[],
  now: Date,
): Promise<LockedParents> =>
  lockParents(
    tx,
    accountId,
    sortedDistinct(rows.map((row) => row.learnerId)),
    sortedDistinct(rows.map((row) => row.itemId)),
    now,
  );

function cutRows(lease: Lease, place: number) {
  const { ids: all, rows, chunkPairs } = lease;
  if (rows === null) throw new Error(`the plan ${lease.operationId} has no rows`);
  const from = place * chunkPairs;
  const ids = all.part(from, from + chunkPairs);
  const learnerIds = ids.slice(0, ids.length);
  const added: NewRow[] = [];
  const edited: ChangedRow[] = [];
  const todos = unpackRows(rows, from, from + ids.length);
  todos.forEach(({ itemId, todo }, ordinal) => {
    const pair = { learnerId: learnerIds[ordinal] ?? '', itemId };
    if (todo.do === 'create') added.push({ ...pair, terms: todo.terms, ordinal });
    else if (todo.do === 'change') edited.push({ ...pair, terms: todo.terms, version: todo.version });
  });
  const items = new PackedIds(rows.items).part(from, from + ids.length);
  const terms = todos.map(({ todo }) => ('terms' in todo ? todo.terms : null));
  return { ids, items, terms, added, edited };
}
