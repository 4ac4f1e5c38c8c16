import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTooOld, objectionToUndo, outOfTurn, type TouchedPair } from './undo-rules.ts';

const ONE = { accountId: 1, chunk: 1n, ordinal: 0 };
const OTHER = { accountId: 1, chunk: 2n, ordinal: 0 };
const pair = (change: Partial<TouchedPair>): TouchedPair => ({
  learnerId: 'a learner',
  itemId: 'an item',
  before: null,
  after: null,
  term: 1,
  since: new Date(0),
  isStanding: true,
  ...change,
});
const enrolled = pair({ after: ONE });
const edited = pair({ before: ONE, after: ONE });
const reenrolled = pair({ before: ONE, after: OTHER });
const ended = pair({ before: ONE });
const EVERYTHING = { isConfirmed: true, hasProgressed: true, isLearnerGone: true, isItemGone: true };
const NOTHING = { isConfirmed: false, hasProgressed: false, isLearnerGone: false, isItemGone: false };

describe('what of an operation can still be undone', () => {
  test('everything, when nothing speaks against it', () => {
    for (const one of [enrolled, edited, reenrolled, ended])
      assert.equal(objectionToUndo(one, NOTHING), undefined);
  });

  test('nothing that is no longer so, and that is said first', () => {
    for (const one of [enrolled, edited, reenrolled, ended])
      assert.equal(objectionToUndo({ ...one, isStanding: false }, EVERYTHING), 'changed_since');
  });

  test('work keeps what would be taken away, and only that', () => {
    const worked = { ...NOTHING, hasProgressed: true };
    assert.deepEqual(
      [enrolled, edited, reenrolled, ended].map((one) => objectionToUndo(one, worked)),
      ['progressed_since', undefined, 'progressed_since', undefined],
    );
  });

  test('whoever is gone keeps out who would be enrolled anew, and nobody who is there', () => {
    const gone = { ...NOTHING, isLearnerGone: true, isItemGone: true };
    assert.deepEqual(
      [enrolled, edited, reenrolled, ended].map((one) => objectionToUndo(one, gone)),
      [undefined, undefined, undefined, 'learner_inactive'],
    );
    assert.equal(objectionToUndo(ended, { ...NOTHING, isItemGone: true }), 'course_retired');
  });

  test('for 30 days to the millisecond', () => {
    const at = new Date('2026-01-01T00:00:00Z');
    assert.equal(isTooOld(at, new Date('2026-01-31T00:00:00.000Z')), false);
    assert.equal(isTooOld(at, new Date('2026-01-31T00:00:00.001Z')), true);
  });

  test('an undo in turn: what it undid is undone, and what that undid is done', () => {
    const states = (...all: string[]) => all.map((state) => ({ state }));
    assert.equal(outOfTurn(states('done')), undefined);
    assert.equal(outOfTurn(states('done', 'undone', 'done')), undefined);
    assert.deepEqual(outOfTurn(states('undone')), { state: 'undone' });
    assert.deepEqual(outOfTurn(states('done', 'cancelled')), { state: 'cancelled' });
    assert.deepEqual(outOfTurn(states('done', 'undone', 'undone')), { state: 'undone' });
  });
});
