import type { Context } from '../access/index.ts';
import { afterToken, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { file, nothing, one, page, Reply, type Route, route } from '../http/route.ts';
import { about, boolean, integer, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import * as administer from './administer.ts';
import { KINDS } from './kinds.ts';
import { type MessageRow, STATES } from './list-queries.ts';
import { REASONS } from './rules.ts';
import { DELIVERIES, type MailSender } from './sender.ts';
import { openStop, setRemindersBy } from './unsubscribe.ts';
import { PAGE_HEADERS, questionPage, resumedPage, stoppedPage, unknownPage } from './unsubscribe-page.ts';

const Settings = object(
  {
    isEnabled: about('Off, nothing is sent: messages wait until they are too old', boolean()),
    maxPerDay: about('Messages to one person on one day, in the time zone of the account', integer()),
    maxAgeHours: about('What was meant to be sent longer ago is never sent', integer()),
    fromName: optional(text()),
    replyTo: optional(text()),
    locale: about('Of people who have none of their own', text()),
    delivery: about('Whether mail is sent, as far as this server knows', oneOf(...DELIVERIES)),
    waiting: about('Messages that wait to be sent', integer()),
  },
  'MailSettings',
);

const SettingsChanges = object(
  {
    isEnabled: optional(boolean()),
    maxPerDay: optional(integer({ min: 1, max: 1_000 })),
    maxAgeHours: optional(about('The operator may allow less', integer({ min: 1, max: 8_760 }))),
    fromName: optional(about('Empty: the name of the account', text({ max: 100 }))),
    replyTo: optional(about('Empty: none', text({ max: 254 }))),
    locale: optional(text({ max: 35 })),
  },
  'MailSettingsChanges',
);

const Message = object(
  {
    messageId: uuid(),
    userId: about('To whom', uuid()),
    kind: oneOf(...KINDS),
    state: oneOf(...STATES),
    reason: optional(oneOf(...REASONS)),
    status: optional(about('What the mail server said, or how it failed', text())),
    digestId: optional(about('The message that says it, too', uuid())),
    attempts: integer(),
    createdAt: text(),
    notBefore: about('When it was meant to be sent', text()),
    nextAttemptAt: optional(about('Of a waiting one', text())),
    settledAt: optional(about('When it was sent, dropped or failed', text())),
  },
  'MailMessage',
);

const toMessage = (row: MessageRow) => ({
  messageId: row.messageId,
  userId: row.userId,
  kind: row.kind,
  state: row.state,
  reason: REASONS.find((reason) => reason === row.reason),
  status: row.status ?? undefined,
  digestId: row.mergedInto ?? undefined,
  attempts: row.attempts,
  createdAt: toInstantText(row.createdAt),
  notBefore: toInstantText(row.notBefore),
  nextAttemptAt: row.state === 'waiting' ? toInstantText(row.dueAt) : undefined,
  settledAt: row.settledAt ? toInstantText(row.settledAt) : undefined,
});

const Preferences = object(
  {
    locale: optional(about("Absent: the account's", text())),
    timeZone: optional(about("Absent: the account's", text())),
    wantsReminders: boolean(),
  },
  'MailPreferences',
);

const PreferenceChanges = object(
  {
    locale: optional(about("Empty: the account's", text({ max: 35 }))),
    timeZone: optional(about("Empty: the account's", text({ max: 100 }))),
    wantsReminders: optional(boolean()),
  },
  'MailPreferenceChanges',
);

const ADMIN = { tag: 'mail', may: 'administrator' } as const;
const byId = object({ id: uuid() });
const byToken = object({ token: text({ max: 100 }) });
const htmlPage = file<string>('text/html; charset=utf-8');
const withNulls = <T extends object>(row: T) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? undefined])) as {
    [K in keyof T]: NonNullable<T[K]>;
  };

