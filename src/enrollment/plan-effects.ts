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
}

export async function effectsOf(
  ctx: Context,
  plan: MadePlan,
  countSubscribers: CountSubscribers,
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
      seats: trainings.map((training) => ({ ...training, free: free.get(training.trainingId) ?? null })),
    };
  });
}
