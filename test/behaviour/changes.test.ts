import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { addCourse, addTraining, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { type Scenario, type Stage, scenarios, type WireEnrollment } from './runner.ts';

/** Editing, re-enrolling and deleting: what changes, what stays, what is remembered. */

const unlimited = { dueDateType: 'unlimited' };
const NOBODY = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

/** A learner enrolled in a course from 2024 on, and the enrollment. */
async function enrolledOne(
  stage: Stage,
  body: Record<string, unknown> = {},
  course?: string,
): Promise<WireEnrollment> {
  const learner = await addUser(stage.world);
  const courseIds = [course ?? (await addCourse(stage.world))];
  await stage.enrolled({ courseIds, learnerIds: [learner], accessDate: '2024-01-01', ...unlimited, ...body });
  return only(stage, learner);
}

async function only(stage: Stage, learner: string): Promise<WireEnrollment> {
  const found = await stage.of(learner);
  assert.equal(found.length, 1);
  return found[0] as WireEnrollment;
}

/** Changes, and insists on the status, an empty body and an operation that says so. */
async function changed(
  stage: Stage,
  path: string,
  body: Record<string, unknown>,
  expected: {
    status: number;
    kind: string;
    summary: Partial<Record<'created' | 'changed' | 'unchanged', number>>;
  },
): Promise<void> {
  const answer = await stage.post(path, body);
  assert.equal(answer.status, expected.status, answer.text);
  assert.equal(answer.text, '');
  const operation = (await call(stage.world, 'GET', answer.headers.get('location') ?? '')).json as {
    kind: string;
    state: string;
    progress: { done: number; total: number };
    summary: unknown;
  };
  assert.equal(operation.kind, expected.kind);
  assert.equal(operation.state, 'done');
  assert.equal(operation.progress.done, operation.progress.total);
  assert.deepEqual(operation.summary, {
    created: 0,
    changed: 0,
    unchanged: 0,
    refused: 0,
    ...expected.summary,
  });
}

const edited = (
  stage: Stage,
  id: string,
  body: Record<string, unknown>,
  outcome: 'changed' | 'unchanged' = 'changed',
) => changed(stage, `/enrollment/${id}`, body, { status: 200, kind: 'edit', summary: { [outcome]: 1 } });
const reenrolled = (stage: Stage, id: string, body: Record<string, unknown>) =>
  changed(stage, `/enrollment/${id}/reenroll`, body, {
    status: 200,
    kind: 'reenroll',
    summary: { created: 1 },
  });
const deleted = (stage: Stage, ids: readonly string[]) =>
  changed(
    stage,
    '/enrollment/delete',
    { enrollmentIds: ids },
    { status: 204, kind: 'delete', summary: { changed: new Set(ids.map((id) => id.toLowerCase())).size } },
  );

interface Version {
  access: string;
  due: string | null;
  lock: boolean;
  term: number;
  cause: string | null;
}

/** Every version of a learner's enrollments in order: those that are past, then the current one. */
async function versions(world: World, learner: string): Promise<Version[]> {
  const { rows } = await world.db.read((tx) =>
    sql<Version>`
      select access, due, lock, term, cause from (
        select version_chunk, access_at::date::text as access, due_at::date::text as due, lock_after_due as lock, term, past_cause as cause
        from enrollment_past where learner_id = ${learner}
        union all
        select version_chunk, access_at::date::text, due_at::date::text, lock_after_due, term, null
        from enrollment where learner_id = ${learner}) v
      order by version_chunk`.execute(tx),
  );
  return rows;
}

/** Events about a learner's items, in order. */
async function events(world: World, item: string): Promise<string[]> {
  const { rows } = await world.db.read((tx) =>
    sql<{ event: string }>`
      select event_type || ' ' || learners as event from outbox where item_id = ${item} order by chunk`.execute(
      tx,
    ),
  );
  return rows.map((row) => row.event);
}

const editing: readonly Scenario[] = [
  [
    'an edit replaces access date, due date and lock; the id stays, the old terms are remembered, nobody is told',
    async (stage) => {
      const one = await enrolledOne(stage, {
        dueDateType: 'due_date',
        dueDate: '2024-06-01',
        lockAfterDueDate: true,
      });
      await edited(stage, one.enrollmentId, {
        accessDate: '2025-03-04',
        dueDateType: 'due_period',
        duePeriod: 48,
      });
      assert.deepEqual(await only(stage, one.learnerId), {
        enrollmentId: one.enrollmentId,
        courseId: one.courseId,
        learnerId: one.learnerId,
        accessDate: '2025-03-04',
        dueDate: '2025-03-06',
        enrollmentTypeGroup: 0,
        shouldLockAfterDueDate: false,
      });
      assert.deepEqual(await versions(stage.world, one.learnerId), [
        { access: '2024-01-01', due: '2024-06-01', lock: true, term: 1, cause: 'edited' },
        { access: '2025-03-04', due: '2025-03-06', lock: false, term: 1, cause: null },
      ]);
      assert.deepEqual(await events(stage.world, one.courseId), [
        'LEARNERS_ENROLLED_IN_COURSE 1',
        'ENROLLMENTS_CHANGED 1',
      ]);
    },
  ],
  [
    'an edit without an access date opens the course now, and takes away a due date that is not given',
    async (stage) => {
      const one = await enrolledOne(stage, {
        dueDateType: 'due_date',
        dueDate: '2024-06-01',
        lockAfterDueDate: true,
      });
      await edited(stage, one.enrollmentId, unlimited);
      const after = await only(stage, one.learnerId);
      assert.equal(after.accessDate, stage.world.clock.now.toISOString().slice(0, 10));
      assert.deepEqual(
        [after.dueDate, after.expirationDate, after.shouldLockAfterDueDate],
        [undefined, undefined, false],
      );
    },
  ],
  [
    'an edit to just the same terms changes nothing and leaves no history',
    async (stage) => {
      const terms = {
        accessDate: '2024-01-01',
        dueDateType: 'due_date',
        dueDate: '2024-06-01',
        lockAfterDueDate: true,
      };
      const one = await enrolledOne(stage, terms);
      await edited(stage, one.enrollmentId, terms, 'unchanged');
      assert.deepEqual(await only(stage, one.learnerId), one);
      assert.equal((await versions(stage.world, one.learnerId)).length, 1);
    },
  ],
  [
    'default is the setting of the course at the time of the edit',
    async (stage) => {
      const course = await addCourse(stage.world, 'Course', {
        defaultDueDateType: 'due_period',
        defaultDuePeriod: 24,
      });
      const one = await enrolledOne(stage, { dueDateType: 'default' }, course);
      assert.equal(one.dueDate, '2024-01-02');
      const set = { defaultDueDateType: 'due_period', defaultDuePeriod: 72, defaultLockAfterDueDate: true };
      assert.equal((await call(stage.world, 'POST', `/content/${course}`, { json: set })).status, 200);
      await edited(stage, one.enrollmentId, { accessDate: '2024-01-01', dueDateType: 'default' });
      const after = await only(stage, one.learnerId);
      assert.deepEqual([after.dueDate, after.expirationDate], ['2024-01-04', '2024-01-04']);
    },
  ],
  [
    'an edit is refused by the rules of enrolling, and changes nothing',
    async (stage) => {
      const one = await enrolledOne(stage);
      const path = `/enrollment/${one.enrollmentId}`;
      const invalid = { status: 400, code: 'request.invalid', path };
      await stage.refused({}, { ...invalid, message: /^dueDateType: is required/ });
      await stage.refused({ dueDateType: 'due_date' }, { ...invalid, message: /^dueDate: is required/ });
      await stage.refused(
        { dueDateType: 'due_period', duePeriod: 0 },
        { ...invalid, message: /^duePeriod: must be from 1/ },
      );
      await stage.refused(
        { accessDate: '2024-02-01', dueDateType: 'due_date', dueDate: '2024-01-31' },
        { status: 400, code: 'enrollment.due_before_access', path, message: /^dueDate: / },
      );
      await stage.refused(
        { accessDate: '9999-12-01', dueDateType: 'due_period', duePeriod: 100_000 },
        { status: 400, code: 'enrollment.date_range', path, message: /^duePeriod: / },
      );
    },
  ],
  [
    'an enrollment in a retired course, or of an inactive learner, can still be edited',
    async (stage) => {
      const one = await enrolledOne(stage);
      assert.equal((await call(stage.world, 'DELETE', `/content/${one.courseId}`)).status, 204);
      const inactive = { json: { status: 3 } };
      assert.equal((await call(stage.world, 'POST', `/user/${one.learnerId}/status`, inactive)).status, 200);
      await edited(stage, one.enrollmentId, { accessDate: '2025-01-01', ...unlimited });
    },
  ],
  [
    'an id that names no enrollment is refused on every change, whatever it is the id of',
    async (stage) => {
      const one = await enrolledOne(stage);
      for (const id of [NOBODY, one.learnerId, one.courseId]) {
        const expected = {
          status: 400,
          code: 'enrollment.unknown',
          message: new RegExp(`^Unknown Enrollment ${id}`),
        };
        await stage.refused(unlimited, { ...expected, path: `/enrollment/${id}` });
        await stage.refused(unlimited, { ...expected, path: `/enrollment/${id}/reenroll` });
        await stage.refused(
          { enrollmentIds: [one.enrollmentId, id] },
          { ...expected, path: '/enrollment/delete' },
        );
      }
      const malformed = { status: 400, code: 'request.invalid', message: /^enrollmentId: must be a UUID/ };
      await stage.refused(unlimited, { ...malformed, path: '/enrollment/somebody' });
    },
  ],
];

const reenrolling: readonly Scenario[] = [
  [
    'a re-enrollment archives the enrollment and creates another: a new id, the next term, and the event is sent',
    async (stage) => {
      const one = await enrolledOne(stage, {
        dueDateType: 'due_date',
        dueDate: '2024-06-01',
        lockAfterDueDate: true,
      });
      await reenrolled(stage, one.enrollmentId, {
        accessDate: '2025-01-01',
        dueDateType: 'due_date',
        dueDate: '2025-02-01',
      });
      const next = await only(stage, one.learnerId);
      assert.notEqual(next.enrollmentId, one.enrollmentId);
      assert.deepEqual(next, {
        enrollmentId: next.enrollmentId,
        courseId: one.courseId,
        learnerId: one.learnerId,
        accessDate: '2025-01-01',
        dueDate: '2025-02-01',
        enrollmentTypeGroup: 0,
        shouldLockAfterDueDate: false,
      });
      assert.deepEqual(await versions(stage.world, one.learnerId), [
        { access: '2024-01-01', due: '2024-06-01', lock: true, term: 1, cause: 'reenrolled' },
        { access: '2025-01-01', due: '2025-02-01', lock: false, term: 2, cause: null },
      ]);
      assert.deepEqual(await events(stage.world, one.courseId), [
        'LEARNERS_ENROLLED_IN_COURSE 1',
        'LEARNERS_ENROLLED_IN_COURSE 1',
      ]);
      const gone = await call(stage.world, 'GET', `/enrollment/${one.enrollmentId}`);
      assert.equal(`${gone.status} ${gone.code}`, '400 enrollment.unknown');
      await stage.refused(unlimited, {
        status: 400,
        code: 'enrollment.unknown',
        path: `/enrollment/${one.enrollmentId}/reenroll`,
      });
    },
  ],
  [
    'to the same terms, too: it is a new attempt',
    async (stage) => {
      const one = await enrolledOne(stage);
      await reenrolled(stage, one.enrollmentId, { accessDate: '2024-01-01', ...unlimited });
      assert.notEqual((await only(stage, one.learnerId)).enrollmentId, one.enrollmentId);
    },
  ],
  [
    'the paged list shows a re-enrolled learner after the last token, and an edited one in its place',
    async (stage) => {
      const first = await enrolledOne(stage);
      const second = await enrolledOne(stage);
      const both = `learnerIds[]=${first.learnerId}&learnerIds[]=${second.learnerId}`;
      const read = async (token: string): Promise<{ ids: string[]; token: string }> => {
        const page = await call(stage.world, 'GET', `/enrollments?${both}&pageToken=${token}`);
        const { enrollments } = page.json as { enrollments: WireEnrollment[] };
        return {
          ids: enrollments.map((e) => e.enrollmentId),
          token: page.headers.get('rollbook-resume-token') ?? '',
        };
      };
      const before = await read('');
      assert.deepEqual(before.ids, [first.enrollmentId, second.enrollmentId]);
      await reenrolled(stage, first.enrollmentId, unlimited);
      await edited(stage, second.enrollmentId, unlimited);
      const next = await only(stage, first.learnerId);
      assert.deepEqual((await read(before.token)).ids, [next.enrollmentId]);
      assert.deepEqual((await read('')).ids, [second.enrollmentId, next.enrollmentId]);
    },
  ],
  [
    'an inactive learner cannot be re-enrolled, nor anybody in a retired course',
    async (stage) => {
      const one = await enrolledOne(stage);
      const path = `/enrollment/${one.enrollmentId}/reenroll`;
      const status = (n: number) =>
        call(stage.world, 'POST', `/user/${one.learnerId}/status`, { json: { status: n } });
      await status(3);
      await stage.refused(unlimited, {
        status: 400,
        code: 'enrollment.inactive_learner',
        path,
        message: new RegExp(one.learnerId),
      });
      await status(1);
      assert.equal((await call(stage.world, 'DELETE', `/content/${one.courseId}`)).status, 204);
      await stage.refused(unlimited, {
        status: 400,
        code: 'enrollment.retired_course',
        path,
        message: new RegExp(one.courseId),
      });
    },
  ],
  [
    'a re-enrollment is refused by the rules of enrolling, and changes nothing',
    async (stage) => {
      const one = await enrolledOne(stage);
      const path = `/enrollment/${one.enrollmentId}/reenroll`;
      await stage.refused(
        {},
        { status: 400, code: 'request.invalid', path, message: /^dueDateType: is required/ },
      );
      await stage.refused(
        { dueDateType: 'due_date', dueDate: '2024-01-31' },
        { status: 400, code: 'enrollment.due_before_access', path },
      );
    },
  ],
];

const deleting: readonly Scenario[] = [
  [
    'a delete ends enrollments: they can no longer be read, the history keeps them, ids given twice count once',
    async (stage) => {
      const [one, two] = [await enrolledOne(stage), await enrolledOne(stage)];
      await deleted(stage, [one.enrollmentId, two.enrollmentId, one.enrollmentId.toUpperCase()]);
      for (const { learnerId, enrollmentId, courseId } of [one, two]) {
        assert.deepEqual(await stage.of(learnerId), []);
        const read = await call(stage.world, 'GET', `/enrollment/${enrollmentId}`);
        assert.equal(`${read.status} ${read.code}`, '400 enrollment.unknown');
        assert.deepEqual(await versions(stage.world, learnerId), [
          { access: '2024-01-01', due: null, lock: false, term: 1, cause: 'ended' },
        ]);
        assert.deepEqual(await events(stage.world, courseId), [
          'LEARNERS_ENROLLED_IN_COURSE 1',
          'LEARNERS_UNENROLLED 1',
        ]);
      }
    },
  ],
  [
    'whoever is enrolled again has a new enrollment in the next term, also after several',
    async (stage) => {
      const learner = await addUser(stage.world);
      const [course, other] = [await addCourse(stage.world), await addCourse(stage.world)];
      const enroll = (courseIds: string[]) =>
        stage.enrolled({ courseIds, learnerIds: [learner], ...unlimited });
      const ids = new Set<string>();
      for (let round = 1; round <= 3; round++) {
        await enroll([course]);
        const { enrollmentId } = await only(stage, learner);
        ids.add(enrollmentId);
        await deleted(stage, [enrollmentId]);
      }
      assert.equal(ids.size, 3);
      await enroll([course, other]);
      const terms = await stage.world.db.read((tx) =>
        sql<{
          item_id: string;
          term: number;
        }>`select item_id, term from enrollment where learner_id = ${learner}`.execute(tx),
      );
      const expected = [
        { item_id: course, term: 4 },
        { item_id: other, term: 1 },
      ];
      const byItem = (a: { item_id: string }, b: { item_id: string }) => a.item_id.localeCompare(b.item_id);
      assert.deepEqual(terms.rows.sort(byItem), expected.sort(byItem));
    },
  ],
  [
    'any root element is taken, and the list in any of its shapes',
    async (stage) => {
      const { world } = stage;
      for (const spell of [
        (id: string) =>
          `<DeleteEnrollments><enrollmentIds><id>${id}</id></enrollmentIds></DeleteEnrollments>`,
        (id: string) => `<request><enrollmentIds>${id}</enrollmentIds></request>`,
        (id: string) =>
          `<?xml version="1.0"?>\r\n<x a="b">\r\n <enrollmentIds>\r\n <id>${id}</id></enrollmentIds></x>`,
      ]) {
        const one = await enrolledOne(stage);
        const answer = await call(world, 'POST', '/enrollment/delete', {
          xml: spell(one.enrollmentId),
          accept: null,
        });
        assert.equal(`${answer.status} ${answer.text}`, '204 ');
        assert.deepEqual(await stage.of(one.learnerId), []);
      }
    },
  ],
  [
    'an empty or missing list is refused',
    async (stage) => {
      const refused = { status: 400, code: 'request.invalid', path: '/enrollment/delete' };
      await stage.refused(
        { enrollmentIds: [] },
        { ...refused, message: /^enrollmentIds: must not be empty/ },
      );
      await stage.refused({ courseIds: [NOBODY] }, { ...refused, message: /^enrollmentIds: is required/ });
    },
  ],
  [
    'a training is enrolled by nobody, so it has no enrollment to end',
    async (stage) => {
      const training = await addTraining(stage.world);
      await stage.refused(
        { enrollmentIds: [training] },
        { status: 400, code: 'enrollment.unknown', path: '/enrollment/delete' },
      );
    },
  ],
  [
    'an ended enrollment cannot be edited, re-enrolled or ended again',
    async (stage) => {
      const one = await enrolledOne(stage);
      await deleted(stage, [one.enrollmentId]);
      const unknown = { status: 400, code: 'enrollment.unknown' };
      await stage.refused(unlimited, { ...unknown, path: `/enrollment/${one.enrollmentId}` });
      await stage.refused(unlimited, { ...unknown, path: `/enrollment/${one.enrollmentId}/reenroll` });
      await stage.refused({ enrollmentIds: [one.enrollmentId] }, { ...unknown, path: '/enrollment/delete' });
    },
  ],
];

scenarios('editing an enrollment', editing);
scenarios('re-enrolling', reenrolling);
scenarios('deleting enrollments', deleting);
scenarios('deleting enrollments in chunks', deleting, { limits: { smallPairs: 1, chunkPairs: 1 } });
