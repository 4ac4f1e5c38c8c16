import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectionToChoosing, objectionToLeaving, overlaps } from './choice-rules.ts';

const NOW = new Date('2026-03-02T09:00:00Z');
const at = (hours: number): Date => new Date(NOW.getTime() + hours * 3_600_000);
const deadlines = (registration: number | null, cancellation: number | null) => ({
  registrationDeadlineHours: registration,
  cancellationDeadlineHours: cancellation,
});

test('a session can be chosen until its deadline, at the latest until it starts', () => {
  assert.equal(objectionToChoosing(at(1), deadlines(null, null), NOW), null);
  assert.equal(objectionToChoosing(at(0), deadlines(null, null), NOW), 'started');
  assert.equal(objectionToChoosing(at(24), deadlines(24, null), NOW), 'registration_closed');
  assert.equal(objectionToChoosing(at(24.001), deadlines(24, null), NOW), null);
  assert.equal(objectionToChoosing(null, deadlines(24, null), NOW), null);
});

test('a seat can be given up by who took it, before anything happened there, until the deadline', () => {
  const seat = (more = {}) => ({ takenBy: 'learner' as const, isAttended: false, startsAt: at(10), ...more });
  assert.equal(objectionToLeaving(seat(), deadlines(48, null), NOW), null);
  assert.equal(objectionToLeaving(seat(), deadlines(null, 10), NOW), 'cancellation_closed');
  assert.equal(objectionToLeaving(seat(), deadlines(null, 9), NOW), null);
  assert.equal(objectionToLeaving(seat({ startsAt: at(-1) }), deadlines(null, null), NOW), 'started');
  assert.equal(
    objectionToLeaving(seat({ takenBy: 'administrator' }), deadlines(null, null), NOW),
    'chosen_for_you',
  );
  assert.equal(objectionToLeaving(seat({ isAttended: true }), deadlines(null, null), NOW), 'attended');
});

test('days clash when they overlap, not when one follows the other', () => {
  const day = (from: number, hours: number) => ({ startsAt: at(from), durationSeconds: hours * 3600 });
  assert.ok(overlaps(day(0, 2), day(1, 2)));
  assert.ok(overlaps(day(0, 9), day(1, 1)));
  assert.ok(!overlaps(day(0, 2), day(2, 2)));
  assert.ok(!overlaps(day(3, 2), day(1, 2)));
});
