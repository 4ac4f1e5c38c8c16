import { buildApp } from '../../src/app.ts';
import type { WriteLimits } from '../../src/enrollment/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { freshPostgresql } from './database.ts';
import type { Random } from './random.ts';
import { type Answer, call, startWorldOver, type World } from './server.ts';

/** Where a request can be sent, with the owner's token. */
export interface Server {
  readonly url: string;
  readonly token: string;
}

export interface TwoServers {
  readonly world: World;
  /** The world's server and another over the same database, in turn. */
  of(n: number): Server;
  /** Where the database is, for a test's own connections. */
  readonly databaseUrl: string;
  close(): Promise<void>;
}

/** Two servers over one PostgreSQL database, each with connections and limits of its own: what races need. */
export async function startTwoServers(limits: () => Partial<WriteLimits> = () => ({})): Promise<TwoServers> {
  const { url, remove } = await freshPostgresql();
  const world = await startWorldOver(await openDatabase({ url }), [], { limits: limits() });
  const db = await openDatabase({ url });
  const app = await buildApp(db, {
    logLevel: process.env['ROLLBOOK_TEST_LOG'] ?? 'silent',
    maxBodyBytes: 64 * 1024 * 1024,
    maxPairs: 5_000_000,
    version: '0',
    limits: limits(),
  });
  const second = { url: await app.server.listen({ host: '127.0.0.1', port: 0 }), token: world.token };
  return {
    world,
    databaseUrl: url,
    of: (n) => (n % 2 === 0 ? world : second),
    close: async () => {
      await app.stop();
      await db.close();
      await world.close();
      await remove();
    },
  };
}

/** Sizes drawn anew for each server: nothing may depend on how requests are cut or put together. */
export const drawnLimits = (random: Random) => (): Partial<WriteLimits> => ({
  smallPairs: 1 + random(3_000),
  batchRequests: 1 + random(64),
  batchPairs: 1 + random(2_000),
  chunkPairs: 5 + random(40) ** 2,
});

/** Enrolls without a due date. */
export const enroll = (
  server: Server,
  courseIds: readonly string[],
  learnerIds: readonly string[],
): Promise<Answer> =>
  call(server, 'POST', '/enrollment', { json: { courseIds, learnerIds, dueDateType: 'unlimited' } });
