import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../kernel/errors.ts';
import { type Attempt, readAttemptText, reportOf } from './package-rules.ts';

test('what is recorded of what a package says', () => {
  const cases: ['1.2' | '2004', Attempt, ReturnType<typeof reportOf>][] = [
    ['1.2', {}, { status: 'in_progress', score: undefined, percent: undefined }],
    ['1.2', { status: 'completed', raw: '80' }, { status: 'complete', score: 80, percent: undefined }],
    ['1.2', { status: 'passed', raw: '8', max: '10' }, { status: 'passed', score: 80, percent: undefined }],
    ['1.2', { status: 'failed', raw: '150' }, { status: 'failed', score: 100, percent: undefined }],
    [
      '1.2',
      { status: 'browsed', success: 'passed' },
      { status: 'in_progress', score: undefined, percent: undefined },
    ],
    ['1.2', { raw: '5', min: '10', max: '10' }, { status: 'in_progress', score: 5, percent: undefined }],
    ['2004', { status: 'completed' }, { status: 'complete', score: undefined, percent: undefined }],
    [
      '2004',
      { status: 'completed', success: 'failed', scaled: '-0.5' },
      { status: 'failed', score: 0, percent: undefined },
    ],
    ['2004', { success: 'passed', scaled: '0.855' }, { status: 'passed', score: 85.5, percent: undefined }],
    [
      '2004',
      { status: 'incomplete', success: 'unknown', progress: '0.25' },
      { status: 'in_progress', score: undefined, percent: 25 },
    ],
    [
      '2004',
      { progress: 'Infinity', scaled: 'NaN' },
      { status: 'in_progress', score: undefined, percent: undefined },
    ],
  ];
  for (const [version, attempt, expected] of cases) assert.deepEqual(reportOf(version, attempt), expected);
});

test('a score and a part done lie between 0 and 100, whatever is said', () => {
  const text = fc.oneof(fc.double().map(String), fc.string());
  fc.assert(
    fc.property(text, text, text, text, text, (raw, min, max, scaled, progress) => {
      const { score = 0, percent = 0 } = reportOf('2004', { raw, min, max, scaled, progress });
      for (const value of [score, percent]) assert.ok(value >= 0 && value <= 100, String(value));
    }),
  );
});

test('what a page sends is texts of known names, and not too long', () => {
  assert.deepEqual(readAttemptText('{"status":"passed","other":1,"suspendData":"a\\u0000b"}'), {
    status: 'passed',
    suspendData: 'ab',
  });
  assert.equal(
    readAttemptText(JSON.stringify({ suspendData: 'x'.repeat(64_000) })).suspendData?.length,
    64_000,
  );
  for (const text of [
    '',
    'null',
    '[]',
    '"x"',
    '{"status":1}',
    JSON.stringify({ suspendData: 'x'.repeat(64_001) }),
    JSON.stringify({ location: 'x'.repeat(1_001) }),
  ])
    assert.throws(() => readAttemptText(text), Refusal, text.slice(0, 40));
});
