import { chunkMomentsAfter, deletePairEvents } from '../enrollment/index.ts';
import { deleteEvents, eventMomentsAfter } from '../events/index.ts';
import { enqueue, type TransactionHandler } from '../jobs/index.ts';
import type { Database, ReadTx, WriteTx } from '../storage/index.ts';
import { cutBefore, type FeedEnd } from './places.ts';
import { accountsWithOlder, feedState, keepFrom } from './queries.ts';

/** How often this process looks whether something is too old. */
const LOOK_EVERY_MS = 60 * 60_000;
/** Chunks and events removed in one transaction, which others wait for. */
const AT_ONCE = 1_000;
const DAY_MS = 24 * 60 * 60_000;

export const FORGET_EVENTS = 'events.forget';
const TERMS = { concurrency: 1, maxAttempts: 20, backoff: { firstMs: 10_000, longestMs: 60 * 60_000 } };

export interface RetentionOptions {
  readonly days: number;
  /** Up to where everybody has been told who is told at all; null for nobody. What they are still to be told is kept. */
  told(tx: ReadTx, accountId: number): Promise<FeedEnd | null>;
}

/**
 * Removes events that are older than they are kept, a few at a time: a job for each account, so that one process does it
 * whenever it is due, whichever runs then. Where an account's events begin is noted with it.
 */
export class EventRetention {
  readonly #db: Database;
  readonly #options: RetentionOptions;
  readonly #clock: () => Date;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> = Promise.resolve();

  constructor(db: Database, options: RetentionOptions, clock: () => Date) {
    this.#db = db;
    this.#options = options;
    this.#clock = clock;
  }

  /** Looks now and every hour. */
  start(): void {
    const look = (): void => {
      // What fails here is the database: the next look finds the same.
      this.#asking = this.ask().catch(() => undefined);
    };
    this.#timer ??= setInterval(look, LOOK_EVERY_MS).unref();
    look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#asking;
  }

  /** Asks for the job wherever something is too old. */
  async ask(): Promise<void> {
    const now = this.#clock();
    const accountIds = await this.#db.read((tx) => accountsWithOlder(tx, this.#before(now)));
    for (const accountId of accountIds) await this.#db.write((tx) => ask(tx, accountId, now));
  }

  get handler(): TransactionHandler {
    return {
      ...TERMS,
      runIn: async (tx, { accountId }, now) => {
        const { kept } = await feedState(tx, accountId);
        const cut = await this.#cut(tx, accountId, kept, now);
        if (cut.position === kept.position && cut.events === kept.events) return;
        await deletePairEvents(tx, accountId, { after: kept.position, upTo: cut.position });
        await deleteEvents(tx, accountId, { after: kept.events, upTo: cut.events });
        await keepFrom(tx, accountId, cut);
        await ask(tx, accountId, now);
      },
    };
  }

  #before(now: Date): Date {
    return new Date(now.getTime() - this.#options.days * DAY_MS);
  }

  async #cut(tx: ReadTx, accountId: number, kept: FeedEnd, now: Date): Promise<FeedEnd> {
    const { position, events } = await feedState(tx, accountId);
    const told = await this.#options.told(tx, accountId);
    const lists = {
      chunks: await chunkMomentsAfter(tx, accountId, kept.position, AT_ONCE),
      events: await eventMomentsAfter(tx, accountId, kept.events, AT_ONCE),
      atOnce: AT_ONCE,
    };
    return cutBefore(kept, lists, this.#before(now), told ?? { position, events });
  }
}

/** Again and again, until nothing is too old. */
const ask = (tx: WriteTx, accountId: number, now: Date): Promise<void> =>
  enqueue(tx, accountId, [{ kind: FORGET_EVENTS, key: 'old', runAt: now, payload: {} }], now);
