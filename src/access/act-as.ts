import { randomUUID } from 'node:crypto';
import type { Database } from '../storage/index.ts';
import { toCaller } from './authenticate.ts';
import { type Context, createContext, type Source, StaleRights } from './caller.ts';
import { loadUser } from './queries.ts';

const MAX_STALE = 5;

/** Runs a use case as a user of an account, outside HTTP: the command line, later jobs and rules. */
export async function actAs<T>(
  db: Database,
  who: { accountId: number; userId: string; source: Source; now: Date },
  work: (ctx: Context) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const user = await db.read((tx) => loadUser(tx, who.accountId, who.userId, who.now));
    if (!user) throw new Error(`There is no user ${who.userId}.`);
    const ctx = createContext({
      db,
      now: who.now,
      caller: toCaller(user, null),
      requestId: randomUUID(),
      source: who.source,
      locale: null,
      wantsObject: false,
      preferences: new Map(),
    });
    try {
      return await work(ctx);
    } catch (error) {
      if (attempt >= MAX_STALE || !(error instanceof StaleRights)) throw error;
    }
  }
}
