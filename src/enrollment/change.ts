import type { Context } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { type EnrollmentKey, newChunkNumber } from '../kernel/ids.ts';
import type { WriteTx } from '../storage/index.ts';
import { findAddressed, refuseAddressed, Vanished } from './addressed.ts';
import { lockParents } from './bulk-queries.ts';
import { demandOfEnrollments } from './demand.ts';
import { judge } from './judge.ts';
import { recordOperation } from './ledger-queries.ts';
import type { Enrollment } from './list-queries.ts';
import { lockEnrollment, replaceTerms, startNextTerm } from './past-queries.ts';
import { loadForEnrollment } from './queries.ts';
import type { Receipt } from './receipt.ts';
import { type RequestedTerms, resolveTerms } from './rules.ts';

/** Changes of one enrollment, each within its transaction. They throw Vanished when somebody else was faster. */

/** Gives an enrollment other terms; `default` is the item's setting of this moment. The id, and what was learned, stay. */
export async function editOne(
  tx: WriteTx,
  ctx: Context,
  receipt: Receipt,
  id: string,
  requested: RequestedTerms,
): Promise<void> {
  const { accountId } = ctx.caller;
  const enrollment = await addressedOne(tx, ctx, id);
  const { items } = await loadForEnrollment(tx, accountId, [], [enrollment.itemId], ctx.now);
  const item = items.get(enrollment.itemId);
  if (!item) throw new Error(`enrollment ${id} is in an item that is not there`);
  const resolved = resolveTerms(requested, enrollment.itemId, item, ctx.now);
  if ('objection' in resolved) return refuse(resolved.objection.code, resolved.objection.details);
  const chunk = await chunkUnderLock(tx, { accountId, ...enrollment });
  const outcome = await replaceTerms(
    tx,
    { accountId, ...enrollment },
    { accountId, chunk, at: ctx.now },
    resolved.terms,
  );
  if (outcome === null) throw new Vanished();
  const isChanged = outcome === 'changed';
  await recordOperation(tx, receipt, {
    chunk,
    created: 0,
    changed: isChanged ? 1 : 0,
    unchanged: isChanged ? 0 : 1,
    demand: demandOfEnrollments([enrollment.enrollmentId]),
    events: isChanged ? [{ type: 'ENROLLMENTS_CHANGED', learners: new Map([[enrollment.itemId, 1]]) }] : [],
    given: { typeGroup: enrollment.typeGroup, terms: [resolved.terms] },
  });
}

/** Ends an enrollment and starts the next term of its learner in its item, under the rules of enrolling. */
export async function reenrollOne(
  tx: WriteTx,
  ctx: Context,
  receipt: Receipt,
  id: string,
  requested: RequestedTerms,
): Promise<void> {
  const { accountId } = ctx.caller;
  const enrollment = await addressedOne(tx, ctx, id);
  const pair = { learnerIds: [enrollment.learnerId], itemIds: [enrollment.itemId] };
  await lockParents(tx, accountId, pair.learnerIds, pair.itemIds, ctx.now);
  const loaded = await loadForEnrollment(tx, accountId, pair.learnerIds, pair.itemIds, ctx.now);
  const job = { ...pair, terms: requested, handling: 'strict' as const, caller: ctx.caller, now: ctx.now };
  const [terms] = judge(job, loaded).terms.values();
  if (!terms) throw new Error(`no terms for item ${enrollment.itemId}`);
  const chunk = await chunkUnderLock(tx, { accountId, ...enrollment });
  const change = { accountId, chunk, at: ctx.now };
  if (!(await startNextTerm(tx, { accountId, ...enrollment }, change, terms))) throw new Vanished();
  await recordOperation(tx, receipt, {
    chunk,
    created: 1,
    changed: 0,
    unchanged: 0,
    demand: demandOfEnrollments([enrollment.enrollmentId]),
    events: [{ type: 'LEARNERS_ENROLLED_IN_COURSE', learners: new Map([[enrollment.itemId, 1]]) }],
    given: { typeGroup: 0, terms: [terms] },
  });
}

async function chunkUnderLock(tx: WriteTx, key: EnrollmentKey): Promise<bigint> {
  if (!(await lockEnrollment(tx, key))) throw new Vanished();
  return newChunkNumber();
}

async function addressedOne(tx: WriteTx, ctx: Context, id: string): Promise<Enrollment> {
  const [enrollment] = await findAddressed(tx, ctx.caller, [id]);
  return enrollment ?? refuseAddressed(ctx.caller, [id]);
}
