import assert from 'node:assert/strict';
import { addCourse, addUser } from '../support/people.ts';
import { call } from '../support/server.ts';
import { type Scenario, type Stage, scenarios } from './runner.ts';

const HOUR_MS = 3_600_000;

async function pair(
  { world }: Stage,
  course: Record<string, unknown> = {},
): Promise<{ courseIds: string[]; learnerIds: string[]; learner: string; course: string }> {
  const [learner, courseId] = [await addUser(world), await addCourse(world, 'Course', course)];
  return { courseIds: [courseId], learnerIds: [learner], learner, course: courseId };
}

const wanted = ({ courseIds, learnerIds }: { courseIds: string[]; learnerIds: string[] }) => ({
  courseIds,
  learnerIds,
});

/** Access dates, due dates, locks. */
const list: readonly Scenario[] = [
  [
    'without an access date it is now',
    async (stage) => {
      const given = await pair(stage);
      stage.world.clock.now = new Date('2026-03-01T23:30:00Z');
      await stage.enrolled({ ...wanted(given), dueDateType: 'unlimited' });
      assert.equal((await stage.of(given.learner))[0]?.accessDate, '2026-03-01');
      stage.world.clock.now = new Date();
    },
  ],
  [
    'access dates in the past and in the future are legal',
    async (stage) => {
      for (const accessDate of ['1999-12-31 10:00:00', '2099-01-01']) {
        const given = await pair(stage);
        await stage.enrolled({ ...wanted(given), accessDate, dueDateType: 'unlimited' });
        assert.equal((await stage.of(given.learner))[0]?.accessDate, accessDate.slice(0, 10));
      }
    },
  ],
  [
    'every spelling of a date is read; without an offset it is UTC',
    async (stage) => {
      const spellings: readonly [string, string][] = [
        ['2026-05-04 23:30:00', '2026-05-04'],
        ['2026-05-04', '2026-05-04'],
        ['2026-05-04T23:30:00Z', '2026-05-04'],
        ['2026-05-04T23:30:00.123Z', '2026-05-04'],
        ['2026-05-04 23:30:00.123456+00:00', '2026-05-04'],
        ['2026-05-04T23:30:00-03:00', '2026-05-05'],
        ['2026-05-04T01:30:00+03:00', '2026-05-03'],
      ];
      for (const [accessDate, expected] of spellings) {
        const given = await pair(stage);
        await stage.enrolled({ ...wanted(given), accessDate, dueDateType: 'unlimited' });
        assert.equal((await stage.of(given.learner))[0]?.accessDate, expected, accessDate);
      }
    },
  ],
  [
    'unlimited has no due date and no lock, whatever else is sent',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({
        ...wanted(given),
        accessDate: '2019-09-26 10:30:00',
        dueDateType: 'unlimited',
        dueDate: '2019-09-26',
        duePeriod: 0,
        lockAfterDueDate: true,
      });
      const [enrollment] = await stage.of(given.learner);
      assert.equal(enrollment?.dueDate, undefined);
      assert.equal(enrollment?.expirationDate, undefined);
      assert.equal(enrollment?.shouldLockAfterDueDate, false);
    },
  ],
  [
    'members of another type of due date are ignored, even nonsense',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({
        ...wanted(given),
        accessDate: '2026-01-01',
        dueDateType: 'due_period',
        duePeriod: 24,
        dueDate: 'whenever',
      });
      assert.equal((await stage.of(given.learner))[0]?.dueDate, '2026-01-02');
    },
  ],
  [
    'a due date given as a day lasts until its end',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({
        ...wanted(given),
        accessDate: '2026-05-04 10:00:00',
        dueDateType: 'due_date',
        dueDate: '2026-05-04',
      });
      assert.equal((await stage.of(given.learner))[0]?.dueDate, '2026-05-04');
    },
  ],
  [
    'due_date needs a due date',
    async (stage) => {
      const given = await pair(stage);
      const expected = {
        status: 400,
        code: 'request.invalid',
        message: /^dueDate: is required when dueDateType is due_date/,
      };
      await stage.refused({ ...wanted(given), dueDateType: 'due_date' }, expected);
      await stage.refused({ ...wanted(given), dueDateType: 'due_date', dueDate: '' }, expected);
    },
  ],
  [
    'a due period counts hours from the access date',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({
        ...wanted(given),
        accessDate: '2026-01-01 22:00:00',
        dueDateType: 'due_period',
        duePeriod: 3,
      });
      assert.equal((await stage.of(given.learner))[0]?.dueDate, '2026-01-02');
    },
  ],
  [
    'a due period may be a numeric string',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({
        ...wanted(given),
        accessDate: '2026-01-01',
        dueDateType: 'due_period',
        duePeriod: '72',
      });
      assert.equal((await stage.of(given.learner))[0]?.dueDate, '2026-01-04');
    },
  ],
  [
    'a due period that is missing, zero, negative or not whole is refused',
    async (stage) => {
      const given = await pair(stage);
      for (const [duePeriod, message] of [
        [undefined, /^duePeriod: is required when dueDateType is due_period/],
        [0, /^duePeriod: must be from 1 to \d+, got 0/],
        [-5, /^duePeriod: must be from 1 .*got -5/],
        [1.5, /^duePeriod: must be a whole number, got 1\.5/],
        ['soon', /^duePeriod: must be a whole number, got soon/],
      ] as const)
        await stage.refused(
          { ...wanted(given), dueDateType: 'due_period', duePeriod },
          { status: 400, code: 'request.invalid', message },
        );
    },
  ],
  [
    'a due date before the access date is refused, also when access is now',
    async (stage) => {
      const given = await pair(stage);
      const expected = {
        status: 400,
        code: 'enrollment.due_before_access',
        message: /^dueDate: 2026-01-01T23:59:59/,
      };
      await stage.refused(
        { ...wanted(given), accessDate: '2026-01-02', dueDateType: 'due_date', dueDate: '2026-01-01' },
        expected,
      );
      await stage.refused({ ...wanted(given), dueDateType: 'due_date', dueDate: '2026-01-01' }, expected);
    },
  ],
  [
    'a due date in the past is legal if access was before it',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({
        ...wanted(given),
        accessDate: '2001-01-01',
        dueDateType: 'due_date',
        dueDate: '2001-02-01',
        lockAfterDueDate: true,
      });
      assert.equal((await stage.of(given.learner))[0]?.expirationDate, '2001-02-01');
    },
  ],
  [
    'impossible dates are refused, naming field and value',
    async (stage) => {
      const given = await pair(stage);
      for (const bad of [
        '2026-02-31',
        '0000-01-01',
        '99999-01-01',
        '10:30:00',
        '2026-13-01',
        '2026-01-01 24:00:00',
        'tomorrow',
      ])
        await stage.refused(
          { ...wanted(given), accessDate: bad, dueDateType: 'unlimited' },
          {
            status: 400,
            code: 'request.invalid',
            message: new RegExp(`^accessDate: must be a date .*, got ${bad}`),
          },
        );
      await stage.refused(
        { ...wanted(given), dueDateType: 'due_date', dueDate: '2027-02-29' },
        { status: 400, code: 'request.invalid', message: /^dueDate: .*2027-02-29/ },
      );
    },
  ],
  [
    'a period that leads beyond the year 9999 is refused',
    async (stage) => {
      const given = await pair(stage);
      await stage.refused(
        { ...wanted(given), accessDate: '9999-12-31', dueDateType: 'due_period', duePeriod: 48 },
        { status: 400, code: 'enrollment.date_range', message: /^duePeriod: / },
      );
    },
  ],
  [
    'a type of due date that is missing or unknown is refused',
    async (stage) => {
      const given = await pair(stage);
      await stage.refused(wanted(given), {
        status: 400,
        code: 'request.invalid',
        message: /^dueDateType: is required/,
      });
      await stage.refused(
        { ...wanted(given), dueDateType: 'forever' },
        {
          status: 400,
          code: 'request.invalid',
          message: /^dueDateType: must be one of unlimited, default, due_date, due_period, got forever/,
        },
      );
    },
  ],
  [
    'default takes the period of the item, counted from the access date, and its lock',
    async (stage) => {
      const given = await pair(stage, {
        defaultDueDateType: 'due_period',
        defaultDuePeriod: 48,
        defaultLockAfterDueDate: true,
      });
      await stage.enrolled({ ...wanted(given), accessDate: '2026-01-01', dueDateType: 'default' });
      const [enrollment] = await stage.of(given.learner);
      assert.equal(enrollment?.dueDate, '2026-01-03');
      assert.equal(enrollment?.shouldLockAfterDueDate, true);
    },
  ],
  [
    'default takes the fixed date of the item, also one before access',
    async (stage) => {
      const given = await pair(stage, { defaultDueDateType: 'due_date', defaultDueDate: '2020-06-30' });
      await stage.enrolled({ ...wanted(given), dueDateType: 'default' });
      assert.equal((await stage.of(given.learner))[0]?.dueDate, '2020-06-30');
    },
  ],
  [
    'default of an item without a setting is unlimited',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({ ...wanted(given), dueDateType: 'default', lockAfterDueDate: true });
      const [enrollment] = await stage.of(given.learner);
      assert.equal(enrollment?.dueDate, undefined);
      assert.equal(enrollment?.shouldLockAfterDueDate, false);
    },
  ],
  [
    'a lock in the request overrides the lock of the item',
    async (stage) => {
      const given = await pair(stage, {
        defaultDueDateType: 'due_period',
        defaultDuePeriod: 48,
        defaultLockAfterDueDate: true,
      });
      await stage.enrolled({ ...wanted(given), dueDateType: 'default', lockAfterDueDate: false });
      assert.equal((await stage.of(given.learner))[0]?.shouldLockAfterDueDate, false);
    },
  ],
  [
    'what default resolved to does not move when the item changes',
    async (stage) => {
      const given = await pair(stage, { defaultDueDateType: 'due_period', defaultDuePeriod: 48 });
      await stage.enrolled({ ...wanted(given), accessDate: '2026-01-01', dueDateType: 'default' });
      const before = await stage.of(given.learner);
      const edit = await call(stage.world, 'POST', `/content/${given.course}`, {
        json: { defaultDuePeriod: 480, defaultLockAfterDueDate: true },
      });
      assert.equal(edit.status, 200);
      assert.deepEqual(await stage.of(given.learner), before);
    },
  ],
  [
    'without a lock in the request there is none, and no expiration date',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({ ...wanted(given), dueDateType: 'due_period', duePeriod: 24 });
      const [enrollment] = await stage.of(given.learner);
      assert.equal(enrollment?.shouldLockAfterDueDate, false);
      assert.equal(enrollment?.expirationDate, undefined);
      assert.notEqual(enrollment?.dueDate, undefined);
    },
  ],
  [
    'with a due date and a lock the expiration date is the due date',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({
        ...wanted(given),
        accessDate: '2026-01-01',
        dueDateType: 'due_period',
        duePeriod: 24,
        lockAfterDueDate: true,
      });
      const [enrollment] = await stage.of(given.learner);
      assert.equal(enrollment?.expirationDate, '2026-01-02');
      assert.equal(enrollment?.shouldLockAfterDueDate, true);
    },
  ],
  [
    'the instant is kept exactly, though answers show the day',
    async (stage) => {
      const given = await pair(stage);
      await stage.enrolled({
        ...wanted(given),
        accessDate: '2026-01-01 10:20:30',
        dueDateType: 'due_period',
        duePeriod: 1,
      });
      const { sql } = await import('kysely');
      const { rows } = await stage.world.db.read((tx) =>
        sql<{
          access_at: Date;
          due_at: Date;
        }>`select access_at, due_at from enrollment where learner_id = ${given.learner}`.execute(tx),
      );
      assert.equal(rows[0]?.access_at.toISOString(), '2026-01-01T10:20:30.000Z');
      assert.equal(rows[0]?.due_at.getTime(), new Date('2026-01-01T10:20:30Z').getTime() + HOUR_MS);
    },
  ],
];

scenarios('dates and locks', list);
