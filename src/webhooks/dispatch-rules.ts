import { type EventLearner, type EventPlace, placeIn } from '../enrollment/index.ts';
import type { SealedEvent } from '../events/index.ts';
import { type FeedEvent, type FeedPlace, placeAfter, typeOf } from '../feed/index.ts';
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

export interface Subscribed {
  readonly subscriptionType: SubscriptionType;
  readonly filters: Filters;
  /** Told of what is after these: the position of a chunk, and the number of an event with a row of its own. */
  readonly sincePosition: bigint;
  readonly sinceEvent: bigint;
}

/** The events of one message. */
export interface EventCut {
  /** Null when there is nothing to say of the events passed. */
  readonly subscription: Subscribed | null;
  /** The events it is about, of one type, consecutive as the subscriber sees them. */
  readonly wanted: readonly FeedEvent[];
  /** Those and the ones passed over. */
  readonly passed: readonly FeedEvent[];
}

/** As many events from the first on as are of one type and concern no more learners than fit; of the first perhaps more. */
export function cutEvents(
  events: readonly FeedEvent[],
  subscriptions: readonly Subscribed[],
  maxLearners: number,
): EventCut {
  const wanted: FeedEvent[] = [];
  let subscription: Subscribed | null = null;
  let learners = 0;
  for (const [place, event] of events.entries()) {
    const own = subscriptions.find((candidate) => candidate.subscriptionType === typeOf(event));
    if (!own || !isFor(own, event)) continue;
    learners += event.pairs ? event.pairs.learners : event.single.userIds.length;
    const isOther = subscription !== null && subscription !== own;
    if (isOther || (wanted.length > 0 && learners > maxLearners))
      return { subscription, wanted, passed: events.slice(0, place) };
    subscription = own;
    wanted.push(event);
  }
  return { subscription, wanted, passed: events };
}

/** Whether an event is after the subscription, and its filters let it through as far as the event itself says. */
function isFor({ filters, sincePosition, sinceEvent }: Subscribed, { pairs, single }: FeedEvent): boolean {
  const { userIds, courseIds, courseItemIds } = filters;
  if (pairs) return pairs.position > sincePosition && (!courseIds || courseIds.includes(pairs.itemId));
  const items = courseIds ?? courseItemIds;
  return (
    single.number > sinceEvent &&
    (!items || (single.itemId !== null && items.includes(single.itemId))) &&
    (!userIds || single.userIds.some((id) => userIds.includes(id)))
  );
}

export type Payload = Readonly<Record<string, unknown>>;

/** The payloads, one for each event that concerns somebody the filter lets through, and how far that tells. */
export function compose(
  from: FeedPlace,
  cut: EventCut,
  learners: readonly EventLearner[],
  maxLearners: number,
): { payloads: Payload[]; upTo: FeedPlace } {
  const told = learners.slice(0, maxLearners);
  const userIds = cut.subscription?.filters.userIds;
  const isWanted = (id: string): boolean => !userIds || userIds.includes(id);
  const payloads = cut.wanted.flatMap(({ pairs, single }, no): Payload[] => {
    if (single) return [payloadFor(single, isWanted)];
    const learnerIds = told
      .filter((learner) => learner.no === no && isWanted(learner.learnerId))
      .map(({ learnerId }) => learnerId);
    return learnerIds.length > 0 ? [{ courseId: pairs.itemId, learnerIds }] : [];
  });
  return { payloads, upTo: placeAfterMessage(from, cut, told, learners.length >= maxLearners) };
}

/** As it is written; where it lists participants, those the filter lets through. */
function payloadFor({ payload }: SealedEvent, isWanted: (id: string) => boolean): Payload {
  const { participantIds } = payload;
  if (!Array.isArray(participantIds)) return payload;
  return { ...payload, participantIds: (participantIds as string[]).filter(isWanted) };
}

/** After the last learner told of an event that may have more, else after the last event passed. */
function placeAfterMessage(
  from: FeedPlace,
  { wanted, passed }: EventCut,
  told: readonly EventLearner[],
  mayHaveMore: boolean,
): FeedPlace {
  const lastLearner = told.at(-1);
  const cutOff = mayHaveMore && lastLearner ? wanted[lastLearner.no] : undefined;
  let place = from;
  for (const event of passed) {
    if (lastLearner && event === cutOff) return placeAfter(place, event, lastLearner.ordinal);
    place = placeAfter(place, event);
  }
  return place;
}

/** Which of two places in the outbox comes first: below zero, the first. */
const compare = (a: EventPlace, b: EventPlace): number => {
  if (a.position !== b.position) return a.position < b.position ? -1 : 1;
  return a.itemId === b.itemId ? a.ordinal - b.ordinal : a.itemId < b.itemId ? -1 : 1;
};

export const isSamePlace = (a: FeedPlace, b: FeedPlace): boolean =>
  compare(a, b) === 0 && a.number === b.number;

/** Whether an event begins after a place. */
export const isBeyond = ({ pairs, single }: FeedEvent, place: FeedPlace): boolean =>
  pairs ? compare(placeIn(pairs, 0), place) > 0 : single.number > place.number;

/** Whether a learner of one of these events stands after a place. */
export function isLearnerBeyond(
  wanted: readonly FeedEvent[],
  { no, ordinal }: Pick<EventLearner, 'no' | 'ordinal'>,
  place: FeedPlace,
): boolean {
  const pairs = wanted[no]?.pairs;
  return pairs !== undefined && compare(placeIn(pairs, ordinal), place) > 0;
}

/** The place, but not after `until`, in the outbox nor among the events with rows of their own. */
export const earlier = (place: FeedPlace, until: FeedPlace): FeedPlace => ({
  ...(compare(place, until) <= 0 ? place : until),
  number: place.number < until.number ? place.number : until.number,
});

/** Whether either stream of a place goes beyond that of another. */
export const goesBeyond = (place: FeedPlace, other: FeedPlace): boolean =>
  compare(place, other) > 0 || place.number > other.number;

/** What was told by one message: what stands after the first place, up to the second. */
export interface EventRange {
  readonly from: FeedPlace;
  readonly upTo: FeedPlace;
}

/**
 * How far a message goes at most that begins at a place. What was told before is cut as it was then, so that it is the
 * same message: it ends where that one ended which goes beyond the place, or else before that one begins.
 */
export function cutAsBefore(
  at: FeedPlace,
  before: EventRange | null,
  until: FeedPlace | null,
): FeedPlace | null {
  if (!before) return until;
  const hasBegun = !goesBeyond(before.from, at);
  const cut = hasBegun ? before.upTo : before.from;
  const ahead = later(until ? earlier(cut, until) : cut, at);
  return isSamePlace(ahead, at) ? until : ahead;
}

const later = (place: FeedPlace, other: FeedPlace): FeedPlace => ({
  ...(compare(place, other) >= 0 ? place : other),
  number: place.number > other.number ? place.number : other.number,
});
