import {
  type EnrollmentEvent,
  type EventLearner,
  type EventPlace,
  WHOLE_EVENT,
} from '../enrollment/index.ts';
import { HOUR_MS } from '../kernel/dates.ts';
import type { Filters, SubscriptionType } from './rules.ts';

/** When a delivery is tried again, and what one message says: pure decisions. */

const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = HOUR_MS;
const GIVE_UP_MS = 24 * HOUR_MS;

/**
 * When to try again after so many failures in a row: 30 seconds, doubled each time, at most an hour, the last time a
 * day after the first failure. Null when that one has failed, too.
 */
export function afterFailure(failures: number, since: Date, now: Date): Date | null {
  const end = since.getTime() + GIVE_UP_MS;
  if (now.getTime() >= end) return null;
  const delay = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
  return new Date(Math.min(now.getTime() + delay, end));
}

interface Subscribed {
  readonly subscriptionType: SubscriptionType;
  readonly filters: Filters;
  readonly sincePosition: bigint;
}

/** The events of one message. */
export interface EventCut {
  /** Null when there is nothing to say of the events passed. */
  readonly subscription: Subscribed | null;
  /** The events it is about, of one type, consecutive as the subscriber sees them. */
  readonly wanted: readonly EnrollmentEvent[];
  /** Those and the ones passed over. */
  readonly passed: readonly EnrollmentEvent[];
}

/** As many events from the first on as are of one type and concern no more learners than fit; of the first perhaps more. */
export function cutEvents(
  events: readonly EnrollmentEvent[],
  subscriptions: readonly Subscribed[],
  maxLearners: number,
): EventCut {
  const wanted: EnrollmentEvent[] = [];
  let subscription: Subscribed | null = null;
  let learners = 0;
  for (const [place, event] of events.entries()) {
    const own = subscriptions.find((candidate) => candidate.subscriptionType === event.eventType);
    const { courseIds } = own?.filters ?? {};
    if (!own || event.position <= own.sincePosition || (courseIds && !courseIds.includes(event.itemId)))
      continue;
    learners += event.learners;
    const isOther = subscription !== null && subscription !== own;
    if (isOther || (wanted.length > 0 && learners > maxLearners))
      return { subscription, wanted, passed: events.slice(0, place) };
    subscription = own;
    wanted.push(event);
  }
  return { subscription, wanted, passed: events };
}

export interface EnrolledPayload {
  readonly courseId: string;
  readonly learnerIds: readonly string[];
}

/** The payloads, one for each event that concerns somebody the filter lets through, and how far that tells. */
export function composeEnrolled(
  cut: EventCut,
  learners: readonly EventLearner[],
  maxLearners: number,
): { payloads: EnrolledPayload[]; upTo: EventPlace } {
  const told = learners.slice(0, maxLearners);
  const userIds = cut.subscription?.filters.userIds;
  const wantedIds = userIds && new Set(userIds);
  const payloads = cut.wanted
    .map((event, no) => ({
      courseId: event.itemId,
      learnerIds: told
        .filter((learner) => learner.no === no && (!wantedIds || wantedIds.has(learner.learnerId)))
        .map(({ learnerId }) => learnerId),
    }))
    .filter(({ learnerIds }) => learnerIds.length > 0);
  return { payloads, upTo: placeAfter(cut, told, learners.length >= maxLearners) };
}

/** After the last learner told of an event that may have more, else after the last event passed. */
function placeAfter(cut: EventCut, told: readonly EventLearner[], mayHaveMore: boolean): EventPlace {
  const lastLearner = told.at(-1);
  const event = lastLearner && cut.wanted[lastLearner.no];
  if (mayHaveMore && lastLearner && event)
    return { position: event.position, itemId: event.itemId, ordinal: lastLearner.ordinal };
  const last = cut.passed.at(-1);
  if (!last) throw new Error('a message about no event');
  return { position: last.position, itemId: last.itemId, ordinal: WHOLE_EVENT };
}
