import { sha256 } from '../kernel/hash.ts';

/** The text of a calendar (RFC 5545), pure. Every event is written in UTC: an instant needs no time zone to be carried along. */

/** Lines are folded so that none is longer, in bytes, without the line break. */
const MAX_LINE_BYTES = 75;

/** What calendars are told about an event, as lines. */
export type Lines = readonly string[];

/** Control characters have no place in a text, but for tabs. */
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** A text as the value of a property. */
const escapeText = (text: string): string =>
  text
    .replace(/[\\;,]/g, (sign) => `\\${sign}`)
    .replace(/\r\n|\r|\n/g, '\\n')
    .replace(CONTROLS, '');

/** `20261126T235959Z` */
const utc = (at: Date): string => `${at.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

/** Bytes of a letter in UTF-8. */
const sizeOf = (code: number): number => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);

/** Cut between letters, so that no line breaks one apart. */
function fold(line: string): string {
  if (Buffer.byteLength(line) <= MAX_LINE_BYTES) return line;
  let [folded, from, bytes] = ['', 0, 0];
  for (let at = 0; at < line.length; ) {
    const code = line.codePointAt(at) ?? 0;
    const size = sizeOf(code);
    if (bytes + size > MAX_LINE_BYTES) {
      folded += `${line.slice(from, at)}\r\n `;
      from = at;
      bytes = 1;
    }
    bytes += size;
    at += code > 0xffff ? 2 : 1;
  }
  return folded + line.slice(from);
}

/** What can be told about an event. */
export interface Event {
  readonly startsAt: Date;
  /** null: an instant */
  readonly durationSeconds: number | null;
  readonly summary: string;
  readonly description?: string;
  readonly location?: string | null;
  /** http(s) */
  readonly url?: string;
  /** Whether it takes the time of whoever has it in their calendar. */
  readonly isBusy: boolean;
}

/** An event's own lines. RFC 5545 has an event without an end be over as it begins. */
export function linesOf(event: Event): Lines {
  const { startsAt, durationSeconds, description, location, url } = event;
  return [
    `DTSTART:${utc(startsAt)}`,
    ...(durationSeconds === null
      ? []
      : [`DTEND:${utc(new Date(startsAt.getTime() + durationSeconds * 1000))}`]),
    `SUMMARY:${escapeText(event.summary)}`,
    ...(description ? [`DESCRIPTION:${escapeText(description)}`] : []),
    ...(location ? [`LOCATION:${escapeText(location)}`] : []),
    // An address is no text: nothing in it is escaped.
    ...(url ? [`URL:${url.replace(/[\0-\x20\x7f]/g, encodeURIComponent)}`] : []),
    `TRANSP:${event.isBusy ? 'OPAQUE' : 'TRANSPARENT'}`,
  ];
}

/** Two events with the same digest are told in the same words. */
export const digestOf = (lines: Lines): Buffer => sha256(lines.join('\n'));

export interface WrittenEvent {
  readonly uid: string;
  readonly sequence: number;
  readonly changedAt: Date;
  readonly isCancelled: boolean;
  readonly lines: Lines;
}

/**
 * A whole calendar. It has no METHOD: with one it would be a message between people, and want an organizer of each
 * event. DTSTAMP is then when an event was changed last, so that the same state is always the same text.
 */
export function writeCalendar(name: string, events: readonly WrittenEvent[]): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Rollbook//Rollbook//EN',
    'CALSCALE:GREGORIAN',
    `NAME:${escapeText(name)}`,
    `X-WR-CALNAME:${escapeText(name)}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    'X-PUBLISHED-TTL:PT1H',
    ...events.flatMap((event) => [
      'BEGIN:VEVENT',
      `UID:${event.uid}`,
      `SEQUENCE:${event.sequence}`,
      `DTSTAMP:${utc(event.changedAt)}`,
      `LAST-MODIFIED:${utc(event.changedAt)}`,
      ...event.lines,
      `STATUS:${event.isCancelled ? 'CANCELLED' : 'CONFIRMED'}`,
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
  ];
  return `${lines.map(fold).join('\r\n')}\r\n`;
}
