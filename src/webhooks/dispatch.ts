import { createHash } from 'node:crypto';
import { learnersOf, ordinalAt } from '../enrollment/index.ts';
import { endOf, eventsOf, type FeedEvent, type FeedPlace, placeAfter } from '../feed/index.ts';
import { seal, sealState } from '../operations/index.ts';
import type { Database, ReadTx } from '../storage/index.ts';
import type { Courier } from './courier.ts';
import * as queries from './dispatch-queries.ts';
import { afterFailure, compose, cutEvents } from './dispatch-rules.ts';
import { headersOf, messageBody } from './rules.ts';

/** How often this process looks for subscribers to tell. */
const LOOK_EVERY_MS = 1_000;
/** Told at the same time; each is one connection that mostly waits. */
const AT_ONCE = 8;
/** Messages in a row before another subscriber has its turn. */
const MESSAGES_IN_A_ROW = 50;
/** Far more than a delivery takes; whoever holds a lease for longer without a word is presumed dead. */
const LEASE_MS = 15_000;
/** The most events looked at, and learners named, for one message. */
const EVENTS_AT_ONCE = 200;
const LEARNERS_AT_ONCE = 1_000;

/** What comes next for a subscriber: perhaps a message, and how far it has been told when that is delivered. */
interface Next {
  readonly body: string | null;
  readonly upTo: FeedPlace;
  readonly isLast: boolean;
}

/**
 * Tells subscribers of sealed events: each in order, at least once, by one process at a time (a lease with an epoch),
 * from the place up to which it has been told. What fails is tried again later; others do not wait for it.
 */
export class Dispatcher {
  readonly #db: Database;
  readonly #courier: Courier;
  readonly #clock: () => Date;
  readonly #telling = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(db: Database, courier: Courier, clock: () => Date) {
    this.#db = db;
    this.#courier = courier;
    this.#clock = clock;
  }

  /** Looks now and from time to time. */
  start(): void {
    this.#timer ??= setInterval(() => void this.#look().catch(() => undefined), LOOK_EVERY_MS).unref();
    void this.#look().catch(() => undefined);
  }

  /** Tells everybody who is due, once. */
  async round(): Promise<void> {
    await this.#look();
    await Promise.all(this.#telling);
  }

  /** Ends the deliveries that are under way, and begins no other. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await Promise.all(this.#telling);
  }

  async #look(): Promise<void> {
    const free = AT_ONCE - this.#telling.size;
    if (this.#isStopping || free <= 0) return;
    const due = await this.#db.read((tx) => queries.dueSubscribers(tx, this.#clock(), free));
    for (const subscriber of due) {
      if (this.#isStopping) return;
      // What fails here is the database: the lease runs out, and the subscriber is due again.
      const telling = this.#serve(subscriber)
        .catch(() => undefined)
        .finally(() => this.#telling.delete(telling));
      this.#telling.add(telling);
    }
  }

  #leaseUntil(): Date {
    return new Date(this.#clock().getTime() + LEASE_MS);
  }

  async #serve(subscriber: queries.Subscriber): Promise<void> {
    await seal(this.#db, subscriber.accountId);
    const lease = await this.#db.write((tx) =>
      queries.takeLease(tx, subscriber, this.#clock(), this.#leaseUntil()),
    );
    if (!lease) return;
    for (let n = 0; n < MESSAGES_IN_A_ROW && !this.#isStopping; n++)
      if (!(await this.#tellNext(lease))) break;
    await this.#db.write((tx) => queries.releaseLease(tx, lease));
  }

  /** One message; false when there is nothing more to do for now. */
  async #tellNext(lease: queries.Lease): Promise<boolean> {
    const held = await this.#db.write((tx) => queries.holdLease(tx, lease, this.#leaseUntil()));
    if (!held) return false;
    const next = await this.#db.read((tx) => nextFor(tx, lease.accountId, held));
    if (next.body !== null && !(await this.#deliver(lease, held, next.body, next.upTo))) {
      await this.#fail(lease, held);
      return false;
    }
    await this.#db.write((tx) => queries.recordTold(tx, lease, next.upTo));
    return !next.isLast;
  }

  async #deliver(lease: queries.Lease, held: queries.Held, body: string, upTo: FeedPlace): Promise<boolean> {
    const message = { id: messageId(lease.subscriberId, held.told, upTo), body };
    const headers = headersOf(message, held.secret, this.#clock());
    const delivery = await this.#courier.post(held.callbackUrl, body, headers);
    return 'status' in delivery && delivery.status === 200;
  }

  #fail(lease: queries.Lease, held: queries.Held): Promise<void> {
    const now = this.#clock();
    const since = held.failingSince ?? now;
    const failures = held.failures + 1;
    const retryAt = afterFailure(failures, since, now);
    return this.#db.write((tx) =>
      retryAt === null
        ? queries.giveUp(tx, lease)
        : queries.recordFailure(tx, lease, { failures, since, retryAt }),
    );
  }
}

/** The same for every attempt at the same events, so that a receiver knows a repetition. */
const messageId = (subscriberId: string, from: FeedPlace, upTo: FeedPlace): string =>
  `msg_${createHash('sha256')
    .update([subscriberId, ...placeText(from), ...placeText(upTo)].join(' '))
    .digest('hex')
    .slice(0, 32)}`;
const placeText = ({ position, itemId, ordinal, number }: FeedPlace): string[] => [
  String(position),
  itemId,
  String(ordinal),
  String(number),
];

/** What follows the place up to which a subscriber has been told. */
async function nextFor(tx: ReadTx, accountId: number, held: queries.Held): Promise<Next> {
  const { told, subscriptions } = held;
  const state = await sealState(tx, accountId);
  const events = await eventsOf(tx, accountId, {
    after: told,
    upTo: state,
    types: subscriptions.map(({ subscriptionType }) => subscriptionType),
    limit: EVENTS_AT_ONCE,
  });
  const end = events.length < EVENTS_AT_ONCE ? endOf(state) : null;
  const cut = cutEvents(events, subscriptions, LEARNERS_AT_ONCE);
  if (!cut.subscription) {
    const passed = cut.passed.reduce((place, event) => placeAfter(place, event), told);
    return { body: null, upTo: end ?? passed, isLast: end !== null };
  }
  const learners = await learnersOf(tx, accountId, partsOf(cut.wanted, told), LEARNERS_AT_ONCE);
  const { payloads, upTo } = compose(told, cut, learners, LEARNERS_AT_ONCE);
  return {
    body: payloads.length > 0 ? messageBody(cut.subscription.subscriptionType, payloads) : null,
    upTo,
    isLast: false,
  };
}

/** Whom to name of the events about pairs: of the first perhaps the rest. They are of one type, so all are or none is. */
const partsOf = (wanted: readonly FeedEvent[], told: FeedPlace) =>
  wanted.flatMap(({ pairs }) => (pairs ? [{ ...pairs, after: ordinalAt(pairs, told) }] : []));
