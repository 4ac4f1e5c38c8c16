import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byUrgency, newsFrom, standingOf, tellsOf } from './rules.ts';

const NOW = new Date('2026-03-02T09:00:00Z');
const at = (days: number): Date => new Date(NOW.getTime() + days * 86_400_000);
const open = { isDone: false, isLocked: false };
const window = (access: number, due: number | null) => ({
  accessAt: at(access),
  dueAt: due === null ? null : at(due),
  lockAfterDueDate: false,
});

test('urgency: by the second, completed before anything else', () => {
  const of = (access: number, due: number | null, known = open) =>
    standingOf(window(access, due), known, NOW).urgency;
  assert.equal(of(-1, null), 'open');
  assert.equal(of(-1, 8), 'open');
  assert.equal(of(-1, 7), 'due_soon');
  assert.equal(of(-1, 0), 'due_soon');
  assert.equal(of(-1, -1 / 86_400_000), 'overdue');
  assert.equal(of(1 / 86_400_000, 3), 'upcoming');
  assert.equal(of(0, 30), 'open');
  assert.equal(of(-9, -3, { isDone: true, isLocked: true }), 'completed');
});

test('closed: before its time and after a lock, also when it is completed', () => {
  const of = (access: number, isLocked: boolean) =>
    standingOf(window(access, 3), { isDone: true, isLocked }, NOW).closed;
  assert.equal(of(1, false), 'not_yet');
  assert.equal(of(1, true), 'not_yet');
  assert.equal(of(-1, true), 'locked');
  assert.equal(of(-1, false), null);
});

test('the most urgent stands first', () => {
  const entry = (
    title: string,
    urgency: 'overdue' | 'open' | 'upcoming' | 'completed',
    days: number | null,
  ) => ({
    title,
    urgency,
    accessAt: at(days ?? 0),
    dueAt: urgency === 'open' || urgency === 'overdue' ? (days === null ? null : at(days)) : null,
    lockAfterDueDate: false,
    completedAt: urgency === 'completed' ? at(days ?? 0) : null,
  });
  const entries = [
    entry('done earlier', 'completed', -9),
    entry('done lately', 'completed', -1),
    entry('opens later', 'upcoming', 9),
    entry('opens soon', 'upcoming', 2),
    entry('b, for ever', 'open', null),
    entry('a, for ever', 'open', null),
    entry('due', 'open', 20),
    entry('late', 'overdue', -1),
    entry('very late', 'overdue', -8),
  ];
  assert.deepEqual(
    [...entries].sort(byUrgency).map(({ title }) => title),
    [
      'very late',
      'late',
      'due',
      'a, for ever',
      'b, for ever',
      'opens soon',
      'opens later',
      'done lately',
      'done earlier',
    ],
  );
});

test('what is new: an assignment, then the most pressing of its due date, for thirty days', () => {
  const tells = (access: number, due: number | null, assigned: number | null, known = open) => {
    const own = window(access, due);
    const { urgency } = standingOf(own, known, NOW);
    return tellsOf({ ...own, itemId: 'item', urgency }, assigned === null ? null : at(assigned), NOW).map(
      (told) => `${told.notice.kind} ${(told.at.getTime() - NOW.getTime()) / 86_400_000}`,
    );
  };
  assert.deepEqual(tells(-1, null, -1), ['assigned -1']);
  assert.deepEqual(tells(-9, 3, -9), ['assigned -9', 'due_soon -4']);
  assert.deepEqual(tells(-2, 3, null), ['due_soon -2'], 'not before it opened');
  assert.deepEqual(tells(-40, -30, null), ['overdue -30']);
  assert.deepEqual(tells(-40, -31, null), []);
  assert.deepEqual(tells(1, 3, null), [], 'not open yet');
  assert.deepEqual(tells(-9, -1, -9, { isDone: true, isLocked: false }), []);
  assert.equal(newsFrom(NOW).getTime(), at(-30).getTime());
});
