import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { afterFailure, afterLoss, allot, JobFailure, reasonOf } from './rules.ts';

const NOW = new Date('2026-03-02T09:00:00Z');
const seconds = (at: Date | null): number | null => at && (at.getTime() - NOW.getTime()) / 1000;

test('after a failure: the first delay, doubled each time, at most the longest, so many attempts', () => {
  const terms = { maxAttempts: 7, backoff: { firstMs: 10_000, longestMs: 100_000 } };
  const delays = [1, 2, 3, 4, 5, 6, 7].map((attempts) => seconds(afterFailure(attempts, terms, NOW)));
  assert.deepEqual(delays, [10, 20, 40, 80, 100, 100, null]);
});

test('after thousands of failures the delay is still the longest', () => {
  const terms = { maxAttempts: 10_000, backoff: { firstMs: 1_000, longestMs: 60_000 } };
  assert.equal(seconds(afterFailure(5_000, terms, NOW)), 60);
});

test('after a loss: spread over a time that grows, so many attempts', () => {
  const at = (attempts: number, random: number) =>
    seconds(afterLoss(attempts, { maxAttempts: 9 }, NOW, random));
  assert.deepEqual([at(1, 0), at(1, 0.5), at(2, 0.5), at(3, 0.75), at(8, 0.5)], [0, 2, 4, 12, 150]);
  assert.equal(at(9, 0.5), null);
});

test('places go to all accounts alike, those after the last first', () => {
  assert.deepEqual(allot([1, 2, 3], 7, 1), [
    { accountId: 2, places: 3 },
    { accountId: 3, places: 2 },
    { accountId: 1, places: 2 },
  ]);
  assert.deepEqual(allot([1, 2, 3], 2, 3), [
    { accountId: 1, places: 1 },
    { accountId: 2, places: 1 },
  ]);
  assert.deepEqual(allot([], 5, 0), []);
  assert.deepEqual(allot([1], 0, 0), []);
});

test('no place is given twice, none is left over, and within as many turns as there are accounts all are served', () => {
  const accounts = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      accounts,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 50 }),
      (ids, free, last) => {
        const sorted = [...ids].sort((a, b) => a - b);
        const served = new Set<number>();
        let lastServed = last;
        for (let turn = 0; turn < sorted.length; turn++) {
          const shares = allot(sorted, free, lastServed);
          assert.equal(
            shares.reduce((sum, { places }) => sum + places, 0),
            free,
          );
          assert.equal(new Set(shares.map(({ accountId }) => accountId)).size, shares.length);
          assert.ok(shares.every(({ places }) => places >= 1));
          for (const { accountId } of shares) served.add(accountId);
          lastServed = shares.at(-1)?.accountId ?? lastServed;
        }
        assert.equal(served.size, sorted.length);
      },
    ),
  );
});

test('of an error that others wrote the words are not kept', () => {
  const refused = Object.assign(new Error('no mailbox ann@x.example here'), { code: 'EENVELOPE' });
  assert.equal(reasonOf(refused), 'Error EENVELOPE');
  assert.equal(reasonOf(new TypeError('ann is not a function')), 'TypeError');
  for (const thrown of ['ann', null, undefined]) assert.equal(reasonOf(thrown), 'error');
  assert.equal(reasonOf(new JobFailure('the mail server is down')), 'the mail server is down');
  assert.equal(reasonOf(new JobFailure('x'.repeat(1_000))).length, 200);
});
