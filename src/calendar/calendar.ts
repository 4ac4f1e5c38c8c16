import type { Context } from '../access/index.ts';
import { displayStatus } from '../content/index.ts';
import { type DueDate, dueDatesOf } from '../enrollment/index.ts';
import { refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { accountOfToken } from '../kernel/ids.ts';
import { linkUnder } from '../kernel/links.ts';
import { localTime } from '../kernel/local-time.ts';
import type { ReadTx } from '../storage/index.ts';
import { type SeatedDay, seatedDaysOf } from '../training/index.ts';
import { digestOf, type Event, type Lines, linesOf, writeCalendar } from './ics.ts';
import * as queries from './queries.ts';
import {
  cancelledSince,
  type Entry,
  isReadWorthNoting,
  MAX_EVENTS,
  type Reconciled,
  reconcile,
  selectEntries,
  type Told,
  windowStart,
} from './rules.ts';
import { wordsOf } from './words.ts';

/**
 * The calendar that an address leads to. What is to be shown is read from the enrollments and seats of this moment;
 * beside it stands what was told before. Only a difference between the two is written, so that an unchanged calendar
 * costs four reads and no write, however often it is asked for.
 */

/** An entry with what is told about it. */
interface Shown extends Entry {
  readonly lines: Lines;
}

interface Loaded extends Reconciled {
  readonly feed: queries.Feed;
  readonly shown: readonly Shown[];
}

/** The text of a calendar. Refuses an address that leads nowhere, whyever: 404. */
export async function readCalendar(
  { db, now }: Pick<Context, 'db' | 'now'>,
  secret: string,
): Promise<string> {
  const accountId = accountOfToken(secret);
  if (accountId === null || accountId > 0x7fffffff) refuse('calendar.unknown');
  const secretHash = sha256(secret);
  const loaded = (await db.read((tx) => load(tx, accountId, secretHash, now))) ?? refuse('calendar.unknown');
  if (!isWorthWriting(loaded, now)) return write(loaded);
  const told = await db.write(async (tx) => {
    await queries.lockFeed(tx, accountId, secretHash);
    const again = await load(tx, accountId, secretHash, now);
    if (!again) return null;
    const { feed, changes } = again;
    if (changes.length > 0) await queries.saveTold(tx, accountId, feed.userId, changes);
    if (isReadWorthNoting(feed.lastReadAt, now)) await queries.noteRead(tx, accountId, feed.userId, now);
    return again;
  });
  return write(told ?? refuse('calendar.unknown'));
}

const isWorthWriting = ({ feed, changes }: Loaded, now: Date): boolean =>
  changes.length > 0 || isReadWorthNoting(feed.lastReadAt, now);

async function load(tx: ReadTx, accountId: number, secretHash: Buffer, now: Date): Promise<Loaded | null> {
  const feed = await queries.findFeed(tx, accountId, secretHash, now);
  if (!feed) return null;
  const since = windowStart(now);
  // One more than is shown tells whether there are more.
  const which = { since, limit: MAX_EVENTS + 1 };
  const dueDates = await dueDatesOf(tx, accountId, feed.userId, which);
  const days = await seatedDaysOf(tx, accountId, feed.userId, which);
  const { shown, until } = selectEntries([
    ...dueDates.map((due) => toShown(due.enrollmentId, ofDueDate(due, feed))),
    ...days.map((day) => toShown(day.dayId, ofDay(day, feed))),
  ]);
  const before = await queries.toldOf(tx, accountId, feed.userId, {
    sourceIds: shown.map(({ sourceId }) => sourceId),
    startsSince: since,
    cancelledSince: cancelledSince(now),
  });
  return { feed, shown, ...reconcile(shown, before, { now, until }) };
}

function toShown(sourceId: string, event: Event): Shown {
  const { startsAt, durationSeconds, summary } = event;
  const lines = linesOf(event);
  return { sourceId, startsAt, durationSeconds, summary, lines, digest: digestOf(lines) };
}

/** Something is due: an instant, which takes nobody's time. */
function ofDueDate({ title, dueAt, status, lockAfterDueDate }: DueDate, feed: queries.Feed): Event {
  const words = wordsOf(feed.locales);
  return {
    startsAt: dueAt,
    durationSeconds: null,
    summary: words.due(title),
    description: [
      `${words.status}: ${displayStatus(status, words.locale)}`,
      ...(lockAfterDueDate ? [words.locks] : []),
      linkUnder(feed.accountUrl, ''),
    ].join('\n'),
    url: linkUnder(feed.accountUrl, ''),
    isBusy: false,
  };
}

/** A day of a session; of several each says which it is. */
function ofDay(day: SeatedDay, feed: queries.Feed): Event {
  const words = wordsOf(feed.locales);
  const endsAt = new Date(day.startsAt.getTime() + day.durationSeconds * 1000);
  const title = `${day.trainingTitle}: ${day.sessionTitle}`;
  const [from, to] = [day.startsAt, endsAt].map((at) => wallClock(at, day.timeZone));
  return {
    startsAt: day.startsAt,
    durationSeconds: day.durationSeconds,
    summary: day.count > 1 ? `${title} (${day.number}/${day.count})` : title,
    description: [
      `${words.time}: ${from} – ${to} ${day.timeZone}`,
      ...(day.instructor ? [`${words.instructor}: ${day.instructor}`] : []),
      ...(day.organizer ? [`${words.organizer}: ${day.organizer}`] : []),
      ...(day.url ? [day.url] : []),
      linkUnder(feed.accountUrl, ''),
    ].join('\n'),
    location: day.location ?? day.url,
    url: day.url ?? linkUnder(feed.accountUrl, ''),
    isBusy: true,
  };
}

/** `2026-10-25 09:00` where the training takes place. */
const wallClock = (at: Date, timeZone: string): string =>
  localTime(at, timeZone).slice(0, 16).replace('T', ' ');

function write({ feed, shown, told, cancelled }: Loaded): string {
  const host = new URL(linkUnder(feed.accountUrl, '')).hostname;
  const toWritten = (event: Told, lines: Lines) => ({
    uid: `${event.sourceId}@${host}`,
    sequence: event.sequence,
    changedAt: event.changedAt,
    isCancelled: event.cancelledAt !== null,
    lines,
  });
  return writeCalendar(feed.accountName, [
    ...shown.map((entry) => toWritten(told.get(entry.sourceId) as Told, entry.lines)),
    ...cancelled
      .slice(0, MAX_EVENTS - shown.length)
      .map((event) => toWritten(event, linesOf({ ...event, isBusy: false }))),
  ]);
}
