import { addCustomRole, addUser } from '../support/people.ts';
import { created, get, one, type PersonParts, person, post, refused, setup, UNKNOWN } from './people.ts';
import { contract, type Row, type Stage } from './runner.ts';

/** Section 7 of the contract: adding and editing users. */

/** What the row made, read back. */
const read = (parts: PersonParts): NonNullable<Row['afterwards']> => [
  { ...get('/user/{created}'), expect: one(person('created', parts)) },
];

const adding: readonly Row[] = [
  {
    name: 'POST /user',
    ...post('/user', {
      departmentId: '{sales}',
      fields: { login: 'carl', email: 'carl@other.example', first_name: 'Carl', user_field_7: 'x' },
    }),
    expect: created,
    afterwards: read({
      login: 'carl',
      email: 'carl@other.example',
      fields: { FIRST_NAME: 'Carl', USER_FIELD_7: 'x' },
    }),
  },
  {
    name: 'POST /user with every member',
    ...post('/user', {
      departmentId: '{sales}',
      email: 'dora@academy.example',
      fields: { LOGIN: 'dora', Last_Name: 'Dent' },
      password: 'a password',
      role: 'department_administrators',
      manageableDepartmentIds: ['{emea}', '{hr}'],
      groupIds: ['{team}'],
      sendLoginEmail: true,
      invitationMessage: 'Welcome',
      sendLoginSMS: false,
    }),
    expect: created,
    afterwards: read({
      login: 'dora',
      fields: { LAST_NAME: 'Dent' },
      roles: [['department_administrator', 'managerRole', ['emea', 'hr']]],
      groups: ['team'],
    }),
  },
  {
    name: 'POST /user, fields as a list of names and values, groups by their other name',
    ...post('/user', {
      departmentId: '{hr}',
      fields: [
        { name: 'LOGIN', value: 'ed' },
        { name: 'EMAIL', value: '' },
      ],
      groups: ['{team}'],
      roleId: '{authorRole}',
    }),
    xmlBody: `<request><departmentId>{hr}</departmentId><fields>
      <field><name>LOGIN</name><value>ed</value></field><field><name>EMAIL</name><value/></field></fields>
      <groups><id>{team}</id></groups><roleId>{authorRole}</roleId></request>`,
    expect: created,
    afterwards: read({
      login: 'ed',
      email: '',
      department: 'hr',
      groups: ['team'],
      roles: [['publisher', 'authorRole', []]],
    }),
  },
  {
    name: 'POST /user with two roles, each over its departments',
    ...post('/user', {
      departmentId: '{hr}',
      fields: { login: 'fay' },
      roles: [{ roleId: '{managerRole}', manageableDepartmentIds: ['{emea}'] }, { roleId: '{authorRole}' }],
    }),
    xmlBody: `<request><departmentId>{hr}</departmentId><fields><login>fay</login></fields><roles>
      <role><roleId>{managerRole}</roleId><manageableDepartmentIds><id>{emea}</id></manageableDepartmentIds></role>
      <role><roleId>{authorRole}</roleId></role></roles></request>`,
    expect: created,
    afterwards: read({
      login: 'fay',
      email: '',
      department: 'hr',
      roles: [
        ['department_administrator', 'managerRole', ['emea']],
        ['publisher', 'authorRole', []],
      ],
    }),
  },
  {
    name: 'POST /user, answered with the user',
    ...post('/user', { departmentId: '{hr}', fields: { login: 'gus' } }),
    headers: { 'x-return-object': 'true' },
    expect: (() => {
      const gus = person('owner', { login: 'gus', email: '', department: 'hr' });
      return one(
        {
          json: { ...gus.json, userId: '{*uuid}' },
          xml: gus.xml.replace('<userId>{owner}', '<userId>{*uuid}'),
        },
        201,
      );
    })(),
  },
  {
    name: 'POST /user in headers, with an empty body',
    method: 'POST',
    path: '/user',
    headers: {
      'x-department-id': '{hr}',
      'x-fields': '{"login":"hal","first_name":"Hal"}',
      'x-email': 'hal@academy.example',
      'x-role-id': '{managerRole}',
      'x-manageable-department-ids': '{sales},{emea}',
      'x-group-ids': '["{team}"]',
      'x-password': 'a password',
      'x-send-login-email': 'true',
      'x-invitation-message': 'Welcome',
    },
    expect: created,
    afterwards: read({
      login: 'hal',
      department: 'hr',
      fields: { FIRST_NAME: 'Hal' },
      groups: ['team'],
      roles: [['department_administrator', 'managerRole', ['sales', 'emea']]],
    }),
  },
  {
    name: 'POST /user in headers, fields as XML, beside a body that wins',
    ...post('/user', { departmentId: '{sales}' }),
    headers: {
      'x-department-id': '{hr}',
      'x-fields-xml': '<fields><login>ida</login><email>ida@academy.example</email></fields>',
      'x-roles': '[{"roleId":"{authorRole}"}]',
    },
    expect: created,
    afterwards: read({ login: 'ida', roles: [['publisher', 'authorRole', []]] }),
  },
];

