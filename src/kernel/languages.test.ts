import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directionOf, isLocale, languageOf, localeOf } from './languages.ts';

test('tags: language and region are kept, what is malformed or not ours is null', () => {
  const examples: [tag: string | null | undefined, locale: string | null, isOne: boolean][] = [
    ['de', 'de', true],
    ['FR-ca', 'fr-CA', true],
    ['es-419', 'es-419', true],
    ['en_GB', 'en-GB', false],
    ['de-Latn-AT-1996-u-ca-buddhist', 'de-AT', true],
    ['fi', null, false],
    ['d_e', null, false],
    ['en-', null, false],
    ['en-!!', null, false],
    ['*', null, false],
    ['', null, false],
    ['constructor', null, false],
    [null, null, false],
    [undefined, null, false],
  ];
  for (const [tag, locale, isOne] of examples) {
    assert.equal(localeOf(tag), locale, String(tag));
    assert.equal(languageOf(tag), locale?.slice(0, 2) ?? null, String(tag));
    assert.equal(isLocale(tag ?? ''), isOne, String(tag));
  }
});

test('in which direction a language is written', () => {
  assert.deepEqual(['en-GB', 'ar', 'he-IL', 'fa', 'arn'].map(directionOf), [
    'ltr',
    'rtl',
    'rtl',
    'rtl',
    'ltr',
  ]);
});
