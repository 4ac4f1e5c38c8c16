import { addCourseOf, enroll } from '../support/learning.ts';
import { addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** What learning leads to: progress of our own, and sections 9 and 3.7 of the contract, results and certificates. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const AT = '2026-03-02T09:30:00+00:00';

async function setup(world: World): Promise<Names> {
  const { courseId: course, moduleIds, itemIds } = await addCourseOf(world, 1);
  const [ann, ben] = [await addUser(world), await addUser(world)];
  const manager = await addUser(world, { role: 'department_administrator' });
  const terms = {
    accessDate: '2026-01-01 10:00:00',
    dueDateType: 'due_date',
    dueDate: '2026-02-01 12:00:00',
    lockAfterDueDate: true,
  };
  return {
    course,
    module: moduleIds[0] ?? '',
    item: itemIds[0] ?? '',
    ann,
    ben,
    ofAnn: await enroll(world, ann, course, terms),
    ofBen: await enroll(world, ben, course, { ...terms, dueDateType: 'unlimited' }),
    manager: await world.tokenOf(manager),
    learner: await world.tokenOf(ann),
  };
}

const page = (items: { json: object; xml: string }[], hasNext = false): Row['expect'] => ({
  status: 200,
  json: { results: items.map((item) => item.json), ...(hasNext ? { nextPageToken: '{*token}' } : {}) },
  xml: `<response><results>${items.map((item) => item.xml).join('')}</results>${hasNext ? '<nextPageToken>{*token}</nextPageToken>' : ''}</response>`,
});

/** Due and not yet completed, so that it is overdue. */
const late = {
  json: {
    userId: '{ann}',
    courseId: '{course}',
    courseTitle: '{*text}',
    enrollmentId: '{ofAnn}',
    accessDate: '2026-01-01T10:00:00+00:00',
    dueDate: '2026-02-01T12:00:00+00:00',
    expirationDate: '2026-02-01T12:00:00+00:00',
    completionStatus: 'not_started',
    progress: 0,
    isOverdue: true,
    viewsCount: 0,
  },
  xml: `<result>
    <userId>{ann}</userId>
    <courseId>{course}</courseId>
    <courseTitle>{*text}</courseTitle>
    <enrollmentId>{ofAnn}</enrollmentId>
    <accessDate>2026-01-01T10:00:00+00:00</accessDate>
    <dueDate>2026-02-01T12:00:00+00:00</dueDate>
    <expirationDate>2026-02-01T12:00:00+00:00</expirationDate>
    <completionStatus>not_started</completionStatus>
    <progress>0</progress>
    <isOverdue>1</isOverdue>
    <viewsCount>0</viewsCount>
  </result>`,
};
const begun = {
  json: {
    userId: '{ben}',
    courseId: '{course}',
    moduleId: '{module}',
    moduleTitle: '{*text}',
    courseItemId: '{item}',
    enrollmentId: '{ofBen}',
    accessDate: '2026-01-01T10:00:00+00:00',
    completionStatus: 'in_progress',
    awardedScore: 12.5,
    progress: 40,
    isOverdue: false,
    viewsCount: 1,
  },
  xml: `<result>
    <userId>{ben}</userId>
    <courseId>{course}</courseId>
    <moduleId>{module}</moduleId>
    <moduleTitle>{*text}</moduleTitle>
    <courseItemId>{item}</courseItemId>
    <enrollmentId>{ofBen}</enrollmentId>
    <accessDate>2026-01-01T10:00:00+00:00</accessDate>
    <completionStatus>in_progress</completionStatus>
    <awardedScore>12.5</awardedScore>
    <progress>40</progress>
    <isOverdue>0</isOverdue>
    <viewsCount>1</viewsCount>
  </result>`,
};
const passed = {
  json: {
    userId: '{ben}',
    courseId: '{course}',
    courseTitle: '{*text}',
    enrollmentId: '{ofBen}',
    accessDate: '2026-01-01T10:00:00+00:00',
    completionDate: AT,
    completionStatus: 'passed',
    awardedScore: 90,
    progress: 100,
    isOverdue: false,
    viewsCount: '{*integer}',
  },
  xml: `<result>
    <userId>{ben}</userId>
    <courseId>{course}</courseId>
    <courseTitle>{*text}</courseTitle>
    <enrollmentId>{ofBen}</enrollmentId>
    <accessDate>2026-01-01T10:00:00+00:00</accessDate>
    <completionDate>${AT}</completionDate>
    <completionStatus>passed</completionStatus>
    <awardedScore>90</awardedScore>
    <progress>100</progress>
    <isOverdue>0</isOverdue>
    <viewsCount>{*integer}</viewsCount>
  </result>`,
};

const get = (path: string, name: string, expect: Row['expect'], more: Partial<Row> = {}): Row => ({
  name: `GET ${path.split('?')[0]}: ${name}`,
  method: 'GET',
  path,
  expect,
  ...more,
});
const report = (
  name: string,
  body: Record<string, unknown>,
  expect: Row['expect'],
  more: Partial<Row> = {},
): Row => ({
  name: `POST /enrollment/{id}/progress: ${name}`,
  method: 'POST',
  path: '/enrollment/{ofBen}/progress',
  body,
  expect,
  ...more,
});
const LINK = 'https://academy.example/download/v1/certificate/{certificate}?token={*jwt}';

contract('results, progress and certificates', setup, [
  get('/learners/results?pageSize=1', 'in order of creation', page([late], true)),
  get('/learners/results?userIds[]={ben}&completionStatuses[]=passed', 'none', page([])),
  get('/learners/results?completionStatuses[]=done', 'a status that is none', {
    refused: 'request.invalid',
    status: 400,
    message:
      'completionStatuses[0]: must be one of not_started, in_progress, pending, complete, passed, accepted, incomplete, failed, declined, got done.',
  }),
  get(`/learners/results?userIds[]={ann}&userIds[]=${UNKNOWN}`, 'one unknown id', {
    refused: 'people.unknown_users',
    status: 400,
    message: `userIds: unknown users ${UNKNOWN}.`,
  }),
  get(
    `/learners/results?userIds[]={ann}&userIds[]=${UNKNOWN}`,
    'a limited caller reads what they reach',
    page([]),
    {
      as: 'manager',
    },
  ),
  get(
    '/learners/results',
    'not for learners',
    { refused: 'auth.role', status: 403, message: 'Permission denied.' },
    {
      as: 'learner',
    },
  ),
  report(
    'of a module',
    { status: 'in_progress', progress: 40, score: 12.5, moduleId: '{module}' },
    { status: 200 },
    {
      afterwards: [
        { method: 'GET', path: '/learners/modules/results?userIds[]={ben}', expect: page([begun]) },
      ],
    },
  ),
  report(
    'a percentage over 100',
    { progress: 101 },
    {
      refused: 'request.invalid',
      status: 400,
      message: 'progress: must be from 0 to 100, got 101.',
    },
  ),
  report(
    'of the whole course',
    { status: 'passed', score: 90 },
    { status: 200 },
    {
      afterwards: [{ method: 'GET', path: '/learners/results?userIds[]={ben}', expect: page([passed]) }],
    },
  ),
  get('/enrollment/{ofBen}', 'the certificate that was issued', {
    status: 200,
    json: {
      enrollmentId: '{ofBen}',
      courseId: '{course}',
      learnerId: '{ben}',
      accessDate: '2026-01-01',
      enrollmentTypeGroup: 0,
      shouldLockAfterDueDate: false,
      certificate: { issuedCertificateId: '{*uuid}', issueDate: AT },
    },
    xml: `<response><enrollment>
      <enrollmentId>{ofBen}</enrollmentId>
      <courseId>{course}</courseId>
      <learnerId>{ben}</learnerId>
      <accessDate>2026-01-01</accessDate>
      <enrollmentTypeGroup>0</enrollmentTypeGroup>
      <shouldLockAfterDueDate>0</shouldLockAfterDueDate>
      <certificate><issuedCertificateId>{*uuid}</issuedCertificateId><issueDate>${AT}</issueDate></certificate>
    </enrollment></response>`,
  }),
  get(
    '/certificate/{certificate}',
    'a link',
    {
      status: 200,
      json: { url: LINK },
      xml: `<response><issuedCertificate><url>${LINK}</url></issuedCertificate></response>`,
    },
    {
      given: async ({ world, names }) => {
        const read = await call(world, 'GET', `/enrollment/${names['ofBen']}`);
        const { certificate } = read.json as { certificate: { issuedCertificateId: string } };
        return { certificate: certificate.issuedCertificateId };
      },
    },
  ),
  get(`/certificate/${UNKNOWN}`, 'unknown', {
    refused: 'certificate.unknown',
    status: 404,
    message: 'Issued certificate not found',
  }),
]);
