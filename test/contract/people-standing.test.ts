import { mailTo } from '../support/mailbox.ts';
import { addUser } from '../support/people.ts';
import { call } from '../support/server.ts';
import { get, one, person, post, refused, remove, setup, UNKNOWN } from './people.ts';
import { contract, type Row, type Stage } from './runner.ts';

/** Section 7 of the contract: what a user may still do. Time is the server's, and stands still here. */

/** A user of its own for a row that changes it. */
const zoe = async ({ world, names }: Stage) => {
  const login = `zoe${Math.random()}`;
  return { zoe: await addUser(world, { departmentId: names['sales'] ?? '', login }), login };
};
const zoeIs = (status: number): NonNullable<Row['afterwards']>[number] => ({
  ...get('/user/{zoe}/v2'),
  expect: one(person('zoe', { login: '{login}', status })),
});
const outranked = refused('auth.outranked', 403, 'Permission denied: user {admin} outranks you.');
const foreign = refused(
  'auth.user_scope',
  403,
  'Permission denied: user {hank} does not belong to a department you manage.',
);
const lastOwner = refused('people.last_owner', 409, 'The last active owner of the account must stay.');
const notThere = refused('people.unknown_user', 404, `User not found: ${UNKNOWN}.`);
const done: Row['expect'] = { status: 200 };

const status: readonly Row[] = [
  {
    name: 'POST /user/{id}/status',
    ...post('/user/{zoe}/status', { status: 5 }),
    given: zoe,
    expect: done,
    afterwards: [zoeIs(5), { ...post('/user/{zoe}/status', { status: '1' }), expect: done }, zoeIs(1)],
  },
  {
    name: 'POST /user/{id}/status in a header',
    method: 'POST',
    path: '/user/{zoe}/status',
    headers: { 'x-status': '3' },
    given: zoe,
    expect: done,
    afterwards: [zoeIs(3)],
  },
  {
    name: 'POST /user/{id}/status with a number that is no status',
    ...post('/user/{ann}/status', { status: 2 }),
    expect: refused('request.invalid', 400, 'status: must be 1, 3 or 5, got 2.'),
  },
  {
    name: 'POST /user/{id}/status that is not there',
    ...post(`/user/${UNKNOWN}/status`, { status: 3 }),
    expect: notThere,
  },
  {
    name: 'POST /user/{id}/status of somebody who outranks the caller',
    ...post('/user/{admin}/status', { status: 3 }, 'manager'),
    expect: outranked,
  },
  {
    name: 'POST /user/{id}/status of the last owner',
    ...post('/user/{owner}/status', { status: 3 }),
    expect: lastOwner,
  },
];

const password: readonly Row[] = [
  {
    name: 'POST /user/{id}/password',
    ...post('/user/{zoe}/password', { password: 'correct horse' }),
    given: zoe,
    expect: done,
    afterwards: [
      {
        ...get('/role', 'nobody'),
        headers: {
          'x-auth-account-url': 'https://academy.example',
          'x-auth-email': '{login}',
          'x-auth-password': 'correct horse',
        },
        // Known, and a learner.
        expect: refused('auth.role', 403, 'Permission denied.'),
      },
    ],
  },
  {
    name: 'POST /user/{id}/password in a header: tokens end',
    method: 'POST',
    path: '/user/{zoe}/password',
    headers: { 'x-password': 'pässword' },
    given: async (stage) => {
      const names = await zoe(stage);
      return { ...names, zoeToken: await stage.world.tokenOf(names.zoe) };
    },
    expect: done,
    afterwards: [
      {
        ...get('/role', 'zoeToken'),
        expect: {
          ...refused('auth.bad_token', 401, 'The access token is unknown or has expired.'),
          headers: { 'www-authenticate': 'Bearer realm="rollbook", error="invalid_token"' },
        },
      },
    ],
  },
  {
    name: 'POST /user/{id}/password without one',
    ...post('/user/{ann}/password', {}),
    expect: refused('request.invalid', 400, 'password: is required.'),
  },
  {
    name: 'POST /user/{id}/password, an empty one',
    ...post('/user/{ann}/password', { password: '' }),
    expect: refused('request.invalid', 400, 'password: must not be empty.'),
  },
  {
    name: 'POST /user/{id}/password of somebody who outranks the caller',
    ...post('/user/{admin}/password', { password: 'mine now' }, 'manager'),
    expect: outranked,
  },
];

