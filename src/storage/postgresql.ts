import pg from 'pg';
import { type Database, databaseOver, type OnStatement } from './database.ts';
import { type Lane, type LaneClient, type LanePool, MAX_WAIT_MS, tooBusy, toQuery } from './lanes.ts';

/**
 * Connections per lane: two small batches in flight, two bulk writers, four readers. Separate pools, so that a bulk
 * cannot take the connections that small requests need.
 */
const CONNECTIONS: Record<Lane, number> = { small: 3, bulk: 2, read: 4 };
/** Longer than any statement of ours takes; a runaway one must not hold its locks for ever. */
const STATEMENT_TIMEOUT_MS = 120_000;
/** A process that stops between two statements of a transaction must not keep others out for long. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** How the pool says that no connection became free in time; it has no code of its own. */
const NONE_FREE = 'timeout exceeded when trying to connect';

export function openPostgresql(url: string, onStatement?: OnStatement, maxWaitMs = MAX_WAIT_MS): Database {
  const open = (lane: Lane): LanePool => {
    const readOnly = lane === 'read' ? ' -c default_transaction_read_only=on' : '';
    const pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS[lane],
      application_name: `rollbook ${lane}`,
      connectionTimeoutMillis: maxWaitMs,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      options: `-c TimeZone=UTC -c search_path=public -c jit=off${readOnly}`,
    });
    // A connection that breaks while idle is replaced at the next use; that is not an error of anybody's request.
    pool.on('error', () => undefined);
    // One that breaks while it is lent fails the statement that uses it; without a listener it would end the process.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return { connect: () => connect(pool), end: () => pool.end() };
  };
  const pools = { small: open('small'), bulk: open('bulk'), read: open('read') };
  return databaseOver('postgresql', pools, onStatement, async () => undefined);
}

async function connect(pool: pg.Pool): Promise<LaneClient> {
  try {
    return lend(await pool.connect());
  } catch (error) {
    throw error instanceof Error && error.message === NONE_FREE ? tooBusy() : error;
  }
}

const lent = new WeakMap<pg.PoolClient, LaneClient>();

/** The same object for the same connection: Kysely remembers its connections by it. */
function lend(client: pg.PoolClient): LaneClient {
  let own = lent.get(client);
  if (!own) {
    own = {
      query: (text, parameters) => client.query(toQuery(text, parameters)) as unknown as Promise<never>,
      release: (error) => client.release(error),
    };
    lent.set(client, own);
  }
  return own;
}