export const mailRoutes = (mail: MailSender): readonly Route<Context>[] => [
  route({
    ...ADMIN,
    method: 'GET',
    path: '/mail/settings',
    operationId: 'GetMailSettings',
    summary: 'How the account sends mail, and whether it does',
    answer: one(Settings),
    run: async (ctx: Context) => withNulls(await administer.readSettings(ctx, mail)),
  }),
  route({
    ...ADMIN,
    method: 'POST',
    path: '/mail/settings',
    operationId: 'ChangeMailSettings',
    summary: 'Change how the account sends mail; what is left out stays',
    description:
      'With isEnabled false nothing more is sent once this is answered, but for what is being handed over.',
    body: SettingsChanges,
    answer: one(Settings),
    run: async (ctx: Context, { body }) => withNulls(await administer.changeSettings(ctx, mail, body)),
  }),
  route({
    ...ADMIN,
    method: 'GET',
    path: '/mail/messages',
    operationId: 'ListMailMessages',
    summary: 'Messages and what became of them, in the order in which they were asked for, page by page',
    description: 'They are kept for 90 days after they were sent, dropped or failed.',
    query: object({ state: optional(oneOf(...STATES)), userId: optional(uuid()), ...pageMembers }),
    answer: page(Message, { key: 'messages', xmlItem: 'message' }),
    refusals: ['request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const filter = { state: query.state ?? null, userId: query.userId ?? null };
      const rows = await administer.listMessages(ctx, filter, afterToken(query.pageToken), size + 1);
      const { items, nextPageToken } = toPage(rows, size, ({ messageId }) => messageId);
      return { items: items.map(toMessage), nextPageToken };
    },
  }),
  route({
    ...ADMIN,
    method: 'POST',
    path: '/mail/messages/{id}/send',
    operationId: 'SendMailMessage',
    summary: 'Send a message that failed once more',
    params: byId,
    answer: nothing(200),
    refusals: ['mail.unknown_message', 'mail.not_failed', 'mail.in_digest', 'mail.too_old'],
    run: (ctx: Context, { params }) => administer.sendAgain(ctx, mail, params.id),
  }),
  route({
    tag: 'mail',
    may: 'user.read',
    method: 'GET',
    path: '/user/{id}/mail',
    operationId: 'GetMailPreferences',
    summary: 'How a user is written to',
    params: byId,
    answer: one(Preferences),
    refusals: ['people.unknown_user', 'auth.user_scope'],
    run: async (ctx: Context, { params }) => withNulls(await administer.readPreferences(ctx, params.id)),
  }),
  route({
    tag: 'mail',
    may: 'user.write',
    method: 'POST',
    path: '/user/{id}/mail',
    operationId: 'ChangeMailPreferences',
    summary: 'Change how a user is written to; what is left out stays',
    params: byId,
    body: PreferenceChanges,
    answer: nothing(200),
    refusals: ['people.unknown_user', 'auth.user_scope'],
    run: (ctx: Context, { params, body }) => administer.changePreferences(ctx, params.id, body),
  }),
  route({
    tag: 'mail',
    may: 'public',
    method: 'GET',
    path: '/mail/unsubscribe/{token}',
    operationId: 'AskToStopReminders',
    summary: 'The page that a reminder links to; changes nothing',
    params: byToken,
    answer: htmlPage,
    run: async (ctx: Context, { params }) => {
      const facts = await openStop(ctx, params.token);
      return new Reply(facts ? questionPage(facts) : unknownPage(ctx.locale), PAGE_HEADERS);
    },
  }),
  route({
    tag: 'mail',
    may: 'public',
    method: 'POST',
    path: '/mail/unsubscribe/{token}',
    operationId: 'StopReminders',
    keyless: 'secret',
    summary: 'Stop the reminders of whoever was sent the link (RFC 8058), or let them come again',
    params: byToken,
    query: object({ resume: optional(boolean()) }),
    answer: htmlPage,
    refusals: ['mail.unknown_link'],
    run: async (ctx: Context, { params, query }) => {
      const facts = await setRemindersBy(ctx, params.token, query.resume === true);
      return new Reply(query.resume === true ? resumedPage(facts) : stoppedPage(facts), PAGE_HEADERS);
    },
  }),
];
