import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAddress } from './addresses.ts';

test('an address is one mailbox', () => {
  for (const good of ['a@b', 'first.last+tag@mail.example', 'жанна@пример.рф', "o'neil@x-y.example"])
    assert.ok(isAddress(good), good);
  for (const bad of [
    '',
    'a',
    'a@',
    '@b',
    'a@b@c',
    'a b@c.example',
    'a@b.example,c@d.example',
    'a@b.example\r\nBcc: c@d.example',
    '<a@b.example>',
    '"a"@b.example',
    'a@b..example',
    'a@b.example.',
    `${'a'.repeat(65)}@b.example`,
    'a\u202e@b.example',
  ])
    assert.ok(!isAddress(bad), JSON.stringify(bad));
});
