import {
  Kysely,
  type LogEvent,
  PostgresDialect,
  type PostgresPool,
  type RawBuilder,
  sql,
  type Transaction,
} from 'kysely';
import type { Lane, LanePool } from './lanes.ts';

/** No generated table types: statements are SQL, and each query file types its own rows. */
type Schema = {};

declare const readable: unique symbol;
declare const writable: unique symbol;

/** A handle that statements run on; it cannot begin a transaction of its own. */
export type ReadTx = Pick<Kysely<Schema>, 'getExecutor'> & { readonly [readable]: true };
/** A handle inside a transaction that may write. */
export type WriteTx = ReadTx & { readonly [writable]: true };

/** The only way to the data. The handle in scope is the only handle: using another inside a transaction would escape it. */
export interface Database {
  readonly engine: 'embedded' | 'postgresql';
  /** Statements on one connection of the read lane, each in its own implicit transaction. */
  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T>;
  /** One transaction; repeated when the database asks for it (serialization failure, deadlock). */
  write<T>(work: (tx: WriteTx) => Promise<T>, lane?: 'small' | 'bulk'): Promise<T>;
  /** A single statement that is its own transaction: one round trip. Repeated likewise. */
  writeOnce<R>(statement: RawBuilder<R>, lane?: 'small' | 'bulk'): Promise<R[]>;
  /** Fails if the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type OnStatement = (sql: string, parameters: readonly unknown[]) => void;

/** The constraint that a statement violated, by name; null if the error is another. */
export function violatedConstraint(error: unknown): string | null {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code?.startsWith('23') && constraint !== undefined ? constraint : null;
}

const RETRYABLE = new Set(['40001', '40P01']);
const MAX_ATTEMPTS = 5;

async function repeating<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !RETRYABLE.has((error as { code?: string }).code ?? '')) throw error;
      await new Promise((done) => setTimeout(done, Math.random() * 20 * attempt));
    }
  }
}

/** The handle over one pool per lane; the same code for both engines. */
export function databaseOver(
  engine: Database['engine'],
  pools: Record<Lane, LanePool>,
  onStatement: OnStatement | undefined,
  close: () => Promise<void>,
): Database {
  const log = onStatement && ((event: LogEvent) => onStatement(event.query.sql, event.query.parameters));
  const open = (lane: Lane): Kysely<Schema> =>
    new Kysely<Schema>({
      dialect: new PostgresDialect({ pool: pools[lane] as unknown as PostgresPool }),
      ...(log ? { log } : {}),
    });
  const lanes = { small: open('small'), bulk: open('bulk'), read: open('read') };
  const asRead = (handle: Kysely<Schema>): ReadTx => handle as unknown as ReadTx;
  const asWrite = (handle: Transaction<Schema>): WriteTx => handle as unknown as WriteTx;
  return {
    engine,
    read: (work) => lanes.read.connection().execute((handle) => work(asRead(handle))),
    write: (work, lane = 'small') =>
      repeating(() => lanes[lane].transaction().execute((handle) => work(asWrite(handle)))),
    writeOnce: (statement, lane = 'small') =>
      repeating(async () => (await statement.execute(lanes[lane])).rows),
    ping: async () => {
      await lanes.read.connection().execute((handle) => sql`select 1`.execute(handle));
    },
    close: async () => {
      await Promise.all(Object.values(lanes).map((lane) => lane.destroy()));
      await close();
    },
  };
}
