import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { columnsOf, type Naming } from './columns.ts';

const clear = (header: readonly string[], naming: Naming = {}) => {
  const columns = columnsOf(header, naming);
  assert.ok(!('unclear' in columns), JSON.stringify(columns));
  return Object.fromEntries(columns);
};
const unclear = (header: readonly string[], naming: Naming = {}) => {
  const columns = columnsOf(header, naming);
  assert.ok('unclear' in columns, 'it is clear');
  return columns;
};

describe('columns', () => {
  test('are known by many names, whatever their case and signs', () => {
    assert.deepEqual(clear(['E-Mail', 'COURSE_CODE', 'Access date', 'Due Date', 'Comment']), {
      email: 0,
      courseCode: 1,
      accessDate: 2,
      dueDate: 3,
    });
    assert.deepEqual(clear(['User', 'Item', 'lock after due-date', 'Deadline']), {
      learner: 0,
      course: 1,
      lockAfterDueDate: 2,
      dueDate: 3,
    });
  });

  test('are named by the caller, which wins over what they are called', () => {
    assert.deepEqual(clear(['Kennung', 'Kurs', 'login'], { login: 'Kennung', courseCode: 'kurs' }), {
      login: 0,
      courseCode: 1,
    });
  });

  test('are proposed where they are unclear', () => {
    assert.deepEqual(unclear(['User name', 'Training', 'Finish until']), {
      unclear: 'no column says which course (courseId or courseCode)',
      proposal: 'map[login]=User%20name&map[course]=Training&map[dueDate]=Finish%20until',
    });
    assert.equal(unclear(['Spalte 1', 'Spalte 2']).proposal, 'map[login]=…&map[courseCode]=…');
    assert.match(unclear(['login', 'Kurs']).unclear, /no column says which course/);
  });

  test('must not mean the same twice, nor be almost right', () => {
    assert.match(
      unclear(['login', 'user name', 'course']).unclear,
      /"login" and "user name" both mean login/,
    );
    assert.match(unclear(['login', 'course', 'dueDat']).unclear, /"dueDat" is almost dueDate/);
    assert.match(unclear(['login', 'login', 'course'], { login: 'login' }).unclear, /more than one column/);
    assert.match(unclear(['a', 'b'], { login: 'c' }).unclear, /no column is called "c"/);
  });
});
