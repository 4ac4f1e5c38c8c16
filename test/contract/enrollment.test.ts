import assert from 'node:assert/strict';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Sections 3.1 to 3.3 of the contract: enroll, and read back. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const managerId = await addUser(world, {
    departmentId: sales,
    role: 'department_administrator',
    manages: [sales],
  });
  const names = {
    course: await addCourse(world),
    track: await addCourse(world, 'LearningTrack'),
    ann: await addUser(world, { departmentId: sales }),
    ben: await addUser(world, { departmentId: sales }),
    eve: await addUser(world),
    manager: await world.tokenOf(managerId),
    learner: await world.tokenOf(await addUser(world)),
  };
  const enroll = async (json: Record<string, unknown>): Promise<void> => {
    const answer = await call(world, 'POST', '/enrollment', { json });
    assert.equal(answer.status, 201, answer.text);
  };
  await enroll({
    courseIds: [names.course],
    learnerIds: [names.ann],
    accessDate: '2026-01-01 10:00:00',
    dueDateType: 'due_date',
    dueDate: '2026-06-30',
    lockAfterDueDate: true,
  });
  await enroll({
    courseIds: [names.track],
    learnerIds: [names.eve],
    dueDateType: 'due_period',
    duePeriod: 48,
  });
  const all = (await call(world, 'GET', '/enrollment')).json as { enrollmentId: string }[];
  return { ...names, first: all[0]?.enrollmentId ?? '', second: all[1]?.enrollmentId ?? '' };
}

const first = {
  json: {
    enrollmentId: '{first}',
    courseId: '{course}',
    learnerId: '{ann}',
    accessDate: '2026-01-01',
    dueDate: '2026-06-30',
    expirationDate: '2026-06-30',
    enrollmentTypeGroup: 0,
    shouldLockAfterDueDate: true,
  },
  xml: `<enrollment>
    <enrollmentId>{first}</enrollmentId>
    <courseId>{course}</courseId>
    <learnerId>{ann}</learnerId>
    <accessDate>2026-01-01</accessDate>
    <dueDate>2026-06-30</dueDate>
    <expirationDate>2026-06-30</expirationDate>
    <enrollmentTypeGroup>0</enrollmentTypeGroup>
    <shouldLockAfterDueDate>1</shouldLockAfterDueDate>
  </enrollment>`,
};
const second = {
  json: {
    enrollmentId: '{second}',
    courseId: '{track}',
    learnerId: '{eve}',
    accessDate: '2026-03-02',
    dueDate: '2026-03-04',
    enrollmentTypeGroup: 0,
    shouldLockAfterDueDate: false,
  },
  xml: `<enrollment>
    <enrollmentId>{second}</enrollmentId>
    <courseId>{track}</courseId>
    <learnerId>{eve}</learnerId>
    <accessDate>2026-03-02</accessDate>
    <dueDate>2026-03-04</dueDate>
    <enrollmentTypeGroup>0</enrollmentTypeGroup>
    <shouldLockAfterDueDate>0</shouldLockAfterDueDate>
  </enrollment>`,
};

type Item = { json: unknown; xml: string };
const list = (...items: Item[]): Row['expect'] => ({
  status: 200,
  json: items.map((item) => item.json),
  xml: items.length > 0 ? `<response>${items.map((item) => item.xml).join('')}</response>` : '<response/>',
});
const page = (items: Item[], hasNext = false): Row['expect'] => ({
  status: 200,
  headers: { 'rollbook-resume-token': '{*token}' },
  json: {
    enrollments: items.map((item) => item.json),
    ...(hasNext ? { nextPageToken: '{*token}' } : {}),
  },
  xml: `<response><enrollments>${items.map((item) => item.xml).join('')}</enrollments>${hasNext ? '<nextPageToken>{*token}</nextPageToken>' : ''}</response>`,
});
const unknownLearner: Row['expect'] = {
  refused: 'enrollment.unknown_learner',
  status: 400,
  message: `Wrong parameters: unknown learnerIds ${UNKNOWN}.`,
};

const rows: readonly Row[] = [
  { name: 'GET /enrollment', method: 'GET', path: '/enrollment', expect: list(first, second) },
  {
    name: 'GET /enrollment of learners',
    method: 'GET',
    path: '/enrollment?learnerIds[]={eve}',
    expect: list(second),
  },
  {
    name: 'GET /enrollment: filters are combined',
    method: 'GET',
    path: '/enrollment?learnerIds[]={eve}&courseIds[]={course}',
    expect: list(),
  },
  {
    name: 'GET /enrollment by ids',
    method: 'GET',
    path: '/enrollment?enrollmentIds[]={first}',
    expect: list(first),
  },
  {
    name: 'GET /enrollment shows a department administrator her own',
    method: 'GET',
    path: '/enrollment?learnerIds[]={eve}&learnerIds[]={ann}',
    as: 'manager',
    expect: list(first),
  },
  {
    name: 'GET /enrollment with an unknown learner',
    method: 'GET',
    path: `/enrollment?learnerIds[]=${UNKNOWN}`,
    expect: unknownLearner,
  },
  {
    name: 'GET /enrollment as a learner',
    method: 'GET',
    path: '/enrollment',
    as: 'learner',
    expect: { refused: 'auth.role', status: 403, message: 'Permission denied.' },
  },
  { name: 'GET /enrollments', method: 'GET', path: '/enrollments', expect: page([first, second]) },
  {
    name: 'GET /enrollments, a page of one',
    method: 'GET',
    path: '/enrollments?pageSize=1',
    expect: page([first], true),
  },
  {
    name: 'GET /enrollments, the page after',
    method: 'GET',
    path: '/enrollments?pageSize=1&pageToken={next}',
    given: async ({ world }) => {
      const { json } = await call(world, 'GET', '/enrollments?pageSize=1');
      return { next: (json as { nextPageToken: string }).nextPageToken };
    },
    expect: page([second]),
  },
  {
    name: 'GET /enrollments with a token that is none',
    method: 'GET',
    path: '/enrollments?pageToken=nonsense',
    expect: {
      refused: 'request.page_token',
      status: 400,
      message: 'pageToken: nonsense is not a token of this list.',
    },
  },
  {
    name: 'POST /enrollments',
    method: 'POST',
    path: '/enrollments',
    body: { learnerIds: ['{ann}'], courseIds: ['{course}', '{track}'], pageSize: 10, pageToken: '' },
    expect: page([first]),
  },
  {
    name: 'GET /enrollment/{enrollmentId}',
    method: 'GET',
    path: '/enrollment/{first}',
    as: 'manager',
    expect: { status: 200, json: first.json, xml: `<response>${first.xml}</response>` },
  },
  {
    name: 'GET /enrollment/{enrollmentId}, unknown',
    method: 'GET',
    path: `/enrollment/${UNKNOWN}`,
    expect: { refused: 'enrollment.unknown', status: 400, message: `Unknown Enrollment ${UNKNOWN}.` },
  },
  {
    name: 'GET /enrollment/{enrollmentId} of somebody else’s learner',
    method: 'GET',
    path: '/enrollment/{second}',
    as: 'manager',
    expect: {
      refused: 'auth.enrollment_scope',
      status: 403,
      message: 'Permission denied: enrollment {second} is not of a learner you manage.',
    },
  },
];

