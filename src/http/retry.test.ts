import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PackedIds, sortedDistinct } from '../kernel/id-set.ts';
import { fingerprintOf } from './fingerprint.ts';
import { readKey } from './retry.ts';
import { nothing, route } from './route.ts';
import { fieldMap, idSet, integer, list, object, optional, text } from './wire.ts';

const [A, B] = ['3fa85f64-5717-4562-b3fc-2c963f66afa6', '4fa85f64-5717-4562-b3fc-2c963f66afa6'];

const anything = route({
  method: 'POST',
  path: '/anything',
  operationId: 'Anything',
  summary: '',
  tag: '',
  may: '',
  body: object({
    one: optional(integer()),
    two: optional(integer()),
    words: optional(list(text(), { item: 'word' })),
    learnerIds: optional(idSet()),
    fields: optional(fieldMap()),
  }),
  answer: nothing(200),
  run: async () => undefined,
});

const file = { bytes: Buffer.alloc(0), charset: undefined };
const printOf = (body: unknown, key = 'k', headers: Record<string, string> = {}): string =>
  fingerprintOf(
    key,
    anything,
    { params: undefined, query: undefined, body, file, headers },
    undefined,
  ).toString('hex');

describe('the fingerprint of a request', () => {
  test('is the same for the same request, however it is spelled', () => {
    assert.equal(printOf({ one: 1, two: 2 }), printOf({ two: 2, one: 1 }));
    assert.equal(printOf({ fields: { a: '1', b: '2' } }), printOf({ fields: { b: '2', a: '1' } }));
    const packed = PackedIds.of(sortedDistinct([B, A]));
    for (const learnerIds of [
      [A, B],
      [B, A, B],
    ])
      assert.equal(printOf({ learnerIds }), printOf({ learnerIds: packed }));
  });

  test('differs where values that lie side by side differ, and under another key', () => {
    const prints = [
      { one: 1, two: 23 },
      { one: 12, two: 3 },
      { one: 123 },
      { two: 123 },
      { one: -1 },
      { words: ['a', 'b'] },
      { words: ['b', 'a'] },
      { words: ['a,b'] },
      { words: [] },
      { learnerIds: [A] },
      { learnerIds: [B] },
      { fields: { a: 'b' } },
      {},
    ].map((body) => printOf(body));
    assert.equal(new Set(prints).size, prints.length);
    assert.notEqual(printOf({}), printOf({}, 'another'));
    assert.notEqual(printOf({}), printOf({}, 'k', { 'Enrollment-Plan': A }));
    assert.notEqual(printOf({}, 'k', { 'Enrollment-Plan': B }), printOf({}, 'k', { 'Enrollment-Plan': A }));
  });
});

test('a key is visible ASCII, in quotes or not', () => {
  assert.equal(readKey('abc'), 'abc');
  assert.equal(readKey(' "abc" '), 'abc');
  assert.equal(readKey('"a\\"b\\\\c"'), 'a"b\\c');
  assert.equal(readKey('k'.repeat(255)), 'k'.repeat(255));
  for (const wrong of ['', ' ', '""', '"a', '"a"b', '"a b"', 'a b', 'a, b', 'ä', 'k'.repeat(256), '"a\\b"'])
    assert.equal(readKey(wrong), null, wrong);
});
