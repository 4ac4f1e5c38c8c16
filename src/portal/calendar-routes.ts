import { createFeed, type FeedInfo, readFeedInfo, removeFeed } from '../calendar/index.ts';
import type { PageAnswer } from '../http/page.ts';
import { Refusal } from '../kernel/errors.ts';
import { linkUnder } from '../kernel/links.ts';
import { calendarPage } from './calendar-pages.ts';
import { readerOf, redirect, shown, type Visit } from './visit.ts';

/** The secret address of one's own calendar: made, shown once, replaced, taken away. */

/**
 * Carries the secret from the answer that made it to the page that shows it, so that no address of a page has it and
 * reloading makes no other one.
 */
const MADE_COOKIE = 'rollbook_calendar';
const MADE_S = 60;

const madeCookie = ({ session: { site } }: Visit, secret: string, seconds: number): string =>
  `${MADE_COOKIE}=${secret}; Path=/my/calendar; HttpOnly; SameSite=Strict${site.url.startsWith('https:') ? '; Secure' : ''}; Max-Age=${seconds}`;

export async function showCalendar(visit: Visit): Promise<PageAnswer> {
  const { request, session } = visit;
  const feed = await feedOf(visit);
  const secret = request.cookies.get(MADE_COOKIE);
  const isMade = feed !== null && secret !== undefined && /^[\w-]{43}$/.test(secret);
  const url = isMade ? linkUnder(session.site.url, `/calendar/${secret}.ics`) : null;
  const page = shown(
    calendarPage(readerOf(visit), { feed, url, isRemoved: request.query.has('removed') && !feed }),
  );
  if (secret === undefined) return page;
  return { ...page, headers: { ...page.headers, 'set-cookie': [madeCookie(visit, '', 0)] } };
}

async function feedOf(visit: Visit): Promise<FeedInfo | null> {
  try {
    return await visit.run((ctx) => readFeedInfo(ctx, ctx.caller.userId));
  } catch (error) {
    if (error instanceof Refusal && error.code === 'calendar.none') return null;
    throw error;
  }
}

export async function calendarAnswer(visit: Visit, action: 'make' | 'remove'): Promise<PageAnswer> {
  if (action === 'remove') {
    await visit.run((ctx) => removeFeed(ctx, ctx.caller.userId));
    return redirect('/my/calendar?removed=1', [madeCookie(visit, '', 0)]);
  }
  // In the words of the page, for whoever has chosen no language.
  const { locale } = visit.language;
  const url = await visit.run((ctx) => createFeed({ ...ctx, locale }, ctx.caller.userId));
  const secret = /([\w-]{43})\.ics$/.exec(url)?.[1] ?? '';
  return redirect('/my/calendar', [madeCookie(visit, secret, MADE_S)]);
}