const refusing: readonly Row[] = [
  {
    name: 'POST /user with a login that is taken: the message ends with the id',
    ...post('/user', { departmentId: '{hr}', fields: { login: 'ANN' } }),
    expect: refused('people.login_taken', 409, 'The login ANN is taken by the user {ann}'),
  },
  {
    name: 'POST /user with an e-mail that is taken',
    ...post('/user', { departmentId: '{hr}', email: 'Ben@Academy.example', fields: { login: 'ben2' } }),
    expect: refused('people.email_taken', 409, 'The e-mail Ben@Academy.example is taken by the user {ben}'),
  },
  {
    name: 'POST /user with a login that is taken by somebody the caller does not see',
    ...post('/user', { departmentId: '{sales}', fields: { login: 'hank' } }, 'manager'),
    expect: refused('people.login_taken', 409, 'The login hank is taken.'),
  },
  {
    name: 'POST /user without a login',
    ...post('/user', { departmentId: '{hr}', fields: { first_name: 'X' } }),
    expect: refused('request.invalid', 400, 'fields.login: is required.'),
  },
  {
    name: 'POST /user without fields',
    ...post('/user', { departmentId: '{hr}' }),
    expect: refused('request.invalid', 400, 'fields: is required.'),
  },
  {
    name: 'POST /user that is to send an e-mail without saying what',
    ...post('/user', { departmentId: '{hr}', fields: { login: 'x' }, sendLoginEmail: true }),
    expect: refused('request.invalid', 400, 'invitationMessage: is required with sendLoginEmail.'),
  },
  {
    name: 'POST /user that is to send a text message without saying what',
    ...post('/user', { departmentId: '{hr}', fields: { login: 'x' }, sendLoginSMS: true }),
    expect: refused('request.invalid', 400, 'invitationSMSMessage: is required with sendLoginSMS.'),
  },
  {
    name: 'POST /user into a department that is not there',
    ...post('/user', { departmentId: UNKNOWN, fields: { login: 'x' } }),
    expect: refused('people.unknown_department', 400, `departmentId: unknown department ${UNKNOWN}.`),
  },
  {
    name: 'POST /user with a role that does not exist',
    ...post('/user', { departmentId: '{hr}', fields: { login: 'x' }, role: 'wizard' }),
    expect: refused('people.unknown_role', 400, 'role: unknown role wizard.'),
  },
  {
    name: 'POST /user into a group that is not there',
    ...post('/user', { departmentId: '{hr}', fields: { login: 'x' }, groupIds: [UNKNOWN] }),
    expect: refused('group.unknown_ids', 400, `groupIds: unknown groups ${UNKNOWN}.`),
    afterwards: [{ ...get('/user?logins[]=x'), expect: { status: 200, json: [], xml: '<response/>' } }],
  },
  {
    name: 'POST /user into a department of another manager',
    ...post('/user', { departmentId: '{hr}', fields: { login: 'x' } }, 'manager'),
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {hr} is not one you manage.',
    ),
  },
  {
    name: 'POST /user with a role that the caller may not give',
    ...post('/user', { departmentId: '{sales}', fields: { login: 'x' }, role: 'administrator' }, 'manager'),
    expect: refused(
      'auth.outranked',
      403,
      'Permission denied: you may not give the role Account Administrator.',
    ),
  },
  {
    name: 'POST /user with departments to manage that are not the caller’s',
    ...post(
      '/user',
      {
        departmentId: '{sales}',
        fields: { login: 'x' },
        role: 'publisher',
        manageableDepartmentIds: ['{hr}'],
      },
      'manager',
    ),
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {hr} is not one you manage.',
    ),
  },
];

