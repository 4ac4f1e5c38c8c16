import assert from 'node:assert/strict';
import { type RawBuilder, sql } from 'kysely';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Expected, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Undo and its preview: of our own, in the manner of the contract. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const managerId = await addUser(world, {
    departmentId: sales,
    role: 'department_administrator',
    manages: [sales],
  });
  return {
    sales,
    foreign: await addDepartment(world, 'Foreign'),
    course: await addCourse(world),
    ann: await addUser(world, { departmentId: sales }),
    ben: await addUser(world, { departmentId: sales }),
    managerId,
    manager: await world.tokenOf(managerId),
  };
}

type Stage = { world: World; names: Names };

/** Sends a write and binds its operation, and the enrollments of its outcomes in their order. */
async function write({ world }: Stage, path: string, json?: unknown, token = world.token): Promise<Names> {
  const headers = { prefer: 'return=representation' };
  const body = json === undefined ? {} : { json };
  const answer = await call(world, 'POST', path, { headers, token, ...body });
  assert.ok(answer.status < 300, answer.text);
  const { operationId, outcomes } = answer.json as {
    operationId: string;
    outcomes: { enrollmentId: string }[];
  };
  return {
    operation: operationId,
    first: outcomes[0]?.enrollmentId ?? '',
    second: outcomes[1]?.enrollmentId ?? '',
  };
}

const enrolled = (stage: Stage, token?: string): Promise<Names> => {
  const { course, ann, ben } = stage.names;
  const json = { courseIds: [course], learnerIds: [ann, ben], dueDateType: 'unlimited' };
  return write(stage, '/enrollment', json, token);
};

/** An operation of which the database says something that a test cannot wait for. */
const enrolledAnd =
  (change: RawBuilder<unknown>) =>
  async (stage: Stage): Promise<Names> => {
    const names = await enrolled(stage);
    await stage.world.db.write((tx) =>
      sql`update operation set ${change} where operation_id = ${names['operation']}`.execute(tx),
    );
    return names;
  };

async function moveBen({ world, names }: Stage, department: string): Promise<void> {
  const json = { departmentId: names[department] };
  assert.equal((await call(world, 'POST', `/user/${names['ben']}`, { json })).status, 200);
}

/** Both are enrolled anew, and the second of them has begun to learn. */
async function begun(stage: Stage): Promise<Names> {
  const names = await enrolled(stage);
  const path = `/enrollment/${names['second']}/progress`;
  assert.equal((await call(stage.world, 'POST', path, { json: { progress: 10 } })).status, 200);
  return names;
}

const inXml = (members: object): string =>
  Object.entries(members)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('');

type Outcome = Readonly<Record<string, string>>;

function told(
  [created, changed, unchanged, refused]: readonly [number, number, number, number],
  outcomes: readonly Outcome[],
  { isPreview = false } = {},
): Expected {
  const summary = { created, changed, unchanged, refused };
  const id = isPreview ? {} : { operationId: '{*uuid}' };
  return {
    status: 200,
    headers: {
      location: isPreview ? '/operations/{operation}' : '/operations/{*uuid}',
      'preference-applied': isPreview ? 'no preference-applied' : 'return=representation',
    },
    json: { ...id, summary, outcomes },
    xml: `<response>${inXml(id)}<summary>${inXml(summary)}</summary><outcomes>${outcomes
      .map((one) => `<outcome>${inXml(one)}</outcome>`)
      .join('')}</outcomes></response>`,
  };
}

const of = (learner: string, outcome: string, enrollment: string, reason?: string): Outcome => ({
  learnerId: `{${learner}}`,
  courseId: '{course}',
  outcome,
  ...(reason ? { reason } : {}),
  enrollmentId: `{${enrollment}}`,
});

const undo = { method: 'POST' as const, path: '/operations/{operation}/undo' };
const preview = { method: 'POST' as const, path: '/operations/{operation}/undo?preview=true' };
const REPRESENTATION = { prefer: 'return=representation' };

/** Ends what one row leaves, so that the next enrolls anew. */
const ended = async (stage: Stage): Promise<void> => {
  const list = (await call(stage.world, 'GET', '/enrollment')).json as { enrollmentId: string }[];
  const json = { enrollmentIds: list.map(({ enrollmentId }) => enrollmentId) };
  if (list.length > 0)
    assert.equal((await call(stage.world, 'POST', '/enrollment/delete', { json })).status, 204);
};