const uninvited = (detail: string) =>
  refused('people.not_written_to', 409, `No invitation can be sent to {zoe}: ${detail}.`);
const invitation: readonly Row[] = [
  {
    name: 'POST /user/{id}/invitation',
    ...post('/user/{zoe}/invitation', { invitationMessage: 'Welcome' }),
    given: zoe,
    expect: { status: 202 },
    afterwards: [
      { ...post('/user/{zoe}/invitation', {}), expect: { status: 202 } },
      { ...post('/user/{zoe}/status', { status: 3 }), expect: done },
      { ...post('/user/{zoe}/invitation', {}), expect: uninvited('the user is not active') },
    ],
  },
  {
    name: 'POST /user/{id}/invitation of somebody without an address',
    ...post('/user/{zoe}/invitation', {}),
    given: async (stage) => {
      const names = await zoe(stage);
      await call(stage.world, 'POST', `/user/${names.zoe}`, { json: { email: '' } });
      return names;
    },
    expect: uninvited('the user has no e-mail address'),
  },
  {
    name: 'POST /user/{id}/invitation with nothing to say',
    ...post('/user/{zoe}/invitation', { invitationMessage: '' }),
    given: zoe,
    expect: { status: 202 },
  },
  {
    name: 'POST /user/{id}/invitation that is not there',
    ...post(`/user/${UNKNOWN}/invitation`, {}),
    expect: notThere,
  },
  {
    name: 'POST /user/{id}/invitation of somebody who outranks the caller',
    ...post('/user/{admin}/invitation', {}, 'manager'),
    expect: outranked,
  },
  {
    name: 'POST /user/{id}/invitation of somebody elsewhere',
    ...post('/user/{hank}/invitation', {}, 'manager'),
    expect: foreign,
  },
];

const scheduled = (end: 'deactivation' | 'termination', reached: number): readonly Row[] => [
  {
    name: `POST /user/{id}/scheduled_${end}: today is at once`,
    ...post(`/user/{zoe}/scheduled_${end}`, { date: '2026-03-02' }),
    given: zoe,
    expect: done,
    afterwards: [
      zoeIs(reached),
      { ...remove(`/user/{zoe}/scheduled_${end}`), expect: done },
      zoeIs(reached),
      { ...post('/user/{zoe}/status', { status: 1 }), expect: done },
      zoeIs(1),
    ],
  },
  {
    name: `POST /user/{id}/scheduled_${end}: a day to come changes nothing yet`,
    ...post(`/user/{zoe}/scheduled_${end}`, { date: '2026-03-03' }),
    given: zoe,
    expect: done,
    afterwards: [zoeIs(1), { ...remove(`/user/{zoe}/scheduled_${end}`), expect: done }, zoeIs(1)],
  },
  {
    name: `POST /user/{id}/scheduled_${end} on a day that is over`,
    ...post(`/user/{ann}/scheduled_${end}`, { date: '2026-03-01' }),
    expect: refused('request.invalid', 400, 'date: must not be in the past, got 2026-03-01.'),
  },
  {
    name: `POST /user/{id}/scheduled_${end} without a date`,
    ...post(`/user/{ann}/scheduled_${end}`, {}),
    expect: refused('request.invalid', 400, 'date: is required.'),
  },
  {
    name: `POST /user/{id}/scheduled_${end} of the last owner`,
    ...post(`/user/{owner}/scheduled_${end}`, { date: '2027-01-01' }),
    expect: lastOwner,
  },
  {
    name: `DELETE /user/{id}/scheduled_${end} where nothing is scheduled`,
    ...remove(`/user/{ann}/scheduled_${end}`),
    expect: done,
  },
  {
    name: `DELETE /user/{id}/scheduled_${end} that is not there`,
    ...remove(`/user/${UNKNOWN}/scheduled_${end}`),
    expect: notThere,
  },
  {
    name: `DELETE /user/{id}/scheduled_${end} of another manager`,
    ...remove(`/user/{hank}/scheduled_${end}`, 'manager'),
    expect: foreign,
  },
];

