import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { type Scenario, type Stage, scenarios } from '../behaviour/runner.ts';
import { addCourseOf, addModule, addTrack, enroll, enrolled, record } from '../support/learning.ts';
import { addCourse, addDepartment, addTraining, addUser } from '../support/people.ts';
import { call } from '../support/server.ts';

const FUTURE = '2099-01-01 00:00:00';

/** The whole body of a list in the scenario's format, with the page token left out. */
async function list(stage: Stage, path: string, token?: string): Promise<Record<string, unknown>[]> {
  const answer = await call(stage.world, 'GET', path, {
    accept: `application/${stage.format}`,
    ...(token ? { token } : {}),
  });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', new RegExp(`^application/${stage.format};`));
  if (stage.format === 'json') return (answer.json as { results: Record<string, unknown>[] }).results;
  return resultsOf(answer.text);
}

const NUMBERS = ['progress', 'awardedScore', 'viewsCount'];

/** `<response><results><result>…`, and nothing else but a token. */
function resultsOf(xml: string): Record<string, unknown>[] {
  const [, inner] =
    /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<response><results>(.*)<\/results>(?:<nextPageToken>[\w-]+<\/nextPageToken>)?<\/response>$/s.exec(
      xml,
    ) ?? assert.fail(xml);
  return [...(inner ?? '').matchAll(/<result>(.*?)<\/result>/gs)].map(([, members = '']) =>
    Object.fromEntries(
      [...members.matchAll(/<(\w+)>(.*?)<\/\1>/gs)].map(([, name = '', value = '']) => {
        if (name === 'isOverdue') return [name, value === '1'];
        return [name, NUMBERS.includes(name) ? Number(value) : value];
      }),
    ),
  );
}

const instant = (at: Date): string => `${at.toISOString().slice(0, 19)}+00:00`;
const titleOf = async (stage: Stage, itemId: string): Promise<string> =>
  ((await call(stage.world, 'GET', `/content/${itemId}`)).json as { contentItem: { title: string } })
    .contentItem.title;

const report = (stage: Stage, enrollmentId: string, body: Record<string, unknown>, token?: string) =>
  stage.post(`/enrollment/${enrollmentId}/progress`, body, token);

const statusOf = async (stage: Stage, userId: string, courseId: string): Promise<unknown> =>
  (await list(stage, `/learners/results?userIds[]=${userId}&courseIds[]=${courseId}`))[0]?.[
    'completionStatus'
  ];

