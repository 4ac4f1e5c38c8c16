import assert from 'node:assert/strict';
import { addCourse, addDepartment, addTraining, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Expected, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Outcomes of writes, lenient handling, and lists of operations: of our own, in the manner of the contract. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const managerId = await addUser(world, {
    departmentId: sales,
    role: 'department_administrator',
    manages: [sales],
  });
  const retired = await addCourse(world);
  assert.equal((await call(world, 'DELETE', `/content/${retired}`)).status, 204);
  // In the order of creation, which is that of the outcomes.
  return {
    course: await addCourse(world),
    other: await addCourse(world),
    third: await addCourse(world),
    retired,
    training: await addTraining(world),
    ann: await addUser(world, { departmentId: sales }),
    ben: await addUser(world, { departmentId: sales }),
    idle: await addUser(world, { departmentId: sales, status: 3 }),
    eve: await addUser(world),
    // After every id that is made here.
    unknown: UNKNOWN,
    managerId,
    manager: await world.tokenOf(managerId),
  };
}

type Outcome = Readonly<Record<'learnerId' | 'courseId' | 'outcome', string>> & {
  readonly reason?: string;
  readonly enrollmentId?: string;
};
type Summary = readonly [created: number, changed: number, unchanged: number, refused: number];

const inXml = (members: object): string =>
  Object.entries(members)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('');
const outcomesXml = (outcomes: readonly Outcome[]): string =>
  outcomes.length === 0
    ? '<outcomes></outcomes>'
    : `<outcomes>${outcomes.map((one) => `<outcome>${inXml(one)}</outcome>`).join('')}</outcomes>`;

/** The representation of a write. */
function written(
  status: number,
  [created, changed, unchanged, refused]: Summary,
  outcomes: readonly Outcome[],
  applied = 'return=representation',
): Expected {
  const summary = { created, changed, unchanged, refused };
  return {
    status,
    headers: { 'preference-applied': applied, location: '/operations/{*uuid}' },
    json: { operationId: '{*uuid}', summary, outcomes },
    xml: `<response><operationId>{*uuid}</operationId><summary>${inXml(summary)}</summary>${outcomesXml(outcomes)}</response>`,
  };
}

const page = (outcomes: readonly Outcome[], nextPageToken?: string): Expected => ({
  status: 200,
  json: { outcomes, ...(nextPageToken ? { nextPageToken } : {}) },
  xml: `<response>${outcomesXml(outcomes)}${nextPageToken ? `<nextPageToken>${nextPageToken}</nextPageToken>` : ''}</response>`,
});

const REPRESENTATION = { prefer: 'return=representation' };
const enroll = (learnerIds: string[], courseIds: string[]) => ({
  method: 'POST' as const,
  path: '/enrollment',
  body: { courseIds, learnerIds, dueDateType: 'unlimited' },
});
const of = (learner: string, course: string, outcome: string, more: Partial<Outcome> = {}): Outcome => ({
  learnerId: `{${learner}}`,
  courseId: `{${course}}`,
  outcome,
  ...more,
});
const ID = { enrollmentId: '{*uuid}' };

/** Enrolls, and binds the enrollment and its operation. */
const enrolled =
  (course: string, learner: string) =>
  async ({ world, names }: { world: World; names: Names }): Promise<Names> => {
    const { json } = await call(world, 'POST', '/enrollment', {
      headers: REPRESENTATION,
      json: { courseIds: [names[course]], learnerIds: [names[learner]], dueDateType: 'unlimited' },
    });
    const { operationId, outcomes } = json as {
      operationId: string;
      outcomes: { enrollmentId: string }[];
    };
    return { operation: operationId, enrollment: outcomes[0]?.enrollmentId ?? '' };
  };

/** A lenient request with one outcome of each kind, and its operation. */
const mixed = async ({ world, names }: { world: World; names: Names }): Promise<Names> => {
  const { json } = await call(world, 'POST', '/enrollment', {
    headers: { prefer: 'return=representation, handling=lenient' },
    json: {
      courseIds: [names['third']],
      learnerIds: [names['ann'], names['idle']],
      dueDateType: 'unlimited',
    },
  });
  const { operationId } = json as { operationId: string };
  return { operation: operationId };
};