/** What is bound once nobody is enrolled. */
const anew =
  (bind: (stage: Stage) => Promise<Names>) =>
  async (stage: Stage): Promise<Names> => {
    await ended(stage);
    return bind(stage);
  };

const rows: readonly Row[] = [
  {
    name: 'undoing has no body unless one is preferred',
    given: anew(enrolled),
    ...undo,
    expect: { status: 200, headers: { location: '/operations/{*uuid}' } },
    afterwards: [
      {
        method: 'GET',
        path: '/enrollment',
        expect: { status: 200, json: [], xml: '<response/>' },
      },
      {
        ...undo,
        expect: {
          refused: 'operation.state',
          status: 409,
          message: 'Operation {operation} is undone.',
        },
      },
    ],
  },
  {
    name: 'what was enrolled is ended',
    given: anew(enrolled),
    ...undo,
    headers: REPRESENTATION,
    expect: told([0, 2, 0, 0], [of('ann', 'changed', 'first'), of('ben', 'changed', 'second')]),
  },
  {
    name: 'who has begun to learn keeps the enrollment, and a preview says so',
    given: anew(begun),
    ...preview,
    expect: told(
      [0, 1, 1, 0],
      [of('ann', 'changed', 'first'), of('ben', 'unchanged', 'second', 'progressed_since')],
      { isPreview: true },
    ),
    afterwards: [
      {
        ...undo,
        headers: REPRESENTATION,
        expect: told(
          [0, 1, 1, 0],
          [of('ann', 'changed', 'first'), of('ben', 'unchanged', 'second', 'progressed_since')],
        ),
      },
    ],
  },
  {
    name: 'what was ended comes back with its id',
    given: anew(async (stage) => {
      const { first = '' } = await enrolled(stage);
      return write(stage, '/enrollment/delete', { enrollmentIds: [first] });
    }),
    ...undo,
    headers: REPRESENTATION,
    expect: told([0, 1, 0, 0], [of('ann', 'changed', 'first')]),
    afterwards: [
      {
        method: 'GET',
        path: '/enrollment/{first}',
        expect: {
          status: 200,
          json: {
            enrollmentId: '{first}',
            courseId: '{course}',
            learnerId: '{ann}',
            accessDate: '2026-03-02',
            enrollmentTypeGroup: 0,
            shouldLockAfterDueDate: false,
          },
          xml: `<response><enrollment><enrollmentId>{first}</enrollmentId><courseId>{course}</courseId>
            <learnerId>{ann}</learnerId><accessDate>2026-03-02</accessDate>
            <enrollmentTypeGroup>0</enrollmentTypeGroup><shouldLockAfterDueDate>0</shouldLockAfterDueDate>
            </enrollment></response>`,
        },
      },
    ],
  },
  {
    name: 'what a later operation was told is so already stays',
    given: anew(async (stage) => {
      const names = await enrolled(stage);
      await write(stage, '/enrollment', {
        courseIds: [stage.names['course']],
        learnerIds: [stage.names['ann']],
        dueDateType: 'unlimited',
      });
      return names;
    }),
    ...undo,
    headers: REPRESENTATION,
    expect: told(
      [0, 1, 1, 0],
      [of('ann', 'unchanged', 'first', 'confirmed_since'), of('ben', 'changed', 'second')],
    ),
  },
  {
    name: 'what a later operation changed stays',
    given: anew(async (stage) => {
      const names = await enrolled(stage);
      await write(stage, `/enrollment/${names['first']}`, { dueDateType: 'due_period', duePeriod: 3 });
      return names;
    }),
    ...undo,
    headers: REPRESENTATION,
    expect: told(
      [0, 1, 1, 0],
      [of('ann', 'unchanged', 'first', 'changed_since'), of('ben', 'changed', 'second')],
    ),
  },
  {
    name: 'an undo says what it undoes',
    given: anew(async (stage) => {
      const { operation = '' } = await enrolled(stage);
      const undone = await write(stage, `/operations/${operation}/undo`);
      return { operation: undone['operation'] ?? '', cause: operation };
    }),
    method: 'GET',
    path: '/operations/{operation}',
    expect: {
      status: 200,
      json: {
        operationId: '{operation}',
        kind: 'undo',
        state: 'done',
        actorId: '{owner}',
        causeId: '{cause}',
        source: 'api',
        createdAt: '2026-03-02T09:30:00+00:00',
        completedAt: '2026-03-02T09:30:00+00:00',
        progress: { done: 2, total: 2, rate: 2000 },
        summary: { created: 0, changed: 2, unchanged: 0, refused: 0 },
      },
      xml: `<response><operation><operationId>{operation}</operationId><kind>undo</kind><state>done</state>
        <actorId>{owner}</actorId><causeId>{cause}</causeId><source>api</source>
        <createdAt>2026-03-02T09:30:00+00:00</createdAt><completedAt>2026-03-02T09:30:00+00:00</completedAt>
        <progress><done>2</done><total>2</total><rate>2000</rate></progress>
        <summary><created>0</created><changed>2</changed><unchanged>0</unchanged><refused>0</refused></summary>
        </operation></response>`,
    },
  },
  {
    name: 'the undo of an undo brings back what was done',
    given: anew(async (stage) => {
      const names = await enrolled(stage);
      const { operation = '' } = await write(stage, `/operations/${names['operation']}/undo`);
      return { ...names, operation };
    }),
    ...undo,
    headers: REPRESENTATION,
    expect: told([0, 2, 0, 0], [of('ann', 'changed', 'first'), of('ben', 'changed', 'second')]),
  },
  {
    name: 'an operation that changed nothing is undone, too',
    given: anew(async (stage) => {
      await enrolled(stage);
      return enrolled(stage);
    }),
    ...undo,
    headers: REPRESENTATION,
    expect: told([0, 0, 0, 0], []),
  },
  {
    name: "a limited caller does not see somebody else's operation",
    given: anew(enrolled),
    as: 'manager',
    ...undo,
    expect: {
      refused: 'operation.unknown',
      status: 404,
      message: 'Operation not found: {operation}.',
    },
  },
  {
    name: 'a limited caller undoes only what concerns their own learners',
    given: anew(async (stage) => {
      await moveBen(stage, 'sales');
      const names = await enrolled(stage, stage.names['manager']);
      await moveBen(stage, 'foreign');
      return names;
    }),
    as: 'manager',
    ...undo,
    expect: {
      refused: 'auth.learner_scope',
      status: 403,
      message: 'Permission denied: not every learner belongs to a department you manage ({ben}).',
    },
  },
  {
    name: 'what is still being written is not undone',
    given: anew(enrolledAnd(sql`state = 'running'`)),
    ...undo,
    expect: { refused: 'operation.state', status: 409, message: 'Operation {operation} is running.' },
  },
  {
    name: 'what was cancelled is undone already',
    given: anew(enrolledAnd(sql`state = 'cancelled'`)),
    ...undo,
    expect: { refused: 'operation.state', status: 409, message: 'Operation {operation} is cancelled.' },
  },
  {
    name: 'what is older than 30 days stays',
    given: anew(enrolledAnd(sql`completed_at = '2026-01-31T09:29:59Z'`)),
    ...undo,
    expect: {
      refused: 'operation.too_old',
      status: 410,
      message:
        'Operation {operation} was completed on 2026-01-31T09:29:59+00:00, which is more than 30 days ago.',
    },
  },
  {
    name: 'there is no such operation',
    method: 'POST',
    path: `/operations/${UNKNOWN}/undo`,
    expect: { refused: 'operation.unknown', status: 404, message: `Operation not found: ${UNKNOWN}.` },
  },
  {
    name: 'an id that is none, and a preview that is neither',
    method: 'POST',
    path: '/operations/xyz/undo',
    expect: { refused: 'request.invalid', status: 400, message: 'id: must be a UUID, got xyz.' },
    afterwards: [
      {
        method: 'POST',
        path: `/operations/${UNKNOWN}/undo?preview=perhaps`,
        expect: { refused: 'request.invalid', status: 400, message: 'preview: {*text}.' },
      },
    ],
  },
];

contract('undo', setup, rows);
