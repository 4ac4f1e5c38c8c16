import { endOfDay, HOUR_MS, LAST_INSTANT, toInstantText, type WireInstant } from '../kernel/dates.ts';
import { type ErrorCode, type ErrorDetails, listIds } from '../kernel/errors.ts';

/** What an enrollment means: pure decisions about dates, locks and who may be enrolled. All take `now` or an access date. */

export const DUE_TYPES = ['unlimited', 'default', 'due_date', 'due_period'] as const;

/** How the request wants the due date. */
export type DueRequest =
  | { readonly type: 'unlimited' }
  | { readonly type: 'default' }
  | { readonly type: 'due_date'; readonly at: Date }
  | { readonly type: 'due_period'; readonly hours: number };

/** When an enrollment opens and closes, as requested; `accessAt` is null when it was left out, `lock` likewise. */
export interface RequestedTerms {
  readonly accessAt: Date | null;
  readonly due: DueRequest;
  readonly lock: boolean | null;
}

/** A content item's own default, to which `default` resolves when somebody is enrolled. */
export interface ItemDefaults {
  readonly defaultDueType: 'unlimited' | 'due_date' | 'due_period';
  readonly defaultDueAt: Date | null;
  readonly defaultDuePeriodHours: number | null;
  readonly defaultLock: boolean;
}

/** The rule that produced a due instant, as it is stored. */
export const DUE_RULE = { unlimited: 0, default: 1, due_date: 2, due_period: 3 } as const;

/** What is stored: instants, and the rule that produced them. */
export interface Terms {
  readonly accessAt: Date;
  readonly dueAt: Date | null;
  readonly duePeriodHours: number | null;
  readonly dueRule: number;
  readonly lock: boolean;
}

