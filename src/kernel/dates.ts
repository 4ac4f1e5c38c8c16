/** Instants and how the wire spells them. Naive times are UTC (contract api.md 1.7). */

/** What a caller wrote as a date: the instant it begins at, and whether only a day was named. */
export interface WireInstant {
  readonly at: Date;
  readonly isDateOnly: boolean;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** The last instant Rollbook stores: 9999-12-31T23:59:59.999Z. */
export const LAST_INSTANT = new Date(Date.UTC(9999, 11, 31, 23, 59, 59, 999));
const FIRST_INSTANT_MS = Date.parse('0001-01-01T00:00:00Z');

const PATTERN =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Reads `YYYY-MM-DD`, `YYYY-MM-DD HH:MM[:SS[.fraction]]` or ISO 8601, with or without an offset.
 * Returns null for anything else: impossible days, year 0, hour 24, a bare time.
 */
export function parseInstant(text: string): WireInstant | null {
  const match = PATTERN.exec(text.trim());
  if (!match) return null;
  const [, year, month, day, hour, minute, second = '00', fraction = '', offset = 'Z'] = match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour ?? '0', minute ?? '0', second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (y < 1 || mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 59) return null;
  const ms = Number(`${fraction}000`.slice(0, 3));
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  if (date.getUTCMonth() !== mo - 1 || date.getUTCDate() !== d) return null;
  const offsetMs = readOffset(offset);
  if (offsetMs === null) return null;
  const at = new Date(date.getTime() + h * HOUR_MS + mi * 60_000 + s * 1000 + ms - offsetMs);
  if (at > LAST_INSTANT || at.getTime() < FIRST_INSTANT_MS) return null;
  return { at, isDateOnly: hour === undefined };
}

function readOffset(text: string): number | null {
  if (text.toUpperCase() === 'Z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', '') || '0');
  if (hours > 18 || minutes > 59) return null;
  return (text[0] === '-' ? -1 : 1) * (hours * HOUR_MS + minutes * 60_000);
}

/** The last millisecond of the UTC day in which `at` lies. */
export const endOfDay = (at: Date): Date => new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS + DAY_MS - 1);

/** `YYYY-MM-DD` in UTC. */
export const toDateText = (at: Date): string => at.toISOString().slice(0, 10);

/** `YYYY-MM-DDTHH:MM:SS+00:00`. */
export const toInstantText = (at: Date): string => `${at.toISOString().slice(0, 19)}+00:00`;