const SHAPES: readonly Scenario[] = [
  [
    'GET /learners/results: a row per enrollment with just the contract’s members',
    async (stage) => {
      const { world } = stage;
      const material = await addCourse(world, 'Page');
      const { learnerId, enrollmentId } = await enrolled(world, material, {
        dueDateType: 'due_date',
        dueDate: '2099-05-06 07:08:09',
        lockAfterDueDate: true,
        accessDate: '2020-01-02 03:04:05',
      });
      const common = {
        userId: learnerId,
        courseId: material,
        courseTitle: await titleOf(stage, material),
        enrollmentId,
        accessDate: '2020-01-02T03:04:05+00:00',
        dueDate: '2099-05-06T07:08:09+00:00',
        expirationDate: '2099-05-06T07:08:09+00:00',
        isOverdue: false,
      };
      assert.deepEqual(await list(stage, `/learners/results?userIds[]=${learnerId}`), [
        { ...common, completionStatus: 'not_started', progress: 0, viewsCount: 0 },
      ]);
      const answer = await report(stage, enrollmentId, { status: 'passed', progress: 95, score: 87.5 });
      assert.equal(`${answer.status} ${answer.text}`, '200 ');
      assert.deepEqual(await list(stage, `/learners/results?userIds[]=${learnerId}`), [
        {
          ...common,
          completionDate: instant(world.clock.now),
          completionStatus: 'passed',
          awardedScore: 87.5,
          progress: 100,
          viewsCount: 1,
        },
      ]);
    },
  ],
  [
    'GET /learners/modules/results: a row per learner and module',
    async (stage) => {
      const { world } = stage;
      const { courseId, moduleIds, itemIds } = await addCourseOf(world, 1);
      const training = await addTraining(world);
      moduleIds.push(await addModule(world, courseId, training));
      const { learnerId, enrollmentId } = await enrolled(world, courseId, {
        dueDateType: 'unlimited',
        accessDate: '2020-01-02 00:00:00',
      });
      await report(stage, enrollmentId, { progress: 30.5, moduleId: moduleIds[0] });
      const modules = (
        (await call(world, 'GET', `/course/${courseId}/modules`)).json as {
          modules: { title: string }[];
        }
      ).modules;
      const common = {
        userId: learnerId,
        courseId,
        enrollmentId,
        accessDate: '2020-01-02T00:00:00+00:00',
        isOverdue: false,
      };
      const expected = [
        {
          moduleId: moduleIds[0],
          moduleTitle: modules[0]?.title,
          courseItemId: itemIds[0],
          completionStatus: 'in_progress',
          progress: 30.5,
          viewsCount: 1,
        },
        {
          moduleId: moduleIds[1],
          moduleTitle: modules[1]?.title,
          courseItemId: training,
          completionStatus: 'not_started',
          progress: 0,
          viewsCount: 0,
        },
      ].map((own) => ({ ...common, ...own }));
      const path = `/learners/modules/results?userIds[]=${learnerId}`;
      assert.deepEqual(await list(stage, path), expected);
      assert.deepEqual(await list(stage, `${path}&moduleIds[]=${moduleIds[1]}`), [expected[1]]);
      assert.deepEqual(await list(stage, `${path}&courseItemIds=${itemIds[0]}`), [expected[0]]);
      assert.deepEqual(await list(stage, `${path}&completionStatuses=in_progress`), [expected[0]]);
    },
  ],
  [
    'no results: an empty list',
    async (stage) => {
      const learnerId = await addUser(stage.world);
      for (const path of ['/learners/results', '/learners/modules/results'])
        assert.deepEqual(await list(stage, `${path}?userIds[]=${learnerId}`), []);
    },
  ],
  [
    'pages follow the order of creation, each row once, and an old token goes on where it stood',
    async (stage) => {
      const { world } = stage;
      const { courseId, moduleIds } = await addCourseOf(world, 2);
      const other = await addCourse(world);
      const trackId = await addTrack(world, [other, courseId]);
      for (const [path, rowsEach] of [
        ['/learners/results', 2],
        ['/learners/modules/results', moduleIds.length],
      ] as const) {
        const departmentId = await addDepartment(world, `Pages ${stage.format}`);
        const enrollSome = async (count: number) => {
          const learnerIds: string[] = [];
          for (let no = 0; no < count; no++) learnerIds.push(await addUser(world, { departmentId }));
          await stage.enrolled({ courseIds: [trackId], learnerIds, dueDateType: 'unlimited' });
        };
        await enrollSome(3);
        const filtered = `${path}?departmentIds[]=${departmentId}`;
        const whole = await list(stage, filtered);
        assert.equal(whole.length, 3 * rowsEach);
        const seen: Record<string, unknown>[] = [];
        let lastToken = '';
        for (let token: string | undefined = ''; token !== undefined; ) {
          lastToken = token;
          seen.push(...(await list(stage, `${filtered}&pageSize=1&pageToken=${token}`)));
          const page = await call(world, 'GET', `${filtered}&pageSize=1&pageToken=${token}`);
          token = (page.json as { nextPageToken?: string }).nextPageToken;
        }
        assert.deepEqual(seen, whole);
        await enrollSome(1);
        const later = await list(stage, `${filtered}&pageToken=${lastToken}`);
        assert.equal(later.length, 1 + rowsEach, 'the last row again, then what is new');
      }
      for (const token of ['nonsense', 'MTox'])
        assert.equal((await call(world, 'GET', `/learners/results?pageToken=${token}`)).status, 400);
    },
  ],
];

