import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { refuse } from '../kernel/errors.ts';
import type { Database } from '../storage/index.ts';
import { toCaller } from './authenticate.ts';
import { type Context, createContext, type Source, StaleRights } from './caller.ts';
import { loadUser } from './queries.ts';

/** Nobody waits at the other end, so that it is given more than a request is. */
const MAX_STALE = 40;
const LONGEST_PAUSE_MS = 100;

/**
 * Runs a use case as a user of an account, outside HTTP: the command line, later jobs and rules. Anew, and ever later,
 * when rights changed meanwhile; refuses `server.busy` when that does not end.
 */
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
      if (!(error instanceof StaleRights)) throw error;
      if (attempt >= MAX_STALE) refuse('server.busy', { seconds: 1 });
      // By chance, so that two who disturb each other do not keep step.
      await pause(Math.random() * Math.min(attempt * 5, LONGEST_PAUSE_MS));
    }
  }
}
