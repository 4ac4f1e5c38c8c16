import { call, type World } from '../support/server.ts';
import { all, get, one, page, setup as people, person, post, refused, UNKNOWN } from './people.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Section 7 of the contract: reading users, profile fields and roles. */

/** The shared people, of whom eve has left and ann has a country, a start date and a badge of the account's own. */
async function setup(world: World): Promise<Names> {
  const names = await people(world);
  await call(world, 'POST', `/user/${names['eve']}/status`, { json: { status: 5 } });
  await call(world, 'POST', `/user/${names['ann']}`, {
    json: { fields: { first_name: 'Ann', COUNTRY: 'NO', Badge: 'A<1>', started_on: '2024-05-06' } },
  });
  return names;
}

const fields = { FIRST_NAME: 'Ann', COUNTRY: 'NO', BADGE: 'A<1>', STARTED_ON: '2024-05-06' };
const everybody = (isV2: boolean) => {
  const element = isV2 ? 'userProfileV2' : 'userProfile';
  const annInXml = person('ann', { fields: { ...fields, BADGE: 'A&lt;1&gt;' }, isSeen: true }, element);
  return {
    owner: person(
      'owner',
      { login: 'owner', department: 'root', roles: [['owner', 'ownerRole', []]], isSeen: true },
      element,
    ),
    ann: { json: person('ann', { fields, isSeen: true }).json, xml: annInXml.xml },
    ben: person('ben', { department: 'emea', groups: ['team'] }, element),
    eve: person('eve', { status: isV2 ? 5 : 3 }, element),
    hank: person('hank', { department: 'hr' }, element),
    boss: person(
      'boss',
      {
        department: 'hr',
        roles: [['department_administrator', 'managerRole', ['sales']]],
        isSeen: true,
      },
      element,
    ),
    admin: person('admin', { roles: [['administrator', 'adminRole', []]], isSeen: true }, element),
  };
};
const v1 = everybody(false);
const v2 = everybody(true);

const whole: readonly Row[] = [
  { name: 'GET /user', ...get('/user'), expect: all(Object.values(v1)) },
  { name: 'GET /user/v2', ...get('/user/v2'), expect: all(Object.values(v2)) },
  {
    name: 'GET /user as who manages a department',
    ...get('/user', 'manager'),
    expect: all([v1.ann, v1.ben, v1.eve, v1.admin]),
  },
  {
    name: 'GET /user by departments',
    ...get('/user?departments[]={emea}&departments[]={hr}'),
    expect: all([v1.ben, v1.hank, v1.boss]),
  },
  { name: 'GET /user by groups', ...get('/user?groups[]={team}'), expect: all([v1.ben]) },
  { name: 'GET /user by logins', ...get('/user?logins[]=ANN&logins[]=nobody'), expect: all([v1.ann]) },
  {
    name: 'GET /user by e-mails',
    ...get('/user?emails[]=Ben@academy.example'),
    expect: all([v1.ben]),
  },
  {
    name: 'GET /user/v2 by departments and logins: both hold',
    ...get('/user/v2?departments[]={sales}&logins[]=eve&logins[]=ben'),
    expect: all([v2.eve]),
  },
  {
    name: 'GET /user by a department that is not there',
    ...get(`/user?departments[]=${UNKNOWN}`),
    expect: refused('people.unknown_department', 400, `departments: unknown department ${UNKNOWN}.`),
  },
  {
    name: 'GET /user by a group that is not there',
    ...get(`/user?groups[]=${UNKNOWN}`),
    expect: refused('group.unknown_ids', 400, `groups: unknown groups ${UNKNOWN}.`),
  },
  {
    name: 'GET /user by a department of another manager: nobody',
    ...get('/user?departments[]={hr}', 'manager'),
    expect: all([]),
  },
  {
    name: 'GET /user as a learner',
    ...get('/user', 'learner'),
    expect: refused('auth.role', 403, 'Permission denied.'),
  },
];