const FILTERS: readonly Scenario[] = [
  [
    'a learning track has a row per course, named by the enrollment in the track',
    async (stage) => {
      const { world } = stage;
      const [one, two] = [await addCourse(world), await addCourse(world)];
      const trackId = await addTrack(world, [one, two]);
      const { learnerId, enrollmentId } = await enrolled(world, trackId);
      const rows = await list(stage, `/learners/results?userIds[]=${learnerId}`);
      assert.deepEqual(
        rows.map((row) => [row['courseId'], row['enrollmentId']]),
        [one, two].map((courseId) => [courseId, enrollmentId]),
      );
      const some = await list(stage, `/learners/results?courseIds[]=${two}&enrollmentIds[]=${enrollmentId}`);
      assert.deepEqual(
        some.map((row) => row['courseId']),
        [two],
      );
    },
  ],
  [
    'without userStatuses only active users',
    async (stage) => {
      const { world } = stage;
      const course = await addCourse(world);
      const { learnerId } = await enrolled(world, course);
      const seen = async (filter: string) =>
        (await list(stage, `/learners/results?courseIds[]=${course}${filter}`)).map((row) => row['userId']);
      assert.deepEqual(await seen(''), [learnerId]);
      await call(world, 'POST', `/user/${learnerId}/status`, { json: { status: 3 } });
      assert.deepEqual(await seen(''), []);
      assert.deepEqual(await seen('&userStatuses[]=3'), [learnerId]);
      assert.deepEqual(await seen('&userStatuses=1,5'), []);
    },
  ],
  [
    'filters by statuses and ranges of dates; a date-only end is that whole day',
    async (stage) => {
      const { world } = stage;
      const course = await addCourse(world);
      const done = await enrolled(world, course, {
        dueDateType: 'due_date',
        accessDate: '2021-05-05 10:00:00',
        dueDate: '2031-01-01 12:00:00',
      });
      const open = await enrolled(world, course, { dueDateType: 'unlimited', accessDate: '2022-01-01' });
      await record(world, done.enrollmentId, { status: 'complete' });
      const today = world.clock.now.toISOString().slice(0, 10);
      for (const [filter, expected] of [
        ['completionStatuses[]=complete&completionStatuses[]=passed', [done]],
        ['completionStatuses=not_started,failed', [open]],
        ['accessDate[startDate]=2021-05-05&accessDate[endDate]=2021-05-05', [done]],
        ['accessDate[startDate]=2021-05-06', [open]],
        ['accessDate%5BendDate%5D=2021-05-05%2009:59:59', []],
        ['dueDate[endDate]=2031-01-01', [done]],
        ['dueDate[startDate]=2031-01-01T12:00:01Z', []],
        [`completionDate[startDate]=${today}&completionDate[endDate]=${today}`, [done]],
        ['completionDate[endDate]=2020-01-01', []],
      ] as const)
        assert.deepEqual(
          (await list(stage, `/learners/results?courseIds[]=${course}&${filter}`)).map(
            (row) => row['userId'],
          ),
          expected.map((one) => one.learnerId),
          filter,
        );
    },
  ],
  [
    'overdue is computed with now, until it is done',
    async (stage) => {
      const { world } = stage;
      const course = await addCourse(world);
      const { learnerId, enrollmentId } = await enrolled(world, course, {
        dueDateType: 'due_date',
        accessDate: '2020-01-01',
        dueDate: '2020-06-01',
      });
      const isOverdue = async () =>
        (await list(stage, `/learners/results?userIds=${learnerId}`))[0]?.['isOverdue'];
      assert.equal(await isOverdue(), true);
      await record(world, enrollmentId, { status: 'accepted' });
      assert.equal(await isOverdue(), false);
    },
  ],
  [
    'an unknown id of any filter is 400 and named; a limited caller sees less, and no difference',
    async (stage) => {
      const { world } = stage;
      const unknown = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
      const own = await addDepartment(world, `Own ${stage.format}`);
      const token = await world.tokenOf(
        await addUser(world, { role: 'department_administrator', manages: [own] }),
      );
      const course = await addCourse(world);
      const inside = await addUser(world, { departmentId: own });
      await enroll(world, inside, course);
      const outside = await enrolled(world, course);
      for (const [path, filters] of [
        ['/learners/results', ['userIds', 'courseIds', 'departmentIds', 'enrollmentIds']],
        ['/learners/modules/results', ['userIds', 'moduleIds', 'courseItemIds']],
      ] as const)
        for (const filter of filters) {
          const answer = await call(world, 'GET', `${path}?${filter}[]=${unknown}`, {
            accept: `application/${stage.format}`,
          });
          assert.equal(answer.status, 400, filter);
          assert.match(answer.text, new RegExp(unknown));
          assert.deepEqual(await list(stage, `${path}?${filter}[]=${unknown}`, token), []);
        }
      assert.deepEqual(
        (await list(stage, `/learners/results?courseIds[]=${course}`, token)).map((row) => row['userId']),
        [inside],
      );
      assert.deepEqual(
        await list(stage, `/learners/results?enrollmentIds[]=${outside.enrollmentId}`, token),
        [],
      );
    },
  ],
];

