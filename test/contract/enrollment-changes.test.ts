import { enroll } from '../support/learning.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Sections 3.4 to 3.6 of the contract: edit, re-enroll, delete. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const DUE = { dueDateType: 'due_date', dueDate: '2026-06-30', lockAfterDueDate: true };

async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const manager = await addUser(world, {
    departmentId: sales,
    role: 'department_administrator',
    manages: [sales],
  });
  const course = await addCourse(world);
  const [ann, eve] = [await addUser(world), await addUser(world)];
  return {
    course,
    ann,
    eve,
    ofAnn: await enroll(world, ann, course, DUE),
    ofEve: await enroll(world, eve, course, DUE),
    manager: await world.tokenOf(manager),
  };
}

const OPERATION = { location: '/operations/{*uuid}' };

/** The enrollments of one learner, read back. */
const reads = (
  learner: string,
  ...items: { json: object; xml: string }[]
): NonNullable<Row['afterwards']> => [
  {
    method: 'GET',
    path: `/enrollment?learnerIds[]=${learner}`,
    expect: {
      status: 200,
      json: items.map((item) => item.json),
      xml:
        items.length > 0 ? `<response>${items.map((item) => item.xml).join('')}</response>` : '<response/>',
    },
  },
];
const unlimited = (enrollmentId: string, learnerId: string, accessDate: string) => ({
  json: {
    enrollmentId,
    courseId: '{course}',
    learnerId,
    accessDate,
    enrollmentTypeGroup: 0,
    shouldLockAfterDueDate: false,
  },
  xml: `<enrollment>
    <enrollmentId>${enrollmentId}</enrollmentId>
    <courseId>{course}</courseId>
    <learnerId>${learnerId}</learnerId>
    <accessDate>${accessDate}</accessDate>
    <enrollmentTypeGroup>0</enrollmentTypeGroup>
    <shouldLockAfterDueDate>0</shouldLockAfterDueDate>
  </enrollment>`,
});
const due = {
  json: {
    enrollmentId: '{ofAnn}',
    courseId: '{course}',
    learnerId: '{ann}',
    accessDate: '2026-01-05',
    dueDate: '2026-01-08',
    expirationDate: '2026-01-08',
    enrollmentTypeGroup: 0,
    shouldLockAfterDueDate: true,
  },
  xml: `<enrollment>
    <enrollmentId>{ofAnn}</enrollmentId>
    <courseId>{course}</courseId>
    <learnerId>{ann}</learnerId>
    <accessDate>2026-01-05</accessDate>
    <dueDate>2026-01-08</dueDate>
    <expirationDate>2026-01-08</expirationDate>
    <enrollmentTypeGroup>0</enrollmentTypeGroup>
    <shouldLockAfterDueDate>1</shouldLockAfterDueDate>
  </enrollment>`,
};
const unknown: Row['expect'] = {
  refused: 'enrollment.unknown',
  status: 400,
  message: `Unknown Enrollment ${UNKNOWN}.`,
};
const foreign = (id: string): Row['expect'] => ({
  refused: 'auth.enrollment_scope',
  status: 403,
  message: `Permission denied: enrollment ${id} is not of a learner you manage.`,
});

const post = (
  path: string,
  name: string,
  body: Record<string, unknown>,
  expect: Row['expect'],
  more: Pick<Row, 'as' | 'afterwards'> = {},
): Row => ({ name: `POST ${path}: ${name}`, method: 'POST', path, body, expect, ...more });

contract('edit, re-enroll, delete', setup, [
  post(
    '/enrollment/{ofAnn}',
    'the terms are replaced',
    {
      accessDate: '2026-01-05 08:00:00',
      dueDateType: 'due_period',
      duePeriod: '72',
      lockAfterDueDate: true,
    },
    { status: 200, headers: OPERATION },
    { afterwards: reads('{ann}', due) },
  ),
  post(
    '/enrollment/{ofAnn}',
    'a due date before the access date',
    { accessDate: '2026-01-05', dueDateType: 'due_date', dueDate: '2026-01-04' },
    {
      refused: 'enrollment.due_before_access',
      status: 400,
      message:
        'dueDate: 2026-01-04T23:59:59+00:00 is earlier than the access date 2026-01-05T00:00:00+00:00.',
    },
    { afterwards: reads('{ann}', due) },
  ),
  post(
    '/enrollment/{ofAnn}',
    'without a type of due date',
    { accessDate: '2026-01-05' },
    {
      refused: 'request.invalid',
      status: 400,
      message: 'dueDateType: is required.',
    },
  ),
  post(`/enrollment/${UNKNOWN}`, 'unknown', { dueDateType: 'unlimited' }, unknown),
  post('/enrollment/{ofEve}', 'of another department', { dueDateType: 'unlimited' }, foreign('{ofEve}'), {
    as: 'manager',
  }),
  post(
    '/enrollment/{ofEve}/reenroll',
    'a new enrollment in place of the old one',
    { dueDateType: 'unlimited' },
    { status: 200, headers: OPERATION },
    {
      afterwards: [
        ...reads('{eve}', unlimited('{*uuid}', '{eve}', '2026-03-02')),
        {
          method: 'GET',
          path: '/enrollment/{ofEve}',
          expect: { refused: 'enrollment.unknown', status: 400, message: 'Unknown Enrollment {ofEve}.' },
        },
      ],
    },
  ),
  post(`/enrollment/${UNKNOWN}/reenroll`, 'unknown', { dueDateType: 'unlimited' }, unknown),
  post(
    '/enrollment/{ofAnn}/reenroll',
    'of another department',
    { dueDateType: 'unlimited' },
    foreign('{ofAnn}'),
    {
      as: 'manager',
    },
  ),
  post(
    '/enrollment/delete',
    'one unknown id, and none is deleted',
    { enrollmentIds: ['{ofAnn}', UNKNOWN] },
    unknown,
    { afterwards: reads('{ann}', due) },
  ),
  post('/enrollment/delete', 'of another department', { enrollmentIds: ['{ofAnn}'] }, foreign('{ofAnn}'), {
    as: 'manager',
  }),
  post(
    '/enrollment/delete',
    'no id',
    { enrollmentIds: [] },
    {
      refused: 'request.invalid',
      status: 400,
      message: 'enrollmentIds: must not be empty.',
    },
  ),
  post(
    '/enrollment/delete',
    'an id given twice is one',
    { enrollmentIds: ['{ofAnn}', '{ofAnn}'] },
    { status: 204, headers: OPERATION },
    { afterwards: reads('{ann}') },
  ),
]);