/** A user of its own for a row that changes it. */
const zoe = async ({ world, names }: Stage) => {
  const login = `zoe${Math.random()}`;
  return { zoe: await addUser(world, { departmentId: names['sales'] ?? '', login }), login };
};
const readZoe = (parts: PersonParts): NonNullable<Row['afterwards']> => [
  { ...get('/user/{zoe}'), expect: one(person('zoe', { login: '{login}', ...parts })) },
];

const editing: readonly Row[] = [
  {
    name: 'POST /user/{id}: what is left out stays',
    ...post('/user/{zoe}', { departmentId: '{emea}', fields: { first_name: 'Zoe', Own_Field: 'y' } }),
    given: zoe,
    expect: { status: 200 },
    afterwards: readZoe({ department: 'emea', fields: { FIRST_NAME: 'Zoe', OWN_FIELD: 'y' } }),
  },
  {
    name: 'POST /user/{id}: login, e-mail, groups; and groups taken back',
    ...post('/user/{zoe}', { fields: { login: 'zoe', email: 'zoe@new.example' }, groupIds: ['{team}'] }),
    given: zoe,
    expect: { status: 200 },
    afterwards: [
      {
        ...get('/user/{zoe}'),
        expect: one(person('zoe', { login: 'zoe', email: 'zoe@new.example', groups: ['team'] })),
      },
      { ...post('/user/{zoe}', { groups: [], fields: { login: 'zoe!' } }), expect: { status: 200 } },
      {
        ...get('/user/{zoe}'),
        expect: one(person('zoe', { login: 'zoe!', email: 'zoe@new.example' })),
      },
    ],
  },
  {
    name: 'POST /user/{id} with a role; then its departments alone; then the role again, which keeps them',
    ...post('/user/{zoe}', { role: 'department_administrator', manageableDepartmentIds: ['{emea}'] }),
    given: zoe,
    expect: { status: 200 },
    afterwards: [
      { ...post('/user/{zoe}', { manageableDepartmentIds: ['{emea}', '{hr}'] }), expect: { status: 200 } },
      { ...post('/user/{zoe}', { role: 'department_administrator' }), expect: { status: 200 } },
      {
        ...get('/user/{zoe}'),
        expect: one(
          person('zoe', {
            login: '{login}',
            roles: [['department_administrator', 'managerRole', ['emea', 'hr']]],
          }),
        ),
      },
    ],
  },
  {
    name: 'POST /user/{id} in headers',
    method: 'POST',
    path: '/user/{zoe}',
    headers: { 'x-department-id': '{hr}', 'x-fields': '{"phone":"1"}', 'x-role': 'publisher' },
    given: zoe,
    expect: { status: 200 },
    afterwards: readZoe({
      department: 'hr',
      fields: { PHONE: '1' },
      roles: [['publisher', 'authorRole', []]],
    }),
  },
  {
    name: 'POST /user/{id} with a login that is taken',
    ...post('/user/{zoe}', { fields: { login: 'ann' } }),
    given: zoe,
    expect: refused('people.login_taken', 409, 'The login ann is taken by the user {ann}'),
  },
  {
    name: 'POST /user/{id} with an empty login',
    ...post('/user/{zoe}', { fields: { login: ' ' } }),
    given: zoe,
    expect: refused('request.invalid', 400, 'fields.login: is required.'),
  },
  {
    name: 'POST /user/{id} that is not there',
    ...post(`/user/${UNKNOWN}`, { fields: { phone: '1' } }),
    expect: refused('people.unknown_user', 404, `User not found: ${UNKNOWN}.`),
  },
  {
    name: 'POST /user/{id} of somebody who outranks the caller',
    ...post('/user/{admin}', { fields: { email: 'mine@academy.example' } }, 'manager'),
    expect: refused('auth.outranked', 403, 'Permission denied: user {admin} outranks you.'),
  },
  {
    name: 'POST /user/{id} into a department of another manager',
    ...post('/user/{ann}', { departmentId: '{hr}' }, 'manager'),
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {hr} is not one you manage.',
    ),
  },
  {
    name: 'POST /user/{id} that takes the last owner’s role away',
    ...post('/user/{owner}', { role: 'learner' }),
    expect: refused('people.last_owner', 409, 'The last active owner of the account must stay.'),
  },
  {
    name: 'POST /user/{id} with the roles as they are asks for nothing',
    ...post('/user/{peer}', { role: 'department_administrator', fields: { phone: '2' } }, 'manager'),
    given: async ({ world, names }) => ({
      peer: await addUser(world, {
        departmentId: names['emea'] ?? '',
        login: `peer${Math.random()}`,
        role: 'department_administrator',
        manages: [names['emea'] ?? ''],
      }),
    }),
    expect: { status: 200 },
  },
  {
    name: 'POST /user/{id} of a peer who manages what the caller does not',
    ...post('/user/{peer}', { fields: { email: 'mine@academy.example' } }, 'manager'),
    given: async ({ world, names }) => ({
      peer: await addUser(world, {
        departmentId: names['emea'] ?? '',
        role: 'department_administrator',
        manages: [names['emea'] ?? '', names['hr'] ?? ''],
      }),
    }),
    expect: refused('auth.outranked', 403, 'Permission denied: user {peer} outranks you.'),
    afterwards: [
      {
        ...post('/user/{peer}/password', { password: 'mine now' }, 'manager'),
        expect: refused('auth.outranked', 403, 'Permission denied: user {peer} outranks you.'),
      },
    ],
  },
];

