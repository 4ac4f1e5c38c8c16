import { DAY_MS } from '../kernel/dates.ts';
import { seal } from '../operations/index.ts';
import type { Database } from '../storage/index.ts';
import { conclude, isSuccess, prepare } from './attempt.ts';
import type { Courier } from './courier.ts';
import { forgetDeliveries } from './delivery-queries.ts';
import * as queries from './dispatch-queries.ts';
import { headersOf } from './rules.ts';

/** How often this process looks for subscribers to tell. */
const LOOK_EVERY_MS = 1_000;
/** Told at the same time; each is one connection that mostly waits. */
const AT_ONCE = 8;
/** Messages in a row before another subscriber has its turn. */
const MESSAGES_IN_A_ROW = 50;
/** Far more than a delivery takes; whoever holds a lease for longer without a word is presumed dead. */
const LEASE_MS = 15_000;
/** The log of deliveries: how long it is kept, and how much of it for each subscriber. */
const LOG_DAYS = 30;
const LOG_ROWS = 10_000;

/** What became of an attempt: answered 200, answered otherwise, or not answered. */
export type Outcome = 'delivered' | 'refused' | 'failed';

/**
 * Tells subscribers of sealed events: each in order, at least once, by one process at a time (a lease with an epoch),
 * from the place up to which it has been told. What fails is tried again later; others do not wait for it.
 */
export class Dispatcher {
  readonly #db: Database;
  readonly #courier: Courier;
  readonly #clock: () => Date;
  readonly #observe: (outcome: Outcome) => void;
  readonly #telling = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(
    db: Database,
    courier: Courier,
    clock: () => Date,
    observe: (outcome: Outcome) => void = () => undefined,
  ) {
    this.#db = db;
    this.#courier = courier;
    this.#clock = clock;
    this.#observe = observe;
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
    const before = new Date(this.#clock().getTime() - LOG_DAYS * DAY_MS);
    await this.#db.write(async (tx) => {
      await queries.releaseLease(tx, lease);
      await forgetDeliveries(tx, lease, { before, keep: LOG_ROWS });
    });
  }

  /** One message; false when there is nothing more to do for now. */
  async #tellNext(lease: queries.Lease): Promise<boolean> {
    const next = await this.#db.write((tx) =>
      prepare(tx, lease, { now: this.#clock(), leaseUntil: this.#leaseUntil() }),
    );
    if (typeof next === 'string') return next === 'more';
    const headers = {
      ...headersOf({ id: next.messageId, body: next.body }, next.secret, this.#clock()),
      ...(next.replay ? { 'rollbook-replay': next.replay.replayId } : {}),
    };
    const startedAt = performance.now();
    const delivery = await this.#courier.post(next.callbackUrl, next.body, headers);
    const durationMs = Math.round(performance.now() - startedAt);
    this.#observe(isSuccess(delivery) ? 'delivered' : 'status' in delivery ? 'refused' : 'failed');
    return this.#db.write((tx) => conclude(tx, lease, next, { delivery, durationMs, now: this.#clock() }));
  }
}
