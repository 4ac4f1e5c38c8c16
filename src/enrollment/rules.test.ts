import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseInstant } from '../kernel/dates.ts';
import {
  accountOfToken,
  enrollmentId,
  newChunkNumber,
  newId,
  newToken,
  readEnrollmentId,
} from '../kernel/ids.ts';
import { chunkShape } from './enroll-chunks.ts';
import { readToken, writeToken } from './page-token.ts';
import type { RefusalReason } from './reasons.ts';
import { isLocked, objectionTo, planEnrollment, surveyLearners, termsFor } from './rules.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const plain = {
  defaultDueType: 'unlimited' as const,
  defaultDueAt: null,
  defaultDuePeriodHours: null,
  defaultLock: false,
};

describe('rules of enrollment', () => {
  test('locked is exact to the millisecond, and later never unlocks', () => {
    const enrollment = { lockAfterDueDate: true, dueAt: NOW };
    assert.equal(isLocked(enrollment, NOW), false);
    assert.equal(isLocked(enrollment, new Date(NOW.getTime() + 1)), true);
    assert.equal(isLocked({ ...enrollment, lockAfterDueDate: false }, new Date(NOW.getTime() + 1)), false);
    assert.equal(isLocked({ ...enrollment, dueAt: null }, new Date(8.64e15)), false);
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true }),
        fc.date({ noInvalidDate: true }),
        fc.nat(),
        (dueAt, now, more) => {
          const own = { lockAfterDueDate: true, dueAt };
          if (isLocked(own, now)) assert.ok(isLocked(own, new Date(Math.min(now.getTime() + more, 8.64e15))));
        },
      ),
    );
  });

  test('a period is hours from the access date, whatever the clocks of a country do', () => {
    const terms = termsFor(
      { accessAt: new Date('2026-03-28T12:00:00Z'), due: { type: 'due_period', hours: 24 }, lock: null },
      plain,
      NOW,
    );
    assert.equal(terms.dueAt?.toISOString(), '2026-03-29T12:00:00.000Z');
  });

  test('objections come in order: scope, unknown items, unknown learners, inactive, retired', () => {
    const known = {
      learners: new Map([
        ['l1', { departmentId: 'd1', isActive: true }],
        ['l2', { departmentId: 'd1', isActive: false }],
        ['l3', { departmentId: 'd2', isActive: true }],
      ]),
      items: new Map([
        ['i1', { ...plain, isRetired: false }],
        ['i2', { ...plain, isRetired: true }],
      ]),
      trainings: new Set(['t1']),
    };
    const limited = { ...known, reaches: (departmentId: string | undefined) => departmentId === 'd1' };
    const whole = { ...known, reaches: () => true };
    const terms = { accessAt: null, due: { type: 'unlimited' as const }, lock: null };
    const code = (learnerIds: string[], itemIds: string[], by: typeof whole | typeof limited): string => {
      const faults = new Map<string, RefusalReason>();
      surveyLearners(faults, learnerIds, by.learners, by.reaches);
      return objectionTo(planEnrollment({ itemIds, terms }, faults, by, NOW))?.code ?? 'fine';
    };
    assert.equal(code(['l3', 'lx', 'l2'], ['ix', 'i2'], limited), 'auth.learner_scope');
    assert.equal(code(['lx', 'l2'], ['ix', 't1'], whole), 'enrollment.training');
    assert.equal(code(['lx', 'l2'], ['ix', 'i2'], whole), 'enrollment.unknown_course');
    assert.equal(code(['lx', 'l2'], ['i2'], whole), 'enrollment.unknown_learner');
    assert.equal(code(['l2'], ['i2'], whole), 'enrollment.inactive_learner');
    assert.equal(code(['l1'], ['i2'], whole), 'enrollment.retired_course');
    assert.equal(code(['l1'], ['i1'], limited), 'fine');
  });

  test('chunks cover every pair once, and none is larger than asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 500 }),
        (learners, items, size) => {
          const shape = chunkShape(learners, items, size);
          const seen = new Set<string>();
          for (let place = 0; place < shape.count; place++) {
            const itemFrom = Math.floor(place / shape.learnerParts) * shape.itemsAtOnce;
            const learnerFrom = (place % shape.learnerParts) * shape.learnersAtOnce;
            let n = 0;
            for (let i = itemFrom; i < Math.min(items, itemFrom + shape.itemsAtOnce); i++)
              for (let l = learnerFrom; l < Math.min(learners, learnerFrom + shape.learnersAtOnce); l++) {
                assert.ok(!seen.has(`${i} ${l}`));
                seen.add(`${i} ${l}`);
                n++;
              }
            assert.ok(n > 0 && n <= Math.max(size, shape.learnersAtOnce));
          }
          assert.equal(seen.size, learners * items);
        },
      ),
    );
  });

  test('a page token says the same when it is read', () => {
    const place = fc.record({
      chunk: fc.bigInt({ min: -1n, max: 2n ** 60n }),
      ordinal: fc.integer({ min: -1, max: 2 ** 24 }),
    });
    const position = fc.bigInt({ min: 0n, max: 2n ** 60n });
    const cursors = fc.record({
      after: place,
      seen: position,
      late: fc.option(fc.record({ upTo: position, after: place })),
    });
    fc.assert(
      fc.property(cursors, (cursor) =>
        assert.deepEqual(readToken(writeToken(cursor)), structuredClone(cursor)),
      ),
    );
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (garbage) => {
        assert.throws(() => readToken(garbage), { code: 'request.page_token' });
      }),
    );
  });
});

