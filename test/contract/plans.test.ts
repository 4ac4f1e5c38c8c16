import assert from 'node:assert/strict';
import { addCourse, addDepartment, addModule, addSession, addTraining, addUser } from '../support/people.ts';
import { call, requestToken, type World } from '../support/server.ts';
import { contract, type Expected, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Plans of enrollments and their execution: of our own, in the manner of the contract. The clock stands at runner's NOW. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const managerId = await addUser(world, {
    departmentId: sales,
    role: 'department_administrator',
    manages: [sales],
  });
  const training = await addTraining(world);
  await addSession(world, training, { capacity: 5 });
  const open = await addTraining(world);
  await addSession(world, open, { capacity: 5 });
  await addSession(world, open);
  const led = await addCourse(world, 'Course', { defaultDueDateType: 'due_period', defaultDuePeriod: 48 });
  await addModule(world, led, training);
  await addModule(world, led, open);
  const retired = await addCourse(world);
  assert.equal((await call(world, 'DELETE', `/content/${retired}`)).status, 204);
  return {
    sales,
    training,
    open,
    led,
    retired,
    course: await addCourse(world),
    other: await addCourse(world),
    ann: await addUser(world, { departmentId: sales }),
    ben: await addUser(world, { departmentId: sales }),
    idle: await addUser(world, { departmentId: sales, status: 3 }),
    eve: await addUser(world),
    managerId,
    manager: await world.tokenOf(managerId),
  };
}

type Members = Readonly<Record<string, string | number | boolean>>;

const inXml = (members: Members): string =>
  Object.entries(members)
    .map(([name, value]) => `<${name}>${typeof value === 'boolean' ? Number(value) : value}</${name}>`)
    .join('');
const listXml = (name: string, item: string, entries: readonly Members[]): string =>
  entries.length === 0
    ? `<${name}></${name}>`
    : `<${name}>${entries.map((one) => `<${item}>${inXml(one)}</${item}>`).join('')}</${name}>`;

const of = (learner: string, course: string, outcome: string, more: Members = {}): Members => ({
  learnerId: `{${learner}}`,
  courseId: `{${course}}`,
  outcome,
  ...more,
});
const dates = (course: string, more: Members = { lockAfterDueDate: false }): Members => ({
  courseId: `{${course}}`,
  accessDate: '2026-03-02T09:30:00+00:00',
  ...more,
});
const told = (course: string, learners: number): Members => ({
  eventType: 'LEARNERS_ENROLLED_IN_COURSE',
  courseId: `{${course}}`,
  learners,
  subscribers: 0,
});

const message = (messageType: string, course: string, sendAt: string, learners: number): Members => ({
  messageType,
  courseId: course,
  sendAt,
  learners,
  withoutAddress: 0,
});
/** Of a due date that is two days ahead: the reminder of a week before is left out. */
const reminders = (learners: number): readonly Members[] => [
  message('due_soon', '{led}', '2026-03-03T09:30:00+00:00', learners),
  message('overdue', '{led}', '2026-03-04T09:30:00+00:00', learners),
  message('escalation', '{led}', '2026-03-07T09:30:00+00:00', learners),
  message('escalation', '{led}', '2026-03-11T09:30:00+00:00', learners),
];

interface Said {
  readonly summary: readonly [created: number, changed: number, unchanged: number, refused: number];
  readonly courses: readonly Members[];
  readonly seats?: readonly Members[];
  readonly events: readonly Members[];
  readonly outcomes?: readonly Members[];
}

function plan(
  { summary, courses, seats = [], events, outcomes }: Said,
  applied = 'no preference-applied',
): Expected {
  const [created, changed, unchanged, refused] = summary;
  const counts = { created, changed, unchanged, refused };
  const expiresAt = '2026-03-02T10:30:00+00:00';
  const messages = events.flatMap(({ courseId, learners }) => [
    message('assigned', String(courseId), '2026-03-02T09:30:00+00:00', Number(learners)),
    ...(courseId === '{led}' ? reminders(Number(learners)) : []),
  ]);
  return {
    status: 200,
    headers: { 'preference-applied': applied },
    json: {
      planToken: '{*uuid}',
      expiresAt,
      summary: counts,
      courses,
      seats,
      events,
      messages,
      ...(outcomes ? { outcomes } : {}),
    },
    xml: `<response><planToken>{*uuid}</planToken><expiresAt>${expiresAt}</expiresAt><summary>${inXml(counts)}</summary>
      ${listXml('courses', 'course', courses)}${listXml('seats', 'seat', seats)}${listXml('events', 'event', events)}
      ${listXml('messages', 'message', messages)}
      ${outcomes ? listXml('outcomes', 'outcome', outcomes) : ''}</response>`,
  };
}

