import type { Context } from '../access/index.ts';
import { EVENT_TYPES } from '../events/index.ts';
import { type CursorPage, cursorPageOrStream } from '../http/event-stream.ts';
import { sizeOf } from '../http/paging.ts';
import { Reply, type Route, route } from '../http/route.ts';
import { about, type Infer, ids, integer, list, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { writeCursor } from './cursor.ts';
import { type Following, type ReadPage, readPage, streamFrom, waitForPage } from './follow.ts';
import type { FeedWatch } from './watch.ts';

const MAX_WAIT_S = 60;

const nanoseconds = () => about('Nanoseconds since 1970', integer());

/** Everything that any event tells; which of it, docs/events.md says by type. */
export const Payload = object(
  {
    courseId: optional(about('A course, learning track or material', uuid())),
    courseItemId: optional(uuid()),
    learnerId: optional(uuid()),
    learnerIds: optional(about('At most 1,000; more are told in further entries', ids())),
    enrollmentIds: optional(about('In the order of learnerIds, where there are some', ids())),
    status: optional(text()),
    date: optional(nanoseconds()),
    completionDate: optional(nanoseconds()),
    userId: optional(uuid()),
    departmentId: optional(uuid()),
    login: optional(text()),
    email: optional(text()),
    trainingId: optional(uuid()),
    sessionId: optional(uuid()),
    dayId: optional(uuid()),
    participantId: optional(uuid()),
    participantIds: optional(ids()),
    operationId: optional(uuid()),
    kind: optional(text()),
    state: optional(text()),
    actorId: optional(uuid()),
    created: optional(integer()),
    changed: optional(integer()),
    unchanged: optional(integer()),
    refused: optional(integer()),
  },
  'EventPayload',
);

const Event = object(
  {
    eventId: about('The same whoever reads it, and however often', uuid()),
    type: oneOf(...EVENT_TYPES),
    occurredAt: text(),
    operationId: optional(about('The operation that did it, of events about enrollments', uuid())),
    payload: Payload,
  },
  'Event',
);

const Query = object({
  after: optional(
    about('nextCursor of an earlier answer; now for the end; without it the oldest that is kept', text()),
  ),
  limit: optional(
    about(
      'At most 1,000, which is the default; a page that names many learners is shorter.',
      integer({ min: 1 }),
    ),
  ),
  types: optional(about('Only these', list(oneOf(...EVENT_TYPES), { item: 'type' }))),
  wait: optional(
    about(
      `Seconds to wait for an event if there is none; at most ${MAX_WAIT_S}`,
      integer({ min: 0, max: MAX_WAIT_S }),
    ),
  ),
});

const EventsOrStream = cursorPageOrStream(Event, { key: 'events', xmlItem: 'event' });

type Page = CursorPage<Infer<typeof Event>>;

const toPage = (accountId: number, { entries, next, hasMore }: ReadPage): Page => ({
  items: entries.map(({ eventId, type, occurredAt, operationId, payload, place }) => ({
    id: writeCursor(accountId, place),
    type,
    value: { eventId, type, occurredAt: toInstantText(occurredAt), operationId, payload },
  })),
  nextCursor: writeCursor(accountId, next),
  hasMore,
});

async function* toPages(accountId: number, pages: AsyncIterable<ReadPage>): AsyncGenerator<Page> {
  for await (const page of pages) yield toPage(accountId, page);
}

export const feedRoutes = (watch: FeedWatch): readonly Route<Context>[] => [
  route({
    tag: 'events',
    may: 'administrator',
    method: 'GET',
    path: '/events',
    operationId: 'ListEvents',
    summary: 'What happened in the account, in order, each event once',
    description:
      'In the order in which it was committed, without gaps: whoever goes on from nextCursor misses nothing, whatever was being written meanwhile. With Accept: text/event-stream the events come as they happen, until the connection ends; Last-Event-ID resumes. docs/events.md says what each type tells.',
    query: Query,
    takesHeaders: { 'Last-Event-ID': 'The id of the last event that came; counts instead of after.' },
    answer: EventsOrStream,
    refusals: ['feed.cursor', 'feed.forgotten'],
    run: async (
      ctx: Context,
      { query, headers, format },
    ): Promise<Page | Reply<Page | AsyncIterable<Page>>> => {
      const { accountId } = ctx.caller;
      const resumed = headers['Last-Event-ID'] || undefined;
      const wanted = {
        after: resumed ?? (query.after || undefined),
        field: resumed === undefined ? 'after' : 'Last-Event-ID',
        types: query.types?.length ? query.types : EVENT_TYPES,
        limit: sizeOf(query.limit),
      };
      const waiting = ctx as Following;
      if (format === 'sse') {
        const pages = streamFrom(waiting, watch, wanted, await readPage(ctx, wanted));
        // A proxy that collects answers would keep events back.
        return new Reply(toPages(accountId, pages), { 'x-accel-buffering': 'no' });
      }
      return toPage(accountId, await waitForPage(waiting, watch, wanted, (query.wait ?? 0) * 1_000));
    },
  }),
];