const paged: readonly Row[] = [
  { name: 'GET /users', ...get('/users'), expect: page('userProfiles', Object.values(v1)) },
  {
    name: 'GET /users, a first page',
    ...get('/users?pageSize=2&pageToken='),
    expect: page('userProfiles', [v1.owner, v1.ann], true),
  },
  {
    name: 'GET /users/v2 after a place, by ids',
    ...get('/users/v2?userIds[]={ann}&userIds[]={eve}&pageToken={afterAnn}'),
    given: async ({ names }) => ({ afterAnn: Buffer.from(names['ann'] ?? '').toString('base64') }),
    expect: page('userProfiles', [v2.eve]),
  },
  {
    name: 'GET /users/v2 by an id that is not there',
    ...get(`/users/v2?userIds[]=${UNKNOWN}`),
    expect: refused('people.unknown_users', 400, `userIds: unknown users ${UNKNOWN}.`),
  },
  {
    name: 'GET /users with a token of nothing',
    ...get('/users?pageToken=nonsense'),
    expect: refused('request.page_token', 400, 'pageToken: nonsense is not a token of this list.'),
  },
  {
    name: 'POST /users/v2',
    ...post('/users/v2', { departments: ['{sales}'], pageSize: 2 }),
    expect: page('userProfiles', [v2.ann, v2.eve], true),
  },
  {
    name: 'POST /users/v2 with lists that are repeated elements in XML',
    ...post('/users/v2', { logins: ['ann', 'ben'], userIds: ['{ben}'] }),
    xmlBody: '<request><logins>ann</logins><logins>ben</logins><userIds>{ben}</userIds></request>',
    expect: page('userProfiles', [v2.ben]),
  },
];

const single: readonly Row[] = [
  { name: 'GET /user/{id}', ...get('/user/{eve}'), expect: one(v1.eve) },
  {
    name: 'GET /user/{id}/v2',
    ...get('/user/{eve}/v2'),
    expect: one(person('eve', { status: 5 })),
  },
  {
    name: 'GET /user/{id} that is not there',
    ...get(`/user/${UNKNOWN}`),
    expect: refused('people.unknown_user', 404, `User not found: ${UNKNOWN}.`),
  },
  {
    name: 'GET /user/{id} of another manager',
    ...get('/user/{hank}', 'manager'),
    expect: refused(
      'auth.user_scope',
      403,
      'Permission denied: user {hank} does not belong to a department you manage.',
    ),
  },
  {
    name: 'POST /users/find_existing',
    ...post('/users/find_existing', { userIds: ['{ben}', UNKNOWN, '{ann}'] }),
    expect: {
      status: 200,
      json: ['{ann}', '{ben}'],
      xml: '<response><id>{ann}</id><id>{ben}</id></response>',
    },
  },
  {
    name: 'POST /users/find_existing in a header, as who manages a department',
    method: 'POST',
    path: '/users/find_existing',
    as: 'manager',
    headers: { 'x-user-ids': '{hank}, {ben}' },
    expect: { status: 200, json: ['{ben}'], xml: '<response><id>{ben}</id></response>' },
  },
  {
    name: 'POST /users/find_existing without ids',
    ...post('/users/find_existing', {}),
    expect: refused('request.invalid', 400, 'userIds: is required.'),
  },
];

const found = (pageNumber: number, total: number, people: (typeof v1)['ann'][]): Row['expect'] => ({
  status: 200,
  json: { pageNumber, totalUsersNumber: total, userProfiles: people.map(({ json }) => json) },
  xml: `<response><pageNumber>${pageNumber}</pageNumber><totalUsersNumber>${total}</totalUsersNumber>
    <userProfiles>${people.map(({ xml }) => xml).join('')}</userProfiles></response>`,
});

