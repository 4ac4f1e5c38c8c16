import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeOf, typesFor } from '../files/index.ts';
import { accountOfLogo, judgeLogo, logoName, readColour } from './look-rules.ts';

test('a picture is what its first bytes say', () => {
  const examples: [latin1: string, what: string][] = [
    ['\x89PNG\r\n\x1a\nmore', 'image/png'],
    ['\x89PNG\n\x1a\n', 'the first bytes'],
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['RIFF\x10\0\0\0WEBPVP8L', 'image/webp'],
    ['RIFF\x10\0\0\0WAVE', 'the first bytes'],
    ['GIF89a', 'the first bytes'],
    ['', 'the file is empty'],
    ['\xef\xbb\xbf <!-- a -->\n<SVG width="1">', 'an SVG'],
    ['<html>', 'the first bytes'],
    [`${' '.repeat(20)}\x89PNG\r\n\x1a\n`, 'the first bytes'],
  ];
  for (const [latin1, what] of examples) {
    const bytes = Buffer.from(latin1, 'latin1');
    const judged = judgeLogo(bytes, typeOf(typesFor('Image') ?? [], bytes)?.mediaType ?? null);
    assert.ok((judged.type ?? judged.why).startsWith(what), `${latin1}: ${JSON.stringify(judged)}`);
  }
});

test('the name of a logo says whose it is, and changes with it', () => {
  const name = logoName(7, 'image/jpeg', Buffer.from('one'));
  assert.match(name, /^7-[0-9a-f]{32}\.jpg$/);
  assert.equal(accountOfLogo(name), 7);
  assert.notEqual(logoName(7, 'image/jpeg', Buffer.from('two')), name);
  for (const other of ['', '7', name.slice(1), `${name}x`, name.replace('7', '9999999999'), `../${name}`])
    assert.equal(accountOfLogo(other), null, other);
});

test('colours: six hexadecimal digits, with a hash or without', () => {
  assert.deepEqual(['1D4ED8', '#1d4ed8', ' #abcdef '].map(readColour), ['#1d4ed8', '#1d4ed8', '#abcdef']);
  for (const text of ['', 'red', '#fff', '1d4ed', '1d4ed8ff', '##1d4ed8', '1d4edg'])
    assert.equal(readColour(text), null, text);
});
