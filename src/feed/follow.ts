import { type Context, requireAdministrator } from '../access/index.ts';
import { Refusal, refuse } from '../kernel/errors.ts';
import type { Live } from '../kernel/live.ts';
import { seal } from '../operations/index.ts';
import type { ReadTx } from '../storage/index.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { type FeedPage, pageAfter } from './page.ts';
import { type FeedEnd, isAhead, isForgotten } from './places.ts';
import { type FeedState, feedState } from './queries.ts';
import { endOf, type FeedPlace } from './read.ts';
import type { FeedWatch } from './watch.ts';

/** A stream says so often that it is alive, and judges so often whether its reader still may read. */
const BEAT_EVERY_MS = 15_000;

export interface Wanted {
  /** From where on, as it was asked for: a cursor, `now`, or nothing for the oldest that is kept. */
  readonly after: string | undefined;
  /** Where that was asked for. */
  readonly field: string;
  readonly types: readonly string[];
  readonly limit: number;
}

/** A page, and up to where it was looked. */
export interface ReadPage extends FeedPage {
  readonly end: FeedEnd;
}

/** What a reader who waits needs of the request. */
export type Following = Context & { readonly live: Live<Context> };

/**
 * The next events, of everything that was committed before. Refuses `feed.cursor` (400) for a cursor that this account
 * never gave, `feed.forgotten` (410) for one whose next events are no longer kept.
 */
export async function readPage(ctx: Context, wanted: Wanted): Promise<ReadPage> {
  requireAdministrator(ctx.caller);
  const { accountId } = ctx.caller;
  const page = await ctx.read(async (tx) => {
    const state = await feedState(tx, accountId);
    return state.hasUnsealed ? null : pageOf(tx, state, wanted);
  });
  if (page) return page;
  // What was in flight when somebody else read is given its place now, after everything that was read.
  await seal(ctx.db, accountId);
  return ctx.read(async (tx) => pageOf(tx, await feedState(tx, accountId), wanted));
}

async function pageOf(tx: ReadTx, end: FeedState, wanted: Wanted): Promise<ReadPage> {
  const { accountId } = end;
  const after = startOf(wanted, end);
  const { types, limit } = wanted;
  const page = await pageAfter(tx, accountId, { after, end, types, limit });
  // Old events may have been removed while they were read.
  const { kept } = await feedState(tx, accountId);
  if (!isForgotten(after, kept)) return { ...page, end };
  if (wanted.after === undefined) return pageOf(tx, { ...end, kept }, wanted);
  return refuseForgotten(wanted, kept, accountId);
}

function startOf({ after, field }: Wanted, { accountId, kept, ...end }: FeedState): FeedPlace {
  if (after === undefined) return endOf(kept);
  if (after === 'now') return endOf(end);
  const place = readCursor(accountId, after, field);
  if (isAhead(place, end))
    refuse('feed.cursor', { field, value: after, detail: 'is ahead of everything that is known here' });
  if (isForgotten(place, kept)) refuseForgotten({ field }, kept, accountId);
  return place;
}

function refuseForgotten({ field }: Pick<Wanted, 'field'>, kept: FeedEnd, accountId: number): never {
  const cursor = writeCursor(accountId, endOf(kept));
  return refuse('feed.forgotten', { field, cursor, location: `/events?after=${cursor}` });
}

/** The same of what follows a page. */
const following = (ctx: Following, wanted: Wanted, { next }: FeedPage): Promise<ReadPage> => {
  const after = writeCursor(ctx.caller.accountId, next);
  return ctx.live.again((now) => readPage(now, { ...wanted, after }));
};

/** The next events; if there are none, as soon as there are some, or none after so long. */
export async function waitForPage(
  ctx: Following,
  watch: FeedWatch,
  wanted: Wanted,
  waitMs: number,
): Promise<ReadPage> {
  const until = performance.now() + waitMs;
  let page = await readPage(ctx, wanted);
  while (page.entries.length === 0) {
    const left = until - performance.now();
    if (left <= 0) break;
    if (!page.hasMore && (await watch.wait(ctx.caller.accountId, page.end, left, ctx.live)) !== 'news') break;
    page = await following(ctx, wanted, page);
  }
  return page;
}

/**
 * Page after page, for as long as the reader stays and may read; an empty one from time to time. The next is read when
 * the one before has been taken, so that a slow reader makes nothing pile up.
 */
export async function* streamFrom(
  ctx: Following,
  watch: FeedWatch,
  wanted: Wanted,
  first: ReadPage,
): AsyncGenerator<ReadPage> {
  watch.join(ctx.live);
  let page = first;
  yield page;
  let toldAt = performance.now();
  while (!watch.isStopping) {
    if (!page.hasMore) {
      const beatIn = Math.max(toldAt + BEAT_EVERY_MS - performance.now(), 0);
      if ((await watch.wait(ctx.caller.accountId, page.end, beatIn, ctx.live)) === 'over') return;
    }
    try {
      page = await following(ctx, wanted, page);
    } catch (error) {
      // Who may no longer read, or was too slow, is told why when they come back.
      if (error instanceof Refusal) return;
      throw error;
    }
    if (page.entries.length === 0 && performance.now() < toldAt + BEAT_EVERY_MS) continue;
    yield page;
    toldAt = performance.now();
  }
}