const searching: readonly Row[] = [
  {
    name: 'POST /user/list',
    ...post('/user/list', { departments: ['{sales}'], page: 1, pageSize: 2 }),
    expect: found(1, 3, [v1.ann, v1.eve]),
  },
  {
    name: 'POST /user/list, the last page',
    ...post('/user/list', { departments: ['{sales}'], page: 2, pageSize: 2 }),
    expect: found(2, 3, [v1.admin]),
  },
  {
    name: 'POST /user/list by profile fields and a range of days',
    ...post('/user/list', {
      profileFields: [
        { name: 'badge', values: ['A<1>', 'B'] },
        { name: 'LOGIN', values: ['Ann'] },
      ],
      profileFieldsDateRange: [{ name: 'started_on', from: '2024-05-06', to: '2024-05-06' }],
    }),
    xmlBody: `<request>
      <profileFields>
        <profileField><name>badge</name><values><value>A&lt;1&gt;</value><value>B</value></values></profileField>
        <profileField><name>LOGIN</name><values><value>Ann</value></values></profileField>
      </profileFields>
      <profileFieldsDateRange>
        <profileFieldDateRange><name>started_on</name><from>2024-05-06</from><to>2024-05-06</to></profileFieldDateRange>
      </profileFieldsDateRange>
    </request>`,
    expect: found(1, 1, [v1.ann]),
  },
  {
    name: 'POST /user/list by days on which nobody started',
    ...post('/user/list', {
      profileFieldsDateRange: [{ name: 'STARTED_ON', from: '2024-05-07', to: '2024-12-31' }],
    }),
    xmlBody: `<request><profileFieldsDateRange><profileFieldDateRange><name>STARTED_ON</name>
      <from>2024-05-07</from><to>2024-12-31</to></profileFieldDateRange></profileFieldsDateRange></request>`,
    expect: found(1, 0, []),
  },
  {
    name: 'POST /user/list, page none',
    ...post('/user/list', { page: 0 }),
    expect: refused('request.invalid', 400, 'page: must be from 1 to 1000000, got 0.'),
  },
];

const field = (place: number, id: string, name: string, label: string) => ({
  json: {
    userFieldInfoId: id,
    name,
    label,
    type: 'text',
    isUnique: Number(place < 2),
    isRequired: Number(place === 0),
    orderPriority: place,
    values: [],
  },
  xml: `<userFieldInfo><userFieldInfoId>${id}</userFieldInfoId><name>${name}</name><label>${label}</label>
    <type>text</type><isUnique>${Number(place < 2)}</isUnique><isRequired>${Number(place === 0)}</isRequired>
    <orderPriority>${place}</orderPriority><values></values></userFieldInfo>`,
});
const ofTheAccount = [
  field(0, 'login', 'LOGIN', 'Login'),
  field(1, 'email', 'EMAIL', 'Email'),
  field(2, 'first_name', 'FIRST_NAME', 'First name'),
  field(3, 'last_name', 'LAST_NAME', 'Last name'),
  field(4, 'phone', 'PHONE', 'Phone'),
  field(5, 'job_title', 'JOB_TITLE', 'Job title'),
  field(6, 'country', 'COUNTRY', 'Country'),
  field(7, '{*uuid}', 'BADGE', 'Badge'),
  field(8, '{*uuid}', 'STARTED_ON', 'Started on'),
];

const profile: readonly Row[] = [
  {
    name: 'GET /user/profile/fields: those a user was written with are there',
    ...get('/user/profile/fields'),
    expect: all(ofTheAccount),
  },
  {
    name: 'POST /user/profile/fields',
    ...post('/user/profile/fields', { name: 'user_field_1', label: 'Cost centre' }),
    expect: { status: 201, json: '{*uuid}', xml: '<response>{*uuid}</response>' },
    afterwards: [
      {
        ...get('/user/profile/fields'),
        expect: all([...ofTheAccount, field(9, '{created}', 'USER_FIELD_1', 'Cost centre')]),
      },
    ],
  },
  {
    name: 'POST /user/profile/fields with a name that is taken',
    ...post('/user/profile/fields', { name: 'Badge' }),
    expect: refused('people.field_taken', 409, 'name: the profile field BADGE is defined already.'),
  },
  {
    name: 'POST /user/profile/fields with the name of a standard field',
    ...post('/user/profile/fields', { name: 'login' }),
    expect: refused('people.field_taken', 409, 'name: the profile field LOGIN is defined already.'),
  },
  {
    name: 'POST /user/profile/fields as who manages a department',
    ...post('/user/profile/fields', { name: 'x' }, 'manager'),
    expect: refused('auth.role', 403, 'Permission denied.'),
  },
];

contract('reading users', setup, [...whole, ...paged, ...single, ...searching, ...profile]);
