import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayIn, daysBetween, inZone, isTimeZone, localTime, nextDayAt, shiftDays } from './local-time.ts';

const HOUR = 3_600_000;

test('an instant is written with the wall clock and offset of its zone, summer and winter', () => {
  const examples: [instant: string, zone: string, text: string][] = [
    ['2023-03-31T22:30:00Z', 'America/Los_Angeles', '2023-03-31T15:30:00-07:00'],
    ['2023-01-31T22:30:00Z', 'America/Los_Angeles', '2023-01-31T14:30:00-08:00'],
    ['2023-12-31T22:30:00Z', 'Asia/Kolkata', '2024-01-01T04:00:00+05:30'],
    ['2023-06-01T00:00:00.999Z', 'UTC', '2023-06-01T00:00:00+00:00'],
    ['2023-06-01T12:00:00Z', 'America/St_Johns', '2023-06-01T09:30:00-02:30'],
  ];
  for (const [instant, zone, text] of examples) assert.equal(inZone(new Date(instant), zone), text);
});

test('what is written in a zone is read back as the same second', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'Africa/Cairo',
  ];
  const instants = fc.date({
    min: new Date('1980-01-01Z'),
    max: new Date('2100-01-01Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(instants, fc.constantFrom(...zones), (at, zone) => {
      assert.equal(Date.parse(inZone(at, zone)), Math.floor(at.getTime() / 1000) * 1000);
    }),
  );
});

test('time zones are those that have a name', () => {
  assert.ok(isTimeZone('Europe/Berlin') && isTimeZone('UTC'));
  for (const zone of ['Mars/Olympus', '', 'Europe/Berlin ']) assert.ok(!isTimeZone(zone), zone);
});

test('local time in the first years, when years have fewer digits and clocks odd minutes', () => {
  assert.equal(localTime(new Date('0050-01-01T12:00:00Z'), 'UTC'), '0050-01-01T12:00:00');
  assert.equal(dayIn(new Date('0999-12-31T23:30:00Z'), 'Asia/Tokyo'), '1000-01-01');
  assert.equal(inZone(new Date('0050-01-01T12:00:00Z'), 'UTC'), '0050-01-01T12:00:00+00:00');
});

test('day, and days between', () => {
  const at = new Date('2026-03-28T23:30:00Z');
  assert.equal(dayIn(at, 'UTC'), '2026-03-28');
  assert.equal(dayIn(at, 'Europe/Berlin'), '2026-03-29');
  assert.equal(dayIn(at, 'America/Los_Angeles'), '2026-03-28');
  // The clocks went forward in between: 23 hours are a day.
  assert.equal(daysBetween(at, new Date('2026-03-29T22:30:00Z'), 'Europe/Berlin'), 1);
  assert.equal(daysBetween(at, new Date('2026-03-28T22:30:00Z'), 'Europe/Berlin'), -1);
});

test('days later it is the same time of day: clocks that change, times that come twice or never', () => {
  const examples: [from: string, days: number, zone: string, to: string][] = [
    ['2026-03-28T12:00:00Z', 1, 'Europe/Berlin', '2026-03-29T11:00:00Z'],
    ['2026-03-30T11:00:00Z', -2, 'Europe/Berlin', '2026-03-28T12:00:00Z'],
    // 02:30 is left out: an hour later.
    ['2026-03-28T01:30:00Z', 1, 'Europe/Berlin', '2026-03-29T01:30:00Z'],
    // 02:30 comes twice: the first.
    ['2026-10-24T00:30:00Z', 1, 'Europe/Berlin', '2026-10-25T00:30:00Z'],
    ['0060-05-01T08:00:00Z', 3, 'UTC', '0060-05-04T08:00:00Z'],
  ];
  for (const [from, days, zone, to] of examples)
    assert.equal(shiftDays(new Date(from), days, zone).getTime(), Date.parse(to), `${from} ${days} ${zone}`);
});

test('an hour of the next day is that hour there, at any hour of a year, whatever the clocks do', () => {
  for (const timeZone of [
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
  ]) {
    const clock = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' });
    for (let hour = 0; hour < 365 * 24; hour += 5) {
      const now = new Date(Date.UTC(2026, 0, 1) + hour * HOUR + 17 * 60_000);
      const morning = nextDayAt(8, now, timeZone);
      assert.equal(clock.format(morning), '08:00', `${timeZone} ${now.toISOString()}`);
      assert.equal(daysBetween(now, morning, timeZone), 1);
    }
  }
});
