import { sql } from 'kysely';
import { enqueue, type JobHandlers, JobRunner, type JobRunnerOptions } from '../../src/jobs/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { type Engine, freshDatabase, freshPostgresql } from '../support/database.ts';

/** What the tests of the queue share: databases, terms, and a table in which jobs leave traces. */

export const ACCOUNT = 1;
export const START = new Date('2026-03-02T09:00:00Z');
export const TERMS = {
  concurrency: 4,
  maxAttempts: 3,
  backoff: { firstMs: 10_000, longestMs: 60_000 },
} as const;

/** A database with the table `trace`. */
export async function tracedDatabase(engine: Engine): Promise<Database> {
  const db = await freshDatabase(engine);
  await makeTrace(db);
  return db;
}

/** Several handles, as several processes have them; on the embedded engine there is one. */
export async function severalHandles(
  engine: Engine,
  count: number,
): Promise<{ handles: Database[]; close(): Promise<void> }> {
  if (engine === 'embedded') {
    const db = await tracedDatabase(engine);
    return { handles: Array.from({ length: count }, () => db), close: () => db.close() };
  }
  const { url, remove } = await freshPostgresql();
  const handles = await Promise.all(Array.from({ length: count }, () => openDatabase({ url })));
  if (handles[0]) await makeTrace(handles[0]);
  return {
    handles,
    close: async () => {
      await Promise.all(handles.map((db) => db.close()));
      await remove();
    },
  };
}

export const makeTrace = (db: Database): Promise<unknown> =>
  db.writeOnce(sql`create table trace (word text not null)`);

/** SQL: a word is written. */
export const trace = (word: unknown) => sql`insert into trace (word) values (${String(word)})`;

/** The words, in alphabetical order. */
export async function traces(db: Database): Promise<string[]> {
  const { rows } = await db.read((tx) =>
    sql<{ word: string }>`select word from trace order by word`.execute(tx),
  );
  return rows.map(({ word }) => word);
}

export interface JobRow {
  readonly kind: string;
  readonly key: string | null;
  readonly attempts: number;
  readonly runAt: Date;
  readonly leaseUntil: Date | null;
  readonly lastError: string | null;
  readonly deadAt: Date | null;
}

/** What is in the queue, in order of creation. */
export async function jobsIn(db: Database): Promise<JobRow[]> {
  const { rows } = await db.read((tx) =>
    sql<JobRow>`select kind, key, attempts, run_at as "runAt", lease_until as "leaseUntil", last_error as "lastError",
      dead_at as "deadAt" from job order by job_id`.execute(tx),
  );
  return rows;
}

/** Asks for jobs of one kind that are due at once. */
export const ask = (
  db: Database,
  kind: string,
  payloads: readonly Record<string, unknown>[],
  { now = START, runAt = now, key, accountId = ACCOUNT }: Asking = {},
): Promise<void> =>
  db.write((tx) =>
    enqueue(
      tx,
      accountId,
      payloads.map((payload) => ({ kind, key, runAt, payload })),
      now,
    ),
  );

interface Asking {
  readonly now?: Date;
  readonly runAt?: Date;
  readonly key?: string;
  readonly accountId?: number;
}

export interface Clock {
  now: Date;
  /** Moves it. */
  pass(seconds: number): void;
}

export function clockAt(start: Date): Clock {
  return {
    now: start,
    pass(seconds) {
      this.now = new Date(this.now.getTime() + seconds * 1000);
    },
  };
}

export const runnerOf = (
  db: Database,
  handlers: JobHandlers,
  clock: Clock,
  options: JobRunnerOptions = {},
): JobRunner => new JobRunner(db, handlers, () => clock.now, { random: () => 0.5, ...options });

/** A promise that somebody else fulfils. */
export function gateway(): { opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((done) => {
    open = done;
  });
  return { opened, open: () => open() };
}
