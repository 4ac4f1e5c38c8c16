import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { linesOf, piecesOf } from './certificate-text.ts';

describe('pieces of one font', () => {
  for (const [title, text, expected] of [
    ['Latin with Cyrillic and Greek', 'Zoë Жанна Λ', ['latin Zoë Жанна Λ']],
    ['spaces and digits go with what is before them', '王 小明 2 A', ['chinese 王 小明 2 ', 'latin A']],
    ['Korean and Chinese', '김한 王', ['korean 김한 ', 'chinese 王']],
    [
      'a right-to-left text has its pieces in that order',
      'محمد علي Smith',
      ['latin Smith', 'arabic محمد علي '],
    ],
    ['a right-to-left name inside', 'Mr משה', ['latin Mr ', 'hebrew משה']],
    ['nothing', '', []],
  ] as const)
    test(title, () =>
      assert.deepEqual(
        piecesOf(text).map((piece) => `${piece.font} ${piece.text}`),
        expected,
      ),
    );

  test('no letter is lost', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sorted = (value: string) => [...value].sort().join('');
        const pieces = piecesOf(text).map((piece) => piece.text);
        assert.equal(sorted(pieces.join('')), sorted(text.normalize('NFC')));
      }),
    );
  });
});

describe('lines', () => {
  const measure = (line: string): number => line.length;

  test('break at spaces, and within a word that is too long', () => {
    assert.deepEqual(linesOf('one two three', 8, measure), ['one two', 'three']);
    assert.deepEqual(linesOf('a verylongword b', 6, measure), ['a', 'verylo', 'ngword', 'b']);
    assert.deepEqual(linesOf('', 8, measure), ['']);
  });

  test('none is too wide, and no letter is lost', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 20 }), (text, width) => {
        const lines = linesOf(text, width, measure);
        assert.ok(lines.every((line) => line.length <= width));
        assert.equal(lines.join('').replace(/\s/g, ''), text.replace(/\s/g, ''));
      }),
    );
  });
});