const others: readonly Row[] = [
  {
    name: 'POST /user/{id}/groups/remove',
    ...post('/user/{ben}/groups/remove', { groupIds: ['{team}'] }),
    expect: { status: 200 },
    afterwards: [{ ...get('/user/{ben}'), expect: one(person('ben', { department: 'emea' })) }],
  },
  {
    name: 'POST /user/{id}/groups/remove in a header',
    method: 'POST',
    path: '/user/{ben}/groups/remove',
    headers: { 'x-group-ids': UNKNOWN },
    expect: refused('group.unknown_ids', 400, `groupIds: unknown groups ${UNKNOWN}.`),
  },
  {
    name: 'POST /user/{id}/groups/remove by who may not write groups',
    ...post('/user/{ben}/groups/remove', { groupIds: ['{team}'] }, 'clerk'),
    given: async ({ world, names }) => {
      const roleId = await addCustomRole(world, ['user.write']);
      return { clerk: await world.tokenOf(await addUser(world, { roleId, manages: [names['emea'] ?? ''] })) };
    },
    expect: refused('auth.role', 403, 'Permission denied.'),
  },
  {
    name: 'POST /user/{id}/subordination',
    ...post('/user/{zoe}/subordination', {
      subordination: { subordinationType: 'inherit' },
      coSubordination: { subordinationType: 'manual', supervisorId: '{hank}' },
    }),
    given: zoe,
    expect: { status: 204 },
    afterwards: readZoe({ subordination: 'inherit', coSubordination: { by: 'hank' } }),
  },
  {
    name: 'POST /user/{id}/subordination to themself',
    ...post('/user/{ann}/subordination', {
      subordination: { subordinationType: 'manual', supervisorId: '{ann}' },
    }),
    expect: refused(
      'request.invalid',
      400,
      'subordination.supervisorId: nobody can be their own supervisor.',
    ),
  },
  {
    name: 'POST /user/{id}/subordination to somebody whom the caller does not see',
    ...post(
      '/user/{ann}/subordination',
      { subordination: { subordinationType: 'manual', supervisorId: '{hank}' } },
      'manager',
    ),
    expect: refused(
      'auth.user_scope',
      403,
      'Permission denied: user {hank} does not belong to a department you manage.',
    ),
  },
];

contract('adding and editing users', setup, [...adding, ...refusing, ...editing, ...others]);
