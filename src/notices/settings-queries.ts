import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { DEFAULT_REMINDERS, DEFAULT_SETTINGS, type KeptReminder, type Settings } from './rules.ts';

/** SQL of how an account tells people. */

export async function findSettings(tx: ReadTx, accountId: number): Promise<Settings> {
  const { rows } = await sql<{
    is_enabled: boolean;
    since: Date | null;
    reminders: (Omit<KeptReminder, 'since'> & { since: string | null })[] | null;
  }>`select is_enabled, since, reminders from notice_settings where account_id = ${accountId}`.execute(tx);
  const [row] = rows;
  if (!row) return DEFAULT_SETTINGS;
  return {
    isEnabled: row.is_enabled,
    since: row.since,
    reminders:
      row.reminders?.map((reminder) => ({
        ...reminder,
        since: reminder.since === null ? null : new Date(reminder.since),
      })) ?? DEFAULT_REMINDERS,
  };
}

export async function writeSettings(tx: WriteTx, accountId: number, settings: Settings): Promise<void> {
  await sql`
    insert into notice_settings (account_id, is_enabled, since, reminders)
    values (${accountId}, ${settings.isEnabled}, ${settings.since}, ${JSON.stringify(settings.reminders)}::jsonb)
    on conflict (account_id) do update set is_enabled = excluded.is_enabled, since = excluded.since,
      reminders = excluded.reminders`.execute(tx);
}

/** The time zone in which an account's days are counted. */
export async function timeZoneOf(tx: ReadTx, accountId: number): Promise<string> {
  const { rows } = await sql<{ time_zone: string }>`
    select time_zone from account where account_id = ${accountId}`.execute(tx);
  return rows[0]?.time_zone ?? 'UTC';
}
