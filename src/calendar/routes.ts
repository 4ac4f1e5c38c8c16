import type { Context } from '../access/index.ts';
import { IF_NONE_MATCH, unlessUnchanged } from '../http/conditional.ts';
import { file, nothing, one, type Route, route } from '../http/route.ts';
import { about, object, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { readCalendar } from './calendar.ts';
import { createFeed, readFeedInfo, removeFeed } from './feeds.ts';

const byId = object({ id: uuid() });
/** Whether somebody is the user, or stands above, is asked of the user that is named. */
const OF_USER = { tag: 'calendar', may: 'caller', path: '/user/{id}/calendar', params: byId } as const;
const NOT_THERE = ['people.unknown_user', 'auth.user_scope', 'auth.outranked'] as const;
const url = about('A secret: whoever has it reads the calendar. Told once.', text());
const FeedInfo = object(
  { createdAt: text(), lastReadAt: optional(about('To the hour', text())) },
  'Calendar',
);

const HEADERS = {
  // To be kept, and asked after each time: what is revoked is gone at once.
  'cache-control': 'private, no-cache',
  'content-disposition': 'inline; filename="calendar.ics"',
  'x-robots-tag': 'noindex, nofollow',
} as const;

export const calendarRoutes: readonly Route<Context>[] = [
  route({
    ...OF_USER,
    method: 'POST',
    operationId: 'CreateCalendar',
    keyless: 'secret',
    summary: 'A secret address of the calendar of a user, in the place of any earlier one',
    description:
      'For the user, and for whoever manages the user. The calendar has due dates and training sessions, in the language of the user, or in that of X-Target-Locale where none is set.',
    answer: one(object({ url }), { xmlItem: 'calendar', status: 201 }),
    refusals: NOT_THERE,
    run: async (ctx: Context, { params }) => ({ url: await createFeed(ctx, params.id) }),
  }),
  route({
    ...OF_USER,
    method: 'GET',
    operationId: 'GetCalendar',
    summary: 'Since when the calendar of a user has an address, and when it was read',
    answer: one(FeedInfo, { xmlItem: 'calendar' }),
    refusals: [...NOT_THERE, 'calendar.none'],
    run: async (ctx: Context, { params }) => {
      const { createdAt, lastReadAt } = await readFeedInfo(ctx, params.id);
      return {
        createdAt: toInstantText(createdAt),
        lastReadAt: lastReadAt ? toInstantText(lastReadAt) : undefined,
      };
    },
  }),
  route({
    ...OF_USER,
    method: 'DELETE',
    operationId: 'RemoveCalendar',
    summary: 'Take the address of the calendar of a user away; it leads nowhere at once',
    answer: nothing(204),
    refusals: NOT_THERE,
    run: (ctx: Context, { params }) => removeFeed(ctx, params.id),
  }),
  route({
    tag: 'calendar',
    may: 'public',
    method: 'GET',
    path: '/calendar/{token}.ics',
    operationId: 'ReadCalendar',
    summary: 'The calendar that an address leads to (RFC 5545)',
    params: object({ token: text() }),
    takesHeaders: IF_NONE_MATCH,
    headers: { ETag: 'The same as long as the calendar is.' },
    answer: file<string>('text/calendar; charset=utf-8'),
    mayBeUnchanged: true,
    refusals: ['calendar.unknown'],
    run: async (ctx: Context, { params, headers }) =>
      unlessUnchanged(await readCalendar(ctx, params.token), headers, HEADERS),
  }),
];
