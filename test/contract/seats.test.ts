import { addCustomRole, addDepartment, addSession, addTraining, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Section 8 of the contract: who has a seat in a training session, and how it is given and taken. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const manager = await addUser(world, {
    departmentId: sales,
    role: 'department_administrator',
    manages: [sales],
  });
  const viewer = await addUser(world, { roleId: await addCustomRole(world, ['training.read']) });
  const training = await addTraining(world);
  return {
    morning: await addSession(world, training, { capacity: 2 }),
    evening: await addSession(world, training),
    manager: await world.tokenOf(manager),
    viewer: await world.tokenOf(viewer),
    ann: await addUser(world, { departmentId: sales }),
    ben: await addUser(world, { departmentId: sales }),
    eve: await addUser(world),
    gone: await addUser(world, { departmentId: sales, status: 3 }),
  };
}

const unknownSession: Row['expect'] = {
  refused: 'training.unknown_session',
  status: 404,
  message: 'Training session not found',
};
const participants = (...names: string[]): Row['expect'] => ({
  status: 200,
  json: { participants: names },
  xml: `<response><participants>${names.map((name) => `<id>${name}</id>`).join('')}</participants></response>`,
});
const listed = (...names: string[]) => ({
  method: 'GET' as const,
  path: '/training/session/participants/{morning}',
  expect: participants(...names),
});
const add = (session: string, ...userIds: string[]) => ({
  method: 'POST' as const,
  path: `/training/session/${session}/participants`,
  body: { userIds },
});
const remove = (session: string, ...userIds: string[]) => ({
  method: 'POST' as const,
  path: `/training/session/${session}/participants/remove`,
  body: { userIds },
});
const outside: Row['expect'] = {
  refused: 'auth.learner_scope',
  status: 403,
  message: 'Permission denied: not every learner belongs to a department you manage ({eve}).',
};

const seats: readonly Row[] = [
  { name: 'GET /training/session/participants/{sessionId}, none', ...listed() },
  {
    name: 'POST /training/session/{id}/participants: whoever sits there keeps the seat',
    ...add('{morning}', '{ann}', '{ann}'),
    as: 'manager',
    expect: { status: 200 },
    afterwards: [
      { ...add('{morning}', '{eve}', '{ann}'), expect: { status: 200 } },
      listed('{ann}', '{eve}'),
    ],
  },
  {
    name: 'GET /training/session/participants/{sessionId}',
    ...listed('{ann}', '{eve}'),
  },
  {
    name: 'GET /training/session/participants/{sessionId} shows a department administrator her own',
    ...listed('{ann}'),
    as: 'manager',
  },
  {
    name: 'GET /training/session/participants/{sessionId}, a page of one',
    method: 'GET',
    path: '/training/session/participants/{morning}?pageSize=1',
    expect: {
      status: 200,
      json: { participants: ['{ann}'], nextPageToken: '{*token}' },
      xml: '<response><participants><id>{ann}</id></participants><nextPageToken>{*token}</nextPageToken></response>',
    },
  },
  {
    name: 'GET /training/session/participants/{sessionId}, the page after',
    method: 'GET',
    path: '/training/session/participants/{morning}?pageSize=1&pageToken={next}',
    given: async ({ world, names }) => {
      const path = `/training/session/participants/${names['morning']}?pageSize=1`;
      const { json } = await call(world, 'GET', path);
      return { next: (json as { nextPageToken: string }).nextPageToken };
    },
    expect: participants('{eve}'),
  },
  {
    name: 'GET /training/session/participants/{sessionId}, unknown',
    method: 'GET',
    path: `/training/session/participants/${UNKNOWN}`,
    expect: unknownSession,
  },
  {
    name: 'GET /training/session/participants/{sessionId} by whoever may only view trainings',
    method: 'GET',
    path: '/training/session/participants/{morning}',
    as: 'viewer',
    expect: { refused: 'auth.role', status: 403, message: 'Permission denied.' },
  },
  {
    name: 'POST /training/session/{id}/participants beyond its capacity: nobody is seated',
    ...add('{morning}', '{ben}'),
    expect: {
      refused: 'training.session_full',
      status: 409,
      message: 'The training session has 2 seats, and fewer are free than these users need.',
    },
    afterwards: [listed('{ann}', '{eve}')],
  },
  {
    name: 'POST /training/session/{id}/participants of who sits in another session: nobody is seated',
    ...add('{evening}', '{ben}', '{ann}'),
    expect: {
      refused: 'training.other_session',
      status: 409,
      message: 'userIds: {ann} have a seat in another session of this training.',
    },
    afterwards: [
      {
        method: 'GET',
        path: '/training/session/participants/{evening}',
        expect: participants(),
      },
    ],
  },
  {
    name: 'POST /training/session/{id}/participants of an inactive user',
    ...add('{evening}', '{gone}'),
    as: 'manager',
    expect: {
      refused: 'training.inactive_users',
      status: 400,
      message: 'userIds: {gone} are inactive and cannot have a seat.',
    },
  },
  {
    name: 'POST /training/session/{id}/participants of an unknown user',
    ...add('{evening}', UNKNOWN),
    expect: { refused: 'people.unknown_users', status: 400, message: `userIds: unknown users ${UNKNOWN}.` },
  },
  {
    name: 'POST /training/session/{id}/participants of somebody else’s learner',
    ...add('{evening}', '{ben}', '{eve}'),
    as: 'manager',
    expect: outside,
  },
  {
    name: 'POST /training/session/{id}/participants of nobody',
    ...add('{evening}'),
    expect: { refused: 'request.invalid', status: 400, message: 'userIds: must not be empty.' },
  },
  {
    name: 'POST /training/session/{id}/participants, unknown',
    ...add(UNKNOWN, '{ben}'),
    expect: unknownSession,
  },
  {
    name: 'POST /training/session/{id}/participants/remove of somebody else’s learner',
    ...remove('{morning}', '{eve}'),
    as: 'manager',
    expect: outside,
  },
  {
    name: 'POST /training/session/{id}/participants/remove of an unknown user',
    ...remove('{morning}', UNKNOWN),
    expect: { refused: 'people.unknown_users', status: 400, message: `userIds: unknown users ${UNKNOWN}.` },
  },
  {
    name: 'POST /training/session/{id}/participants/remove, unknown',
    ...remove(UNKNOWN, '{ben}'),
    expect: unknownSession,
  },
  {
    name: 'POST /training/session/{id}/participants/remove frees the seat',
    ...remove('{morning}', '{ann}', '{ben}'),
    as: 'manager',
    expect: { status: 200 },
    afterwards: [
      listed('{eve}'),
      { ...add('{morning}', '{ben}'), expect: { status: 200 } },
      { ...add('{evening}', '{ann}'), expect: { status: 200 } },
      listed('{eve}', '{ben}'),
    ],
  },
];

contract('seats in training sessions', setup, seats);
