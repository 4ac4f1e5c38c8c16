import assert from 'node:assert/strict';
import { enroll } from '../support/learning.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, NOW, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Our own reads of history: what was current at an instant, what happened to an enrollment, and why it is as it is. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

/** Enrolled at 09:30, edited at 09:35, re-enrolled at 09:40, ended at 09:45; it is 09:50. */
async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const manages = { departmentId: sales, role: 'department_administrator', manages: [sales] };
  const manager = await world.tokenOf(await addUser(world, { ...manages, login: 'manager' }));
  const course = await addCourse(world, 'Course', {
    title: 'Fire safety',
    defaultDueDateType: 'due_period',
    defaultDuePeriod: 48,
    defaultLockAfterDueDate: true,
  });
  const ann = await addUser(world, { departmentId: sales, login: 'ann' });
  const eve = await addUser(world, { login: 'eve' });
  const at = (minute: number): void => {
    world.clock.now = new Date(NOW.getTime() + (minute - 30) * 60_000);
  };
  const write = async (path: string, json: object): Promise<string> => {
    const answer = await call(world, 'POST', path, { json });
    assert.ok(answer.status < 300, answer.text);
    return answer.headers.get('location')?.split('/').at(-1) ?? '';
  };
  const first = await enroll(world, ann, course, { dueDateType: 'default' });
  const ofEve = await enroll(world, eve, course);
  at(35);
  const edit = await write(`/enrollment/${first}`, {
    accessDate: '2026-03-01',
    dueDateType: 'due_date',
    dueDate: '2026-03-31',
  });
  at(40);
  const reenroll = await write(`/enrollment/${first}/reenroll`, { dueDateType: 'unlimited' });
  const list = await call(world, 'GET', `/enrollment?learnerIds[]=${ann}`);
  const second = (list.json as { enrollmentId: string }[])[0]?.enrollmentId ?? '';
  at(45);
  const end = await write('/enrollment/delete', { enrollmentIds: [second] });
  at(50);
  return { manager, course, ann, eve, ofEve, first, second, edit, reenroll, end };
}

const get = (path: string, name: string, expect: Row['expect'], more: Partial<Row> = {}): Row => ({
  name: `GET ${path}: ${name}`,
  method: 'GET',
  path,
  expect,
  ...more,
});

const edited = {
  json: {
    enrollmentId: '{first}',
    courseId: '{course}',
    learnerId: '{ann}',
    accessDate: '2026-03-01',
    dueDate: '2026-03-31',
    enrollmentTypeGroup: 0,
    shouldLockAfterDueDate: false,
  },
  xml: `<enrollment>
    <enrollmentId>{first}</enrollmentId>
    <courseId>{course}</courseId>
    <learnerId>{ann}</learnerId>
    <accessDate>2026-03-01</accessDate>
    <dueDate>2026-03-31</dueDate>
    <enrollmentTypeGroup>0</enrollmentTypeGroup>
    <shouldLockAfterDueDate>0</shouldLockAfterDueDate>
  </enrollment>`,
};
const FUTURE: Row['expect'] = {
  refused: 'request.invalid',
  status: 400,
  message: 'asOf: is in the future.',
};
const foreign = (id: string): Row['expect'] => ({
  refused: 'auth.enrollment_scope',
  status: 403,
  message: `Permission denied: enrollment ${id} is not of a learner you manage.`,
});
const unknown = (id: string): Row['expect'] => ({
  refused: 'enrollment.unknown',
  status: 400,
  message: `Unknown Enrollment ${id}.`,
});

const act = (kind: string, operation: string) => ({
  json: { operationId: operation, kind, actorId: '{owner}', clientId: '{clientId}', source: 'api' },
  xml: `<operationId>${operation}</operationId><kind>${kind}</kind><actorId>{owner}</actorId>
    <clientId>{clientId}</clientId><source>api</source>`,
});
const ENROLLED = act('enroll', '{*uuid}');
const EDITED = act('edit', '{edit}');
const REENROLLED = act('reenroll', '{reenroll}');
const ENDED = act('delete', '{end}');

