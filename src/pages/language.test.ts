import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Language, localeFor } from './language.ts';

const BERLIN = 'Europe/Berlin';

test('what a person chose, else what the browser asks for; regions are kept, what is malformed is passed over', () => {
  const examples: [chosen: string | null, asked: string | undefined, locale: string][] = [
    [null, undefined, 'en'],
    [null, '', 'en'],
    [null, 'en-GB,en;q=0.9', 'en-GB'],
    [null, 'fi, de-AT;q=0.8, fr;q=0.9', 'fr'],
    [null, 'fr;q=0, de', 'de'],
    ['ru', 'de-AT', 'ru'],
    ['de', 'en-GB, de-CH;q=0.3', 'de-CH'],
    ['de-AT', 'de-CH', 'de-AT'],
    ['xx', 'es-MX', 'es-MX'],
    [null, '*', 'en'],
    [null, 'en-!!;q=zwei, ;;;, de-;q=1, \u0000, es;q=0.1', 'es'],
    [null, 'constructor, __proto__', 'en'],
  ];
  for (const [chosen, asked, locale] of examples)
    assert.equal(localeFor(chosen, asked), locale, `${chosen} ${asked}`);
});

test('no header throws, and whatever comes out of one can be spoken', () => {
  const pieces = fc.array(
    fc.constantFrom('en', 'de', '-', 'GB', 'u', 'ca', 'x', ';', 'q=', '1', ',', '*', 'é', '_'),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        pieces.map((some) => some.join('')),
      ),
      (asked) => {
        const language = new Language(localeFor(null, asked), 'UTC');
        assert.notEqual(language.exact(new Date(0)), '');
        assert.notEqual(language.say('app.skip'), '');
      },
    ),
  );
});

test('dates are written as the region writes them', () => {
  const at = new Date('2026-03-05T13:00:00Z');
  const exact = (locale: string): string => new Language(locale, BERLIN).exact(at);
  assert.match(exact('en-GB'), /^Thursday,? 5 March 2026.*14:00$/);
  assert.match(exact('en'), /^Thursday, March 5, 2026.*2:00\sPM$/);
  assert.match(exact('de-AT'), /^Donnerstag, 5\. März 2026.*14:00$/);
  assert.equal(new Language('en-GB', BERLIN).say('app.skip'), new Language('en', 'UTC').say('app.skip'));
});

test('how far away something is: by days of the calendar in the person’s zone, whatever clocks do', () => {
  const examples: [now: string, at: string, zone: string, text: string][] = [
    ['2026-03-02T09:00Z', '2026-03-02T09:00:20Z', 'UTC', 'in 20 seconds'],
    ['2026-03-02T09:00Z', '2026-03-02T09:00Z', 'UTC', 'now'],
    ['2026-03-02T09:00Z', '2026-03-02T08:15Z', 'UTC', '45 minutes ago'],
    ['2026-03-02T09:00Z', '2026-03-02T20:30Z', 'UTC', 'in 11 hours'],
    ['2026-03-02T23:50Z', '2026-03-03T00:10Z', 'UTC', 'in 20 minutes'],
    ['2026-03-02T22:00Z', '2026-03-03T00:10Z', 'UTC', 'tomorrow'],
    // 47 hours ahead, on the day after tomorrow; and on the next, where clocks show another day.
    ['2026-03-02T09:00Z', '2026-03-04T08:00Z', 'UTC', 'in 2 days'],
    ['2026-03-02T00:30Z', '2026-03-03T23:30Z', 'UTC', 'tomorrow'],
    ['2026-03-02T00:30Z', '2026-03-03T23:30Z', 'America/New_York', 'in 2 days'],
    ['2026-03-02T22:30Z', '2026-03-03T22:30Z', BERLIN, 'tomorrow'],
    ['2026-03-02T22:30Z', '2026-03-03T23:30Z', BERLIN, 'in 2 days'],
    ['2026-03-04T08:00Z', '2026-03-02T09:00Z', 'UTC', '2 days ago'],
    ['2026-03-04T08:00Z', '2026-03-03T09:00Z', 'UTC', 'yesterday'],
    // A day of 23 hours.
    ['2026-03-28T23:00Z', '2026-03-29T22:00Z', BERLIN, 'tomorrow'],
    ['2026-03-02T09:00Z', '2026-03-15T09:00Z', 'UTC', 'in 13 days'],
    ['2026-03-02T09:00Z', '2026-03-16T08:00Z', 'UTC', 'in 2 weeks'],
    ['2026-03-02T09:00Z', '2026-04-30T09:00Z', 'UTC', 'in 8 weeks'],
    ['2026-03-02T09:00Z', '2026-05-01T09:00Z', 'UTC', 'in 2 months'],
    ['2026-03-02T09:00Z', '2028-02-29T09:00Z', 'UTC', 'in 24 months'],
    ['2026-03-02T09:00Z', '2028-03-02T09:00Z', 'UTC', 'in 2 years'],
    ['2026-03-02T09:00Z', '2022-03-02T09:00Z', 'UTC', '4 years ago'],
  ];
  for (const [now, at, zone, text] of examples)
    assert.equal(
      new Language('en', zone).relative(new Date(at), new Date(now)),
      text,
      `${now} ${at} ${zone}`,
    );
  assert.equal(
    new Language('de-AT', 'UTC').relative(new Date('2026-03-04'), new Date('2026-03-02')),
    'übermorgen',
  );
});