const page = (outcomes: readonly Members[], nextPageToken?: string): Expected => ({
  status: 200,
  json: { outcomes, ...(nextPageToken ? { nextPageToken } : {}) },
  xml: `<response>${listXml('outcomes', 'outcome', outcomes)}${nextPageToken ? `<nextPageToken>${nextPageToken}</nextPageToken>` : ''}</response>`,
});

const body = (learnerIds: string[], courseIds: string[], dueDateType = 'unlimited') => ({
  courseIds,
  learnerIds,
  dueDateType,
});
const planning = (learnerIds: string[], courseIds: string[], dueDateType?: string) => ({
  method: 'POST' as const,
  path: '/enrollment/plan',
  body: body(learnerIds, courseIds, dueDateType),
});
const executing = (learnerIds: string[], courseIds: string[], token = '{token}') => ({
  method: 'POST' as const,
  path: '/enrollment',
  body: body(learnerIds, courseIds),
  headers: { 'enrollment-plan': token },
});

const filled = (names: Names, ids: readonly string[]): string[] => ids.map((id) => names[id] ?? '');

/** Makes a plan, and binds its token. */
const planned =
  (
    learners: string[],
    courses: string[],
    more: { as?: string; prefer?: string; meanwhile?: (world: World, names: Names) => Promise<unknown> } = {},
  ) =>
  async ({ world, names }: { world: World; names: Names }): Promise<Names> => {
    const { json, text, status } = await call(world, 'POST', '/enrollment/plan', {
      json: body(filled(names, learners), filled(names, courses)),
      ...(more.as ? { token: names[more.as] ?? '' } : {}),
      ...(more.prefer ? { headers: { prefer: more.prefer } } : {}),
    });
    assert.equal(status, 200, text);
    await more.meanwhile?.(world, names);
    return { token: (json as { planToken: string }).planToken };
  };

/** Enrolls, and binds the enrollment. */
const enroll = async (world: World, learner = '', course = ''): Promise<string> => {
  const { json } = await call(world, 'POST', '/enrollment', {
    json: body([learner], [course]),
    headers: { prefer: 'return=representation' },
  });
  return (json as { outcomes: { enrollmentId: string }[] }).outcomes[0]?.enrollmentId ?? '';
};

const stale = (message: string, changes: readonly Members[]): Expected => {
  const text = `Enrollment-Plan: the plan no longer holds; ${message}.`;
  return {
    status: 412,
    headers: { 'rollbook-error': 'plan.stale' },
    json: { code: 412, message: text, changes },
    xml: `<response><code>412</code><message>${text}</message>${listXml('changes', 'change', changes)}</response>`,
  };
};