const atDefault = {
  json: {
    accessDate: '2026-03-02T09:30:00+00:00',
    dueDateType: 'default',
    dueDate: '2026-03-04T09:30:00+00:00',
    duePeriod: 48,
    shouldLockAfterDueDate: true,
  },
  xml: `<terms><accessDate>2026-03-02T09:30:00+00:00</accessDate><dueDateType>default</dueDateType>
    <dueDate>2026-03-04T09:30:00+00:00</dueDate><duePeriod>48</duePeriod>
    <shouldLockAfterDueDate>1</shouldLockAfterDueDate></terms>`,
};
const byDate = {
  json: {
    accessDate: '2026-03-01T00:00:00+00:00',
    dueDateType: 'due_date',
    dueDate: '2026-03-31T23:59:59+00:00',
    shouldLockAfterDueDate: false,
  },
  xml: `<terms><accessDate>2026-03-01T00:00:00+00:00</accessDate><dueDateType>due_date</dueDateType>
    <dueDate>2026-03-31T23:59:59+00:00</dueDate><shouldLockAfterDueDate>0</shouldLockAfterDueDate></terms>`,
};
const unlimited = {
  json: {
    accessDate: '2026-03-02T09:40:00+00:00',
    dueDateType: 'unlimited',
    shouldLockAfterDueDate: false,
  },
  xml: `<terms><accessDate>2026-03-02T09:40:00+00:00</accessDate><dueDateType>unlimited</dueDateType>
    <shouldLockAfterDueDate>0</shouldLockAfterDueDate></terms>`,
};

const ofFirst: Row['expect'] = {
  status: 200,
  json: [
    {
      happened: 'enrolled',
      recordedAt: '2026-03-02T09:30:00+00:00',
      supersededAt: '2026-03-02T09:35:00+00:00',
      terms: atDefault.json,
      operation: ENROLLED.json,
    },
    {
      happened: 'edited',
      recordedAt: '2026-03-02T09:35:00+00:00',
      supersededAt: '2026-03-02T09:40:00+00:00',
      terms: byDate.json,
      operation: EDITED.json,
    },
    {
      happened: 'reenrolled',
      recordedAt: '2026-03-02T09:40:00+00:00',
      replacedBy: '{second}',
      operation: REENROLLED.json,
    },
  ],
  xml: `<response>
    <entry><happened>enrolled</happened><recordedAt>2026-03-02T09:30:00+00:00</recordedAt>
      <supersededAt>2026-03-02T09:35:00+00:00</supersededAt>${atDefault.xml}<operation>${ENROLLED.xml}</operation></entry>
    <entry><happened>edited</happened><recordedAt>2026-03-02T09:35:00+00:00</recordedAt>
      <supersededAt>2026-03-02T09:40:00+00:00</supersededAt>${byDate.xml}<operation>${EDITED.xml}</operation></entry>
    <entry><happened>reenrolled</happened><recordedAt>2026-03-02T09:40:00+00:00</recordedAt>
      <replacedBy>{second}</replacedBy><operation>${REENROLLED.xml}</operation></entry>
  </response>`,
};

const why = {
  ofEve: {
    enrolled: (actor: string) =>
      `eve was enrolled in “Fire safety” at 2026-03-02T09:30:00+00:00 by ${actor} through the API (enroll, operation {*uuid}).`,
    accessDate:
      'It opened at 2026-03-02T09:30:00+00:00, the moment of the request, which gave no access date.',
    dueDate: 'There is no due date: the request said unlimited.',
  },
  ofFirst: {
    enrolled: (actor: string) =>
      `ann was enrolled in “Fire safety” at 2026-03-02T09:30:00+00:00 by ${actor} through the API (enroll, operation {*uuid}). ` +
      `It was replaced by enrollment {second} at 2026-03-02T09:40:00+00:00 by ${actor} through the API (reenroll, operation {reenroll}).`,
    decided: (actor: string) =>
      ` Set at 2026-03-02T09:35:00+00:00 by ${actor} through the API (edit, operation {edit}).`,
    accessDate: 'It opens at 2026-03-01T00:00:00+00:00, as the request gave it.',
    dueDate: 'It is due at 2026-03-31T23:59:59+00:00, as the request gave it.',
  },
};
/** The owner is out of the manager's sight, and so is the name. */
const OWNER_UNSEEN = 'user {owner}';

