import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { refuse } from '../kernel/errors.ts';
import type { Database } from '../storage/index.ts';
import { toCaller } from './authenticate.ts';
import { type Caller, type Context, createContext, type Source, StaleRights } from './caller.ts';
import { loadUser } from './queries.ts';

/** Each writer of the account may come first once; longer than that nobody is kept waiting. */
const MAX_STALE = 40;
const LONGEST_PAUSE_MS = 100;

/** Who acts, outside the pipeline of the API. */
export interface Actor {
  readonly source: Source;
  readonly now: Date;
  readonly requestId: string;
  /** Asked first, and again whenever their rights turn out to have changed. */
  establish(): Promise<Caller>;
}

/** Runs a use case; anew, and ever later, when rights changed meanwhile. Refuses `server.busy` when that does not end. */
export async function act<T>(
  db: Database,
  { source, now, requestId, establish }: Actor,
  work: (ctx: Context) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const ctx = createContext({
      db,
      now,
      caller: await establish(),
      requestId,
      source,
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

/** Runs a use case as a user of an account, for whom nobody has called: the command line, later jobs and rules. As {@link act}. */
export function actAs<T>(
  db: Database,
  { accountId, userId, source, now }: { accountId: number; userId: string; source: Source; now: Date },
  work: (ctx: Context) => Promise<T>,
): Promise<T> {
  const establish = async (): Promise<Caller> => {
    const user = await db.read((tx) => loadUser(tx, accountId, userId, now));
    if (!user) throw new Error(`There is no user ${userId}.`);
    return toCaller(user, null);
  };
  return act(db, { source, now, requestId: randomUUID(), establish }, work);
}
