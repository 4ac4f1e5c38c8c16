import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayStatus, displayType } from './display.ts';
import { CONTENT_TYPES } from './rules.ts';

/** The languages of X-Target-Locale, as the contract lists them. */
const LOCALES =
  'en-US ru-RU da-DK de-DE es-ES fr-FR zh-CN ja-JP pt-BR id-ID mn-MN it-IT nl-NL fi-FI uk-UA no-NO pl-PL az-AZ kk-KK ro-RO ko-KR bg-BG cs-CZ uz-UZ zh-TW'.split(
    ' ',
  );
const STATUSES = 'not_started in_progress pending complete passed accepted incomplete failed declined'.split(
  ' ',
) as Parameters<typeof displayStatus>[0][];
/** Known to nobody, so that a text equal to this one's is the fallback. */
const NOWHERE = 'xx-XX';

test('every type and every status has a text in every language, and each its own', () => {
  for (const locale of LOCALES) {
    const types = [...CONTENT_TYPES, 'Folder' as const].map((type) => displayType(type, locale));
    const statuses = STATUSES.map((status) => displayStatus(status, locale));
    for (const texts of [types, statuses]) {
      assert.ok(
        texts.every((text) => text.length > 1),
        locale,
      );
      assert.equal(new Set(texts).size, texts.length, `${locale}: ${texts.join(', ')}`);
    }
    if (locale !== 'en-US') assert.notEqual(statuses[0], displayStatus('not_started', NOWHERE), locale);
  }
});

test('an unknown language, or none, is English', () => {
  for (const locale of [NOWHERE, null, '', 'en-US']) {
    assert.equal(displayType('iSpringSuiteModule', locale), 'iSpring Suite Module');
    assert.equal(displayType('PDFDocument', locale), 'PDF Document');
    assert.equal(displayStatus('in_progress', locale), 'In progress');
    assert.equal(displayStatus('passed', locale), 'Passed');
  }
});
