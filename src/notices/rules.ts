import { HOUR_MS } from '../kernel/dates.ts';
import { shiftDays } from '../kernel/local-time.ts';

/** What is to be said of an enrollment, and when: pure decisions. */

export const UNITS = ['hours', 'days'] as const;
export const AUDIENCES = ['learner', 'supervisor', 'both'] as const;
export const REMINDER_KINDS = ['due_soon', 'overdue'] as const;

/** A reminder: so long before the due date, or after it. Days are those of a calendar in the account's time zone. */
export interface Reminder {
  readonly kind: (typeof REMINDER_KINDS)[number];
  readonly amount: number;
  readonly unit: (typeof UNITS)[number];
  readonly to: (typeof AUDIENCES)[number];
}

/** A reminder as it is kept: of what was to be said before, it says nothing. */
export interface KeptReminder extends Reminder {
  readonly since: Date | null;
}

export interface Settings {
  readonly isEnabled: boolean;
  /** Of what was to be said before, nothing is said. */
  readonly since: Date | null;
  readonly reminders: readonly KeptReminder[];
}

const byDefault = (kind: Reminder['kind'], amount: number, to: Reminder['to']): KeptReminder => ({
  kind,
  amount,
  unit: 'days',
  to,
  since: null,
});
export const DEFAULT_REMINDERS: readonly KeptReminder[] = [
  byDefault('due_soon', 7, 'learner'),
  byDefault('due_soon', 1, 'learner'),
  byDefault('overdue', 0, 'learner'),
  byDefault('overdue', 3, 'supervisor'),
  byDefault('overdue', 7, 'supervisor'),
];
export const DEFAULT_SETTINGS: Settings = { isEnabled: true, since: null, reminders: DEFAULT_REMINDERS };

export const MAX_REMINDERS = 20;
const MOST_DAYS = { due_soon: 365, overdue: 90 } as const;

/** What is wrong with a reminder, and with which member of it; null if nothing. */
export function objectionTo({ kind, amount, unit, to }: Reminder): { field: string; detail: string } | null {
  const most = MOST_DAYS[kind] * (unit === 'hours' ? 24 : 1);
  const least = kind === 'due_soon' ? 1 : 0;
  if (amount < least || amount > most)
    return { field: 'amount', detail: `must be from ${least} to ${most} ${unit} with ${kind}` };
  if (kind === 'due_soon' && to !== 'learner')
    return { field: 'to', detail: 'must be learner with due_soon: nothing is late yet' };
  return null;
}

const sameReminder = (a: Reminder, b: Reminder): boolean =>
  a.kind === b.kind && a.amount === b.amount && a.unit === b.unit && a.to === b.to;

/** Settings after a change: what is new in them holds from now on. */
export function changed(
  before: Settings,
  wanted: { readonly isEnabled: boolean; readonly reminders: readonly Reminder[] },
  now: Date,
): Settings {
  return {
    isEnabled: wanted.isEnabled,
    since: wanted.isEnabled && !before.isEnabled ? now : before.since,
    reminders: wanted.reminders.map((reminder) => ({
      ...reminder,
      since: (before.reminders.find((known) => sameReminder(known, reminder)) ?? { since: now }).since,
    })),
  };
}

/** When a reminder of a due date is to be said. */
export function instantOf({ kind, amount, unit }: Reminder, dueAt: Date, timeZone: string): Date {
  const signed = kind === 'due_soon' ? -amount : amount;
  return unit === 'days' ? shiftDays(dueAt, signed, timeZone) : new Date(dueAt.getTime() + signed * HOUR_MS);
}

/** Dates of enrollments, since when they are so, and up to when everything is said of them. */
export interface Terms {
  readonly accessAt: Date;
  readonly dueAt: Date | null;
  readonly recordedAt: Date;
}
export interface Scheduled extends Terms {
  readonly saidAt: Date | null;
}

/** What is to be said at one instant. */
export interface Step {
  readonly at: Date;
  readonly isAssigned: boolean;
  readonly reminders: readonly Pick<Reminder, 'kind' | 'to'>[];
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);

/** When somebody is told of an assignment: on the access date, or at once if that is over. */
export const assignedAt = ({ accessAt, recordedAt }: Terms): Date => later(accessAt, recordedAt);

/** All that is to be said of these dates, in order. Nobody is reminded of what is not open yet, or was not so then. */
export function stepsOf(terms: Terms, { since, reminders }: Settings, timeZone: string): Step[] {
  const steps = new Map<number, { isAssigned: boolean; reminders: KeptReminder[] }>();
  const stepAt = (at: Date) => {
    const step = steps.get(at.getTime()) ?? { isAssigned: false, reminders: [] };
    steps.set(at.getTime(), step);
    return step;
  };
  const counts = (at: Date, from: Date | null): boolean => from === null || at >= from;
  const assigned = assignedAt(terms);
  if (counts(assigned, since)) stepAt(assigned).isAssigned = true;
  for (const reminder of terms.dueAt ? reminders : []) {
    const at = instantOf(reminder, terms.dueAt as Date, timeZone);
    if (at >= terms.recordedAt && at > terms.accessAt && counts(at, since) && counts(at, reminder.since))
      stepAt(at).reminders.push(reminder);
  }
  return [...steps].sort(([a], [b]) => a - b).map(([at, step]) => ({ at: new Date(at), ...step }));
}

/** Longer than any reminder comes after the due date: so long dates are kept, as reminders may be changed. */
const KEPT_DAYS_AFTER = MOST_DAYS.overdue + 2;

/** When dates are forgotten, of which everything is said. */
const forgottenAt = (terms: Terms): Date | null =>
  terms.dueAt && new Date(terms.dueAt.getTime() + KEPT_DAYS_AFTER * 24 * HOUR_MS);

/**
 * What follows: what is to be said now, if anything, and when to look again; never, if `nextAt` is null. What is older
 * than `oldest` is not said any more.
 */
export function follow(
  scheduled: Scheduled,
  settings: Settings,
  timeZone: string,
  { oldest, now }: { readonly oldest: Date; readonly now: Date },
): { readonly say: readonly Step[]; readonly nextAt: Date | null } {
  const { saidAt } = scheduled;
  const open = stepsOf(scheduled, settings, timeZone).filter(({ at }) => saidAt === null || at > saidAt);
  const say = settings.isEnabled ? open.filter(({ at }) => at <= now && at >= oldest) : [];
  const next = open.find(({ at }) => at > now);
  if (next) return { say, nextAt: next.at };
  const end = forgottenAt(scheduled);
  return { say, nextAt: end && end > now ? end : null };
}
