import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MEMBERS, type Member } from './columns.ts';
import { readRow } from './row.ts';

const ID = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const COLUMNS = new Map<Member, number>(MEMBERS.map((member, place) => [member, place]));

const read = (said: Partial<Record<Member, string>>) =>
  readRow(
    MEMBERS.map((member) => said[member] ?? ''),
    COLUMNS,
    MEMBERS.length,
  );
const due = (said: Partial<Record<Member, string>>) => {
  const row = read({ login: 'ann', course: 'c', ...said });
  return 'reason' in row ? `${row.reason}: ${row.detail}` : row.terms.due;
};

describe('a row', () => {
  test('names a learner and a course, in as many ways as there are cells', () => {
    assert.deepEqual(read({ login: ' ann ', email: 'a@b.example', courseId: ID }), {
      learner: [
        { member: 'login', text: 'ann', cell: ' ann ' },
        { member: 'email', text: 'a@b.example', cell: 'a@b.example' },
      ],
      course: [{ member: 'courseId', text: ID, cell: ID }],
      terms: { accessAt: null, due: null, lock: null },
    });
    assert.deepEqual(read({ course: 'c' }), { reason: 'learner_missing' });
    assert.deepEqual(read({ login: 'ann' }), { reason: 'course_missing' });
    assert.deepEqual(readRow([...MEMBERS.map(() => 'x'), 'more'], COLUMNS, MEMBERS.length), {
      reason: 'row_width',
    });
  });

  test('has a due date whose type the other cells may tell', () => {
    const at = new Date('2026-05-01T23:59:59.999Z');
    assert.equal(due({}), null);
    assert.deepEqual(due({ dueDateType: 'Unlimited', dueDate: 'whatever' }), { type: 'unlimited' });
    assert.deepEqual(due({ dueDate: '2026-05-01' }), { type: 'due_date', at });
    assert.deepEqual(due({ duePeriod: '72' }), { type: 'due_period', hours: 72 });
    assert.deepEqual(due({ dueDateType: 'due_date', dueDate: '2026-05-01', duePeriod: '0' }), {
      type: 'due_date',
      at,
    });
    assert.deepEqual(due({ dueDateType: 'due_period', dueDate: '2026-05-01', duePeriod: '1' }), {
      type: 'due_period',
      hours: 1,
    });
  });

  test('has a default as it is now, or as it was', () => {
    const at = new Date('2026-05-01T10:00:00Z');
    assert.deepEqual(due({ dueDateType: 'default' }), { type: 'default' });
    assert.deepEqual(due({ dueDateType: 'default', dueDate: 'none' }), {
      type: 'recorded',
      at: null,
      hours: null,
    });
    assert.deepEqual(due({ dueDateType: 'default', dueDate: '2026-05-01T10:00:00Z' }), {
      type: 'recorded',
      at,
      hours: null,
    });
    assert.deepEqual(due({ dueDateType: 'default', duePeriod: '5' }), {
      type: 'recorded',
      at: null,
      hours: 5,
    });
  });

  test('says which cell cannot be read', () => {
    const fault = (said: Partial<Record<Member, string>>) => String(due(said));
    assert.match(
      fault({ accessDate: '31.12.2026' }),
      /^value_invalid: accessDate: must be a date .*"31\.12\.2026"/,
    );
    assert.match(fault({ dueDateType: 'later' }), /dueDateType: must be one of unlimited, default/);
    assert.match(fault({ dueDate: '2026-05-01', duePeriod: '7' }), /dueDateType: is needed where/);
    assert.match(fault({ dueDateType: 'due_date' }), /dueDate: is required/);
    assert.match(fault({ dueDateType: 'due_period' }), /duePeriod: is required/);
    assert.match(fault({ duePeriod: '-1' }), /duePeriod: must be hours from 1/);
    assert.match(fault({ dueDate: 'none' }), /dueDate: must be a date/);
    assert.match(fault({ lockAfterDueDate: 'maybe' }), /lockAfterDueDate: must be true or false/);
    assert.match(fault({ learnerId: 'ann' }), /learnerId: must be a UUID/);
  });
});