const words = (said: { enrolled: string; accessDate: string; dueDate: string; lock: string }) =>
  `<words><enrolled>${said.enrolled}</enrolled><accessDate>${said.accessDate}</accessDate>
   <dueDate>${said.dueDate}</dueDate><lock>${said.lock}</lock></words>`;

function whyFirst(actor: string): Row['expect'] {
  const { decided, ...said } = why.ofFirst;
  const all = {
    enrolled: said.enrolled(actor),
    accessDate: said.accessDate + decided(actor),
    dueDate: said.dueDate + decided(actor),
    lock: 'It does not lock.',
  };
  return {
    status: 200,
    json: {
      enrollmentId: '{first}',
      learnerId: '{ann}',
      courseId: '{course}',
      isCurrent: false,
      words: all,
      enrolledAt: '2026-03-02T09:30:00+00:00',
      enrolledBy: ENROLLED.json,
      accessRule: 'given',
      dueRule: 'date',
      terms: byDate.json,
      isLocked: false,
      decidedAt: '2026-03-02T09:35:00+00:00',
      decidedBy: EDITED.json,
      endedAt: '2026-03-02T09:40:00+00:00',
      endedBy: REENROLLED.json,
      replacedBy: '{second}',
    },
    xml: `<response><enrollment>
      <enrollmentId>{first}</enrollmentId><learnerId>{ann}</learnerId><courseId>{course}</courseId><isCurrent>0</isCurrent>
      ${words(all)}
      <enrolledAt>2026-03-02T09:30:00+00:00</enrolledAt><enrolledBy>${ENROLLED.xml}</enrolledBy>
      <accessRule>given</accessRule><dueRule>date</dueRule>${byDate.xml}<isLocked>0</isLocked>
      <decidedAt>2026-03-02T09:35:00+00:00</decidedAt><decidedBy>${EDITED.xml}</decidedBy>
      <endedAt>2026-03-02T09:40:00+00:00</endedAt><endedBy>${REENROLLED.xml}</endedBy><replacedBy>{second}</replacedBy>
    </enrollment></response>`,
  };
}

const whyEve = {
  enrolled: why.ofEve.enrolled('{ownerLogin}'),
  accessDate: why.ofEve.accessDate,
  dueDate: why.ofEve.dueDate,
  lock: 'It does not lock.',
};
const evesTerms = {
  json: { ...unlimited.json, accessDate: '2026-03-02T09:30:00+00:00' },
  xml: unlimited.xml.replace('09:40', '09:30'),
};

