import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Day } from './queries.ts';
import { objectionToUsers, spanOf, startOf } from './rules.ts';

test('a session lasts from its first start to its last end, also when a day ends after the next', () => {
  const day = (start: string, durationSeconds: number): Day => ({
    ...{ dayId: start, sessionId: '', startsAt: new Date(start), durationSeconds },
    ...{ location: null, url: null },
  });
  const days = [day('2026-01-01T10:00:00Z', 7_200), day('2026-01-01T11:00:00Z', 60)];
  assert.equal(startOf(days)?.toISOString(), '2026-01-01T10:00:00.000Z');
  assert.equal(spanOf(days), 7_200);
  assert.equal(spanOf([...days, day('2026-01-02T10:00:00Z', 30)]), 86_430);
  assert.equal(spanOf([]), 0);
});

test('users are judged by scope, then by id, then by state', () => {
  const known = new Map([
    ['ann', { departmentId: 'sales', isActive: true }],
    ['ben', { departmentId: 'sales', isActive: false }],
    ['eve', { departmentId: 'hr', isActive: true }],
  ]);
  const judge = (ids: string[], manages: string | 'everyone', mustBeActive = true) =>
    objectionToUsers(ids, known, {
      field: 'userIds',
      mustBeActive,
      reaches: (departmentId) => manages === 'everyone' || departmentId === manages,
    });
  assert.equal(judge(['ann'], 'sales'), null);
  assert.equal(judge(['ben'], 'sales', false), null);
  const outside = { code: 'auth.learner_scope', details: { ids: 'eve, nobody' } };
  assert.deepEqual(judge(['ben', 'eve', 'nobody'], 'sales'), outside);
  const unknown = { code: 'people.unknown_users', details: { field: 'userIds', ids: 'nobody' } };
  assert.deepEqual(judge(['ben', 'eve', 'nobody'], 'everyone'), unknown);
  const inactive = { code: 'training.inactive_users', details: { field: 'userIds', ids: 'ben' } };
  assert.deepEqual(judge(['ann', 'ben'], 'everyone'), inactive);
});
