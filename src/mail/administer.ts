import { type Context, type Reach, reachOf, requireAdministrator } from '../access/index.ts';
import { isAddress } from '../kernel/addresses.ts';
import { refuse } from '../kernel/errors.ts';
import { isLocale, LANGUAGES } from '../kernel/languages.ts';
import { isTimeZone } from '../kernel/local-time.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import * as queries from './list-queries.ts';
import { sendAt } from './queue.ts';
import { isTooOld, maxAgeMs, type Settings } from './rules.ts';
import type { Delivery, MailSender } from './sender.ts';
import * as settingsQueries from './settings-queries.ts';
import { oneLine } from './template.ts';

/** How an account sends mail, what became of it, and how each person wants to be written to. */

const invalid = (field: string, detail: string): never => refuse('request.invalid', { field, detail });

/** What stays is left out. */
export type SettingsChanges = { readonly [K in keyof Settings]?: NonNullable<Settings[K]> | undefined };

export interface SettingsNow extends Settings {
  /** What counts: the account's or the operator's. */
  readonly maxAgeHours: number;
  readonly delivery: Delivery;
  readonly waiting: number;
}

async function settingsNow(
  tx: ReadTx,
  { caller }: Context,
  mail: MailSender,
  settings: Settings,
): Promise<SettingsNow> {
  return {
    ...settings,
    maxAgeHours: maxAgeMs(settings, mail.maxAgeHours) / 3_600_000,
    delivery: mail.deliveryOf(settings),
    waiting: await queries.countWaitingOf(tx, caller.accountId),
  };
}

export function readSettings(ctx: Context, mail: MailSender): Promise<SettingsNow> {
  requireAdministrator(ctx.caller);
  return ctx.read(async (tx) =>
    settingsNow(tx, ctx, mail, await settingsQueries.findSettings(tx, ctx.caller.accountId)),
  );
}

/**
 * Changes what is given; an empty name or address is cleared. When it is answered no further wave goes out by the old
 * settings; what waits is sent by the new ones.
 */
export function changeSettings(
  ctx: Context,
  mail: MailSender,
  changes: SettingsChanges,
): Promise<SettingsNow> {
  requireAdministrator(ctx.caller);
  const { fromName, replyTo, locale } = changes;
  if (fromName !== undefined && fromName !== oneLine(fromName))
    invalid('fromName', 'must be one line of text');
  if (replyTo && !isAddress(replyTo)) invalid('replyTo', `must be one plain address, got ${replyTo}`);
  if (locale !== undefined) requireLocale(locale);
  return ctx.write(async (tx) => {
    const { accountId } = ctx.caller;
    const before = await settingsQueries.lockSettings(tx, accountId);
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const settings: Settings = { ...before, ...given };
    const after = { ...settings, fromName: settings.fromName || null, replyTo: settings.replyTo || null };
    await settingsQueries.updateSettings(tx, accountId, after);
    await sendAt(tx, accountId, ctx.now, ctx.now);
    return settingsNow(tx, ctx, mail, after);
  });
}

const requireLocale = (locale: string): void => {
  if (!isLocale(locale))
    invalid('locale', `must be one of ${LANGUAGES.join(', ')}, with or without a region, got ${locale}`);
};

/** Turns an account's mail on or off: for the operator, who needs no permission. */
export async function switchMail(
  tx: WriteTx,
  accountId: number,
  isEnabled: boolean,
  now: Date,
): Promise<void> {
  const before = await settingsQueries.lockSettings(tx, accountId);
  await settingsQueries.updateSettings(tx, accountId, { ...before, isEnabled });
  await sendAt(tx, accountId, now, now);
}

/** Messages after a place, in the order in which they were asked for. */
export function listMessages(
  ctx: Context,
  filter: queries.MessageFilter,
  after: string | null,
  limit: number,
): Promise<queries.MessageRow[]> {
  requireAdministrator(ctx.caller);
  return ctx.read((tx) => queries.messagesAfter(tx, ctx.caller.accountId, filter, after, limit));
}

/** Sends a message that failed once more. Refuses an unknown one (404), one that did not fail or is too old (409). */
export function sendAgain(ctx: Context, mail: MailSender, messageId: string): Promise<void> {
  requireAdministrator(ctx.caller);
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    // First, as whoever sends takes it first.
    const settings = await settingsQueries.lockSettings(tx, accountId);
    const message = await queries.lockMessage(tx, accountId, messageId);
    if (!message) refuse('mail.unknown_message', { ids: messageId });
    if (message.state !== 'failed') refuse('mail.not_failed', { ids: messageId, state: message.state });
    if (message.mergedInto) refuse('mail.in_digest', { ids: messageId, digest: message.mergedInto });
    if (isTooOld(message, settings, mail.maxAgeHours, ctx.now))
      refuse('mail.too_old', { ids: messageId, hours: maxAgeMs(settings, mail.maxAgeHours) / 3_600_000 });
    await queries.sendAgain(tx, accountId, messageId, ctx.now);
    await sendAt(tx, accountId, ctx.now, ctx.now);
  });
}

async function loadPreferences(
  tx: ReadTx,
  ctx: Context,
  userId: string,
  reach: Reach,
): Promise<settingsQueries.Preferences> {
  const found = await settingsQueries.findPreferences(tx, ctx.caller.accountId, userId, reach);
  return found ?? refuse(reach === 'everyone' ? 'people.unknown_user' : 'auth.user_scope', { ids: userId });
}

/** Unknown is 404 for callers who see the whole account, and 403 like a foreign one for others. */
export function readPreferences(ctx: Context, userId: string): Promise<settingsQueries.Preferences> {
  const reach = reachOf(ctx.caller, 'user.read');
  return ctx.read((tx) => loadPreferences(tx, ctx, userId, reach));
}

export interface PreferenceChanges {
  readonly locale?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly wantsReminders?: boolean | undefined;
}

/** Changes what is given; an empty language or time zone gives way to the account's. */
export const changePreferences = (ctx: Context, userId: string, changes: PreferenceChanges): Promise<void> =>
  change(ctx, userId, reachOf(ctx.caller, 'user.write'), changes);

/** How the caller is written to, which everybody may know and change, whatever their roles. */
export const readOwnPreferences = (ctx: Context): Promise<settingsQueries.Preferences> =>
  ctx.read((tx) => loadPreferences(tx, ctx, ctx.caller.userId, 'everyone'));
export const changeOwnPreferences = (ctx: Context, changes: PreferenceChanges): Promise<void> =>
  change(ctx, ctx.caller.userId, 'everyone', changes);

function change(ctx: Context, userId: string, reach: Reach, changes: PreferenceChanges): Promise<void> {
  const { locale, timeZone, wantsReminders } = changes;
  if (locale) requireLocale(locale);
  if (timeZone && !isTimeZone(timeZone))
    invalid('timeZone', `must be a time zone such as Europe/Berlin, got ${timeZone}`);
  return ctx.write(async (tx) => {
    const { accountId } = ctx.caller;
    const before = await loadPreferences(tx, ctx, userId, reach);
    await settingsQueries.updateLanguage(tx, accountId, userId, {
      locale: (locale ?? before.locale) || null,
      timeZone: (timeZone ?? before.timeZone) || null,
    });
    if (wantsReminders !== undefined)
      await settingsQueries.setReminders(tx, accountId, userId, wantsReminders, ctx.now);
  });
}
