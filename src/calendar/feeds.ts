import type { Context } from '../access/index.ts';
import { accountUrlOf } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { newToken } from '../kernel/ids.ts';
import { linkUnder } from '../kernel/links.ts';
import { requireOver } from '../people/index.ts';
import type { ReadTx } from '../storage/index.ts';
import * as queries from './queries.ts';

/** The addresses of calendars: who may give, see and take one. The secret is told when it is made, and nowhere else. */

/**
 * Everybody may for themselves. For others whoever may set their password: an address opens no more than that would.
 * Refuses unknown users (404; 403 to limited callers, as if they were somebody else's), and those who outrank the caller.
 */
async function requireMay(tx: ReadTx, ctx: Context, userId: string): Promise<void> {
  if (userId !== ctx.caller.userId) await requireOver(tx, ctx, userId);
}

/** A new address of a user's calendar. An earlier one leads nowhere from now on. */
export function createFeed(ctx: Context, userId: string): Promise<string> {
  const { accountId } = ctx.caller;
  const secret = newToken(accountId);
  return ctx.write(async (tx) => {
    await requireMay(tx, ctx, userId);
    const feed = { secretHash: sha256(secret), locale: ctx.locale, now: ctx.now };
    await queries.replaceFeed(tx, accountId, userId, feed);
    return linkUnder(await accountUrlOf(tx, accountId), `/calendar/${secret}.ics`);
  });
}

/** Takes the address of a user's calendar away; having none is no fault. */
export function removeFeed(ctx: Context, userId: string): Promise<void> {
  return ctx.write(async (tx) => {
    await requireMay(tx, ctx, userId);
    await queries.deleteFeed(tx, ctx.caller.accountId, userId);
  });
}

/** Since when a user's calendar has its address, and when it was read. Refuses 404 if it has none. */
export function readFeedInfo(ctx: Context, userId: string): Promise<queries.FeedInfo> {
  return ctx.read(async (tx) => {
    await requireMay(tx, ctx, userId);
    return (
      (await queries.findFeedOf(tx, ctx.caller.accountId, userId)) ?? refuse('calendar.none', { ids: userId })
    );
  });
}
