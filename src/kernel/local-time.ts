import { DAY_MS, HOUR_MS } from './dates.ts';

/** Instants as clocks and calendars of a time zone show them: the one home of such arithmetic. */

/** Whether `Intl` knows a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** One per zone: to make one costs a hundred times as much as to use it. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  });
  clocks.set(timeZone, clock);
  return clock;
}

/** `YYYY-MM-DDTHH:MM:SS` as calendar and clock of a time zone show it. */
export function localTime(at: Date, timeZone: string): string {
  const parts = clockOf(timeZone).formatToParts(at);
  const of = (type: Intl.DateTimeFormatPartTypes, digits = 2): string =>
    (parts.find((part) => part.type === type)?.value ?? '').padStart(digits, '0');
  return `${of('year', 4)}-${of('month')}-${of('day')}T${of('hour')}:${of('minute')}:${of('second')}`;
}

/** `YYYY-MM-DD` in a time zone. */
export const dayIn = (at: Date, timeZone: string): string => localTime(at, timeZone).slice(0, 10);

/** Whole days from one instant to another, as calendars of that time zone have them; negative for an earlier one. */
export const daysBetween = (from: Date, to: Date, timeZone: string): number =>
  (Date.parse(dayIn(to, timeZone)) - Date.parse(dayIn(from, timeZone))) / DAY_MS;

/** How far clocks that show this are ahead of UTC, in milliseconds. */
const aheadOf = (shown: string, at: Date): number =>
  Date.parse(`${shown}Z`) - Math.floor(at.getTime() / 1000) * 1000;

/** How far the clocks of a time zone are ahead of UTC at an instant, in milliseconds. */
const offsetAt = (at: Date, timeZone: string): number => aheadOf(localTime(at, timeZone), at);

/** `2023-03-31T15:30:00-07:00`: the time in a zone, and how far it is ahead of UTC then. */
export function inZone(at: Date, timeZone: string): string {
  const shown = localTime(at, timeZone);
  const minutes = Math.round(aheadOf(shown, at) / 60_000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${shown}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** When clocks of a time zone show what clocks of UTC show at `local`; see {@link shiftDays} for what comes twice or never. */
function whenShown(local: number, timeZone: string): Date {
  const aheadAt = (instant: number): number => offsetAt(new Date(instant), timeZone);
  const before = local - aheadAt(local - DAY_MS);
  const after = local - aheadAt(local + DAY_MS);
  const shows = (instant: number): boolean => instant + aheadAt(instant) === local;
  const first = [Math.min(before, after), Math.max(before, after)].find(shows);
  return new Date(first ?? before);
}

/**
 * The same time of day so many days later, or earlier for a negative number, on the calendar of a time zone. Where that
 * time comes twice it is the first; where clocks leave it out, it is as much later as they leave out.
 */
export const shiftDays = (at: Date, days: number, timeZone: string): Date =>
  whenShown(at.getTime() + offsetAt(at, timeZone) + days * DAY_MS, timeZone);

/** A full hour of the next day in a time zone, whatever its clocks do in between. */
export const nextDayAt = (hour: number, now: Date, timeZone: string): Date =>
  whenShown(Date.parse(dayIn(now, timeZone)) + DAY_MS + hour * HOUR_MS, timeZone);
