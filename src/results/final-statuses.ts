import { type Context, reachOf } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import * as queries from './final-status-queries.ts';

/** Rows of one statement while the list is streamed. */
const PAGE = 1_000;

/**
 * Where every learner of an item stands whom the caller reaches, active or not, page after page: nothing stays open
 * while a slow client reads. Refuses an unknown item (404).
 */
export async function finalStatusesOf(
  ctx: Context,
  itemId: string,
): Promise<AsyncGenerator<queries.FinalStatus[]>> {
  const reach = reachOf(ctx.caller, 'result.read');
  const { accountId } = ctx.caller;
  const ways =
    (await ctx.read((tx) => queries.waysTo(tx, accountId, itemId))) ??
    refuse('content.unknown', { ids: itemId });
  return pages(ctx, { accountId, reach, itemId }, ways);
}

async function* pages(
  ctx: Context,
  about: Omit<Parameters<typeof queries.finalStatusesAfter>[1], 'way' | 'earlier'>,
  ways: readonly string[],
): AsyncGenerator<queries.FinalStatus[]> {
  for (const [no, way] of ways.entries()) {
    const earlier = ways.slice(0, no);
    let last: queries.FinalStatus | undefined;
    do {
      const after = last ?? null;
      const page = await ctx.read((tx) =>
        queries.finalStatusesAfter(tx, { ...about, way, earlier }, after, PAGE),
      );
      if (page.length > 0) yield page;
      last = page.length < PAGE ? undefined : page.at(-1);
    } while (last);
  }
}