const writes: readonly Row[] = [
  {
    name: 'POST /enrollment',
    method: 'POST',
    path: '/enrollment',
    as: 'manager',
    body: {
      courseIds: ['{course}', '{track}'],
      learnerIds: ['{ben}'],
      dueDateType: 'unlimited',
      dueDate: '2019-09-26',
      duePeriod: 0,
    },
    expect: { status: 201, headers: { location: '/operations/{*uuid}' } },
    afterwards: [
      {
        method: 'GET',
        path: '/enrollment?learnerIds[]={ben}&courseIds[]={track}',
        expect: list({
          json: {
            enrollmentId: '{*uuid}',
            courseId: '{track}',
            learnerId: '{ben}',
            accessDate: '2026-03-02',
            enrollmentTypeGroup: 0,
            shouldLockAfterDueDate: false,
          },
          xml: `<enrollment>
            <enrollmentId>{*uuid}</enrollmentId>
            <courseId>{track}</courseId>
            <learnerId>{ben}</learnerId>
            <accessDate>2026-03-02</accessDate>
            <enrollmentTypeGroup>0</enrollmentTypeGroup>
            <shouldLockAfterDueDate>0</shouldLockAfterDueDate>
          </enrollment>`,
        }),
      },
    ],
  },
  {
    name: 'POST /enrollment of somebody else’s learner',
    method: 'POST',
    path: '/enrollment',
    as: 'manager',
    body: { courseIds: ['{course}'], learnerIds: ['{ben}', '{eve}'], dueDateType: 'unlimited' },
    expect: {
      refused: 'auth.learner_scope',
      status: 403,
      message: 'Permission denied: not every learner belongs to a department you manage ({eve}).',
    },
  },
  {
    name: 'POST /enrollment of an unknown learner',
    method: 'POST',
    path: '/enrollment',
    body: { courseIds: ['{course}'], learnerIds: [UNKNOWN], dueDateType: 'unlimited' },
    expect: unknownLearner,
  },
  {
    name: 'POST /enrollment without a type of due date',
    method: 'POST',
    path: '/enrollment',
    body: { courseIds: ['{course}'], learnerIds: ['{ann}'] },
    expect: { refused: 'request.invalid', status: 400, message: 'dueDateType: is required.' },
  },
  {
    name: 'GET /operations/{id}',
    method: 'GET',
    path: '/operations/{operation}',
    given: async ({ world, names }) => {
      const answer = await call(world, 'POST', '/enrollment', {
        json: {
          courseIds: [names['course']],
          learnerIds: [names['ann'], names['eve']],
          dueDateType: 'default',
        },
      });
      return { operation: answer.headers.get('location')?.split('/').at(-1) ?? '' };
    },
    expect: {
      status: 200,
      json: {
        operationId: '{*uuid}',
        kind: 'enroll',
        state: 'done',
        actorId: '{owner}',
        source: 'api',
        createdAt: '2026-03-02T09:30:00+00:00',
        completedAt: '2026-03-02T09:30:00+00:00',
        progress: { done: 2, total: 2, rate: '{*decimal}' },
        summary: { created: 1, changed: 0, unchanged: 1, refused: 0 },
      },
      xml: `<response><operation>
        <operationId>{*uuid}</operationId>
        <kind>enroll</kind>
        <state>done</state>
        <actorId>{owner}</actorId>
        <source>api</source>
        <createdAt>2026-03-02T09:30:00+00:00</createdAt>
        <completedAt>2026-03-02T09:30:00+00:00</completedAt>
        <progress><done>2</done><total>2</total><rate>{*decimal}</rate></progress>
        <summary><created>1</created><changed>0</changed><unchanged>1</unchanged><refused>0</refused></summary>
      </operation></response>`,
    },
  },
  {
    name: 'GET /operations/{id}, unknown',
    method: 'GET',
    path: `/operations/${UNKNOWN}`,
    expect: { refused: 'operation.unknown', status: 404, message: `Operation not found: ${UNKNOWN}.` },
  },
];

contract('enroll and read back', setup, [...rows, ...writes]);
