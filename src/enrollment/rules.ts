import { endOfDay, HOUR_MS, LAST_INSTANT, toInstantText, type WireInstant } from '../kernel/dates.ts';
import { type ErrorCode, type ErrorDetails, listIds } from '../kernel/errors.ts';
import { REASONS, type RefusalReason } from './reasons.ts';

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

/** Learners or items that may not be had, and why. */
export type Faults = ReadonlyMap<string, RefusalReason>;

/** What a request leads to: the terms in each item that may be had, and what may not. A pair is refused for either of its two. */
export interface Plan {
  readonly terms: ReadonlyMap<string, Terms>;
  readonly learnerFaults: Faults;
  readonly itemFaults: Faults;
}

export interface Wanted {
  readonly learnerIds: readonly string[];
  readonly itemIds: readonly string[];
  readonly terms: RequestedTerms;
}

/** The content that ids of a request name. */
export interface KnownContent {
  readonly items: ReadonlyMap<string, KnownItem>;
  /** Ids that name no item, but a training. */
  readonly trainings: ReadonlySet<string>;
}

/** Adds what is wrong with some of a request's learners: a large request is looked at slice by slice. */
export function surveyLearners(
  faults: Map<string, RefusalReason>,
  learnerIds: readonly string[],
  known: ReadonlyMap<string, KnownLearner>,
  /** Whether the caller reaches a learner of this department (undefined: an unknown learner). */
  reaches: (departmentId: string | undefined) => boolean,
): void {
  for (const id of learnerIds) {
    const learner = known.get(id);
    if (!reaches(learner?.departmentId)) faults.set(id, 'learner_out_of_scope');
    else if (!learner) faults.set(id, 'learner_unknown');
    else if (!learner.isActive) faults.set(id, 'learner_inactive');
  }
}

/** Every item judged; one load before, one insert after. */
export function planEnrollment(
  wanted: Pick<Wanted, 'itemIds' | 'terms'>,
  learnerFaults: Faults,
  known: KnownContent,
  now: Date,
): Plan {
  const terms = new Map<string, Terms>();
  const itemFaults = new Map<string, RefusalReason>();
  for (const id of wanted.itemIds) {
    const item = known.items.get(id);
    if (!item) itemFaults.set(id, known.trainings.has(id) ? 'course_is_training' : 'course_unknown');
    else if (item.isRetired) itemFaults.set(id, 'course_retired');
    else {
      const own = resolveTerms(wanted.terms, id, item, now);
      if ('objection' in own) itemFaults.set(id, 'due_date_out_of_range');
      else terms.set(id, own.terms);
    }
  }
  return { terms, learnerFaults, itemFaults };
}

/** What a strict request is refused with, whole: the first reason of the table that anything has. Null if nothing is wrong. */
export function objectionTo({ learnerFaults, itemFaults }: Plan): Objection | null {
  if (learnerFaults.size === 0 && itemFaults.size === 0) return null;
  for (const [reason, { strict }] of Object.entries(REASONS)) {
    const ids = [...learnerFaults, ...itemFaults].filter(([, why]) => why === reason).map(([id]) => id);
    const [first] = ids;
    if (first === undefined || strict === null) continue;
    return strict === 'enrollment.date_range'
      ? beyondDefault(first)
      : { code: strict, details: { ids: listIds(ids) } };
  }
  return null;
}

/** Of the reasons against a pair, the one that is given. */
export const firstReason = (
  learner: RefusalReason | undefined,
  item: RefusalReason | undefined,
): RefusalReason | undefined =>
  learner && item ? (REASONS[learner].number < REASONS[item].number ? learner : item) : (learner ?? item);

const beyondDefault = (itemId: string): Objection => ({
  code: 'enrollment.date_range',
  details: { field: `dueDateType (default of ${itemId})` },
});

/** The terms in one item, unless its default leads beyond the last day that is stored. */
export function resolveTerms(
  requested: RequestedTerms,
  itemId: string,
  item: ItemDefaults,
  now: Date,
): { readonly objection: Objection } | { readonly terms: Terms } {
  const terms = termsFor(requested, item, now);
  if (terms.dueAt === null || !isBeyond(terms.dueAt)) return { terms };
  return { objection: beyondDefault(itemId) };
}
