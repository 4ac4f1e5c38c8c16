import type { Job, JobHandlers, TransactionHandler } from '../jobs/index.ts';
import { HOUR_MS } from '../kernel/dates.ts';
import type { Database, WriteTx } from '../storage/index.ts';
import { LOOK_AGAIN_JOB, lookAgainAt } from './look-again.ts';
import { accountsAhead } from './queries.ts';
import { sayDue } from './say.ts';
import { followEvents, SAY_JOB } from './schedule.ts';
import { SEND_JOB, send } from './send.ts';

/** How often this process looks for events that were not followed yet. */
const LOOK_EVERY_MS = 2_000;

/** Nothing here fails but with the database: a job is tried until it is done. */
const TERMS = {
  concurrency: 1,
  maxAttempts: 1_000_000_000,
  backoff: { firstMs: 5_000, longestMs: 5 * 60_000 },
} as const;

export interface NotifierOptions {
  /** What was to be said longer ago is not said. */
  readonly maxAgeHours: number;
}

/**
 * Tells people: follows what happens to enrollments, notes what is to be said when, and says it when it is time. All of
 * it is work in the database, each step committed with what follows from it, so that nothing is said twice or forgotten.
 */
export class Notifier {
  readonly #db: Database;
  readonly #clock: () => Date;
  readonly #maxAgeMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isStopping = false;

  constructor(db: Database, { maxAgeHours }: NotifierOptions, clock: () => Date) {
    this.#db = db;
    this.#clock = clock;
    this.#maxAgeMs = maxAgeHours * HOUR_MS;
  }

  readonly handlers: JobHandlers = {
    [SAY_JOB]: this.#handler((tx, { accountId }, now) => sayDue(tx, accountId, now, this.#maxAgeMs)),
    [SEND_JOB]: this.#handler((tx, { accountId }, now) => send(tx, accountId, now)),
    [LOOK_AGAIN_JOB]: this.#handler((tx, { accountId, payload }, now) =>
      lookAgainAt(tx, accountId, String(payload['after']), now),
    ),
  };

  #handler(runIn: (tx: WriteTx, job: Job, now: Date) => Promise<void>): TransactionHandler {
    return { ...TERMS, runIn };
  }

  /** Looks now and from time to time. Events wait until somebody does: they are kept anyway. */
  start(): void {
    this.#timer ??= setInterval(() => this.#lookSoon(), LOOK_EVERY_MS).unref();
    this.#lookSoon();
  }

  /** Follows all events that there are. */
  async round(): Promise<void> {
    await this.#looking?.catch(() => undefined);
    await this.#look();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#looking?.catch(() => undefined);
  }

  #lookSoon(): void {
    // What fails here is the database: the next look finds the same.
    if (!this.#looking) void this.#look().catch(() => undefined);
  }

  #look(): Promise<void> {
    this.#looking ??= this.#followAll().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #followAll(): Promise<void> {
    for (const accountId of await this.#db.read(accountsAhead)) {
      if (this.#isStopping) return;
      await followEvents(this.#db, accountId, this.#clock, this.#maxAgeMs);
    }
  }
}
