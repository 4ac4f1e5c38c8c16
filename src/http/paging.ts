import { refuse } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import { about, integer, optional, text } from './wire.ts';

/** Paging by key: lists in order of their ids, which are made in order of creation. */

/** The contract's default, and the most one page has. */
export const MAX_PAGE = 1_000;

export const pageMembers = {
  pageSize: optional(
    about(`Entries per page; at most ${MAX_PAGE}, which is the default.`, integer({ min: 1 })),
  ),
  pageToken: optional(
    about('nextPageToken of an earlier answer; empty or absent for the first page. Never expires.', text()),
  ),
};

export const sizeOf = (pageSize: number | undefined): number => Math.min(pageSize ?? MAX_PAGE, MAX_PAGE);

/** The id a token stands for (entries after it follow), or null for the first page. Refuses `request.page_token`. */
export function afterToken(token: string | undefined): string | null {
  if (token === undefined || token === '') return null;
  const id = Buffer.from(token, 'base64').toString('utf8');
  return isUuid(id) ? id : refuse('request.page_token', { value: token.slice(0, 100) });
}

export const tokenAfter = (id: string): string => Buffer.from(id).toString('base64url');

/** A page out of one row more than asked: whether there is a next page, and its token. */
export function toPage<T>(
  rows: readonly T[],
  size: number,
  idOf: (row: T) => string,
): { items: T[]; nextPageToken: string | undefined } {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return { items, nextPageToken: rows.length > size && last ? tokenAfter(idOf(last)) : undefined };
}

/** Every entry, a page at a time; each page is its own read, so that nothing stays open while a slow client reads. */
export async function* allPages<T>(
  load: (after: string | null, limit: number) => Promise<T[]>,
  idOf: (row: T) => string,
): AsyncGenerator<T[]> {
  let after: string | null = null;
  for (;;) {
    const rows: T[] = await load(after, MAX_PAGE);
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < MAX_PAGE) return;
    after = idOf(last);
  }
}