const RECORDING: readonly Scenario[] = [
  [
    'a course follows from its modules, a track from its courses, whichever enrollment reported it',
    async (stage) => {
      const { world } = stage;
      const { courseId, moduleIds } = await addCourseOf(world, 2);
      const trackId = await addTrack(world, [courseId]);
      const { learnerId, enrollmentId } = await enrolled(world, courseId);
      const throughTrack = await enroll(world, learnerId, trackId);
      await report(stage, enrollmentId, { status: 'passed', moduleId: moduleIds[0] });
      const rows = await list(stage, `/learners/results?userIds[]=${learnerId}`);
      assert.deepEqual(
        rows.map((row) => [row['courseId'], row['completionStatus'], row['progress']]),
        [
          [courseId, 'in_progress', 50],
          [courseId, 'in_progress', 50],
        ],
      );
      await report(stage, throughTrack, { progress: 100, moduleId: moduleIds[1] });
      assert.equal(await statusOf(stage, learnerId, courseId), 'complete');
    },
  ],
  [
    're-enrolling starts from nothing; ending hides the progress and keeps it',
    async (stage) => {
      const { world } = stage;
      const { courseId, moduleIds } = await addCourseOf(world, 1);
      const { learnerId, enrollmentId } = await enrolled(world, courseId);
      await report(stage, enrollmentId, { status: 'complete', moduleId: moduleIds[0] });
      const certificateOf = async () =>
        (
          (await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`)).json as {
            certificate?: object;
          }[]
        )[0]?.certificate;
      assert.ok(await certificateOf());
      const anew = await stage.post(`/enrollment/${enrollmentId}/reenroll`, { dueDateType: 'unlimited' });
      assert.equal(anew.status, 200, anew.text);
      assert.equal(await statusOf(stage, learnerId, courseId), 'not_started');
      assert.equal(await certificateOf(), undefined);
      const [row] = await list(stage, `/learners/modules/results?userIds[]=${learnerId}`);
      assert.equal(row?.['completionStatus'], 'not_started');
      const second = String(row?.['enrollmentId']);
      assert.notEqual(second, enrollmentId);
      await stage.refused(
        { progress: 5 },
        { status: 400, code: 'enrollment.unknown', path: `/enrollment/${enrollmentId}/progress` },
      );
      const kept = () =>
        world.db.read((tx) => sql`select from progress where learner_id = ${learnerId}`.execute(tx));
      assert.equal((await kept()).rows.length, 1);
      assert.equal((await stage.post('/enrollment/delete', { enrollmentIds: [second] })).status, 204);
      assert.deepEqual(await list(stage, `/learners/results?userIds[]=${learnerId}`), []);
      assert.equal((await kept()).rows.length, 1, 'hidden, not deleted');
    },
  ],
  [
    'nothing recorded later uncompletes, and completion keeps its instant',
    async (stage) => {
      const { world } = stage;
      const course = await addCourse(world);
      const { learnerId, enrollmentId } = await enrolled(world, course);
      const completed = world.clock.now;
      await report(stage, enrollmentId, { status: 'complete' });
      world.clock.now = new Date(completed.getTime() + 60_000);
      await report(stage, enrollmentId, { status: 'failed', progress: 10, score: 5 });
      const [row] = await list(stage, `/learners/results?userIds[]=${learnerId}`);
      assert.deepEqual(
        [row?.['completionStatus'], row?.['completionDate'], row?.['progress'], row?.['viewsCount']],
        ['complete', instant(completed), 100, 2],
      );
    },
  ],
  [
    'bad values, unknown modules and a track without a module are 400 and change nothing',
    async (stage) => {
      const { world } = stage;
      const { courseId } = await addCourseOf(world, 1);
      const other = await addCourseOf(world, 1);
      const { learnerId, enrollmentId } = await enrolled(world, courseId);
      const track = await enroll(world, learnerId, await addTrack(world, [courseId]));
      const path = `/enrollment/${enrollmentId}/progress`;
      for (const [body, message, where = path] of [
        [{}, /^status: is required/],
        [{ status: 'finished' }, /^status: must be one of/],
        [{ progress: 101 }, /^progress: must be from 0 to 100, got 101/],
        [{ progress: -1 }, /^progress: must be from 0/],
        [{ progress: 'half' }, /^progress: must be a number/],
        [{ score: -5 }, /^score: must be from 0/],
        [{ moduleId: 'x', progress: 1 }, /^moduleId: must be a UUID/],
        [
          { status: 'passed' },
          /^moduleId: is required with a learning track/,
          `/enrollment/${track}/progress`,
        ],
      ] as [Record<string, unknown>, RegExp, string?][])
        await stage.refused(body, { status: 400, code: 'request.invalid', message, path: where });
      for (const where of [path, `/enrollment/${track}/progress`])
        await stage.refused(
          { progress: 5, moduleId: other.moduleIds[0] },
          { status: 400, code: 'progress.unknown_module', message: /^moduleId: /, path: where },
        );
    },
  ],
  [
    'nothing is recorded before the access date or once it is locked',
    async (stage) => {
      const { world } = stage;
      const course = await addCourse(world);
      const early = await enrolled(world, course, { dueDateType: 'unlimited', accessDate: FUTURE });
      const late = await enrolled(world, course, {
        dueDateType: 'due_date',
        accessDate: '2020-01-01',
        dueDate: '2020-06-01',
        lockAfterDueDate: true,
      });
      for (const [one, code] of [
        [early, 'progress.not_open'],
        [late, 'progress.locked'],
      ] as const)
        await stage.refused(
          { progress: 5 },
          { status: 400, code, path: `/enrollment/${one.enrollmentId}/progress` },
        );
    },
  ],
  [
    'an unknown enrollment is 400; to a limited caller it is a foreign one: 403',
    async (stage) => {
      const { world } = stage;
      const own = await addDepartment(world, `Scope ${stage.format}`);
      const token = await world.tokenOf(
        await addUser(world, { role: 'department_administrator', manages: [own] }),
      );
      const { enrollmentId } = await enrolled(world, await addCourse(world));
      const unknown = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
      const at = (id: string) => `/enrollment/${id}/progress`;
      await stage.refused({ progress: 5 }, { status: 400, code: 'enrollment.unknown', path: at(unknown) });
      for (const id of [unknown, enrollmentId])
        await stage.refused(
          { progress: 5 },
          { status: 403, code: 'auth.enrollment_scope', path: at(id), token },
        );
    },
  ],
];

scenarios('results', [...SHAPES, ...FILTERS]);
scenarios('recording progress', RECORDING);
