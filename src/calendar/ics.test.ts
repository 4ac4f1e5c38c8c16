import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, linesOf, writeCalendar } from './ics.ts';

const AT = new Date('2026-12-24T23:59:59.999Z');
const event = { startsAt: AT, durationSeconds: null, summary: 'T', isBusy: false };

test('a calendar, whole', () => {
  const text = writeCalendar('A; b, c\\d', [
    {
      uid: 'one@example',
      sequence: 3,
      changedAt: new Date('2026-11-26T09:00:00Z'),
      isCancelled: true,
      lines: linesOf({
        ...event,
        durationSeconds: 90,
        description: 'first\r\nsecond\rthird\n\u0007',
        location: 'Room 1, left',
        url: 'https://x.example/a?b=1,2;c d',
      }),
    },
  ]);
  assert.equal(
    text,
    [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Rollbook//Rollbook//EN',
      'CALSCALE:GREGORIAN',
      'NAME:A\\; b\\, c\\\\d',
      'X-WR-CALNAME:A\\; b\\, c\\\\d',
      'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
      'X-PUBLISHED-TTL:PT1H',
      'BEGIN:VEVENT',
      'UID:one@example',
      'SEQUENCE:3',
      'DTSTAMP:20261126T090000Z',
      'LAST-MODIFIED:20261126T090000Z',
      'DTSTART:20261224T235959Z',
      'DTEND:20261225T000129Z',
      'SUMMARY:T',
      'DESCRIPTION:first\\nsecond\\nthird\\n',
      'LOCATION:Room 1\\, left',
      'URL:https://x.example/a?b=1,2;c%20d',
      'TRANSP:TRANSPARENT',
      'STATUS:CANCELLED',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ].join('\r\n'),
  );
});

test('lines are folded at 75 bytes, never within a letter', () => {
  for (const letter of ['a', 'é', '語', '🔥', '\\'])
    for (let length = 1; length < 160; length++) {
      const text = writeCalendar(letter.repeat(length), []);
      const lines = text.split('\r\n');
      for (const line of lines) {
        assert.ok(Buffer.byteLength(line) <= 75, line);
        assert.equal(Buffer.from(line).toString(), line);
      }
      const whole = text.replaceAll('\r\n ', '').split('\r\n');
      const expected = letter === '\\' ? '\\\\'.repeat(length) : letter.repeat(length);
      assert.ok(whole.includes(`NAME:${expected}`) && whole.includes(`X-WR-CALNAME:${expected}`));
      assert.equal(whole.length, 10);
      if (letter === 'a') {
        // The first line holds 75, each that goes on 74 more.
        const broken = ['NAME:', 'X-WR-CALNAME:'].map((name) => Math.ceil((name.length + length - 75) / 74));
        assert.equal(lines.length, 10 + broken.reduce((sum, breaks) => sum + Math.max(0, breaks), 0));
      }
    }
});

test('whatever differs in what is told differs in the digest', () => {
  const base = { ...event, description: 'd', location: 'l', url: 'https://x.example' };
  const others = [
    base,
    { ...base, startsAt: new Date(AT.getTime() + 1000) },
    { ...base, durationSeconds: 1 },
    { ...base, summary: 't' },
    { ...base, description: 'e' },
    { ...base, location: null },
    { ...base, url: 'https://y.example' },
    { ...base, isBusy: true },
    { ...base, summary: 'T\nDESCRIPTION:d' },
  ];
  assert.equal(new Set(others.map((one) => digestOf(linesOf(one)).toString('hex'))).size, others.length);
  const inSecond = { ...base, startsAt: new Date(AT.getTime() - 500) };
  assert.deepEqual(digestOf(linesOf(inSecond)), digestOf(linesOf(base)), 'nobody is told of milliseconds');
});