contract('history', async (world) => ({ ...(await setup(world)), ownerLogin: 'owner' }), [
  get('/enrollment?learnerIds[]={ann}&asOf=2026-03-02T09:36:00Z', 'as it was after the edit', {
    status: 200,
    json: [edited.json],
    xml: `<response>${edited.xml}</response>`,
  }),
  get('/enrollment?learnerIds[]={ann}&asOf=2026-03-02', 'a date is its beginning', {
    status: 200,
    json: [],
    xml: '<response/>',
  }),
  get('/enrollment?asOf=2026-03-02T09:50:01Z', 'an instant to come', FUTURE),
  get('/enrollment?asOf=yesterday', 'no instant', {
    refused: 'request.invalid',
    status: 400,
    message:
      'asOf: must be a date as YYYY-MM-DD or YYYY-MM-DD HH:MM:SS between the years 1 and 9999, got yesterday.',
  }),
  get('/enrollments?courseIds[]={course}&pageSize=1&asOf=2026-03-02T09:39:00Z', 'a page', {
    status: 200,
    headers: { 'rollbook-resume-token': '{*token}' },
    json: { enrollments: [edited.json], nextPageToken: '{*token}' },
    xml: `<response><enrollments>${edited.xml}</enrollments><nextPageToken>{*token}</nextPageToken></response>`,
  }),
  {
    name: 'POST /enrollments: asOf in the body',
    method: 'POST',
    path: '/enrollments',
    body: { enrollmentIds: ['{first}'], asOf: '2026-03-02 09:39' },
    expect: {
      status: 200,
      headers: { 'rollbook-resume-token': '{*token}' },
      json: { enrollments: [edited.json] },
      xml: `<response><enrollments>${edited.xml}</enrollments></response>`,
    },
  },
  get('/enrollment/{first}?asOf=2026-03-02T09:39:59.999Z', 'one that has ended since', {
    status: 200,
    json: edited.json,
    xml: `<response>${edited.xml}</response>`,
  }),
  get('/enrollment/{first}?asOf=2026-03-02T09:40:00Z', 'ended by then', unknown('{first}')),
  get('/enrollment/{first}?asOf=2027-01-01', 'an instant to come', FUTURE),
  get('/enrollment/{first}/history', 'from the beginning to the end', ofFirst),
  get('/enrollment/{first}/history', 'for whoever manages the learner', ofFirst, { as: 'manager' }),
  get('/enrollment/{second}/history', 'what came in the place of another, and ended', {
    status: 200,
    json: [
      {
        happened: 'enrolled',
        recordedAt: '2026-03-02T09:40:00+00:00',
        supersededAt: '2026-03-02T09:45:00+00:00',
        terms: unlimited.json,
        replaces: '{first}',
        operation: REENROLLED.json,
      },
      { happened: 'ended', recordedAt: '2026-03-02T09:45:00+00:00', operation: ENDED.json },
    ],
    xml: `<response>
        <entry><happened>enrolled</happened><recordedAt>2026-03-02T09:40:00+00:00</recordedAt>
          <supersededAt>2026-03-02T09:45:00+00:00</supersededAt>${unlimited.xml}<replaces>{first}</replaces>
          <operation>${REENROLLED.xml}</operation></entry>
        <entry><happened>ended</happened><recordedAt>2026-03-02T09:45:00+00:00</recordedAt>
          <operation>${ENDED.xml}</operation></entry>
      </response>`,
  }),
  get('/enrollment/{ofEve}/history', 'not the learner of the caller', foreign('{ofEve}'), { as: 'manager' }),
  get(`/enrollment/${UNKNOWN}/history`, 'no enrollment', unknown(UNKNOWN)),
  get(`/enrollment/${UNKNOWN}/history`, 'no enrollment, to a limited caller', foreign(UNKNOWN), {
    as: 'manager',
  }),
  get('/enrollment/{first}/why', 'of one that was replaced', whyFirst('{ownerLogin}')),
  get('/enrollment/{first}/why', 'who is out of sight has no name', whyFirst(OWNER_UNSEEN), {
    as: 'manager',
  }),
  get('/enrollment/{ofEve}/why', 'of a current one', {
    status: 200,
    json: {
      enrollmentId: '{ofEve}',
      learnerId: '{eve}',
      courseId: '{course}',
      isCurrent: true,
      words: whyEve,
      enrolledAt: '2026-03-02T09:30:00+00:00',
      enrolledBy: ENROLLED.json,
      accessRule: 'moment',
      dueRule: 'unlimited',
      terms: evesTerms.json,
      isLocked: false,
      decidedAt: '2026-03-02T09:30:00+00:00',
      decidedBy: ENROLLED.json,
    },
    xml: `<response><enrollment>
        <enrollmentId>{ofEve}</enrollmentId><learnerId>{eve}</learnerId><courseId>{course}</courseId><isCurrent>1</isCurrent>
        ${words(whyEve)}
        <enrolledAt>2026-03-02T09:30:00+00:00</enrolledAt><enrolledBy>${ENROLLED.xml}</enrolledBy>
        <accessRule>moment</accessRule><dueRule>unlimited</dueRule>${evesTerms.xml}<isLocked>0</isLocked>
        <decidedAt>2026-03-02T09:30:00+00:00</decidedAt><decidedBy>${ENROLLED.xml}</decidedBy>
      </enrollment></response>`,
  }),
  get('/enrollment/{ofEve}/why', 'not the learner of the caller', foreign('{ofEve}'), { as: 'manager' }),
  get(`/enrollment/${UNKNOWN}/why`, 'no enrollment', unknown(UNKNOWN)),
]);
