import { type Context, reachOf } from '../access/index.ts';
import type { IdSet } from '../kernel/id-set.ts';
import { newChunkNumber } from '../kernel/ids.ts';
import type { WriteTx } from '../storage/index.ts';
import { findAddressed, keysOf, refuseAddressed, Vanished } from './addressed.ts';
import type { ChunkWriter } from './bulk.ts';
import { demandOfEnrollments } from './demand.ts';
import { type ChunkRecord, recordOperation } from './ledger-queries.ts';
import { IDS_AT_ONCE } from './limits.ts';
import { countCurrent, type Ending, endedBy, lockEnding, moveToPast } from './past-queries.ts';
import { digestOf, newReceipt, type Receipt } from './receipt.ts';
import { forgetRequestsOf } from './unlock-queries.ts';

/** Ending enrollments: they are moved to the past, with the progress they had. */

/** Refuses unless every id names a current enrollment that the caller reaches. */
export async function judgeEnding(ctx: Context, ids: IdSet): Promise<void> {
  const reach = reachOf(ctx.caller, 'enrollment.write');
  const missing: string[] = [];
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const slice = ids.slice(at, at + IDS_AT_ONCE);
    // Counting is cheap; which they are is asked only when some are missing.
    const count = await ctx.read((tx) =>
      countCurrent(tx, ctx.caller.accountId, reach, byId(ctx.caller.accountId, slice)),
    );
    if (count === slice.length) continue;
    const found = await ctx.read((tx) => findAddressed(tx, ctx.caller, slice));
    const known = new Set(found.map(({ enrollmentId }) => enrollmentId));
    missing.push(...slice.filter((id) => !known.has(id)));
  }
  if (missing.length > 0) refuseAddressed(ctx.caller, missing);
}

/** Ends what was judged, all of it: throws Vanished if some is no longer there. */
export async function endAll(tx: WriteTx, receipt: Receipt, ids: readonly string[]): Promise<void> {
  const ended = await endIn(tx, receipt.accountId, receipt.acceptedAt, byId(receipt.accountId, ids));
  if (ended.changed < ids.length) throw new Vanished();
  await recordOperation(tx, receipt, {
    ...ended,
    unchanged: 0,
    demand: demandOfEnrollments(ids),
    given: null,
  });
}

/** Ends whatever these learners have, in the transaction that removes them: the other half of having no foreign keys. */
export async function endAllOf(tx: WriteTx, ctx: Context, learnerIds: readonly string[]): Promise<void> {
  await forgetRequestsOf(tx, ctx.caller.accountId, learnerIds);
  const ended = await endIn(tx, ctx.caller.accountId, ctx.now, { learnerIds });
  if (ended.changed === 0) return;
  const { accountId } = ctx.caller;
  const receipt = newReceipt(ctx, 'delete', digestOf({ learnerIds }), ended.changed);
  await recordOperation(tx, receipt, {
    ...ended,
    unchanged: 0,
    demand: demandOfEnrollments(await endedBy(tx, accountId, ended.chunk)),
    given: null,
  });
}

/** A large ending, cut by place. What somebody else ended meanwhile is unchanged. */
export const endChunks: ChunkWriter = {
  count: (work) => Math.ceil(work.ids.length / work.chunkPairs),
  write: async (tx, lease, place) => {
    const part = lease.ids.part(place * lease.chunkPairs, (place + 1) * lease.chunkPairs);
    const ids = part.slice(0, part.length);
    const ended = await endIn(tx, lease.accountId, lease.acceptedAt, byId(lease.accountId, ids));
    const unchanged = ids.length - ended.changed;
    return { ...ended, unchanged, demand: demandOfEnrollments(part), given: null };
  },
};

const byId = (accountId: number, ids: readonly string[]): Ending => ({ keys: keysOf(accountId, ids) });

async function endIn(
  tx: WriteTx,
  accountId: number,
  at: Date,
  ending: Ending,
): Promise<Pick<ChunkRecord, 'chunk' | 'created' | 'changed' | 'events'>> {
  await lockEnding(tx, accountId, ending);
  // Under the locks: numbers tell which came first, the ending or an insert that waited for it (outcome-queries.ts).
  const chunk = newChunkNumber();
  const learners = await moveToPast(tx, { accountId, chunk, at }, ending);
  const changed = [...learners.values()].reduce((sum, n) => sum + n, 0);
  return { chunk, created: 0, changed, events: [{ type: 'LEARNERS_UNENROLLED', learners }] };
}
