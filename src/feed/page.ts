import {
  afterPosition,
  type EventLearner,
  learnersOf,
  ordinalAt,
  placeIn,
  WHOLE_EVENT,
} from '../enrollment/index.ts';
import { type EventType, PAIR_TYPES, positionAt } from '../events/index.ts';
import { namedId } from '../kernel/ids.ts';
import { acceptedAt } from '../operations/index.ts';
import type { ReadTx } from '../storage/index.ts';
import type { FeedEnd } from './places.ts';
import { endOf, eventsOf, type FeedEvent, type FeedPlace } from './read.ts';

/** A page of the feed: events as they are told, those about many pairs in parts. */

/** The most learners that one entry names: parts have the same borders for every reader. */
const PART = 1_000;
/** The most learners that one page names, whatever its limit; a multiple of the above. */
const LEARNERS_AT_ONCE = 10_000;
/** How far one look goes: types that hardly ever happen are looked for in steps. */
const SPAN = 20_000n;
/** Steps of one page; then it is empty, and more may follow. */
const MAX_STEPS = 10;

export interface FeedEntry {
  /** The same whoever reads it, and however often. */
  readonly eventId: string;
  readonly type: EventType;
  readonly occurredAt: Date;
  readonly operationId: string | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Where a reader is who has read it. */
  readonly place: FeedPlace;
}

export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** Where to go on. */
  readonly next: FeedPlace;
  /** Whether something may follow already. */
  readonly hasMore: boolean;
}

export interface PageRange {
  readonly after: FeedPlace;
  readonly end: FeedEnd;
  readonly types: readonly string[];
  readonly limit: number;
}

/** The next entries after a place, up to the end. */
export async function pageAfter(tx: ReadTx, accountId: number, range: PageRange): Promise<FeedPage> {
  const { end, types, limit } = range;
  let { after } = range;
  if (after.position === end.position && after.ordinal === WHOLE_EVENT && after.number === end.events)
    return { entries: [], next: after, hasMore: false };
  for (let step = 0; step < MAX_STEPS; step++) {
    const upTo = await stepAfter(tx, accountId, { ...range, after });
    const found = await eventsOf(tx, accountId, { after, upTo, types, limit });
    const events = affordable(found);
    const entries = await entriesOf(tx, accountId, { after, events, limit });
    const isAll = found.length < limit && events.length === found.length && entries.isAll;
    const isEnd = isAll && upTo.position === end.position && upTo.events === end.events;
    const next = isEnd ? endOf(end) : isAll ? afterStep(entries.next, upTo) : entries.next;
    if (entries.told.length > 0 || isEnd) return { entries: entries.told, next, hasMore: !isEnd };
    after = next;
  }
  return { entries: [], next: after, hasMore: true };
}

interface Step extends FeedEnd {
  /** Up to which number every event follows a chunk of the step. */
  readonly passed: bigint;
}

/** How far to look at once: both kinds of events up to one place, which lies after the reader's. */
async function stepAfter(
  tx: ReadTx,
  accountId: number,
  { after, end, types }: Omit<PageRange, 'limit'>,
): Promise<Step> {
  const position = after.position + SPAN < end.position ? after.position + SPAN : end.position;
  const isPairsOnly = types.every((type) => (PAIR_TYPES as readonly string[]).includes(type));
  if (isPairsOnly || after.number + SPAN >= end.events)
    return { position, events: end.events, passed: after.number };
  const events = after.number + SPAN;
  const followed = (await positionAt(tx, accountId, events)) ?? 0n;
  if (followed > position) return { position, events, passed: after.number };
  return { position: followed > after.position ? followed : after.position, events, passed: events };
}

const afterStep = (place: FeedPlace, { position, passed }: Step): FeedPlace => ({
  ...afterPosition(position),
  number: passed > place.number ? passed : place.number,
});

/** As many of them as name no more learners than a page may; the first in any case. */
function affordable(events: readonly FeedEvent[]): readonly FeedEvent[] {
  let learners = 0;
  const end = events.findIndex(({ pairs }, place) => {
    learners += pairs?.learners ?? 0;
    return learners > LEARNERS_AT_ONCE && place > 0;
  });
  return end < 0 ? events : events.slice(0, end);
}

interface Told {
  readonly told: readonly FeedEntry[];
  readonly next: FeedPlace;
  /** Whether everything of the events is told. */
  readonly isAll: boolean;
}

async function entriesOf(
  tx: ReadTx,
  accountId: number,
  { after, events, limit }: { after: FeedPlace; events: readonly FeedEvent[]; limit: number },
): Promise<Told> {
  const parts = events.flatMap(({ pairs }) => (pairs ? [{ ...pairs, after: ordinalAt(pairs, after) }] : []));
  if (parts.length === 0) return compose(accountId, after, events, new Map(), new Map(), limit);
  const learners = new Map<number, EventLearner[]>();
  for (const learner of await learnersOf(tx, accountId, parts, LEARNERS_AT_ONCE)) {
    const known = learners.get(learner.no);
    if (known) known.push(learner);
    else learners.set(learner.no, [learner]);
  }
  const accepted = await acceptedAt(tx, accountId, [...new Set(parts.map(({ operationId }) => operationId))]);
  return compose(accountId, after, events, learners, accepted, limit);
}

/** Events as entries, in order, at most `limit`; learners by the number of their event among those about pairs. */
function compose(
  accountId: number,
  after: FeedPlace,
  events: readonly FeedEvent[],
  learners: ReadonlyMap<number, readonly EventLearner[]>,
  accepted: ReadonlyMap<string, Date>,
  limit: number,
): Told {
  const told: FeedEntry[] = [];
  let next = after;
  let no = 0;
  for (const { pairs, single } of events) {
    if (told.length >= limit) return { told, next, isAll: false };
    if (single) {
      next = { ...afterPosition(single.position), number: single.number };
      const { eventId, eventType: type, occurredAt, payload } = single;
      told.push({ eventId, type, occurredAt, operationId: undefined, payload, place: next });
      continue;
    }
    const own = learners.get(no++) ?? [];
    let from = ordinalAt(pairs, after);
    for (let at = 0; at < own.length; at += PART) {
      if (told.length >= limit) return { told, next, isAll: false };
      const part = own.slice(at, at + PART);
      const isLast = at + PART >= own.length && own.length < LEARNERS_AT_ONCE;
      const upTo = part.at(-1)?.ordinal ?? from;
      next = { ...placeIn(pairs, isLast ? 'end' : upTo), number: next.number };
      told.push({
        eventId: namedId(accountId, `event ${pairs.chunk} ${pairs.itemId} ${pairs.eventType} ${from}`),
        type: pairs.eventType,
        occurredAt: accepted.get(pairs.operationId) ?? new Date(0),
        operationId: pairs.operationId,
        payload: {
          courseId: pairs.itemId,
          learnerIds: part.map(({ learnerId }) => learnerId),
          enrollmentIds: part.map(({ enrollmentId }) => enrollmentId),
        },
        place: next,
      });
      from = upTo;
    }
    if (own.length >= LEARNERS_AT_ONCE) return { told, next, isAll: false };
    // Also one of whom nobody is left to be told.
    next = { ...placeIn(pairs, 'end'), number: next.number };
  }
  return { told, next, isAll: true };
}
