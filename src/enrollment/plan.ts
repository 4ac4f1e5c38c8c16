import type { Caller, Context } from '../access/index.ts';
import { HOUR_MS, toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { type PackedIds, pack } from '../kernel/id-set.ts';
import { isUuid, newId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { PlannedItem, RefusedItem } from './bulk-queries.ts';
import { reasonOfByte, toBytes } from './demand.ts';
import { chunkShape, isPlanned, rangeAt, toPlanned } from './enroll-chunks.ts';
import { loadAndJudge } from './judge.ts';
import type { WriteLimits } from './limits.ts';
import { packEnrolled } from './plan-changes.ts';
import * as queries from './plan-queries.ts';
import { type EnrollRequest, refuseTerms } from './request.ts';

/**
 * What a request would do, judged by the same rules as the request itself, and kept: the verdict on every learner and
 * content item, and which pairs are enrolled already. Whoever executes it compares that with what is so then.
 */

/** How long a plan can be executed. */
const PLAN_LIFETIME_MS = HOUR_MS;
/** How long it is known, afterwards, that there was one. */
const REMEMBERED_MS = 48 * HOUR_MS;
/** Open plans of one caller, and their pairs together; beyond that the oldest expire. */
const MOST = { plans: 1_000, pairs: 10_000_000 };
const SWEPT_AT_ONCE = 100;

export interface MadePlan {
  readonly planId: string;
  readonly expiresAt: Date;
  readonly summary: Readonly<Record<'created' | 'changed' | 'unchanged' | 'refused', number>>;
  readonly items: readonly (PlannedItem | RefusedItem)[];
  /** Item → how many learners would be enrolled in it. */
  readonly created: ReadonlyMap<string, number>;
  /** Item → how many of them have no address. */
  readonly withoutAddress: ReadonlyMap<string, number>;
}

/** One part of learners × items. */
export interface PlanPart {
  readonly ids: PackedIds;
  readonly idReasons: Buffer | null;
  readonly items: readonly (PlannedItem | RefusedItem)[];
}

/** Whoever made a plan is who may execute it: the API client, or the user of a caller without one. */
export const ownerOf = ({ accountId, clientId, userId }: Caller): queries.PlanOwner => ({
  accountId,
  callerId: clientId ?? userId,
});

/** Judges a request as it would be, and keeps the verdict. Refuses what the request itself would be refused with. */
export async function makePlan(
  ctx: Context,
  request: EnrollRequest,
  { smallPairs, chunkPairs }: WriteLimits,
): Promise<MadePlan> {
  refuseTerms(request.terms, ctx.now);
  const judged = await loadAndJudge(ctx.db, { ...request, caller: ctx.caller, now: ctx.now });
  const plan: queries.NewPlan = {
    ...ownerOf(ctx.caller),
    planId: newId(),
    requestDigest: request.digest,
    pairs: request.pairs,
    plannedAt: ctx.now,
    expiresAt: new Date(ctx.now.getTime() + PLAN_LIFETIME_MS),
    ids: pack(request.learnerIds),
    idReasons: toBytes(request.learnerIds, judged.learnerFaults),
    items: toPlanned(judged),
    chunkPairs: request.pairs <= smallPairs ? smallPairs : chunkPairs,
  };
  const created = new Map<string, number>();
  const withoutAddress = new Map<string, number>();
  let unchanged = 0;
  const { count } = shapeOf(plan.ids.length, plan);
  for (let place = 0; place < count; place++) {
    const part = partOf(plan, plan, place);
    const { enrolled, free, silent } = await ctx.db.write(async (tx) => {
      if (place === 0) {
        await queries.insertPlan(tx, plan);
        await queries.expireOldest(tx, plan, MOST, ctx.now);
      }
      return keepPart(tx, plan, part, place);
    });
    unchanged += enrolled;
    for (const [itemId, n] of free) created.set(itemId, (created.get(itemId) ?? 0) + n);
    for (const [itemId, n] of silent) withoutAddress.set(itemId, (withoutAddress.get(itemId) ?? 0) + n);
  }
  const toCreate = [...created.values()].reduce((sum, n) => sum + n, 0);
  const refused = request.pairs - toCreate - unchanged;
  const summary = { created: toCreate, changed: 0, unchanged, refused };
  return {
    planId: plan.planId,
    expiresAt: plan.expiresAt,
    summary,
    items: plan.items,
    created,
    withoutAddress,
  };
}

/** Keeps which pairs of a part are enrolled; tells how many are, how many of each item could be, and how many of those have no address. */
async function keepPart(
  tx: WriteTx,
  plan: queries.NewPlan,
  part: PlanPart,
  place: number,
): Promise<{ enrolled: number; free: Map<string, number>; silent: Map<string, number> }> {
  const eligible = eligibleOf(part);
  const { learnerIds, itemIds } = eligible;
  const pairs = await queries.enrolledPairs(tx, plan.accountId, eligible);
  const enrolled = toEnrolled(part, pairs);
  if (enrolled) await queries.insertPart(tx, plan, place, enrolled);
  const unheard = await queries.placesWithoutAddress(tx, plan.accountId, learnerIds);
  const taken = new Map<number, number>();
  const takenUnheard = new Map<number, number>();
  for (const { no } of pairs) {
    const item = Math.floor(no / part.ids.length);
    taken.set(item, (taken.get(item) ?? 0) + 1);
    if (unheard.has(no % part.ids.length)) takenUnheard.set(item, (takenUnheard.get(item) ?? 0) + 1);
  }
  const left = (all: number, gone: ReadonlyMap<number, number>): Map<string, number> =>
    new Map(itemIds.map((item) => [item.id, all - (gone.get(item.place) ?? 0)]));
  return {
    enrolled: pairs.length,
    free: left(learnerIds.length, taken),
    silent: left(unheard.size, takenUnheard),
  };
}

/** The enrollments that a part's pairs have now; null if none has one. */
export const enrolledNow = async (tx: ReadTx, accountId: number, part: PlanPart): Promise<Buffer | null> =>
  toEnrolled(part, await queries.enrolledPairs(tx, accountId, eligibleOf(part)));

/** The same, held until the transaction ends. */
export const holdEnrolled = async (tx: WriteTx, accountId: number, part: PlanPart): Promise<Buffer | null> =>
  toEnrolled(part, await queries.holdEnrolledPairs(tx, accountId, eligibleOf(part)));

const toEnrolled = ({ ids, items }: PlanPart, pairs: readonly queries.EnrolledPair[]): Buffer | null =>
  pairs.length === 0 ? null : packEnrolled(ids.length * items.length, pairs);

/** Whom and what of a part is not refused, with its place in it. */
function eligibleOf({ ids, idReasons, items }: PlanPart): queries.PlacedPairs {
  const placed = (all: readonly string[], isRefused: (place: number) => boolean): queries.Placed[] =>
    all.map((id, place) => ({ id, place })).filter(({ place }) => !isRefused(place));
  return {
    learnerIds: placed(ids.slice(0, ids.length), (place) => reasonOfByte(idReasons?.[place]) !== undefined),
    itemIds: placed(
      items.map(({ itemId }) => itemId),
      (place) => !isPlanned(items[place] as PlannedItem | RefusedItem),
    ),
    learners: ids.length,
  };
}

/** How a plan's pairs are cut: as the chunks of the operation that it becomes. */
export const shapeOf = (learners: number, plan: Pick<queries.NewPlan, 'items' | 'chunkPairs'>) =>
  chunkShape(learners, plan.items.length, plan.chunkPairs);

export function partOf(
  plan: Pick<queries.NewPlan, 'items' | 'chunkPairs'>,
  { ids, idReasons }: Pick<PlanPart, 'ids' | 'idReasons'>,
  place: number,
): PlanPart {
  const { learnerFrom, learnerTo, itemFrom, itemTo } = rangeAt(shapeOf(ids.length, plan), place);
  return {
    ids: ids.part(learnerFrom, learnerTo),
    idReasons: idReasons?.subarray(learnerFrom, learnerTo) ?? null,
    items: plan.items.slice(itemFrom, itemTo),
  };
}

/** A plan of the caller's. Refuses `plan.unknown`, which another's is too, and `plan.expired`. */
export async function requirePlan(ctx: Context, token: string): Promise<queries.KeptPlan> {
  const id = token.toLowerCase();
  const plan = isUuid(id) ? await ctx.read((tx) => queries.findPlan(tx, ownerOf(ctx.caller), id)) : null;
  return requireOpen(plan, token, ctx.now);
}

/** What was found under a token, if it can still be used. */
export function requireOpen(plan: queries.KeptPlan | null, token: string, now: Date): queries.KeptPlan {
  if (plan === null) return refuse('plan.unknown', { token: token.slice(0, 100) });
  if (plan.expiresAt <= now) refuse('plan.expired', { at: toInstantText(plan.expiresAt) });
  return plan;
}

/** Empties expired plans, and forgets those that expired long ago. */
export async function sweepPlans({ db, now }: Pick<Context, 'db' | 'now'>): Promise<void> {
  const forgetBefore = new Date(now.getTime() - REMEMBERED_MS);
  const sweep = (tx: WriteTx) => queries.sweepPlans(tx, now, forgetBefore, SWEPT_AT_ONCE);
  while (await db.write(sweep));
}