export interface Objection {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

/** A date-only due date ends with that day (UTC); one with a time is that instant. */
export const dueInstant = (wire: WireInstant): Date => (wire.isDateOnly ? endOfDay(wire.at) : wire.at);

const after = (accessAt: Date, hours: number): Date => new Date(accessAt.getTime() + hours * HOUR_MS);
const isBeyond = (at: Date): boolean => !(at.getTime() <= LAST_INSTANT.getTime());

/** What is wrong with requested terms whatever the item; null if nothing. A due date in the past is legal. */
export function objectionToTerms(terms: RequestedTerms, now: Date): Objection | null {
  const accessAt = terms.accessAt ?? now;
  if (terms.due.type === 'due_date' && terms.due.at < accessAt)
    return {
      code: 'enrollment.due_before_access',
      details: { due: toInstantText(terms.due.at), access: toInstantText(accessAt) },
    };
  if (terms.due.type === 'due_period' && isBeyond(after(accessAt, terms.due.hours)))
    return { code: 'enrollment.date_range', details: { field: 'duePeriod' } };
  return null;
}

/**
 * The terms of one enrollment. `default` takes the item's setting of this moment, which later changes do not move;
 * a lock in the request overrides the item's; without a due date there is nothing to lock after.
 */
export function termsFor(terms: RequestedTerms, item: ItemDefaults, now: Date): Terms {
  const accessAt = terms.accessAt ?? now;
  const { due } = terms;
  switch (due.type) {
    case 'unlimited':
      return { accessAt, dueAt: null, duePeriodHours: null, dueRule: DUE_RULE.unlimited, lock: false };
    case 'due_date':
      return {
        accessAt,
        dueAt: due.at,
        duePeriodHours: null,
        dueRule: DUE_RULE.due_date,
        lock: terms.lock ?? false,
      };
    case 'due_period':
      return {
        accessAt,
        dueAt: after(accessAt, due.hours),
        duePeriodHours: due.hours,
        dueRule: DUE_RULE.due_period,
        lock: terms.lock ?? false,
      };
    case 'default':
      return defaultTerms(accessAt, terms.lock, item);
  }
}

function defaultTerms(accessAt: Date, lock: boolean | null, item: ItemDefaults): Terms {
  const hours = item.defaultDueType === 'due_period' ? item.defaultDuePeriodHours : null;
  const fixed = item.defaultDueType === 'due_date' ? item.defaultDueAt : null;
  const dueAt = hours === null ? fixed : after(accessAt, hours);
  return {
    accessAt,
    dueAt,
    duePeriodHours: hours,
    dueRule: DUE_RULE.default,
    lock: dueAt === null ? false : (lock ?? item.defaultLock),
  };
}

/** Locked: the lock is set and the due instant has passed; exact to the millisecond, never stored. */
export const isLocked = (enrollment: { lockAfterDueDate: boolean; dueAt: Date | null }, now: Date): boolean =>
  enrollment.lockAfterDueDate && enrollment.dueAt !== null && now > enrollment.dueAt;

/** A learner as the decision needs them; absent from the map means unknown. */
export interface KnownLearner {
  readonly departmentId: string;
  readonly isActive: boolean;
}

export interface KnownItem extends ItemDefaults {
  readonly isRetired: boolean;
}

/** What a request leads to: an objection to the whole of it, or the terms of each item. */
export type Plan = { readonly objection: Objection } | { readonly terms: ReadonlyMap<string, Terms> };

export interface Wanted {
  readonly learnerIds: readonly string[];
  readonly itemIds: readonly string[];
  readonly terms: RequestedTerms;
}

/** Learners a request may not have, by reason. */
export interface LearnerFaults {
  readonly unreached: string[];
  readonly unknown: string[];
  readonly inactive: string[];
}

export const noFaults = (): LearnerFaults => ({ unreached: [], unknown: [], inactive: [] });

/** Adds what is wrong with some of a request's learners: a large request is looked at slice by slice. */
export function surveyLearners(
  faults: LearnerFaults,
  learnerIds: readonly string[],
  known: ReadonlyMap<string, KnownLearner>,
  /** Whether the caller reaches a learner of this department (undefined: an unknown learner). */
  reaches: (departmentId: string | undefined) => boolean,
): void {
  for (const id of learnerIds) {
    const learner = known.get(id);
    if (!reaches(learner?.departmentId)) faults.unreached.push(id);
    else if (!learner) faults.unknown.push(id);
    else if (!learner.isActive) faults.inactive.push(id);
  }
}

/** Whole or not at all, and in this order: scope, then ids, then state. One load before, one insert after. */
export function planEnrollment(
  wanted: Pick<Wanted, 'itemIds' | 'terms'>,
  faults: LearnerFaults,
  items: ReadonlyMap<string, KnownItem>,
  now: Date,
): Plan {
  const object = (code: ErrorCode, ids: readonly string[]): Plan => ({
    objection: { code, details: { ids: listIds(ids) } },
  });
  if (faults.unreached.length > 0) return object('auth.learner_scope', faults.unreached);
  const unknownItems = wanted.itemIds.filter((id) => !items.has(id));
  if (unknownItems.length > 0) return object('enrollment.unknown_course', unknownItems);
  if (faults.unknown.length > 0) return object('enrollment.unknown_learner', faults.unknown);
  if (faults.inactive.length > 0) return object('enrollment.inactive_learner', faults.inactive);
  const retired = wanted.itemIds.filter((id) => items.get(id)?.isRetired);
  if (retired.length > 0) return object('enrollment.retired_course', retired);
  return planTerms(wanted, items, now);
}

function planTerms(
  wanted: Pick<Wanted, 'itemIds' | 'terms'>,
  items: ReadonlyMap<string, KnownItem>,
  now: Date,
): Plan {
  const terms = new Map<string, Terms>();
  for (const id of wanted.itemIds) {
    const item = items.get(id);
    if (!item) continue;
    const own = resolveTerms(wanted.terms, id, item, now);
    if ('objection' in own) return own;
    terms.set(id, own.terms);
  }
  return { terms };
}

/** The terms in one item, unless its default leads beyond the last day that is stored. */
export function resolveTerms(
  requested: RequestedTerms,
  itemId: string,
  item: ItemDefaults,
  now: Date,
): { readonly objection: Objection } | { readonly terms: Terms } {
  const terms = termsFor(requested, item, now);
  if (terms.dueAt === null || !isBeyond(terms.dueAt)) return { terms };
  return {
    objection: { code: 'enrollment.date_range', details: { field: `dueDateType (default of ${itemId})` } },
  };
}
