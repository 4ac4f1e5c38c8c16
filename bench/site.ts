import { type Database, openDatabase } from '../src/storage/index.ts';
import type { Engine } from '../test/support/database.ts';
import { idsOf, loaded, type More, type Place, placeOf } from '../test/support/place.ts';
import { serve } from '../test/support/process.ts';
import { requestToken } from '../test/support/server.ts';

/** A server in a process of its own over a filled database. */
export interface Site {
  readonly engine: Engine;
  readonly url: string;
  readonly token: string;
  readonly pid: number | undefined;
  readonly learnerIds: readonly string[];
  readonly courseIds: readonly string[];
  /** PostgreSQL only: another connection to the same database, for the statements that are measured against. */
  readonly db: Database | null;
  close(): Promise<void>;
}

export interface Sizes extends More {
  readonly learners: number;
  readonly courses: number;
}

/** `before` may look at the data while no server holds it. */
export async function openSite(
  engine: Engine,
  { learners, courses, ...more }: Sizes,
  before: (db: Database) => Promise<void> = async () => undefined,
): Promise<Site> {
  const place = await placeOf(engine);
  const client = await loaded(place, learners, courses, more);
  await lookAt(place, before);
  const running = await serve(place.args);
  const token = await requestToken(running.url, client.clientId, client.clientSecret);
  const ids = await idsOf({ url: running.url, token });
  const db = engine === 'postgresql' ? await openDatabase(place.where) : null;
  return {
    engine,
    url: running.url,
    token,
    pid: running.child.pid,
    ...ids,
    db,
    close: async () => {
      await db?.close();
      await running.end('SIGTERM');
      await place.remove();
    },
  };
}

async function lookAt(place: Place, before: (db: Database) => Promise<void>): Promise<void> {
  const db = await openDatabase(place.where);
  try {
    await before(db);
  } finally {
    await db.close();
  }
}
