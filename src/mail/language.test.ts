import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LANGUAGES } from '../kernel/languages.ts';
import { html } from '../pages/index.ts';
import { TEXTS, voiceFor } from './language.ts';
import { fill, fillHtml, named, oneLine } from './template.ts';

/** Texts by their path, forms of one text side by side. */
function textsOf(value: unknown, path: string): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  return Object.entries(value as object).flatMap(([name, inner]) => textsOf(inner, `${path}.${name}`));
}
const FORM = /\.(zero|one|two|few|many|other)$/;
const holesOf = (text: string): string =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort().join(' ');

describe('languages', () => {
  test('each says everything, with the same holes as English, in every form that it counts by', () => {
    const english = new Map(
      textsOf(TEXTS.en, '').map(([path, text]) => [path.replace(FORM, ''), holesOf(text)]),
    );
    for (const language of LANGUAGES) {
      const own = textsOf(TEXTS[language], '');
      assert.deepEqual(
        new Set(own.map(([path]) => path.replace(FORM, ''))),
        new Set(english.keys()),
        language,
      );
      for (const [path, text] of own) {
        assert.notEqual(text.trim(), '', `${language}${path}`);
        assert.equal(holesOf(text), english.get(path.replace(FORM, '')), `${language}${path}`);
      }
      const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
      const forms = (of: object) => Object.keys(of).sort();
      const texts = TEXTS[language];
      for (const counted of [texts.digestSubject, texts.more, texts.daysLeft, texts.daysLate])
        assert.deepEqual(forms(counted), [...pluralCategories].sort(), language);
    }
  });

  test('forms of numbers', () => {
    const count = (locale: string, n: number) => {
      const voice = voiceFor([locale], 'UTC');
      return voice.count(voice.texts.daysLeft, n);
    };
    assert.deepEqual(
      [1, 2, 5, 21, 22, 111].map((n) => count('ru', n)),
      [
        'Остался 1 день.',
        'Осталось 2 дня.',
        'Осталось 5 дней.',
        'Остался 21 день.',
        'Осталось 22 дня.',
        'Осталось 111 дней.',
      ],
    );
    assert.deepEqual(
      [count('fr', 0), count('fr', 1), count('en', 0)],
      ['Il reste 0 jour.', 'Il reste 1 jour.', '0 days are left.'],
    );
  });

  test('the first language that there is; a region keeps its dates', () => {
    assert.equal(voiceFor([null, 'fi', 'de-AT', 'en'], 'UTC').locale, 'de-AT');
    assert.equal(voiceFor([null, 'xx'], 'UTC').locale, 'en');
    assert.equal(voiceFor(['en-!!', 'es_mx'], 'UTC').locale, 'es-MX', 'what is malformed is passed over');
  });
});

describe('templates', () => {
  test('what is put in is escaped, names are set apart', () => {
    assert.equal(
      html`<p title="${'"><b>'}">${named('a & b')}</p>`.text,
      '<p title="&quot;&gt;&lt;b&gt;"><bdi>a &amp; b</bdi></p>',
    );
    assert.equal(fill('{a} & {b}{c}', { a: '{b}', b: '2' }), '{b} & 2');
    assert.equal(fillHtml('{a} & {b}', { a: '<i>', b: '2' }).text, '<bdi>&lt;i&gt;</bdi> &amp; <bdi>2</bdi>');
  });

  test('one line: no breaks, no control characters, nothing that turns the text around', () => {
    assert.equal(oneLine(' a\r\nBcc: b\u0000\u2028c\u202ed\u200f\t '), 'a Bcc: b cd');
    assert.equal([...oneLine('😀'.repeat(300))].length, 200);
  });
});
