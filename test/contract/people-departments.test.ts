import { addDepartment, addUser } from '../support/people.ts';
import {
  all,
  created,
  department,
  get,
  one,
  page,
  person,
  post,
  refused,
  remove,
  setup,
  UNKNOWN,
} from './people.ts';
import { contract, type Row, type Stage } from './runner.ts';

/** Section 5 of the contract: departments. */

const root = department('root', 'Academy');
const sales = department('sales', 'Sales', { parent: 'root' });
const emea = department('emea', 'EMEA', { parent: 'sales' });
const hr = department('hr', 'HR', { parent: 'root' });

const reading: readonly Row[] = [
  { name: 'GET /department', ...get('/department'), expect: all([root, sales, emea, hr]) },
  {
    name: 'GET /department as who manages one: it and what is below',
    ...get('/department', 'manager'),
    expect: all([sales, emea]),
  },
  { name: 'GET /department by a code nobody has', ...get('/department?code=X'), expect: all([]) },
  {
    name: 'GET /departments',
    ...get('/departments'),
    expect: page('departments', [root, sales, emea, hr]),
  },
  {
    name: 'GET /departments, a first page',
    ...get('/departments?pageSize=2&pageToken='),
    expect: page('departments', [root, sales], true),
  },
  {
    name: 'GET /departments after a place',
    ...get('/departments?pageToken={afterSales}'),
    given: async ({ names }) => ({ afterSales: Buffer.from(names['sales'] ?? '').toString('base64') }),
    expect: page('departments', [emea, hr]),
  },
  { name: 'GET /department/{id}', ...get('/department/{emea}'), expect: one(emea) },
  {
    name: 'GET /department/{id} that is not there',
    ...get(`/department/${UNKNOWN}`),
    expect: refused('people.department_not_found', 404, `Department not found: ${UNKNOWN}.`),
  },
  {
    name: 'GET /department/{id} of another manager',
    ...get('/department/{hr}', 'manager'),
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {hr} is not one you manage.',
    ),
  },
  {
    name: 'GET /department as a learner',
    ...get('/department', 'learner'),
    expect: refused('auth.role', 403, 'Permission denied.'),
  },
];

/** A department of its own for a row that changes it. */
const spare = async ({ world, names }: Stage) => ({
  spare: await addDepartment(world, 'Spare', names['sales']),
});

const adding: readonly Row[] = [
  {
    name: 'POST /department',
    ...post('/department', { name: 'Support', parentDepartmentId: '{hr}', code: 'SUP' }),
    expect: created,
    afterwards: [
      {
        ...get('/department?code=SUP'),
        expect: all([department('created', 'Support', { parent: 'hr', code: 'SUP' })]),
      },
    ],
  },
  {
    name: 'POST /department with a code that is taken',
    ...post('/department', { name: 'Again', parentDepartmentId: '{hr}', code: 'SUP' }),
    expect: refused('people.department_code_taken', 409, 'code: SUP is taken by another department.'),
  },
  {
    name: 'POST /department, answered with the department, and with supervisors',
    ...post('/department', {
      name: 'Desk',
      parentDepartmentId: '{hr}',
      subordination: { subordinationType: 'manual', supervisorId: '{hank}' },
      coSubordination: { subordinationType: 'inherit' },
    }),
    headers: { 'x-return-object': 'true' },
    expect: (() => {
      const desk = department('owner', 'Desk', {
        parent: 'hr',
        subordination: { by: 'hank' },
        coSubordination: 'inherit',
      });
      return one(
        {
          json: { ...desk.json, departmentId: '{*uuid}' },
          xml: desk.xml.replace('<departmentId>{owner}', '<departmentId>{*uuid}'),
        },
        201,
      );
    })(),
  },
  {
    name: 'POST /department without a name',
    ...post('/department', { parentDepartmentId: '{hr}' }),
    expect: refused('request.invalid', 400, 'name: is required.'),
  },
  {
    name: 'POST /department below one that is not there',
    ...post('/department', { name: 'Lost', parentDepartmentId: UNKNOWN }),
    expect: refused('people.unknown_department', 400, `parentDepartmentId: unknown department ${UNKNOWN}.`),
  },
  {
    name: 'POST /department in headers',
    method: 'POST',
    path: '/department',
    headers: { 'x-name': 'Branch', 'x-parent-department-id': '{hr}', 'x-code': 'BR' },
    expect: created,
    afterwards: [
      {
        ...get('/department/{created}'),
        expect: one(department('created', 'Branch', { parent: 'hr', code: 'BR' })),
      },
    ],
  },
];

