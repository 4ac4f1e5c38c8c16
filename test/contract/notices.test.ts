import { addCourse, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import { contract, type Expected, type Refused, type Row, type Stage } from './runner.ts';
import type { Names } from './template.ts';

/** When people are told of assignments and due dates: of our own, in the manner of the contract. */

const setup = async (world: World): Promise<Names> => ({
  manager: await world.tokenOf(
    await addUser(world, { role: 'department_administrator', manages: [world.account.rootDepartmentId] }),
  ),
  ann: await addUser(world),
  ben: await addUser(world),
  course: await addCourse(world),
});

/** A plan for both; binds its token. */
async function planned({ world, names }: Stage): Promise<Names> {
  const json = {
    courseIds: [names['course']],
    learnerIds: [names['ann'], names['ben']],
    dueDateType: 'unlimited',
  };
  const { json: plan } = await call(world, 'POST', '/enrollment/plan', { json });
  return { token: (plan as { planToken: string }).planToken };
}

const ASSIGNED = { courseId: '{course}', messageType: 'assigned', sendAt: '2026-03-02T09:30:00+00:00' };

function told(learners: readonly string[], nextPageToken?: string): Expected {
  const messages = learners.map((name) => ({ userId: `{${name}}`, learnerId: `{${name}}`, ...ASSIGNED }));
  const inXml = messages.map(
    (message) =>
      `<message>${Object.entries(message)
        .map(([name, value]) => `<${name}>${value}</${name}>`)
        .join('')}</message>`,
  );
  return {
    status: 200,
    json: { messages, ...(nextPageToken ? { nextPageToken } : {}) },
    xml: `<response><messages>${inXml.join('')}</messages>${nextPageToken ? `<nextPageToken>${nextPageToken}</nextPageToken>` : ''}</response>`,
  };
}

const messages = (query: string, expect: Expected | Refused, token = '{token}') => ({
  method: 'GET' as const,
  path: `/enrollment/plan/${token}/messages${query}`,
  expect,
});

type Reminder = readonly [kind: string, amount: number, unit: string, to: string];

const toJson = (reminders: readonly Reminder[]) =>
  reminders.map(([kind, amount, unit, to]) => ({ kind, amount, unit, to }));
const toXml = (isEnabled: boolean, reminders: readonly Reminder[]): string =>
  `<isEnabled>${isEnabled ? 1 : 0}</isEnabled><reminders>${reminders
    .map(
      ([kind, amount, unit, to]) =>
        `<reminder><kind>${kind}</kind><amount>${amount}</amount><unit>${unit}</unit><to>${to}</to></reminder>`,
    )
    .join('')}</reminders>`;

const settings = (isEnabled: boolean, reminders: readonly Reminder[]): Expected => ({
  status: 200,
  json: { isEnabled, reminders: toJson(reminders) },
  xml: `<response>${toXml(isEnabled, reminders)}</response>`,
});
const change = (isEnabled: boolean, reminders: readonly Reminder[], expect: Expected | Refused) => ({
  method: 'POST' as const,
  path: '/notices/settings',
  body: { isEnabled, reminders: toJson(reminders) },
  xmlBody: `<request>${toXml(isEnabled, reminders)}</request>`,
  expect,
});
const read = (expect: Expected | Refused) => ({ method: 'GET' as const, path: '/notices/settings', expect });
const invalid = (message: string): Refused => ({ refused: 'request.invalid', status: 400, message });
const FORBIDDEN: Refused = {
  refused: 'auth.role',
  status: 403,
  message: 'Permission denied.',
};

const DEFAULTS: readonly Reminder[] = [
  ['due_soon', 7, 'days', 'learner'],
  ['due_soon', 1, 'days', 'learner'],
  ['overdue', 0, 'days', 'learner'],
  ['overdue', 3, 'days', 'supervisor'],
  ['overdue', 7, 'days', 'supervisor'],
];
const OTHERS: readonly Reminder[] = [
  ['due_soon', 36, 'hours', 'learner'],
  ['overdue', 90, 'days', 'both'],
];

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

const rows: readonly Row[] = [
  {
    name: 'who would be told what of a plan, page by page',
    given: planned,
    ...messages('?pageSize=1', told(['ann'], '{*token}')),
    afterwards: [
      messages('', told(['ann', 'ben'])),
      messages(
        '',
        { refused: 'plan.unknown', status: 400, message: `Enrollment-Plan: ${UNKNOWN} is no plan of yours.` },
        UNKNOWN,
      ),
    ],
  },
  { name: 'reminders as they are by default', ...read(settings(true, DEFAULTS)) },
  {
    name: 'a change replaces them',
    ...change(false, OTHERS, settings(false, OTHERS)),
    afterwards: [
      read(settings(false, OTHERS)),
      change(true, [], settings(true, [])),
      read(settings(true, [])),
    ],
  },
  {
    name: 'what cannot be is refused, and nothing is changed',
    ...change(
      true,
      [
        ['due_soon', 7, 'days', 'learner'],
        ['overdue', 91, 'days', 'both'],
      ],
      invalid('reminders[1].amount: must be from 0 to 90 days with overdue.'),
    ),
    afterwards: [
      change(
        true,
        [['due_soon', 0, 'hours', 'learner']],
        invalid('reminders[0].amount: must be from 1 to 8760 hours with due_soon.'),
      ),
      change(
        true,
        [['due_soon', 2, 'days', 'both']],
        invalid('reminders[0].to: must be learner with due_soon: nothing is late yet.'),
      ),
      change(
        true,
        [['never', 2, 'days', 'learner']],
        invalid('reminders[0].kind: must be one of due_soon, overdue, got never.'),
      ),
      read(settings(true, [])),
    ],
  },
  {
    name: 'not for those who manage departments',
    ...read(FORBIDDEN),
    as: 'manager',
    afterwards: [{ ...change(true, [], FORBIDDEN), as: 'manager' }],
  },
];

contract('notices', setup, rows);
