import type pg from 'pg';
import { Refusal } from '../kernel/errors.ts';

/** Who may use a connection when several wait: small writes before reads before bulk. */
export type Lane = 'small' | 'bulk' | 'read';
const PRIORITY: readonly Lane[] = ['small', 'read', 'bulk'];

/** What Kysely's PostgreSQL dialect asks of a pool. */
export interface LanePool {
  connect(): Promise<LaneClient>;
  end(): Promise<void>;
}
export interface LaneClient {
  query(sql: string, parameters: readonly unknown[]): Promise<never>;
  release(error?: Error): void;
}

/** A statement that begins so is prepared once per connection: `/* prepared: load_for_enrollment *\/ select …`. */
const PREPARED = /^\s*\/\* prepared: (\w+) \*\//;

/**
 * What the driver is asked. Hot statements, whose text never varies, are parsed once and their plans kept, which a
 * single caller feels (docs/performance.md); all others are planned for their values, as generic plans go wrong on
 * tables that grow. The driver refuses one name for two texts.
 */
export function toQuery(text: string, parameters: readonly unknown[]): pg.QueryConfig {
  const name = PREPARED.exec(text)?.[1];
  return { text, values: [...parameters], ...(name === undefined ? {} : { name }) };
}

/**
 * How long somebody may wait for a connection: far more than a chunk takes, less than clients wait. Nothing was begun
 * then, and the caller is told to come back.
 */
export const MAX_WAIT_MS = 30_000;
export const tooBusy = (): Refusal => new Refusal('server.busy', { seconds: 1 });

/**
 * The embedded engine has one connection. Lanes are priorities before it: whoever waits in a more urgent lane is
 * served first, and within a lane in order of arrival.
 */
export class OneConnection {
  readonly #connect: () => Promise<pg.Client>;
  readonly #maxWaitMs: number;
  #client: Promise<pg.Client> | null = null;
  #isTaken = false;
  #isEnded = false;
  readonly #waiting: Record<Lane, ((error?: Error) => void)[]> = { small: [], read: [], bulk: [] };

  constructor(connect: () => Promise<pg.Client>, maxWaitMs = MAX_WAIT_MS) {
    this.#connect = connect;
    this.#maxWaitMs = maxWaitMs;
  }

  lane(lane: Lane): LanePool {
    return {
      connect: async () => {
        await this.#turn(lane);
        try {
          return this.#lend(await this.#open());
        } catch (error) {
          this.#next();
          throw error;
        }
      },
      end: async () => undefined,
    };
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    for (const lane of PRIORITY)
      for (const wake of this.#waiting[lane].splice(0)) wake(new Error('the database is closed'));
    await (await this.#client)?.end();
  }

  /** Opens the connection; a broken one is replaced at the next turn. */
  #open(): Promise<pg.Client> {
    this.#client ??= this.#connect().then((client) => {
      client.on('error', () => {
        this.#client = null;
      });
      return client;
    });
    this.#client.catch(() => {
      this.#client = null;
    });
    return this.#client;
  }

  #lend(client: pg.Client): LaneClient {
    let isReleased = false;
    return {
      query: (sql, parameters) => client.query(toQuery(sql, parameters)) as unknown as Promise<never>,
      release: (error) => {
        if (isReleased) return;
        isReleased = true;
        if (error) {
          this.#client = null;
          void client.end().catch(() => undefined);
        }
        this.#next();
      },
    };
  }

  #turn(lane: Lane): Promise<void> {
    if (this.#isEnded) return Promise.reject(new Error('the database is closed'));
    if (!this.#isTaken) {
      this.#isTaken = true;
      return Promise.resolve();
    }
    return new Promise((done, fail) => {
      const wake = (error?: Error): void => {
        clearTimeout(timer);
        if (error) fail(error);
        else done();
      };
      const timer = setTimeout(() => {
        this.#waiting[lane].splice(this.#waiting[lane].indexOf(wake), 1);
        fail(tooBusy());
      }, this.#maxWaitMs);
      this.#waiting[lane].push(wake);
    });
  }

  #next(): void {
    if (this.#wake(['small', 'read'])) return;
    if (this.#waiting.bulk.length === 0) {
      this.#isTaken = false;
      return;
    }
    // Whoever was just served may need one statement more, which it asks for in this turn of the event loop: a small
    // request that has loaded and is to write must not wait for a second chunk.
    setImmediate(() => {
      if (!this.#wake(PRIORITY)) this.#isTaken = false;
    });
  }

  /** Gives the connection to the first who waits in the first of these lanes that has anybody. */
  #wake(lanes: readonly Lane[]): boolean {
    const wake = lanes
      .map((lane) => this.#waiting[lane])
      .find((waiting) => waiting.length > 0)
      ?.shift();
    wake?.();
    return wake !== undefined;
  }
}
