import type { Live } from '../kernel/live.ts';
import { seal } from '../operations/index.ts';
import type { Database } from '../storage/index.ts';
import { type FeedEnd, isBeyond } from './places.ts';
import { feedStates } from './queries.ts';

/** How often the database is looked at while somebody waits: other processes write, too. */
const LOOK_EVERY_MS = 1_000;
/** What this process wrote is seen sooner; not at once, since what is written together is told together. */
const LOOK_SOON_MS = 100;
/** At a stop, whoever does not read is given so long. */
const HANG_UP_AFTER_MS = 2_000;

/** Why a wait ended: something may have happened, the time is over, or there is nobody left to tell. */
export type WaitEnd = 'news' | 'time' | 'over';

interface Waiter {
  readonly seen: FeedEnd;
  wake(end: WaitEnd): void;
}

/**
 * Waits for events. Whoever waits holds a timer and a place in a set, and nothing of the database: one statement a
 * second looks for all accounts that anybody waits for.
 */
export class FeedWatch {
  readonly #db: Database;
  readonly #waiters = new Map<number, Set<Waiter>>();
  readonly #streams = new Set<Pick<Live<never>, 'hangUp'>>();
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isStopping = false;

  constructor(db: Database) {
    this.#db = db;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Until something of the account comes after what was seen, or the time is over, or the client has gone. */
  wait(accountId: number, seen: FeedEnd, ms: number, live: Pick<Live<never>, 'whenGone'>): Promise<WaitEnd> {
    if (this.#isStopping) return Promise.resolve('over');
    return new Promise((done) => {
      const waiters = this.#waiters.get(accountId) ?? new Set();
      this.#waiters.set(accountId, waiters);
      const wake = (end: WaitEnd): void => {
        clearTimeout(timer);
        stay();
        waiters.delete(waiter);
        if (waiters.size === 0) this.#waiters.delete(accountId);
        done(end);
      };
      const timer = setTimeout(() => wake('time'), ms);
      const waiter = { seen, wake };
      waiters.add(waiter);
      const stay = live.whenGone(() => wake('over'));
      this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    });
  }

  /** This process wrote something of the account. */
  note(accountId: number): void {
    if (!this.#waiters.has(accountId)) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#look();
    }, LOOK_SOON_MS);
  }

  /** A stream is written until its client goes, or the server stops. */
  join(live: Pick<Live<never>, 'hangUp' | 'whenGone'>): void {
    this.#streams.add(live);
    live.whenGone(() => this.#streams.delete(live));
  }

  /** Everybody is answered with what there is. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    for (const waiters of [...this.#waiters.values()]) for (const waiter of [...waiters]) waiter.wake('over');
    setTimeout(() => {
      for (const stream of this.#streams) stream.hangUp();
    }, HANG_UP_AFTER_MS).unref();
    await this.#looking;
  }

  #look(): void {
    // What fails here is the database: the next look finds the same.
    this.#looking ??= this.#lookForAll()
      .catch(() => undefined)
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async #lookForAll(): Promise<void> {
    if (this.#waiters.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const states = await this.#db.read((tx) => feedStates(tx, [...this.#waiters.keys()]));
    for (const { accountId, hasUnsealed, ...end } of states) {
      if (hasUnsealed && !this.#isStopping) await seal(this.#db, accountId);
      for (const waiter of [...(this.#waiters.get(accountId) ?? [])])
        if (hasUnsealed || isBeyond(end, waiter.seen)) waiter.wake('news');
    }
  }
}
