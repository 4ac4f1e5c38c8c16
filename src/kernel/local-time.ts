/** Instants as clocks and calendars of a time zone show them. */

const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  });
  formats.set(timeZone, format);
  return format;
}

/** How far the clocks of a time zone are ahead of UTC at an instant, in milliseconds. */
function offsetAt(at: number, timeZone: string): number {
  const shown = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)] as const),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): number => shown.get(type) ?? 0;
  const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  const wholeSecond = Math.floor(at / 1000) * 1000;
  return local - wholeSecond;
}

/**
 * The same time of day so many days later, or earlier for a negative number, on the calendar of a time zone. Where that
 * time comes twice it is the first; where clocks leave it out, it is as much later as they leave out.
 */
export function shiftDays(at: Date, days: number, timeZone: string): Date {
  const local = at.getTime() + offsetAt(at.getTime(), timeZone) + days * DAY_MS;
  const before = local - offsetAt(local - DAY_MS, timeZone);
  const after = local - offsetAt(local + DAY_MS, timeZone);
  const shows = (instant: number): boolean => instant + offsetAt(instant, timeZone) === local;
  const first = [Math.min(before, after), Math.max(before, after)].find(shows);
  return new Date(first ?? before);
}
