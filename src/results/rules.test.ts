import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstStretch, nextStretch } from './rules.ts';

/** Stretches over enrollments of which every so-many-th has a result, until a page is full. */
function stretches(wanted: number, every: number): number[] {
  const all: number[] = [];
  let [many, found, looked] = [firstStretch(wanted), 0, 0];
  for (;;) {
    all.push(many);
    const before = Math.floor(looked / every);
    looked += many;
    const rows = Math.min(Math.floor(looked / every) - before, wanted - found);
    found += rows;
    if (found >= wanted) return all;
    many = nextStretch(many, rows, wanted - found);
  }
}

test('a page that nothing is filtered out of takes one stretch of its size', () => {
  assert.deepEqual(stretches(1_001, 1), [1_002]);
  assert.deepEqual(stretches(171, 1), [172]);
});

test('small pages look at a hundred enrollments at least', () => {
  assert.deepEqual(stretches(2, 1), [100]);
});

test('what is missing after a stretch is looked for in one that is just long enough', () => {
  // One of twenty is missing.
  assert.equal(nextStretch(1_002, 952, 49), 100);
  assert.deepEqual(stretches(1_001, 2), [1_002, 1_250]);
});

test('while nothing is found stretches grow, and end growing', () => {
  const found: number[] = [firstStretch(51)];
  for (let n = 0; n < 7; n++) found.push(nextStretch(found.at(-1) ?? 0, 0, 51));
  assert.deepEqual(found, [100, 400, 1_600, 6_400, 25_600, 50_000, 50_000, 50_000]);
});

test('no more than five times what a page needs is looked at, and few stretches are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 1_001 }), fc.integer({ min: 1, max: 10_000 }), (wanted, every) => {
      const all = stretches(wanted, every);
      const looked = all.reduce((sum, many) => sum + many, 0);
      assert.ok(looked <= Math.max(5 * wanted * every, wanted * every + 50_000, 600), `${all}`);
      assert.ok(all.length <= 12 + (wanted * every) / 50_000, `${all}`);
    }),
  );
});
