import { sql } from 'kysely';
import { queueMail } from '../../src/mail/index.ts';
import { addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Expected, NOW, type Refused, type Row, type Stage } from './runner.ts';
import type { Names } from './template.ts';

/** Mail as administrators see it: settings, messages, how users are written to. */

async function setup(world: World): Promise<Names> {
  const manager = await addUser(world, { role: 'department_administrator', manages: [] });
  const learner = await addUser(world);
  return { learner, manager: await world.tokenOf(manager) };
}

const FORBIDDEN: Refused = { refused: 'auth.role', status: 403, message: 'Permission denied.' };
const invalid = (message: string): Refused => ({
  refused: 'request.invalid',
  status: 400,
  message: `${message}.`,
});
const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

interface Shown {
  readonly isEnabled?: boolean;
  readonly maxPerDay?: number;
  readonly maxAgeHours?: number;
  readonly fromName?: string;
  readonly replyTo?: string;
  readonly locale?: string;
  readonly waiting?: number;
}

function settings(shown: Shown): Expected {
  const whole = {
    isEnabled: shown.isEnabled ?? true,
    maxPerDay: shown.maxPerDay ?? 10,
    maxAgeHours: shown.maxAgeHours ?? 72,
    ...(shown.fromName ? { fromName: shown.fromName } : {}),
    ...(shown.replyTo ? { replyTo: shown.replyTo } : {}),
    locale: shown.locale ?? 'en',
    delivery: 'not_configured',
    waiting: shown.waiting ?? 0,
  };
  return { status: 200, json: whole, xml: `<response>${elements(whole)}</response>` };
}

/** A message of the learner's that failed; `{message}`. */
const failed =
  (state = 'failed', more = '') =>
  async ({ world, names }: Stage): Promise<Names> => {
    await world.db.writeOnce(sql`delete from mail_message`);
    await world.db.write((tx) =>
      queueMail(
        tx,
        1,
        [
          {
            key: 'one',
            userId: names['learner'] ?? '',
            content: { kind: 'assigned', itemId: UNKNOWN, dueAt: null },
            notBefore: NOW,
          },
        ],
        NOW,
      ),
    );
    await world.db.writeOnce(
      sql`update mail_message set state = ${state}, reason = 'undeliverable', status = '550 5.1.1', attempts = 1,
        settled_at = not_before ${sql.raw(more)}`,
    );
    const { rows } = await world.db.read((tx) =>
      sql<{ id: string }>`select message_id as id from mail_message`.execute(tx),
    );
    return { message: rows[0]?.id ?? '' };
  };

/** An element for each member; true is 1. */
const elements = (members: object): string =>
  Object.entries(members)
    .map(([name, value]) => `<${name}>${typeof value === 'boolean' ? Number(value) : value}</${name}>`)
    .join('\n');

const INSTANT = '2026-03-02T09:30:00+00:00';
const message = (more: Record<string, string>): Expected => {
  const whole = {
    messageId: '{message}',
    userId: '{learner}',
    kind: 'assigned',
    ...(more['state'] === 'waiting'
      ? { state: 'waiting', attempts: 1, createdAt: INSTANT, notBefore: INSTANT, nextAttemptAt: INSTANT }
      : {
          state: 'failed',
          reason: 'undeliverable',
          status: '550 5.1.1',
          attempts: 1,
          createdAt: INSTANT,
          notBefore: INSTANT,
          settledAt: INSTANT,
        }),
  };
  return {
    status: 200,
    json: { messages: [whole] },
    xml: `<response><messages><message>${elements(whole)}</message></messages></response>`,
  };
};
const NONE: Expected = {
  status: 200,
  json: { messages: [] },
  xml: '<response><messages></messages></response>',
};

const list = (query: string, expect: Expected | Refused) =>
  ({ method: 'GET', path: `/mail/messages${query}`, expect }) as const;
const change = (body: Record<string, unknown>, expect: Expected | Refused) =>
  ({ method: 'POST', path: '/mail/settings', body, expect }) as const;
const again = (expect: Expected | Refused) =>
  ({ method: 'POST', path: '/mail/messages/{message}/send', expect }) as const;
const prefer = (body: Record<string, unknown>, expect: Expected | Refused = { status: 200 }) =>
  ({ method: 'POST', path: '/user/{learner}/mail', body, expect }) as const;
const preferences = (shown: Record<string, unknown>) =>
  ({
    method: 'GET',
    path: '/user/{learner}/mail',
    expect: {
      status: 200,
      json: shown,
      xml: `<response>${elements(shown)}</response>`,
    },
  }) as const;

