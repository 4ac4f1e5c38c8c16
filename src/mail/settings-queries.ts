import { type RawBuilder, sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Account } from './compose.ts';
import { DEFAULT_SETTINGS, type Settings } from './rules.ts';

/** SQL of how an account sends mail, and of what people want to be sent. */

const columns = sql`is_enabled as "isEnabled", max_per_day as "maxPerDay", max_age_hours as "maxAgeHours",
  from_name as "fromName", reply_to as "replyTo", locale`;

export async function findSettings(tx: ReadTx, accountId: number): Promise<Settings> {
  const { rows } = await sql<Settings>`
    select ${columns} from mail_settings where account_id = ${accountId}`.execute(tx);
  return rows[0] ?? DEFAULT_SETTINGS;
}

/**
 * The same, locked: whoever takes messages of the account does so one after another, and after whoever changes how they
 * are sent.
 */
export async function lockSettings(tx: WriteTx, accountId: number): Promise<Settings> {
  const defaults = DEFAULT_SETTINGS;
  const locked = sql<Settings>`
    select ${columns} from mail_settings where account_id = ${accountId} for update`;
  const { rows } = await locked.execute(tx);
  if (rows[0]) return rows[0];
  await sql`
    insert into mail_settings (account_id, is_enabled, max_per_day, locale)
    values (${accountId}, ${defaults.isEnabled}, ${defaults.maxPerDay}, ${defaults.locale})
    on conflict do nothing`.execute(tx);
  return (await locked.execute(tx)).rows[0] ?? defaults;
}

export async function updateSettings(tx: WriteTx, accountId: number, settings: Settings): Promise<void> {
  await sql`
    update mail_settings set is_enabled = ${settings.isEnabled}, max_per_day = ${settings.maxPerDay},
      max_age_hours = ${settings.maxAgeHours}, from_name = ${settings.fromName}, reply_to = ${settings.replyTo},
      locale = ${settings.locale}
    where account_id = ${accountId}`.execute(tx);
}

export async function findAccount(tx: ReadTx, accountId: number): Promise<Account | null> {
  const { rows } = await sql<Account>`
    select account_id as "accountId", name, url, time_zone as "timeZone" from account
    where account_id = ${accountId}`.execute(tx);
  return rows[0] ? { ...rows[0], url: withScheme(rows[0].url) } : null;
}

const withScheme = (url: string): string => (/^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `https://${url}`);

/** What somebody wants to be sent, and how; null where the account's holds. */
export interface Preferences {
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly wantsReminders: boolean;
}

/** SQL: whether a user of an alias of `users` wants no reminders. */
export const hasOptedOut = (user: string): RawBuilder<boolean> => sql<boolean>`exists (
  select from mail_opt_out o where o.account_id = ${sql.ref(`${user}.account_id`)} and o.user_id = ${sql.ref(`${user}.user_id`)})`;

/** Null if there is no such user within reach. */
export async function findPreferences(
  tx: ReadTx,
  accountId: number,
  userId: string,
  reach: Reach,
): Promise<Preferences | null> {
  const { rows } = await sql<Preferences>`
    select u.locale, u.time_zone as "timeZone", not ${hasOptedOut('u')} as "wantsReminders" from users u
    where u.account_id = ${accountId} and u.user_id = ${userId} and ${within(reach, sql`u.department_id`)}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

export async function updateLanguage(
  tx: WriteTx,
  accountId: number,
  userId: string,
  { locale, timeZone }: Pick<Preferences, 'locale' | 'timeZone'>,
): Promise<void> {
  await sql`update users set locale = ${locale}, time_zone = ${timeZone}
    where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
}

/** Whether somebody gets reminders from now on. Says nothing of somebody who is no user any more. */
export async function setReminders(
  tx: WriteTx,
  accountId: number,
  userId: string,
  wantsReminders: boolean,
  now: Date,
): Promise<void> {
  if (wantsReminders)
    await sql`delete from mail_opt_out where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
  else
    await sql`
      insert into mail_opt_out (account_id, user_id, opted_out_at)
      select account_id, user_id, ${now}::timestamptz from users
      where account_id = ${accountId} and user_id = ${userId} and deleted_at is null
      for key share on conflict do nothing`.execute(tx);
}

/** Nothing of a user who is deleted stays: what was to be sent, was sent, or was not wanted. */
export async function forgetMail(tx: WriteTx, accountId: number, userId: string): Promise<void> {
  for (const table of ['mail_message', 'mail_opt_out'])
    await sql`delete from ${sql.table(table)} where account_id = ${accountId} and user_id = ${userId}`.execute(
      tx,
    );
  await sql`update users set locale = null, time_zone = null
    where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
}
