import type { Context } from '../access/index.ts';
import { PackedIds } from '../kernel/id-set.ts';
import { enrollmentId } from '../kernel/ids.ts';
import { askedOf, sizeOf } from './demand.ts';
import { isPlanned, rangeAt } from './enroll-chunks.ts';
import {
  type Cursor,
  LOOKED_AT,
  type Outcome,
  type OutcomePage,
  readCursor,
  START,
  writeCursor,
} from './outcomes.ts';
import { requirePlan, shapeOf } from './plan.ts';
import { enrolledAt } from './plan-changes.ts';
import { type KeptPlan, learnersOf, plannedEnrolled } from './plan-queries.ts';
import { type OutcomeKind, REASONS } from './reasons.ts';

/** What a plan says of every pair, read out of what is kept of it: in the order of the operation that it becomes. */

/** One page. Refuses `plan.unknown`, `plan.expired` and `request.page_token`. */
export async function plannedPage(
  ctx: Context,
  token: string,
  wanted: { outcome: OutcomeKind | undefined; pageSize: number; pageToken: string | undefined },
): Promise<OutcomePage> {
  const from = readCursor(wanted.pageToken);
  const plan = await requirePlan(ctx, token);
  const { items, next } = await pageFrom(ctx, plan, wanted.outcome, from, wanted.pageSize);
  return {
    items,
    nextPageToken: next ? writeCursor(next) : undefined,
    rest: pagesFrom(ctx, plan, wanted.outcome, next),
  };
}

/** All of them, page after page. */
export async function* plannedOutcomes(ctx: Context, token: string): AsyncGenerator<readonly Outcome[]> {
  yield* pagesFrom(ctx, await requirePlan(ctx, token), undefined, START);
}

async function* pagesFrom(
  ctx: Context,
  plan: KeptPlan,
  outcome: OutcomeKind | undefined,
  from: Cursor | null,
): AsyncGenerator<readonly Outcome[]> {
  for (let at = from; at !== null; ) {
    const { items, next } = await pageFrom(ctx, plan, outcome, at, LOOKED_AT);
    if (items.length > 0) yield items;
    at = next;
  }
}

async function pageFrom(
  ctx: Context,
  plan: KeptPlan,
  outcome: OutcomeKind | undefined,
  from: Cursor,
  size: number,
): Promise<{ items: Outcome[]; next: Cursor | null }> {
  const { count } = shapeOf(plan.learners, plan);
  const items: Outcome[] = [];
  let lookedAt = 0;
  for (let { place, index } = from; place < count; place++, index = 0) {
    // One more than there is room for: whether anything follows is only known when it is seen.
    const room = outcome ? LOOKED_AT - lookedAt : size - items.length;
    const outcomes = await outcomesAt(ctx, plan, place, index, room + 1);
    for (const [n, one] of outcomes.entries()) {
      if (items.length === size || lookedAt === LOOKED_AT)
        return { items, next: { place, index: index + n } };
      lookedAt++;
      if (!outcome || one.outcome === outcome) items.push(one);
    }
  }
  return { items, next: null };
}

/** What is said of some pairs of a part, from one of them on. */
async function outcomesAt(
  ctx: Context,
  plan: KeptPlan,
  place: number,
  from: number,
  most: number,
): Promise<Outcome[]> {
  const range = rangeAt(shapeOf(plan.learners, plan), place);
  const { ids, idReasons, enrolled } = await ctx.read(async (tx) => ({
    ...(await learnersOf(tx, plan, range.learnerFrom, range.learnerTo)),
    enrolled: await plannedEnrolled(tx, plan, place),
  }));
  const items = plan.items.slice(range.itemFrom, range.itemTo);
  const demand = {
    ids: ids.bytes,
    itemIds: PackedIds.of(items.map(({ itemId }) => itemId)).bytes,
    idReasons,
    itemReasons: Buffer.from(items.map((item) => (isPlanned(item) ? 0 : REASONS[item.reason].number))),
  };
  const to = Math.min(from + most, sizeOf(demand, 'each with each'));
  return askedOf(demand, 'each with each', from, to).flatMap((asked, n): Outcome[] => {
    if ('enrollmentId' in asked) return [];
    const { learnerId, itemId, refused } = asked;
    if (refused) return [{ learnerId, itemId, outcome: 'refused', reason: refused, enrollmentId: undefined }];
    const key = enrolledAt(plan.accountId, enrolled, from + n);
    return [
      key
        ? {
            learnerId,
            itemId,
            outcome: 'unchanged',
            reason: 'already_enrolled',
            enrollmentId: enrollmentId(key),
          }
        : { learnerId, itemId, outcome: 'created', reason: undefined, enrollmentId: undefined },
    ];
  });
}
