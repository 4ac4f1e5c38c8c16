import { buildApp } from '../../src/app.ts';
import type { WriteLimits } from '../../src/enrollment/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { freshPostgresql } from '../support/database.ts';
import type { Random } from '../support/random.ts';
import { call, startWorldOver, type World } from '../support/server.ts';

/** Two servers over one PostgreSQL database, each with connections, caches and batches of its own. */
export interface Site {
  readonly world: World;
  readonly second: { readonly url: string; readonly token: string };
  /** Where the database is, for a test's own connections. */
  readonly databaseUrl: string;
  close(): Promise<void>;
}

export async function startSite(limits: () => Partial<WriteLimits>): Promise<Site> {
  const { url, remove } = await freshPostgresql();
  const world = await startWorldOver(await openDatabase({ url }), [], { limits: limits() });
  const db = await openDatabase({ url });
  const app = await buildApp(db, {
    logLevel: 'silent',
    maxBodyBytes: 64 * 1024 * 1024,
    maxPairs: 5_000_000,
    version: '0',
    limits: limits(),
  });
  const address = await app.server.listen({ host: '127.0.0.1', port: 0 });
  return {
    world,
    second: { url: address, token: world.token },
    databaseUrl: url,
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
  chunkPairs: 1 + random(40) ** 2,
});

/** Enrolls without a due date; the answer. */
export const enroll = (
  server: { readonly url: string; readonly token: string },
  courseIds: readonly string[],
  learnerIds: readonly string[],
) => call(server, 'POST', '/enrollment', { json: { courseIds, learnerIds, dueDateType: 'unlimited' } });
