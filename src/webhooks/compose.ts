import { learnersOf, ordinalAt } from '../enrollment/index.ts';
import { endOf, eventsOf, type FeedEvent, type FeedPlace, placeAfter } from '../feed/index.ts';
import { sealState } from '../operations/index.ts';
import type { ReadTx } from '../storage/index.ts';
import { compose, cutEvents, earlier, isBeyond, isLearnerBeyond, type Subscribed } from './dispatch-rules.ts';
import { messageBody, type SubscriptionType } from './rules.ts';

/** The most events looked at, and learners named, for one message. */
const EVENTS_AT_ONCE = 200;
const LEARNERS_AT_ONCE = 1_000;

/** From where to where a subscriber is told, and of what. */
export interface Reading {
  readonly from: FeedPlace;
  /** Null for everything that is sealed. */
  readonly until: FeedPlace | null;
  readonly subscriptions: readonly Subscribed[];
}

export interface Message {
  readonly subscriptionType: SubscriptionType;
  /** How many events it tells of */
  readonly events: number;
  readonly body: string;
}

/** What comes next: perhaps a message, and how far the subscriber has been told when that is delivered. */
export interface Next {
  readonly message: Message | null;
  readonly upTo: FeedPlace;
  /** Nothing is left of the range. */
  readonly isLast: boolean;
}

/** What follows the place up to which a subscriber has been told. The same of the same range and subscriptions, always. */
export async function nextFor(tx: ReadTx, accountId: number, reading: Reading): Promise<Next> {
  const { from, subscriptions } = reading;
  const sealed = endOf(await sealState(tx, accountId));
  const until = reading.until ?? sealed;
  const found = await eventsOf(tx, accountId, {
    after: from,
    upTo: { position: until.position, events: until.number },
    types: subscriptions.map(({ subscriptionType }) => subscriptionType),
    limit: EVENTS_AT_ONCE,
  });
  const events = found.filter((event) => !isBeyond(event, until));
  const cut = cutEvents(events, subscriptions, LEARNERS_AT_ONCE);
  if (!cut.subscription) {
    const isLast = found.length < EVENTS_AT_ONCE;
    const passed = cut.passed.reduce((place, event) => placeAfter(place, event), from);
    return { message: null, upTo: isLast ? until : earlier(passed, until), isLast };
  }
  const learners = await learnersOf(tx, accountId, partsOf(cut.wanted, from), LEARNERS_AT_ONCE);
  const within = learners.filter((learner) => !isLearnerBeyond(cut.wanted, learner, until));
  const { payloads, upTo } = compose(from, cut, within, LEARNERS_AT_ONCE);
  const { subscriptionType } = cut.subscription;
  return {
    message:
      payloads.length > 0
        ? { subscriptionType, events: payloads.length, body: messageBody(subscriptionType, payloads) }
        : null,
    upTo: earlier(upTo, until),
    isLast: false,
  };
}

/** Whom to name of the events about pairs: of the first perhaps the rest. They are of one type, so all are or none is. */
const partsOf = (wanted: readonly FeedEvent[], from: FeedPlace) =>
  wanted.flatMap(({ pairs }) => (pairs ? [{ ...pairs, after: ordinalAt(pairs, from) }] : []));
