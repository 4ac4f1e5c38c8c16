import { type EventSeal, unsealedEvents, writeNumbers } from '../events/index.ts';
import type { Database } from '../storage/index.ts';
import * as queries from './queries.ts';
import { chainHash, inOrder } from './rules.ts';

/** Chunks and events sealed in one short transaction. */
const SEAL_AT_ONCE = 5_000;
/** How long a committed chunk waits for its position when nobody reads. */
const SEAL_EVERY_MS = 1_000;

/**
 * Gives committed chunks their position and chained hash, and committed events their number and the position that they
 * follow, under the account's counter row. What was committed before something else began comes before it. Writers never wait for it; readers who need positions (page tokens, the feed) seal before they read.
 */
export async function seal(db: Database, accountId: number): Promise<void> {
  for (;;) {
    const count = await db.write(async (tx) => {
      let { position, events: number, hash } = await queries.lockSeal(tx, accountId);
      const chunks = await queries.unsealedChunks(tx, accountId, SEAL_AT_ONCE);
      const eventIds = await unsealedEvents(tx, accountId, SEAL_AT_ONCE);
      const next = inOrder(chunks, eventIds).slice(0, SEAL_AT_ONCE);
      const sealed: queries.SealedChunk[] = [];
      const numbered: EventSeal[] = [];
      for (const one of next)
        if (typeof one === 'string') numbered.push({ eventId: one, number: ++number, position });
        else {
          hash = chainHash(hash, ++position, one);
          sealed.push({ chunk: one.chunk, position, hash });
        }
      await writeNumbers(tx, accountId, numbered);
      await queries.writeSeals(tx, accountId, sealed, number);
      return next.length;
    });
    if (count < SEAL_AT_ONCE) return;
  }
}

/** Seals, a moment later, what this process wrote, so that a backlog never meets a reader. */
export class BackgroundSealer {
  readonly #db: Database;
  readonly #accounts = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The account has chunks to seal. */
  note(accountId: number): void {
    this.#accounts.add(accountId);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#run();
    }, SEAL_EVERY_MS).unref();
  }

  async #run(): Promise<void> {
    const accounts = [...this.#accounts];
    this.#accounts.clear();
    for (const accountId of accounts) {
      // A failure costs nothing: the next note or reader seals what is left.
      await seal(this.#db, accountId).catch(() => this.#accounts.add(accountId));
    }
  }

  /** Ends the timer and waits for a running round. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }
}