describe('identifiers', () => {
  test('an enrollment id spells its key, and nothing else is read as one', () => {
    const keys = fc.record({
      accountId: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      chunk: fc.bigInt({ min: 0n, max: 2n ** 60n - 1n }),
      ordinal: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
    });
    fc.assert(
      fc.property(keys, (key) => {
        const id = enrollmentId(key);
        assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.deepEqual(readEnrollmentId(id), { ...key });
      }),
    );
    assert.equal(readEnrollmentId('3fa85f64-5717-4562-b3fc-2c963f66afa6'), null);
  });

  test('ids and chunk numbers grow, and tokens carry their account', () => {
    const ids = Array.from({ length: 10_000 }, newId);
    assert.deepEqual([...ids].sort(), ids);
    const numbers = Array.from({ length: 10_000 }, newChunkNumber);
    for (let n = 1; n < numbers.length; n++) assert.ok((numbers[n] ?? 0n) > (numbers[n - 1] ?? 0n));
    const token = newToken(77);
    assert.equal(token.length, 43);
    assert.equal(accountOfToken(token), 77);
    assert.equal(accountOfToken('x'), null);
  });
});

describe('dates', () => {
  const good: readonly [string, string, boolean][] = [
    ['2026-05-04', '2026-05-04T00:00:00.000Z', true],
    ['2026-05-04 10:30:00', '2026-05-04T10:30:00.000Z', false],
    ['2026-05-04T10:30', '2026-05-04T10:30:00.000Z', false],
    ['2026-05-04T10:30:00Z', '2026-05-04T10:30:00.000Z', false],
    ['2026-05-04t10:30:00.5z', '2026-05-04T10:30:00.500Z', false],
    ['2026-05-04 10:30:00.123456+00:00', '2026-05-04T10:30:00.123Z', false],
    ['2026-05-04T10:30:00+0530', '2026-05-04T05:00:00.000Z', false],
    ['2026-05-04T10:30:00-03', '2026-05-04T13:30:00.000Z', false],
    ['2024-02-29', '2024-02-29T00:00:00.000Z', true],
    ['0001-01-01', '0001-01-01T00:00:00.000Z', true],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z', false],
  ];
  for (const [text, iso, isDateOnly] of good)
    test(text, () => {
      const read = parseInstant(text);
      assert.equal(read?.at.toISOString(), iso);
      assert.equal(read?.isDateOnly, isDateOnly);
    });

  const bad = [
    '2026-02-30',
    '2025-02-29',
    '0000-01-01',
    '99999-01-01',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '10:30',
    '2026-01-01 24:00:00',
    '2026-01-01 10:60:00',
    '2026-01-01T10:30:00+25:00',
    '9999-12-31T23:59:59-01:00',
    '0001-01-01T00:00:00+01:00',
    '2026/01/01',
    '1',
    '',
    'now',
    '2026-01-01T',
  ];
  for (const text of bad) test(`not ${JSON.stringify(text)}`, () => assert.equal(parseInstant(text), null));
});
