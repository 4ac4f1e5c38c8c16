import type { Context } from '../access/index.ts';
import { trainingsWithin } from '../content/index.ts';
import type { PairEventType } from '../events/index.ts';
import type { ReadTx } from '../storage/index.ts';
import { freeSeats } from '../training/index.ts';
import { isPlanned } from './enroll-chunks.ts';
import type { MadePlan } from './plan.ts';

/** What a plan would cause beside enrollments: whom it would tell, and what it leaves to learners. */

/** How many subscribers would be told of an event of each item: those whose filters let the item through. */
export type CountSubscribers = (
  tx: ReadTx,
  accountId: number,
  type: PairEventType,
  itemIds: readonly string[],
) => Promise<ReadonlyMap<string, number>>;

export interface PlannedEvent {
  readonly eventType: PairEventType;
  readonly itemId: string;
  readonly learners: number;
  readonly subscribers: number;
}

/** Dates that new enrollments of an item would have. */
export interface PlannedDates {
  readonly itemId: string;
  readonly accessAt: Date;
  readonly dueAt: Date | null;
}

/** What would be said of such an enrollment, and when. */
export interface PlannedNotice {
  readonly itemId: string;
  readonly noticeType: 'assigned' | 'due_soon' | 'overdue' | 'escalation';
  readonly sendAt: Date;
}

/** What people would be told of enrollments with these dates that begin now, item by item, in order of time. */
export type PlanNotices = (
  tx: ReadTx,
  accountId: number,
  dates: readonly PlannedDates[],
  now: Date,
) => Promise<readonly PlannedNotice[]>;

/** How many are concerned, and to how many of them nothing can be sent. */
export interface PlannedMessages extends PlannedNotice {
  readonly learners: number;
  readonly withoutAddress: number;
}

/** A training in what somebody would be enrolled in. Enrolling takes no seat: each learner chooses a session. */
export interface PlannedSeats {
  readonly itemId: string;
  readonly trainingId: string;
  /** In sessions that have not begun; null where one of them has no limit. */
  readonly free: number | null;
}

export interface PlannedEffects {
  readonly events: readonly PlannedEvent[];
  readonly seats: readonly PlannedSeats[];
  readonly messages: readonly PlannedMessages[];
}

/** The dates of what a plan would enroll in. */
export const datesOf = (items: MadePlan['items']): PlannedDates[] =>
  items.filter(isPlanned).map(({ itemId, accessAt, dueAt }) => ({
    itemId,
    accessAt: new Date(accessAt),
    dueAt: dueAt === null ? null : new Date(dueAt),
  }));

export async function effectsOf(
  ctx: Context,
  plan: MadePlan,
  { countSubscribers, planNotices }: { countSubscribers: CountSubscribers; planNotices: PlanNotices },
): Promise<PlannedEffects> {
  const { accountId } = ctx.caller;
  const itemIds = [...plan.created].filter(([, learners]) => learners > 0).map(([itemId]) => itemId);
  const eventType = 'LEARNERS_ENROLLED_IN_COURSE' as const;
  return ctx.read(async (tx) => {
    const subscribers = await countSubscribers(tx, accountId, eventType, itemIds);
    const trainings = await trainingsWithin(
      tx,
      accountId,
      plan.items.filter(isPlanned).map(({ itemId }) => itemId),
    );
    const free = await freeSeats(
      tx,
      accountId,
      trainings.map(({ trainingId }) => trainingId),
      ctx.now,
    );
    return {
      events: itemIds.map((itemId) => ({
        eventType,
        itemId,
        learners: plan.created.get(itemId) ?? 0,
        subscribers: subscribers.get(itemId) ?? 0,
      })),
      messages: (await planNotices(tx, accountId, datesOf(plan.items), ctx.now))
        .map((notice) => ({
          ...notice,
          learners: plan.created.get(notice.itemId) ?? 0,
          withoutAddress: plan.withoutAddress.get(notice.itemId) ?? 0,
        }))
        .filter(({ learners }) => learners > 0),
      seats: trainings.map((training) => ({ ...training, free: free.get(training.trainingId) ?? null })),
    };
  });
}
