import type { Context } from '../access/index.ts';
import { type OfferedItem, offeredAfter } from '../content/index.ts';
import type { Enrollments } from '../enrollment/index.ts';
import { refuse } from '../kernel/errors.ts';
import { enrollmentId } from '../kernel/ids.ts';
import * as queries from './queries.ts';

/** What learners may enroll themselves in. */

const PAGE = 50;

export interface CatalogueEntry extends OfferedItem {
  /** The caller's current enrollment in it. */
  readonly enrollmentId: string | null;
}

export interface CataloguePage {
  readonly entries: readonly CatalogueEntry[];
  /** After what the next page begins; null when this is the last. */
  readonly next: Pick<OfferedItem, 'title' | 'itemId'> | null;
}

/** Titles and descriptions that have the words, in order of titles. */
export async function readCatalogue(
  ctx: Context,
  words: string,
  after: CataloguePage['next'],
): Promise<CataloguePage> {
  const { accountId, userId } = ctx.caller;
  return ctx.read(async (tx) => {
    const found = await offeredAfter(tx, accountId, words, after, PAGE + 1);
    const shown = found.slice(0, PAGE);
    const own = await queries.ownIn(
      tx,
      accountId,
      userId,
      shown.map(({ itemId }) => itemId),
    );
    const entries = shown.map((item) => {
      const key = own.get(item.itemId);
      return { ...item, enrollmentId: key ? enrollmentId(key) : null };
    });
    const last = shown.at(-1);
    return { entries, next: found.length > PAGE && last ? { title: last.title, itemId: last.itemId } : null };
  });
}

/** Enrolls the caller; the enrollment, also if it was there before. Refuses `learning.not_offered`. */
export async function enrollMyself(ctx: Context, enrollments: Enrollments, itemId: string): Promise<string> {
  const { accountId, userId } = ctx.caller;
  await enrollments.enrollSelf(ctx, itemId);
  const own = await ctx.read((tx) => queries.ownIn(tx, accountId, userId, [itemId]));
  const key = own.get(itemId) ?? refuse('learning.unknown');
  return enrollmentId(key);
}
