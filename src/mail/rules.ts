import { isAddress } from '../kernel/addresses.ts';
import { HOUR_MS } from '../kernel/dates.ts';
import { dayIn, nextDayAt } from '../kernel/local-time.ts';
import type { Content, Digest, Kind, LinkMessage, Notice, NoticeKind } from './kinds.ts';

/** Whether, to whom and when a message is sent: pure decisions. */

export interface Settings {
  readonly isEnabled: boolean;
  /** Messages to one person on one day. */
  readonly maxPerDay: number;
  /** null: whatever the operator allows */
  readonly maxAgeHours: number | null;
  /** null: the account's name */
  readonly fromName: string | null;
  readonly replyTo: string | null;
  /** Of people who have no language of their own. */
  readonly locale: string;
}

export const DEFAULT_SETTINGS: Settings = {
  isEnabled: true,
  maxPerDay: 10,
  maxAgeHours: null,
  fromName: null,
  replyTo: null,
  locale: 'en',
};

export const DEFAULT_MAX_AGE_HOURS = 72;

/** What a person may want no more of. What is new, and what changes, they are told all the same. */
const REMINDERS: readonly NoticeKind[] = ['due_soon', 'overdue'];
export const isReminder = ({ kind }: Notice): boolean => REMINDERS.includes(kind);

/** Whether a message brings a link to set a password. */
export const isLinkMessage = (content: Content): content is LinkMessage =>
  content.kind === 'password_reset' || content.kind === 'invitation';

/** What a message says about learning. */
export function entriesOf(content: Content): readonly Notice[] {
  if (isLinkMessage(content)) return [];
  return content.kind === 'digest' ? content.entries : [content];
}

/** Why a message was not sent, or not yet. */
export const REASONS = [
  // Dropped
  'no_address',
  'inactive',
  'unsubscribed',
  'obsolete',
  'too_old',
  // Failed
  'bad_address',
  'undeliverable',
  // Waiting
  'cap',
  'temporary',
  'error',
] as const;
export type Reason = (typeof REASONS)[number];

/** How old a message may become, in milliseconds: what the operator allows, or less if the account says so. */
export const maxAgeMs = (settings: Settings, operatorHours: number): number =>
  Math.min(settings.maxAgeHours ?? operatorHours, operatorHours) * HOUR_MS;

/** As the database knows a person at the moment of sending. */
export interface Recipient {
  readonly isActive: boolean;
  readonly address: string | null;
  readonly hasOptedOut: boolean;
}

export interface Candidate {
  readonly content: Content;
  readonly notBefore: Date;
  readonly recipient: Recipient | null;
  /** How many other messages the person has had, or is about to have, on this day. */
  readonly others: number;
}

export type Verdict =
  | { readonly become: 'sent' }
  | { readonly become: 'dropped' | 'failed'; readonly reason: Reason }
  | { readonly become: 'waiting'; readonly until: Date };

/** What becomes of a message now: the first reason not to send it, else it is sent. */
export function judge(
  candidate: Candidate,
  settings: Settings,
  limits: { readonly maxAgeHours: number; readonly timeZone: string },
  now: Date,
): Verdict {
  const { content, notBefore, recipient, others } = candidate;
  if (isTooOld({ kind: content.kind, notBefore }, settings, limits.maxAgeHours, now)) return drop('too_old');
  if (!recipient?.isActive) return drop('inactive');
  if (!recipient.address) return drop('no_address');
  if (!isAddress(recipient.address)) return { become: 'failed', reason: 'bad_address' };
  if (wantedOf(content, recipient) === null) return drop('unsubscribed');
  // Nobody is kept out of the account by what they were told about learning.
  if (!isLinkMessage(content) && others >= settings.maxPerDay)
    return { become: 'waiting', until: nextMorning(now, limits.timeZone) };
  return { become: 'sent' };
}

const drop = (reason: Reason): Verdict => ({ become: 'dropped', reason });

/** Who asked for a link to set their password has given up by then, or asked again. */
const LONGEST_RESET_MS = HOUR_MS;

export function isTooOld(
  { kind, notBefore }: { readonly kind: Kind; readonly notBefore: Date },
  settings: Settings,
  operatorHours: number,
  now: Date,
): boolean {
  const allowed = maxAgeMs(settings, operatorHours);
  const atMost = kind === 'password_reset' ? Math.min(allowed, LONGEST_RESET_MS) : allowed;
  return now.getTime() - notBefore.getTime() > atMost;
}

/** What is left of a message for somebody who may want no reminders; null if nothing is. */
export function wantedOf(content: Content, { hasOptedOut }: Pick<Recipient, 'hasOptedOut'>): Content | null {
  if (!hasOptedOut) return content;
  return onlyThose(content, (notice) => !isReminder(notice));
}

/** A message with those of its notices that hold; null if none does. */
export function onlyThose(content: Content, holds: (notice: Notice) => boolean): Content | null {
  if (isLinkMessage(content)) return content;
  if (content.kind !== 'digest') return holds(content) ? content : null;
  const entries = content.entries.filter(holds);
  return entries.length > 0 ? { kind: 'digest', entries } : null;
}

/** One message in place of several. */
export const merge = (contents: readonly Content[]): Digest => ({
  kind: 'digest',
  entries: contents.flatMap(entriesOf),
});

const FIRST_RETRY_MS = 60_000;

/** How long to wait after so many failures in a row: a minute, doubled each time, at most an hour. */
export const backoffMs = (failures: number): number =>
  Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10), HOUR_MS);

/** Nobody wants at midnight what could not be sent before. */
const MORNING_HOUR = 8;

/** Eight o'clock of the next day in a time zone. */
export const nextMorning = (now: Date, timeZone: string): Date => nextDayAt(MORNING_HOUR, now, timeZone);

export interface Planned {
  readonly messageId: string;
  readonly userId: string;
  /** How often it was taken before. */
  readonly attempts: number;
}

/** What is due, judged one after another, as each that is sent counts for the next. */
export function planWave<M extends Omit<Candidate, 'others'> & Planned & PutOff>(
  due: readonly M[],
  counts: ReadonlyMap<string, number>,
  settings: Settings,
  limits: { readonly maxAgeHours: number; readonly timeZone: string },
  now: Date,
): { send: M[]; settle: { message: M; verdict: Exclude<Verdict, { become: 'sent' }> }[] } {
  const day = dayIn(now, limits.timeZone);
  const had = new Map(counts);
  const send: M[] = [];
  const settle: { message: M; verdict: Exclude<Verdict, { become: 'sent' }> }[] = [];
  for (const message of due) {
    const { userId } = message;
    // It goes with the other, as one message.
    if (message.wasPutOff && send.some((other) => other.wasPutOff && other.userId === userId)) continue;
    const itself = message.countedOn === day ? 1 : 0;
    const others = (had.get(userId) ?? 0) - itself;
    const verdict = judge({ ...message, others }, settings, limits, now);
    if (verdict.become === 'sent') {
      send.push(message);
      if (!isLinkMessage(message.content)) had.set(userId, others + 1);
    } else settle.push({ message, verdict });
  }
  return { send, settle };
}

interface PutOff {
  readonly wasPutOff: boolean;
  /** The day it counts for already. */
  readonly countedOn: string | null;
}
