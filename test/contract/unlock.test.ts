import { enroll } from '../support/learning.ts';
import { addCourse } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { Visitor } from '../support/visitor.ts';
import { get, setup as people, post, refused, UNKNOWN } from './people.ts';
import { contract, type Expected } from './runner.ts';
import type { Names } from './template.ts';

/** Requests to unlock, endpoints of our own. How they come about is in test/portal/unlock.test.ts. */

const PASSWORD = 'correct horse battery';
const AT = '2026-03-02T09:30:00+00:00';
const DUE = '2026-03-01T23:59:59+00:00';

/** Eve of Sales asks with a message, hank of HR without; `{asked}` and `{foreign}`. */
async function setup(world: World): Promise<Names> {
  const names = await people(world);
  const course = await addCourse(world);
  for (const [login, message] of [
    ['eve', 'Two days & no more'],
    ['hank', ''],
  ] as const) {
    const userId = names[login] ?? '';
    await call(world, 'POST', `/user/${userId}/password`, { json: { password: PASSWORD } });
    const enrollmentId = await enroll(world, userId, course, {
      dueDateType: 'due_date',
      dueDate: '2026-03-01',
      accessDate: '2026-02-01',
      lockAfterDueDate: true,
    });
    const visit = new Visitor(world);
    await visit.signIn(login, PASSWORD);
    await visit.get(`/my/learning/${enrollmentId}`);
    await visit.submit(`/my/learning/${enrollmentId}/unlock`, { message });
  }
  const { unlockRequests } = (await call(world, 'GET', '/enrollment/unlock-requests')).json as {
    unlockRequests: { requestId: string; enrollmentId: string }[];
  };
  const [eves, hanks] = unlockRequests;
  return {
    ...names,
    course,
    asked: eves?.requestId ?? '',
    enrollment: eves?.enrollmentId ?? '',
    foreign: hanks?.requestId ?? '',
    foreignEnrollment: hanks?.enrollmentId ?? '',
  };
}

const EVES = {
  requestId: '{asked}',
  enrollmentId: '{enrollment}',
  courseId: '{course}',
  learnerId: '{eve}',
  dueDate: DUE,
  askedAt: AT,
  message: 'Two days & no more',
  state: 'open',
};
const HANKS = {
  requestId: '{foreign}',
  enrollmentId: '{foreignEnrollment}',
  courseId: '{course}',
  learnerId: '{hank}',
  dueDate: DUE,
  askedAt: AT,
  state: 'open',
};
const elements = (members: object): string =>
  Object.entries(members)
    .map(([name, value]) => `<${name}>${String(value).replace('&', '&amp;')}</${name}>`)
    .join('');
const listed = (...requests: object[]): Expected => ({
  status: 200,
  json: { unlockRequests: requests },
  xml: `<response><unlockRequests>${requests.map((one) => `<unlockRequest>${elements(one)}</unlockRequest>`).join('')}</unlockRequests></response>`,
});
const LIST = '/enrollment/unlock-requests';
const decline = (id: string, body: Record<string, unknown> = {}, as?: string) =>
  post(`${LIST}/${id}/decline`, body, as);

contract('requests to unlock', setup, [
  { name: `GET ${LIST}`, ...get(LIST), expect: listed(EVES, HANKS) },
  { name: `GET ${LIST} of a manager`, ...get(LIST, 'manager'), expect: listed(EVES) },
  {
    name: `GET ${LIST} page by page`,
    ...get(`${LIST}?pageSize=1`),
    expect: {
      status: 200,
      json: { unlockRequests: [EVES], nextPageToken: '{*token}' },
      xml: `<response><unlockRequests><unlockRequest>${elements(EVES)}</unlockRequest></unlockRequests><nextPageToken>{*token}</nextPageToken></response>`,
    },
  },
  { name: `GET ${LIST} by state`, ...get(`${LIST}?state=answered`), expect: listed() },
  {
    name: `GET ${LIST} of no state`,
    ...get(`${LIST}?state=gone`),
    expect: refused('request.invalid', 400, 'state: must be one of open, answered, declined, got gone.'),
  },
  {
    name: `GET ${LIST} with a broken token`,
    ...get(`${LIST}?pageToken=x`),
    expect: refused('request.page_token', 400, 'pageToken: x is not a token of this list.'),
  },
  {
    name: `GET ${LIST} by a learner`,
    ...get(LIST, 'learner'),
    expect: refused('auth.role', 403, 'Permission denied.'),
  },
  {
    name: `POST ${LIST}/{id}/decline of another manager`,
    ...decline('{foreign}', { answer: 'No' }, 'manager'),
    expect: refused(
      'auth.unlock_scope',
      403,
      'Permission denied: unlock request {foreign} is not of a learner you manage.',
    ),
  },
  {
    name: `POST ${LIST}/{id}/decline that is not there`,
    ...decline(UNKNOWN),
    expect: refused('unlock.unknown', 404, `Unlock request not found: ${UNKNOWN}.`),
  },
  {
    name: `POST ${LIST}/{id}/decline with too much to say`,
    ...decline('{asked}', { answer: 'x'.repeat(501) }),
    expect: refused('request.invalid', 400, 'answer: must not be longer than 500 characters.'),
  },
  {
    name: `POST ${LIST}/{id}/decline`,
    ...decline('{asked}', { answer: 'Ask Ann' }, 'manager'),
    expect: { status: 200 },
    afterwards: [
      {
        ...get(`${LIST}?state=declined`),
        expect: listed({
          ...EVES,
          state: 'declined',
          declinedAt: AT,
          declinedBy: '{boss}',
          answer: 'Ask Ann',
        }),
      },
    ],
  },
  {
    name: `POST ${LIST}/{id}/decline without a word, again`,
    ...decline('{asked}'),
    expect: { status: 200 },
    afterwards: [
      {
        ...get(LIST, 'manager'),
        expect: listed({ ...EVES, state: 'declined', declinedAt: AT, declinedBy: '{owner}' }),
      },
    ],
  },
  {
    name: `POST ${LIST}/{id}/decline where the lock is gone`,
    ...post('/enrollment/{foreignEnrollment}', { dueDateType: 'unlimited' }),
    expect: { status: 200, headers: { location: '/operations/{*uuid}' } },
    afterwards: [
      {
        ...decline('{foreign}'),
        expect: refused(
          'unlock.answered',
          409,
          'Unlock request {foreign} is answered: the enrollment is not locked as it was.',
        ),
      },
      { ...get(`${LIST}?state=answered`), expect: listed({ ...HANKS, state: 'answered' }) },
    ],
  },
]);