const rows: readonly Row[] = [
  {
    name: 'a plan says what would become of every pair, and enrolls nobody',
    ...planning(['{ann}', '{ben}', '{ann}'], ['{course}', '{other}']),
    expect: plan({
      summary: [4, 0, 0, 0],
      courses: [dates('course'), dates('other')],
      events: [told('course', 2), told('other', 2)],
      outcomes: [
        of('ann', 'course', 'created'),
        of('ben', 'course', 'created'),
        of('ann', 'other', 'created'),
        of('ben', 'other', 'created'),
      ],
    }),
    afterwards: [
      {
        method: 'GET',
        path: '/enrollment?learnerIds[]={ann}',
        expect: { status: 200, json: [], xml: '<response/>' },
      },
    ],
  },
  {
    name: 'default due dates are resolved; a training inside takes no seat, each learner chooses a session',
    ...planning(['{ann}'], ['{led}'], 'default'),
    headers: { prefer: 'return=minimal' },
    expect: plan(
      {
        summary: [1, 0, 0, 0],
        courses: [dates('led', { dueDate: '2026-03-04T09:30:00+00:00', lockAfterDueDate: false })],
        seats: [
          { courseId: '{led}', trainingId: '{training}', taken: 0, free: 5 },
          { courseId: '{led}', trainingId: '{open}', taken: 0 },
        ],
        events: [told('led', 1)],
      },
      'return=minimal',
    ),
  },
  {
    name: 'a form without a type of due date is planned with the default',
    method: 'POST',
    path: '/enrollment/plan',
    form: { 'courseIds[]': '{led}', 'learnerIds[]': '{ann}' },
    headers: { prefer: 'return=minimal' },
    expect: plan(
      {
        summary: [1, 0, 0, 0],
        courses: [dates('led', { dueDate: '2026-03-04T09:30:00+00:00', lockAfterDueDate: false })],
        seats: [
          { courseId: '{led}', trainingId: '{training}', taken: 0, free: 5 },
          { courseId: '{led}', trainingId: '{open}', taken: 0 },
        ],
        events: [told('led', 1)],
      },
      'return=minimal',
    ),
  },
  {
    name: 'a lenient plan refuses what would be refused',
    ...planning(['{ann}', '{idle}'], ['{course}', '{retired}']),
    headers: { prefer: 'handling=lenient, return=representation' },
    expect: plan(
      {
        summary: [1, 0, 0, 3],
        courses: [dates('course')],
        events: [told('course', 1)],
        outcomes: [
          of('ann', 'retired', 'refused', { reason: 'course_retired' }),
          of('idle', 'retired', 'refused', { reason: 'learner_inactive' }),
          of('ann', 'course', 'created'),
          of('idle', 'course', 'refused', { reason: 'learner_inactive' }),
        ],
      },
      'return=representation, handling=lenient',
    ),
  },
  {
    name: 'a strict plan is refused as the request would be: a state',
    ...planning(['{idle}'], ['{course}']),
    expect: {
      refused: 'enrollment.inactive_learner',
      status: 400,
      message: 'Wrong parameters: learnerIds {idle} are inactive and cannot be enrolled.',
    },
  },
  {
    name: 'a strict plan is refused as the request would be: a scope',
    as: 'manager',
    ...planning(['{eve}'], ['{course}']),
    expect: {
      refused: 'auth.learner_scope',
      status: 403,
      message: 'Permission denied: not every learner belongs to a department you manage ({eve}).',
    },
  },
  {
    name: 'outcomes are read page by page',
    given: planned(['ann', 'ben', 'idle'], ['course'], { prefer: 'handling=lenient' }),
    method: 'GET',
    path: '/enrollment/plan/{token}/outcomes?pageSize=2',
    expect: page([of('ann', 'course', 'created'), of('ben', 'course', 'created')], '{*token}'),
  },
  {
    name: 'outcomes are read by kind',
    given: planned(['ann', 'ben', 'idle'], ['course'], { prefer: 'handling=lenient' }),
    method: 'GET',
    path: '/enrollment/plan/{token}/outcomes?outcome=refused',
    expect: page([of('idle', 'course', 'refused', { reason: 'learner_inactive' })]),
  },
  {
    name: "another caller's plan is unknown",
    given: planned(['ann'], ['course'], { as: 'manager' }),
    method: 'GET',
    path: '/enrollment/plan/{token}/outcomes',
    expect: {
      refused: 'plan.unknown',
      status: 400,
      message: 'Enrollment-Plan: {token} is no plan of yours.',
    },
  },
  {
    name: "another caller's plan is not executed",
    given: planned(['ann'], ['course'], { as: 'manager' }),
    ...executing(['{ann}'], ['{course}']),
    expect: {
      refused: 'plan.unknown',
      status: 400,
      message: 'Enrollment-Plan: {token} is no plan of yours.',
    },
  },
  ...[UNKNOWN, 'made-up'].map(
    (token): Row => ({
      name: `a token that is none: ${token}`,
      ...executing(['{ann}'], ['{course}'], token),
      expect: {
        refused: 'plan.unknown',
        status: 400,
        message: `Enrollment-Plan: ${token} is no plan of yours.`,
      },
    }),
  ),
  {
    name: 'a plan is not executed with another body',
    given: planned(['ann'], ['course']),
    ...executing(['{ann}', '{ben}'], ['{course}']),
    expect: {
      refused: 'plan.other_request',
      status: 422,
      message: 'Enrollment-Plan: was made of another request.',
    },
  },
  {
    name: 'nor with another handling',
    given: planned(['ann'], ['course']),
    ...executing(['{ann}'], ['{course}']),
    headers: { 'enrollment-plan': '{token}', prefer: 'handling=lenient' },
    expect: {
      refused: 'plan.other_request',
      status: 422,
      message: 'Enrollment-Plan: was made of another request.',
    },
  },
  {
    name: 'a plan whose learner went inactive is stale, and nothing is done',
    given: planned(['ann', 'ben'], ['course'], {
      meanwhile: (world, names) =>
        call(world, 'POST', `/user/${names['ben']}/status`, { json: { status: 3 } }),
    }),
    ...executing(['{ann}', '{ben}'], ['{course}']),
    expect: stale('learner {ben} was eligible, is learner_inactive', [
      { learnerId: '{ben}', was: 'eligible', is: 'learner_inactive' },
    ]),
    afterwards: [
      {
        method: 'POST',
        path: '/user/{ben}/status',
        body: { status: 1 },
        expect: { status: 200 },
      },
      {
        method: 'GET',
        path: '/enrollment?learnerIds[]={ann}',
        expect: { status: 200, json: [], xml: '<response/>' },
      },
    ],
  },
  {
    name: 'a plan whose pair was enrolled meanwhile is stale',
    given: async (stage) => {
      const names = await planned(['ann', 'ben'], ['other'])(stage);
      return { ...names, enrollment: await enroll(stage.world, stage.names['ben'], stage.names['other']) };
    },
    ...executing(['{ann}', '{ben}'], ['{other}']),
    expect: stale('learner {ben} in course {other} was not enrolled, is enrolled: {enrollment}', [
      {
        learnerId: '{ben}',
        courseId: '{other}',
        was: 'not enrolled',
        is: 'enrolled: {enrollment}',
      },
    ]),
  },
  {
    name: 'a plan that holds is executed, with the outcomes that it said',
    given: planned(['ann', 'ben'], ['course']),
    ...executing(['{ann}', '{ben}'], ['{course}']),
    headers: { 'enrollment-plan': '{token}', prefer: 'return=representation' },
    expect: {
      status: 201,
      headers: { 'preference-applied': 'return=representation', location: '/operations/{*uuid}' },
      json: {
        operationId: '{*uuid}',
        summary: { created: 2, changed: 0, unchanged: 0, refused: 0 },
        outcomes: [
          of('ann', 'course', 'created', { enrollmentId: '{*uuid}' }),
          of('ben', 'course', 'created', { enrollmentId: '{*uuid}' }),
        ],
      },
      xml: `<response><operationId>{*uuid}</operationId>
        <summary><created>2</created><changed>0</changed><unchanged>0</unchanged><refused>0</refused></summary>
        ${listXml('outcomes', 'outcome', [
          of('ann', 'course', 'created', { enrollmentId: '{*uuid}' }),
          of('ben', 'course', 'created', { enrollmentId: '{*uuid}' }),
        ])}</response>`,
    },
    afterwards: [
      {
        ...executing(['{ann}', '{ben}'], ['{course}']),
        expect: {
          refused: 'plan.used',
          status: 409,
          message: 'Enrollment-Plan: the plan was executed.',
          headers: { location: '/operations/{*uuid}' },
        },
      },
    ],
  },
  {
    name: 'what is there already is unchanged in a plan',
    given: async ({ world, names }) => ({
      enrollment: await enroll(world, names['ann'], names['other']),
    }),
    ...planning(['{ann}'], ['{other}']),
    expect: plan({
      summary: [0, 0, 1, 0],
      courses: [dates('other')],
      events: [],
      outcomes: [
        of('ann', 'other', 'unchanged', { reason: 'already_enrolled', enrollmentId: '{enrollment}' }),
      ],
    }),
  },
  {
    name: 'an expired plan is gone',
    given: async (stage) => {
      const { world, names } = stage;
      const { token = '' } = await planned(['ann'], ['led'])(stage);
      world.clock.now = new Date('2026-03-02T10:30:00Z');
      // The access token has expired, too; its client is the same.
      const { clientId = '', clientSecret = '' } = names;
      return { token, later: await requestToken(world.url, clientId, clientSecret) };
    },
    as: 'later',
    ...executing(['{ann}'], ['{led}']),
    expect: {
      refused: 'plan.expired',
      status: 410,
      message: 'Enrollment-Plan: the plan expired 2026-03-02T10:30:00+00:00.',
    },
  },
];

contract('plans', setup, rows);