const ROWS: readonly Row[] = [
  {
    name: 'settings before anybody changed them',
    method: 'GET',
    path: '/mail/settings',
    expect: settings({}),
  },
  {
    name: 'settings are changed one by one; what is left out stays',
    ...change(
      { maxPerDay: 3, fromName: 'Academy & friends' },
      {
        ...settings({ maxPerDay: 3, fromName: 'Academy & friends' }),
        xml: String(settings({ maxPerDay: 3, fromName: 'Academy &amp; friends' }).xml),
      },
    ),
    afterwards: [
      change(
        { replyTo: 'help@academy.example', fromName: '', locale: 'de-AT', maxAgeHours: 24 },
        settings({ maxPerDay: 3, replyTo: 'help@academy.example', locale: 'de-AT', maxAgeHours: 24 }),
      ),
      change(
        { isEnabled: false, replyTo: '', maxAgeHours: 100, locale: 'en', maxPerDay: 10 },
        settings({ isEnabled: false }),
      ),
      change({ isEnabled: true }, settings({})),
    ],
  },
  ...(
    [
      ['a name of two lines', { fromName: 'A\nBcc: b@c.example' }, 'fromName: must be one line of text'],
      [
        'two addresses',
        { replyTo: 'a@b.example, c@d.example' },
        'replyTo: must be one plain address, got a@b.example, c@d.example',
      ],
      [
        'a language that there is not',
        { locale: 'fi' },
        'locale: must be one of en, de, ru, es, fr, with or without a region, got fi',
      ],
      ['no message a day', { maxPerDay: 0 }, 'maxPerDay: must be from 1 to 1000, got 0'],
      ['no age', { maxAgeHours: 0 }, 'maxAgeHours: must be from 1 to 8760, got 0'],
      ['neither on nor off', { isEnabled: 'maybe' }, 'isEnabled: must be true or false, got maybe'],
    ] as const
  ).map(
    ([name, body, objection]): Row => ({
      name: `settings: ${name}`,
      ...change(body, invalid(objection)),
      afterwards: [{ method: 'GET', path: '/mail/settings', expect: settings({}) }],
    }),
  ),
  { name: 'settings are for administrators', as: 'manager', ...change({ isEnabled: false }, FORBIDDEN) },
  { name: 'messages: none', ...list('', NONE) },
  { name: 'messages: a failed one', given: failed(), ...list('?state=failed&userId={learner}', message({})) },
  { name: 'messages: by state', given: failed(), ...list('?state=sent', NONE) },
  { name: 'messages: by user', given: failed(), ...list('?userId={owner}', NONE) },
  {
    name: 'messages: an unknown state',
    ...list('?state=gone', invalid('state: must be one of waiting, sent, dropped, failed, got gone')),
  },
  {
    name: 'messages: a broken token',
    ...list('?pageToken=x', {
      refused: 'request.page_token',
      status: 400,
      message: 'pageToken: x is not a token of this list.',
    }),
  },
  { name: 'messages are for administrators', as: 'manager', ...list('', FORBIDDEN) },
  {
    name: 'a failed message is sent again',
    given: failed(),
    ...again({ status: 200 }),
    afterwards: [list('', message({ state: 'waiting' }))],
  },
  {
    name: 'a message that did not fail is not',
    given: failed('sent'),
    ...again({
      refused: 'mail.not_failed',
      status: 409,
      message: 'Message {message} did not fail: it is sent.',
    }),
  },
  {
    name: 'nor one that is too old',
    given: failed('failed', ", not_before = timestamptz '2026-02-27 09:29:59+00'"),
    ...again({
      refused: 'mail.too_old',
      status: 409,
      message: 'Message {message} was meant to be sent more than 72 hours ago.',
    }),
  },
  {
    name: 'nor one that went with a digest',
    given: failed('failed', `, merged_into = '${UNKNOWN}'`),
    ...again({
      refused: 'mail.in_digest',
      status: 409,
      message: `Message {message} went with the digest ${UNKNOWN}.`,
    }),
  },
  {
    name: 'an unknown message',
    method: 'POST',
    path: `/mail/messages/${UNKNOWN}/send`,
    expect: { refused: 'mail.unknown_message', status: 404, message: `Message not found: ${UNKNOWN}.` },
  },
  { name: 'a user is written to as the account says', ...preferences({ wantsReminders: true }) },
  {
    name: 'a user may be written to in another way',
    ...prefer({ locale: 'fr-CA', timeZone: 'America/Montreal', wantsReminders: false }),
    afterwards: [
      preferences({ locale: 'fr-CA', timeZone: 'America/Montreal', wantsReminders: false }),
      prefer({ timeZone: '' }),
      preferences({ locale: 'fr-CA', wantsReminders: false }),
      prefer({ locale: '', wantsReminders: true }),
      preferences({ wantsReminders: true }),
    ],
  },
  {
    name: 'a time zone that there is not',
    ...prefer(
      { timeZone: 'Europe/Atlantis' },
      invalid('timeZone: must be a time zone such as Europe/Berlin, got Europe/Atlantis'),
    ),
  },
  {
    name: 'a language of a user that there is not',
    ...prefer(
      { locale: 'd_e' },
      invalid('locale: must be one of en, de, ru, es, fr, with or without a region, got d_e'),
    ),
  },
  {
    name: 'an unknown user',
    method: 'GET',
    path: `/user/${UNKNOWN}/mail`,
    expect: { refused: 'people.unknown_user', status: 404, message: `User not found: ${UNKNOWN}.` },
  },
];

contract('mail', setup, ROWS);
