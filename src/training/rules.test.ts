import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Day } from './queries.ts';
import { inZone, isTimeZone, objectionToUsers, spanOf, startOf } from './rules.ts';

test('an instant is written with the wall clock and offset of its zone, summer and winter', () => {
  const examples: [instant: string, zone: string, text: string][] = [
    ['2023-03-31T22:30:00Z', 'America/Los_Angeles', '2023-03-31T15:30:00-07:00'],
    ['2023-01-31T22:30:00Z', 'America/Los_Angeles', '2023-01-31T14:30:00-08:00'],
    ['2023-12-31T22:30:00Z', 'Asia/Kolkata', '2024-01-01T04:00:00+05:30'],
    ['2023-06-01T00:00:00.999Z', 'UTC', '2023-06-01T00:00:00+00:00'],
    ['2023-06-01T12:00:00Z', 'America/St_Johns', '2023-06-01T09:30:00-02:30'],
  ];
  for (const [instant, zone, text] of examples) assert.equal(inZone(new Date(instant), zone), text);
});

test('what is written in a zone is read back as the same second', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'Africa/Cairo',
  ];
  const instants = fc.date({
    min: new Date('1980-01-01Z'),
    max: new Date('2100-01-01Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(instants, fc.constantFrom(...zones), (at, zone) => {
      assert.equal(Date.parse(inZone(at, zone)), Math.floor(at.getTime() / 1000) * 1000);
    }),
  );
});

test('time zones are those that have a name', () => {
  assert.ok(isTimeZone('Europe/Berlin') && isTimeZone('UTC'));
  for (const zone of ['Mars/Olympus', '', 'Europe/Berlin ']) assert.ok(!isTimeZone(zone), zone);
});

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
