import type { Context, Session, Site } from '../access/index.ts';
import type { PageAnswer, PageRequest } from '../http/page.ts';
import { refuse } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import { type Frame, type Html, type Language, PAGE_HEADERS } from '../pages/index.ts';
import type { Reader } from './learning-pages.ts';

/** Somebody who is signed in, for one request. */
export interface Visit {
  readonly request: PageRequest;
  readonly session: Session;
  readonly language: Language;
  readonly frame: Frame;
  readonly csrf: string;
  readonly now: Date;
  /** Runs a use case as the visitor; again when rights changed meanwhile. */
  run<T>(work: (ctx: Context) => Promise<T>): Promise<T>;
}

export const shown = (content: Html, status = 200): PageAnswer => ({
  status,
  headers: PAGE_HEADERS,
  body: content.text,
});

export const redirect = (location: string, cookies: readonly string[] = []): PageAnswer => ({
  status: 303,
  headers: { location, ...(cookies.length > 0 && { 'set-cookie': [...cookies] }) },
  body: '',
});

/** `seconds`: how long it is kept; null: as long as the browser runs. */
export const cookie = (name: string, value: string, site: Site, seconds: number | null): string[] => [
  [
    `${name}=${value}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Lax',
    ...(site.url.startsWith('https:') ? ['Secure'] : []),
    ...(seconds === null ? [] : [`Max-Age=${seconds}`]),
  ].join('; '),
];

/** Back to a page of ours, and nowhere else. */
export const nextOf = (text: string | null): string =>
  text !== null && /^\/my(\/[\w./-]*)?(\?[\w=&-]*)?$/.test(text) ? text : '/my';

/** An id in an address; what is none leads nowhere. */
export const idOf = (text: string | undefined): string =>
  text !== undefined && isUuid(text) ? text.toLowerCase() : refuse('learning.unknown');

export const readerOf = ({ frame, now, csrf, session }: Visit): Reader => ({
  frame,
  now,
  csrf,
  accountZone: session.site.timeZone,
});
