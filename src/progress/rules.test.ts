import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  advance,
  gather,
  isDone,
  isOverdue,
  NOT_STARTED,
  type Progress,
  type Report,
  STATUSES,
} from './rules.ts';

const NOW = new Date('2027-03-01T12:00:00Z');
const LATER = new Date('2027-03-02T12:00:00Z');

const report: fc.Arbitrary<Report> = fc.record({
  status: fc.option(fc.constantFrom(...STATUSES), { nil: undefined }),
  percent: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  score: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  isView: fc.boolean(),
});

/** Whatever some reports lead to, each a second after the one before. */
const after = (reports: readonly Report[], from: Progress = NOT_STARTED): Progress =>
  reports.reduce((so, one, no) => advance(so, one, new Date(NOW.getTime() + no * 1000)), from);
const progress = fc.array(report, { maxLength: 5 }).map((reports) => after(reports));

describe('what a report leads to', () => {
  for (const [title, one, expected] of [
    ['any percent begins', { percent: 40, isView: true }, { status: 'in_progress', percent: 40 }],
    ['all of it completes', { percent: 100, isView: true }, { status: 'complete', percent: 100 }],
    [
      'a status of success is all of it',
      { status: 'passed', isView: true },
      { status: 'passed', percent: 100 },
    ],
    [
      'a failure keeps its percent',
      { status: 'failed', percent: 100, isView: true },
      { status: 'failed', percent: 100 },
    ],
    ['a score alone begins', { score: 7, isView: true }, { status: 'in_progress', score: 7 }],
    ['not_started begins nothing', { status: 'not_started', isView: false }, NOT_STARTED],
  ] as const)
    test(title, () => {
      const { status, percent, score } = { ...NOT_STARTED, ...expected };
      const found = advance(NOT_STARTED, one, NOW);
      assert.deepEqual(
        { status: found.status, percent: found.percent, score: found.score },
        { status, percent, score },
      );
      assert.equal(found.completedAt, isDone(status) ? NOW : null);
    });

  test('a failed attempt may be passed later, and the better score counts', () => {
    const failed = advance(NOT_STARTED, { status: 'failed', score: 30, isView: true }, NOW);
    const passed = advance(failed, { status: 'passed', score: 80, isView: true }, LATER);
    const worse = advance(passed, { status: 'failed', score: 10, isView: true }, LATER);
    assert.deepEqual(passed, {
      status: 'passed',
      percent: 100,
      score: 80,
      views: 2,
      viewedAt: LATER,
      completedAt: LATER,
    });
    assert.deepEqual(worse, { ...passed, views: 3 });
  });

  test('later progress never uncompletes, lowers nothing, and keeps the instant of completion', () => {
    fc.assert(
      fc.property(progress, fc.array(report), (before, reports) => {
        const found = after(reports, before);
        assert.ok(found.percent >= before.percent);
        assert.ok((found.score ?? -1) >= (before.score ?? -1));
        assert.ok(found.views >= before.views);
        if (!isDone(before.status)) return;
        assert.ok(isDone(found.status));
        assert.equal(found.completedAt, before.completedAt);
      }),
    );
  });

  test('done, 100 percent and an instant of completion come together', () => {
    fc.assert(
      fc.property(progress, (found) => {
        assert.equal(found.completedAt !== null, isDone(found.status));
        if (isDone(found.status)) assert.equal(found.percent, 100);
      }),
    );
  });
});

describe('what follows for the whole from its parts', () => {
  const module = (status: Progress['status'], percent: number): Progress => ({
    ...NOT_STARTED,
    status,
    percent,
  });

  for (const [title, parts, expected] of [
    ['nothing begun', [NOT_STARTED, NOT_STARTED], ['not_started', 0]],
    ['one begun', [module('in_progress', 25), NOT_STARTED, NOT_STARTED], ['in_progress', 8.33]],
    ['one waits to be judged', [module('complete', 100), module('pending', 0)], ['in_progress', 50]],
    ['all done, each in its way', [module('passed', 100), module('accepted', 100)], ['complete', 100]],
    ['all ended, one badly', [module('complete', 100), module('failed', 50)], ['incomplete', 75]],
  ] as const)
    test(title, () => {
      const { status, percent } = gather(NOT_STARTED, parts, NOW);
      assert.deepEqual([status, percent], expected);
    });

  test('a course without modules follows from none', () => {
    const whole = advance(NOT_STARTED, { percent: 30, isView: true }, NOW);
    assert.equal(gather(whole, [], LATER), whole);
  });

  test('it is done just when every part is, unless it was done before; and gathering twice changes nothing', () => {
    fc.assert(
      fc.property(progress, fc.array(progress, { minLength: 1 }), (before, parts) => {
        const whole = gather(before, parts, LATER);
        assert.equal(
          isDone(whole.status),
          isDone(before.status) || parts.every((part) => isDone(part.status)),
        );
        if (isDone(before.status)) assert.equal(whole.completedAt, before.completedAt);
        assert.deepEqual(gather(whole, parts, new Date(LATER.getTime() + 1)), whole);
      }),
    );
  });
});

test('overdue: after the due instant and not done', () => {
  assert.equal(isOverdue(NOW, 'in_progress', NOW), false);
  assert.equal(isOverdue(NOW, 'in_progress', LATER), true);
  assert.equal(isOverdue(NOW, 'failed', LATER), true);
  for (const status of ['complete', 'passed', 'accepted'] as const)
    assert.equal(isOverdue(NOW, status, LATER), false);
  assert.equal(isOverdue(null, 'not_started', LATER), false);
});
