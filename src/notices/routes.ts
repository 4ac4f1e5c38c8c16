import type { Context } from '../access/index.ts';
import { pageMembers, sizeOf } from '../http/paging.ts';
import { one, page, type Route, route } from '../http/route.ts';
import { about, boolean, integer, list, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { plannedMessages, WITHHELD } from './preview.ts';
import { AUDIENCES, MAX_REMINDERS, REMINDER_KINDS, type Settings, UNITS } from './rules.ts';
import { changeSettings, readSettings } from './settings.ts';

const Reminder = object(
  {
    kind: about('due_soon: before the due date; overdue: on it or after it', oneOf(...REMINDER_KINDS)),
    amount: about(
      'So many hours or days: before, 1 to 365 days; after, 0 to 90 days',
      integer({ min: 0, max: 8_760 }),
    ),
    unit: about("Days are those of a calendar in the account's time zone", oneOf(...UNITS)),
    to: about('The learner, or whoever stands above the learner', oneOf(...AUDIENCES)),
  },
  'Reminder',
);
const NoticeSettings = object(
  {
    isEnabled: about('Whether anybody is told of assignments and due dates', boolean()),
    reminders: list(Reminder, { item: 'reminder', max: MAX_REMINDERS }),
  },
  'NoticeSettings',
);

const toWire = ({ isEnabled, reminders }: Settings) => ({
  isEnabled,
  reminders: reminders.map(({ kind, amount, unit, to }) => ({ kind, amount, unit, to })),
});

const PlannedMessage = object(
  {
    userId: about('To whom', uuid()),
    learnerId: about('Of whom', uuid()),
    courseId: uuid(),
    messageType: oneOf('assigned', 'due_soon', 'overdue', 'escalation'),
    sendAt: text(),
    withheld: optional(about('Why nothing would be sent, as it is now', oneOf(...WITHHELD))),
  },
  'PlannedMessage',
);

const COMMON = { tag: 'notices', may: 'administrator', path: '/notices/settings' } as const;

export const noticeRoutes: readonly Route<Context>[] = [
  route({
    ...COMMON,
    method: 'GET',
    operationId: 'GetNoticeSettings',
    summary: 'When people are told of assignments and due dates',
    answer: one(NoticeSettings),
    run: async (ctx: Context) => toWire(await readSettings(ctx)),
  }),
  route({
    ...COMMON,
    method: 'POST',
    operationId: 'ChangeNoticeSettings',
    summary: 'Change when people are told of assignments and due dates',
    description:
      'Replaces all of it. What is new holds from now on, also of enrollments that are there; nothing is said belatedly.',
    body: NoticeSettings,
    answer: one(NoticeSettings),
    run: async (ctx: Context, { body }) => toWire(await changeSettings(ctx, body)),
  }),
  route({
    tag: 'enrollment',
    may: 'enrollment.write',
    method: 'GET',
    path: '/enrollment/plan/{planToken}/messages',
    operationId: 'GetPlannedMessages',
    summary: 'Who would be told what of a plan, and when',
    description:
      'If it is executed now, and nothing is done until reminders are due. What is said to somebody within a minute is one message. A page is of as many pairs of learner and course as asked for, or fewer; only a missing nextPageToken is the end.',
    params: object({ planToken: uuid() }),
    query: object(pageMembers),
    answer: page(PlannedMessage, { key: 'messages', xmlItem: 'message' }),
    refusals: ['plan.unknown', 'plan.expired', 'request.page_token'],
    run: async (ctx: Context, { params, query }) => {
      const { items, nextPageToken } = await plannedMessages(ctx, params.planToken, {
        pageSize: sizeOf(query.pageSize),
        pageToken: query.pageToken,
      });
      return {
        items: items.map(({ itemId, noticeType, sendAt, ...message }) => ({
          ...message,
          courseId: itemId,
          messageType: noticeType,
          sendAt: toInstantText(sendAt),
        })),
        nextPageToken,
      };
    },
  }),
];