const editing: readonly Row[] = [
  {
    name: 'POST /department/{id}',
    ...post('/department/{spare}', { name: 'Renamed', parentDepartmentId: '{emea}', code: 'REN' }),
    given: spare,
    expect: { status: 204 },
    afterwards: [
      {
        ...get('/department/{spare}'),
        expect: one(department('spare', 'Renamed', { parent: 'emea', code: 'REN' })),
      },
    ],
  },
  {
    name: 'POST /department/{id}: what is left out stays, an empty code is none',
    ...post('/department/{spare}', { code: '' }),
    given: spare,
    expect: { status: 204 },
    afterwards: [
      { ...get('/department/{spare}'), expect: one(department('spare', 'Spare', { parent: 'sales' })) },
    ],
  },
  {
    name: 'POST /department/{id} to below itself',
    ...post('/department/{sales}', { parentDepartmentId: '{emea}' }),
    expect: refused(
      'people.department_cycle',
      409,
      'Department {emea} lies in or below {sales}, and cannot become its parent.',
    ),
  },
  {
    name: 'POST /department/{id} that is not there',
    ...post(`/department/${UNKNOWN}`, { name: 'X' }),
    expect: refused('people.department_not_found', 404, `Department not found: ${UNKNOWN}.`),
  },
  {
    name: 'POST /department/{id} out of what the caller manages',
    ...post('/department/{emea}', { parentDepartmentId: '{hr}' }, 'manager'),
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {hr} is not one you manage.',
    ),
  },
  {
    name: 'POST /department/{id}/subordination',
    ...post('/department/{spare}/subordination', {
      subordination: { subordinationType: 'manual', supervisorId: '{ann}' },
    }),
    given: spare,
    expect: { status: 204 },
    afterwards: [
      {
        ...get('/department/{spare}'),
        expect: one(department('spare', 'Spare', { parent: 'sales', subordination: { by: 'ann' } })),
      },
      {
        ...post('/department/{spare}/subordination', {
          subordination: { subordinationType: 'inherit', supervisorId: '{ann}' },
        }),
        expect: { status: 204 },
      },
      {
        ...get('/department/{spare}'),
        expect: one(department('spare', 'Spare', { parent: 'sales', subordination: 'inherit' })),
      },
    ],
  },
  {
    name: 'POST /department/{id}/subordination by hand, but by nobody',
    ...post('/department/{sales}/subordination', { coSubordination: { subordinationType: 'manual' } }),
    expect: refused('request.invalid', 400, 'coSubordination.supervisorId: is required with manual.'),
  },
  {
    name: 'POST /department/{id}/subordination to a user who is not there',
    ...post('/department/{sales}/subordination', {
      subordination: { subordinationType: 'manual', supervisorId: UNKNOWN },
    }),
    expect: refused('people.unknown_users', 400, `subordination.supervisorId: unknown users ${UNKNOWN}.`),
  },
];

const deleting: readonly Row[] = [
  {
    name: 'DELETE /department/{id}',
    ...remove('/department/{spare}'),
    given: spare,
    expect: { status: 204 },
    afterwards: [
      {
        ...get('/department/{spare}'),
        expect: refused('people.department_not_found', 404, 'Department not found: {spare}.'),
      },
    ],
  },
  {
    name: 'DELETE /department/{id}: nobody manages it any more',
    ...remove('/department/{spare}'),
    given: async (stage) => {
      const { spare: id } = await spare(stage);
      const login = `lead-${id}`;
      const lead = await addUser(stage.world, {
        departmentId: stage.names['hr'] ?? '',
        login,
        role: 'department_administrator',
        manages: [id, stage.names['emea'] ?? ''],
      });
      return { spare: id, lead, login };
    },
    expect: { status: 204 },
    afterwards: [
      {
        ...get('/user/{lead}'),
        expect: one(
          person('lead', {
            login: '{login}',
            department: 'hr',
            roles: [['department_administrator', 'managerRole', ['emea']]],
          }),
        ),
      },
    ],
  },
  {
    name: 'DELETE /department/{id} of the root',
    ...remove('/department/{root}'),
    expect: refused('people.root_department', 409, 'The root department cannot be deleted.'),
  },
  {
    name: 'DELETE /department/{id} with people and departments in it',
    ...remove('/department/{emea}'),
    given: async ({ world, names }) => ({ inner: await addDepartment(world, 'Inner', names['emea']) }),
    expect: refused(
      'people.department_not_empty',
      409,
      'Department {emea} has 1 users and 2 departments in it.',
    ),
  },
  {
    name: 'DELETE /department/{id} of another manager',
    ...remove('/department/{hr}', 'manager'),
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {hr} is not one you manage.',
    ),
  },
];

