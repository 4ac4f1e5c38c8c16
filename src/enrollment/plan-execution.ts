import type { Context } from '../access/index.ts';
import { type Change, Refusal, refuse } from '../kernel/errors.ts';
import { pack } from '../kernel/id-set.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { Vanished } from './addressed.ts';
import { toWrite } from './batch.ts';
import { toBytes } from './demand.ts';
import { toPlanned } from './enroll-chunks.ts';
import { type EnrollJob, judge, type LargeJob, loadAndJudge } from './judge.ts';
import {
  enrolledNow,
  holdEnrolled,
  ownerOf,
  type PlanPart,
  partOf,
  requireOpen,
  requirePlan,
  shapeOf,
} from './plan.ts';
import { changesOfPairs, changesOfVerdict, describeChanges } from './plan-changes.ts';
import * as queries from './plan-queries.ts';
import { insertSmallIn, loadForEnrollment } from './queries.ts';
import type { Receipt } from './receipt.ts';
import type { EnrollRequest } from './request.ts';
import type { Plan } from './rules.ts';

/**
 * Executing a plan: the request is judged again as lenient, with the dates that were planned, and what comes out must be
 * what the plan says. A strict plan has no fault in it, so that it has none when it is the same.
 */

/** The caller's open plan of just this request. Refuses `plan.unknown`, `.expired`, `.other_request` and `.used`. */
export async function findFitting(
  ctx: Context,
  request: EnrollRequest,
  token: string,
): Promise<queries.KeptPlan> {
  const plan = await requirePlan(ctx, token);
  if (!plan.requestDigest.equals(request.digest)) refuse('plan.other_request');
  refuseUsed(plan);
  return plan;
}

function refuseUsed({ operationId }: queries.KeptPlan): void {
  if (operationId !== null) refuse('plan.used', { location: `/operations/${operationId}` });
}

/** A planned request as it is judged now. Dates are those of the plan, also where it said "now". */
export const jobOf = (
  ctx: Context,
  request: EnrollRequest,
  plan: queries.KeptPlan,
  receipt: Receipt,
): LargeJob => ({
  receipt,
  caller: ctx.caller,
  now: ctx.now,
  learnerIds: request.learnerIds,
  itemIds: request.itemIds,
  terms: { ...request.terms, accessAt: request.terms.accessAt ?? plan.plannedAt },
  handling: 'lenient',
});

/**
 * Writes a small plan and holds what is there then against it, in one transaction. Refuses `plan.stale`; throws Vanished
 * when something changed between judging and writing.
 */
export async function executeSmall(
  tx: WriteTx,
  ctx: Context,
  { planId }: queries.KeptPlan,
  job: EnrollJob,
): Promise<void> {
  const { accountId } = ctx.caller;
  const plan = requireOpen(await queries.lockPlan(tx, ownerOf(ctx.caller), planId), planId, ctx.now);
  refuseUsed(plan);
  const loaded = await loadForEnrollment(tx, accountId, job.learnerIds, job.itemIds, ctx.now);
  const judged = judge(job, loaded);
  const work = workOf(job, judged);
  refuseStale(await changesOfWork(tx, plan, work));
  const write = toWrite(job, judged);
  const [written] = await insertSmallIn(tx, accountId, loaded, [write]);
  if (!written) throw new Vanished();
  for (let place = 0; place < shapeOf(work.ids.length, plan).count; place++)
    refuseStale(
      await changesOfPart(tx, plan, work, place, {
        now: (part) => holdEnrolled(tx, accountId, part),
        written: write.chunk,
      }),
    );
  await queries.usePlan(tx, plan, job.receipt.operationId);
}

/** What is to be written of a large plan, which still holds. Refuses `plan.stale`. */
export async function workOfLarge(ctx: Context, plan: queries.KeptPlan, job: LargeJob): Promise<JudgedWork> {
  const work = workOf(job, await loadAndJudge(ctx.db, job));
  refuseStale(await ctx.db.read((tx) => changesOfWork(tx, plan, work)));
  const { count } = shapeOf(work.ids.length, plan);
  for (let place = 0; place < count; place++)
    refuseStale(
      await ctx.db.read((tx) =>
        changesOfPart(tx, plan, work, place, {
          now: (part) => enrolledNow(tx, plan.accountId, part),
          written: null,
        }),
      ),
    );
  return work;
}

/** Says, in the transaction that accepts the operation, that the plan became it. */
export async function markUsed(tx: WriteTx, ctx: Context, planId: string, receipt: Receipt): Promise<void> {
  const plan = requireOpen(await queries.lockPlan(tx, ownerOf(ctx.caller), planId), planId, ctx.now);
  refuseUsed(plan);
  await queries.usePlan(tx, plan, receipt.operationId);
}

/** All of a request as it is judged now, to be held against what is kept of a plan. */
type JudgedWork = Pick<queries.NewPlan, 'ids' | 'items' | 'idReasons'>;

const workOf = ({ learnerIds }: Pick<LargeJob, 'learnerIds'>, judged: Plan): JudgedWork => ({
  ids: pack(learnerIds),
  items: toPlanned(judged),
  idReasons: toBytes(learnerIds, judged.learnerFaults),
});

async function changesOfWork(tx: ReadTx, plan: queries.KeptPlan, work: JudgedWork): Promise<Change[]> {
  const idReasons = await queries.reasonsOf(tx, plan);
  const idAt = (place: number) => work.ids.slice(place, place + 1)[0] ?? '';
  return changesOfVerdict({ idReasons, items: plan.items }, work, idAt);
}

async function changesOfPart(
  tx: ReadTx,
  plan: queries.KeptPlan,
  work: JudgedWork,
  place: number,
  /** What the part's pairs have now, and of that what this execution wrote. */
  { now, written }: { now(part: PlanPart): Promise<Buffer | null>; written: bigint | null },
): Promise<Change[]> {
  const part = partOf({ ...plan, items: work.items }, work, place);
  const [was, is] = [await queries.plannedEnrolled(tx, plan, place), await now(part)];
  const count = part.ids.length * part.items.length;
  return changesOfPairs(plan.accountId, { was, is, count, written }, (no) => ({
    learnerId: part.ids.slice(no % part.ids.length, (no % part.ids.length) + 1)[0] ?? '',
    courseId: part.items[Math.floor(no / part.ids.length)]?.itemId ?? '',
  }));
}

function refuseStale(changes: readonly Change[]): void {
  if (changes.length > 0) throw new Refusal('plan.stale', { changes: describeChanges(changes) }, changes);
}