const rows: readonly Row[] = [
  {
    name: 'return=representation answers with every outcome',
    ...enroll(['{ann}', '{ben}', '{ann}'], ['{course}']),
    headers: REPRESENTATION,
    expect: written(
      201,
      [2, 0, 0, 0],
      [of('ann', 'course', 'created', ID), of('ben', 'course', 'created', ID)],
    ),
  },
  {
    name: 'what is there already is unchanged, with its id',
    given: enrolled('course', 'ann'),
    ...enroll(['{ann}'], ['{course}']),
    headers: { prefer: 'RETURN = "representation"; foo=bar, depth=1, return=minimal' },
    expect: written(
      201,
      [0, 0, 1, 0],
      [of('ann', 'course', 'unchanged', { reason: 'already_enrolled', enrollmentId: '{enrollment}' })],
    ),
  },
  {
    name: 'return=minimal is the answer without a preference, and says so',
    ...enroll(['{ann}'], ['{course}']),
    headers: { prefer: 'return=minimal' },
    expect: {
      status: 201,
      headers: { 'preference-applied': 'return=minimal', location: '/operations/{*uuid}' },
    },
  },
  {
    name: 'unknown preferences and values are ignored',
    ...enroll(['{ann}'], ['{course}']),
    headers: { prefer: 'respond-quickly, return=everything, handling=careless' },
    expect: { status: 201, headers: { 'preference-applied': 'no preference-applied' } },
  },
  ...['return=', 'return="open', '=x', 'a b', 'a;=b', 'return=(x)'].map(
    (prefer): Row => ({
      name: `a malformed preference is refused: ${prefer}`,
      method: 'GET',
      path: '/enrollments',
      headers: { prefer },
      expect: {
        refused: 'request.preference',
        status: 400,
        message: 'The header Prefer is malformed: {*text}.',
      },
    }),
  ),
  {
    name: 'lenient does what can be done and gives a reason for the rest',
    ...enroll(['{ann}', '{idle}', '{unknown}'], ['{other}', '{training}', '{retired}']),
    headers: { prefer: 'handling=lenient, return=representation' },
    expect: written(
      201,
      [1, 0, 0, 8],
      [
        of('ann', 'retired', 'refused', { reason: 'course_retired' }),
        of('idle', 'retired', 'refused', { reason: 'learner_inactive' }),
        of('unknown', 'retired', 'refused', { reason: 'learner_unknown' }),
        of('ann', 'other', 'created', ID),
        of('idle', 'other', 'refused', { reason: 'learner_inactive' }),
        of('unknown', 'other', 'refused', { reason: 'learner_unknown' }),
        of('ann', 'training', 'refused', { reason: 'course_is_training' }),
        of('idle', 'training', 'refused', { reason: 'course_is_training' }),
        of('unknown', 'training', 'refused', { reason: 'course_is_training' }),
      ],
      'return=representation, handling=lenient',
    ),
  },
  {
    name: 'a limited caller is told the same of an unknown learner and of a foreign one',
    as: 'manager',
    ...enroll(['{unknown}', '{eve}'], ['{course}']),
    headers: { prefer: 'handling=lenient, return=representation' },
    expect: written(
      201,
      [0, 0, 0, 2],
      [
        of('eve', 'course', 'refused', { reason: 'learner_out_of_scope' }),
        of('unknown', 'course', 'refused', { reason: 'learner_out_of_scope' }),
      ],
      'return=representation, handling=lenient',
    ),
  },
  {
    name: 'strict, by name, is refused whole',
    ...enroll(['{ann}', '{idle}'], ['{other}']),
    headers: { prefer: 'handling=strict' },
    expect: {
      refused: 'enrollment.inactive_learner',
      status: 400,
      message: 'Wrong parameters: learnerIds {idle} are inactive and cannot be enrolled.',
    },
  },
  {
    name: 'an edit that changes something, and its outcome',
    given: enrolled('course', 'eve'),
    method: 'POST',
    path: '/enrollment/{enrollment}',
    body: { dueDateType: 'due_date', dueDate: '2027-01-01' },
    headers: REPRESENTATION,
    expect: written(200, [0, 1, 0, 0], [of('eve', 'course', 'changed', { enrollmentId: '{enrollment}' })]),
  },
  {
    name: 'an edit to just the same terms',
    given: enrolled('course', 'eve'),
    method: 'POST',
    path: '/enrollment/{enrollment}',
    body: { dueDateType: 'due_date', dueDate: '2027-01-01' },
    headers: REPRESENTATION,
    expect: written(
      200,
      [0, 0, 1, 0],
      [of('eve', 'course', 'unchanged', { reason: 'same_terms', enrollmentId: '{enrollment}' })],
    ),
  },
  {
    name: 're-enrolling creates another enrollment',
    given: enrolled('course', 'eve'),
    method: 'POST',
    path: '/enrollment/{enrollment}/reenroll',
    body: { dueDateType: 'unlimited' },
    headers: REPRESENTATION,
    expect: written(200, [1, 0, 0, 0], [of('eve', 'course', 'created', ID)]),
  },
  {
    name: 'ending has a body only for who prefers one',
    given: enrolled('course', 'eve'),
    method: 'POST',
    path: '/enrollment/delete',
    body: { enrollmentIds: ['{enrollment}'] },
    headers: REPRESENTATION,
    expect: written(200, [0, 1, 0, 0], [of('eve', 'course', 'changed', { enrollmentId: '{enrollment}' })]),
  },
  {
    name: 'outcomes are asked for later, also when the enrollment is gone',
    given: async (stage) => {
      const names = await enrolled('other', 'eve')(stage);
      const json = { enrollmentIds: [names['enrollment']] };
      assert.equal((await call(stage.world, 'POST', '/enrollment/delete', { json })).status, 204);
      return names;
    },
    method: 'GET',
    path: '/operations/{operation}/outcomes',
    expect: page([of('eve', 'other', 'created', { enrollmentId: '{enrollment}' })]),
  },
  {
    name: 'outcomes page by page',
    given: mixed,
    method: 'GET',
    path: '/operations/{operation}/outcomes?pageSize=1',
    expect: page([of('ann', 'third', 'created', ID)], 'MC4x'),
    afterwards: [
      {
        method: 'GET',
        path: '/operations/{operation}/outcomes?pageSize=1&pageToken=MC4x',
        expect: page([of('idle', 'third', 'refused', { reason: 'learner_inactive' })]),
      },
    ],
  },
  {
    name: 'outcomes of one kind',
    given: mixed,
    method: 'GET',
    path: '/operations/{operation}/outcomes?outcome=refused',
    expect: page([of('idle', 'third', 'refused', { reason: 'learner_inactive' })]),
    afterwards: [
      { method: 'GET', path: '/operations/{operation}/outcomes?outcome=changed', expect: page([]) },
    ],
  },
  {
    name: 'a token that is none',
    given: mixed,
    method: 'GET',
    path: '/operations/{operation}/outcomes?pageToken=xyz',
    expect: {
      refused: 'request.page_token',
      status: 400,
      message: 'pageToken: xyz is not a token of this list.',
    },
  },
  {
    name: 'an unknown operation has no outcomes',
    method: 'GET',
    path: `/operations/${UNKNOWN}/outcomes`,
    expect: { refused: 'operation.unknown', status: 404, message: `Operation not found: ${UNKNOWN}.` },
  },
  {
    name: 'operations of an actor',
    method: 'GET',
    path: '/operations?actorId={managerId}&kind=enroll&state=done&from=2026-03-02&to=2026-03-03',
    expect: {
      status: 200,
      json: {
        operations: [
          {
            operationId: '{*uuid}',
            kind: 'enroll',
            state: 'done',
            actorId: '{managerId}',
            source: 'api',
            createdAt: '2026-03-02T09:30:00+00:00',
            completedAt: '2026-03-02T09:30:00+00:00',
            progress: { done: 2, total: 2, rate: 2000 },
            summary: { created: 0, changed: 0, unchanged: 0, refused: 2 },
          },
        ],
      },
      xml: `<response><operations><operation><operationId>{*uuid}</operationId><kind>enroll</kind><state>done</state>
        <actorId>{managerId}</actorId><source>api</source><createdAt>2026-03-02T09:30:00+00:00</createdAt>
        <completedAt>2026-03-02T09:30:00+00:00</completedAt>
        <progress><done>2</done><total>2</total><rate>2000</rate></progress>
        <summary><created>0</created><changed>0</changed><unchanged>0</unchanged><refused>2</refused></summary>
        </operation></operations></response>`,
    },
  },
  ...[
    '/operations?state=failed',
    '/operations?from=2026-03-03',
    '/operations?to=2026-03-02',
    '/operations?kind=delete&to=2026-03-02',
  ].map(
    (path): Row => ({
      name: `no operations: ${path}`,
      method: 'GET',
      path,
      expect: {
        status: 200,
        json: { operations: [] },
        xml: '<response><operations></operations></response>',
      },
    }),
  ),
  {
    name: "a limited caller does not see somebody else's operations",
    as: 'manager',
    method: 'GET',
    path: '/operations?actorId={owner}',
    expect: {
      status: 200,
      json: { operations: [] },
      xml: '<response><operations></operations></response>',
    },
  },
  {
    name: 'a token of operations that is none',
    method: 'GET',
    path: '/operations?pageToken=xyz',
    expect: {
      refused: 'request.page_token',
      status: 400,
      message: 'pageToken: xyz is not a token of this list.',
    },
  },
];

contract('outcomes', setup, rows);