const moving: readonly Row[] = [
  {
    name: 'POST /department/{id}/user/move',
    ...post('/department/{hr}/user/move', { userIds: ['{eve}', '{eve}'] }),
    expect: { status: 204 },
    afterwards: [{ ...get('/user/{eve}'), expect: one(person('eve', { department: 'hr' })) }],
  },
  {
    name: 'POST /department/{id}/user/move into one that is not there',
    ...post(`/department/${UNKNOWN}/user/move`, { userIds: ['{ann}'] }),
    expect: refused('people.department_not_found', 404, `Department not found: ${UNKNOWN}.`),
  },
  {
    name: 'POST /department/{id}/user/move of a user who is not there: nobody moves',
    ...post('/department/{hr}/user/move', { userIds: ['{ann}', UNKNOWN] }),
    expect: refused('people.unknown_users', 400, `userIds: unknown users ${UNKNOWN}.`),
    afterwards: [{ ...get('/user/{ann}'), expect: one(person('ann', { isSeen: true })) }],
  },
  {
    name: 'POST /department/{id}/user/move of nobody',
    ...post('/department/{hr}/user/move', { userIds: [] }),
    expect: refused('request.invalid', 400, 'userIds: must not be empty.'),
  },
  {
    name: 'POST /department/{id}/user/move of a user whom the caller does not manage',
    ...post('/department/{sales}/user/move', { userIds: ['{hank}'] }, 'manager'),
    expect: refused(
      'auth.user_scope',
      403,
      'Permission denied: user {hank} does not belong to a department you manage.',
    ),
  },
  {
    name: 'POST /department/{parentId}/department/move',
    ...post('/department/{hr}/department/move', { departmentIds: ['{spare}'] }),
    given: spare,
    expect: { status: 204 },
    afterwards: [
      { ...get('/department/{spare}'), expect: one(department('spare', 'Spare', { parent: 'hr' })) },
    ],
  },
  {
    name: 'POST /department/{parentId}/department/move as the published interface spells it',
    ...post('/department/{hr}/department/move', { departmnetIds: ['{spare}'] }),
    given: spare,
    expect: { status: 204 },
    afterwards: [
      { ...get('/department/{spare}'), expect: one(department('spare', 'Spare', { parent: 'hr' })) },
    ],
  },
  {
    name: 'POST /department/{parentId}/department/move without departments',
    ...post('/department/{hr}/department/move', {}),
    expect: refused('request.invalid', 400, 'departmentIds: is required.'),
  },
  {
    name: 'POST /department/{parentId}/department/move of the root',
    ...post('/department/{hr}/department/move', { departmentIds: ['{root}'] }),
    expect: refused('people.root_department', 409, 'The root department cannot be moved.'),
  },
  {
    name: 'POST /department/{parentId}/department/move into what is moved',
    ...post('/department/{emea}/department/move', { departmentIds: ['{hr}', '{sales}'] }),
    expect: refused(
      'people.department_cycle',
      409,
      'Department {emea} lies in or below {sales}, and cannot become its parent.',
    ),
    afterwards: [{ ...get('/department/{hr}'), expect: one(hr) }],
  },
  {
    name: 'POST /department/{parentId}/department/move of one that is not there',
    ...post('/department/{hr}/department/move', { departmentIds: ['{emea}', UNKNOWN] }),
    expect: refused('people.unknown_department', 400, `departmentIds: unknown department ${UNKNOWN}.`),
    afterwards: [{ ...get('/department/{emea}'), expect: one(emea) }],
  },
  {
    name: 'POST /department/{parentId}/department/move of what another manages above',
    ...post('/department/{other}/department/move', { departmentIds: ['{sales}'] }, 'both'),
    given: async ({ world, names }) => {
      const other = await addDepartment(world, 'Other', names['hr']);
      const lead = await addUser(world, {
        role: 'department_administrator',
        manages: [other, names['sales'] ?? ''],
      });
      return { other, both: await world.tokenOf(lead) };
    },
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {root} is not one you manage.',
    ),
  },
];

contract('departments', setup, [...reading, ...adding, ...editing, ...deleting, ...moving]);
