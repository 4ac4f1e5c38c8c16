import assert from 'node:assert/strict';
import ICAL from 'ical.js';
import nodeIcal, { type VEvent } from 'node-ical';
import { convertIcsCalendar } from 'ts-ics';

/** What calendar programs make of a calendar: read by three parsers that have nothing in common, which must agree. */

export interface ReadEvent {
  readonly uid: string;
  readonly sequence: number;
  readonly start: Date;
  /** As the start where there is none. */
  readonly end: Date;
  readonly summary: string;
  readonly description: string;
  readonly location: string;
  readonly url: string;
  readonly isCancelled: boolean;
  readonly changedAt: Date;
}

/** The events in the order in which they stand, and the name of the calendar. */
export function readCalendar(text: string): { name: string; events: ReadEvent[] } {
  assertLines(text);
  const [name, first] = byIcalJs(text);
  assert.deepEqual(byNodeIcal(text), [name, first], 'node-ical reads what ical.js reads');
  assert.deepEqual(byTsIcs(text), first, 'ts-ics reads what ical.js reads');
  return { name, events: first };
}

/** RFC 5545, 3.1: lines end with CR LF and are no longer than 75 bytes; ours break no letter apart. */
function assertLines(text: string): void {
  assert.ok(text.endsWith('\r\nEND:VCALENDAR\r\n'));
  for (const line of text.slice(0, -2).split('\r\n')) {
    assert.ok(Buffer.byteLength(line) <= 75, `${Buffer.byteLength(line)} bytes: ${line}`);
    assert.equal(Buffer.from(line).toString(), line, 'no half of a letter');
    assert.doesNotMatch(line, /[\0-\x08\x0a-\x1f\x7f]/);
  }
}

function byIcalJs(text: string): [string, ReadEvent[]] {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const textOf = (component: InstanceType<typeof ICAL.Component>, property: string): string =>
    String(component.getFirstPropertyValue(property) ?? '');
  const events = calendar.getAllSubcomponents('vevent').map((component) => {
    const event = new ICAL.Event(component);
    const dateOf = (property: string): Date =>
      (component.getFirstPropertyValue(property) as InstanceType<typeof ICAL.Time>).toJSDate();
    return {
      uid: event.uid,
      sequence: Number(event.sequence),
      start: event.startDate.toJSDate(),
      end: event.endDate.toJSDate(),
      summary: event.summary,
      description: event.description ?? '',
      location: event.location ?? '',
      url: textOf(component, 'url'),
      isCancelled: textOf(component, 'status') === 'CANCELLED',
      changedAt: dateOf('last-modified'),
    };
  });
  return [textOf(calendar, 'x-wr-calname'), events];
}

/** Its dates and texts have members of their own, which are no part of what was read. */
const plainDate = (date: Date | undefined): Date => new Date(date ?? Number.NaN);
const plainText = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'val' in value ? String(value.val) : String(value ?? '');

function byNodeIcal(text: string): [string, ReadEvent[]] {
  const parsed = nodeIcal.sync.parseICS(text);
  const events = Object.values(parsed)
    .filter((component): component is VEvent => component?.type === 'VEVENT')
    .map((event) => ({
      uid: event.uid,
      sequence: Number(event.sequence),
      start: plainDate(event.start),
      end: plainDate(event.end),
      summary: plainText(event.summary),
      description: plainText(event.description),
      location: plainText(event.location),
      url: plainText(event.url),
      isCancelled: event.status === 'CANCELLED',
      changedAt: plainDate(event.lastmodified),
    }));
  return [plainText((parsed['vcalendar'] as unknown as Record<string, unknown>)['WR-CALNAME']), events];
}

function byTsIcs(text: string): ReadEvent[] {
  return (convertIcsCalendar(undefined, text).events ?? []).map((event) => ({
    uid: event.uid,
    sequence: event.sequence ?? 0,
    start: event.start.date,
    end: (event as { end?: { date: Date } }).end?.date ?? event.start.date,
    summary: event.summary,
    description: event.description ?? '',
    location: event.location ?? '',
    url: event.url ?? '',
    isCancelled: event.status === 'CANCELLED',
    changedAt: event.lastModified?.date ?? new Date(Number.NaN),
  }));
}