const many: readonly Row[] = [
  {
    name: 'POST /users/deactivate, then /users/terminate, then /users/activate',
    ...post('/users/deactivate', { userIds: ['{zoe}', '{eve}', '{zoe}'] }),
    given: zoe,
    expect: done,
    afterwards: [
      zoeIs(3),
      { ...post('/users/terminate', { userIds: ['{zoe}'] }), expect: done },
      zoeIs(5),
      { ...get('/user/{eve}'), expect: one(person('eve', { status: 3 })) },
      { ...post('/users/activate', { userIds: ['{zoe}', '{eve}'] }), expect: done },
      zoeIs(1),
      { ...get('/user/{eve}'), expect: one(person('eve')) },
    ],
  },
  {
    name: 'POST /users/deactivate with repeated elements, as real programs send them',
    ...post('/users/deactivate', { userIds: ['{zoe}'] }),
    xmlBody: '<request><userIds>{zoe}</userIds><userIds>{eve}</userIds></request>',
    given: zoe,
    expect: done,
    afterwards: [zoeIs(3)],
  },
  {
    name: 'POST /users/terminate in a header',
    method: 'POST',
    path: '/users/terminate',
    headers: { 'x-user-ids': '{zoe}' },
    given: zoe,
    expect: done,
    afterwards: [zoeIs(5)],
  },
  {
    name: 'POST /users/deactivate with one who is not there: nobody is',
    ...post('/users/deactivate', { userIds: ['{zoe}', UNKNOWN] }),
    given: zoe,
    expect: refused('people.unknown_users', 400, `userIds: unknown users ${UNKNOWN}.`),
    afterwards: [zoeIs(1)],
  },
  {
    name: 'POST /users/terminate with the last owner: nobody is',
    ...post('/users/terminate', { userIds: ['{zoe}', '{owner}'] }),
    given: zoe,
    expect: lastOwner,
    afterwards: [zoeIs(1)],
  },
  {
    name: 'POST /users/terminate with one of another manager: nobody is',
    ...post('/users/terminate', { userIds: ['{zoe}', '{hank}'] }, 'manager'),
    given: zoe,
    expect: foreign,
    afterwards: [zoeIs(1)],
  },
  {
    name: 'POST /users/activate with one who outranks the caller',
    ...post('/users/activate', { userIds: ['{admin}'] }, 'manager'),
    expect: outranked,
  },
  {
    name: 'POST /users/activate of nobody',
    ...post('/users/activate', { userIds: [] }),
    expect: refused('request.invalid', 400, 'userIds: must not be empty.'),
  },
];

const deleting: readonly Row[] = [
  {
    name: 'DELETE /user/{id}: gone for every reader, and the login is free',
    ...remove('/user/{zoe}'),
    given: zoe,
    expect: { status: 204 },
    afterwards: [
      { ...get('/user/{zoe}'), expect: refused('people.unknown_user', 404, 'User not found: {zoe}.') },
      {
        ...get('/users/v2?userIds[]={zoe}'),
        expect: refused('people.unknown_users', 400, 'userIds: unknown users {zoe}.'),
      },
      {
        ...get('/enrollment?learnerIds[]={zoe}'),
        expect: refused('enrollment.unknown_learner', 400, 'Wrong parameters: unknown learnerIds {zoe}.'),
      },
      {
        ...post('/users/find_existing', { userIds: ['{zoe}'] }),
        expect: { status: 200, json: [], xml: '<response/>' },
      },
      {
        ...post('/user', { departmentId: '{sales}', fields: { login: '{login}' } }),
        expect: { status: 201, json: '{*uuid}', xml: '<response>{*uuid}</response>' },
      },
    ],
  },
  { name: 'DELETE /user/{id} that is not there', ...remove(`/user/${UNKNOWN}`), expect: notThere },
  { name: 'DELETE /user/{id} of another manager', ...remove('/user/{hank}', 'manager'), expect: foreign },
  {
    name: 'DELETE /user/{id} of somebody who outranks the caller',
    ...remove('/user/{admin}', 'manager'),
    expect: outranked,
  },
  { name: 'DELETE /user/{id} of the last owner', ...remove('/user/{owner}'), expect: lastOwner },
  {
    name: 'DELETE /user/{id} as a learner',
    ...remove('/user/{ben}', 'learner'),
    expect: refused('auth.role', 403, 'Permission denied.'),
  },
];

contract(
  'what users may still do',
  setup,
  [
    ...status,
    ...password,
    ...invitation,
    ...scheduled('deactivation', 3),
    ...scheduled('termination', 5),
    ...many,
    ...deleting,
  ],
  // Nothing is sent: no job runs here.
  { mail: mailTo(9) },
);
