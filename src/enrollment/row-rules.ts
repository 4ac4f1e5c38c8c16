import type { Todo } from './packed-rows.ts';
import type { RefusalReason } from './reasons.ts';
import {
  DUE_RULE,
  type DueRequest,
  type KnownContent,
  type KnownItem,
  objectionToTerms,
  resolveTerms,
  type Terms,
} from './rules.ts';

/** What a row of a table leads to: pure decisions, for each row by itself. */

/** A default due date as it was resolved once: the later setting of the item does not count. */
export interface RecordedDefault {
  readonly type: 'recorded';
  readonly at: Date | null;
  readonly hours: number | null;
}

/** A part that is null says nothing: a new enrollment gets what a form without it would, one that is there keeps its own. */
export interface RowTerms {
  readonly accessAt: Date | null;
  readonly due: DueRequest | RecordedDefault | null;
  readonly lock: boolean | null;
}

/** What becomes of a pair that is enrolled already, where the row says other than it has. */
export type Existing = 'keep' | 'change';

/** Why a row is refused: the reasons of any pair, and what only terms of its own can have. */
export type RowReason = RefusalReason | 'due_before_access';

export type Verdict = Todo | { readonly refused: RowReason };

/** The enrollment that a pair has, and which version of it that is. */
export type EnrolledTerms = Terms & { readonly version: bigint };

export interface AskedRow {
  readonly itemId: string;
  readonly terms: RowTerms;
  readonly learnerFault: RefusalReason | undefined;
  readonly enrolled: EnrolledTerms | null;
}

/** Who is enrolled already stays so, whatever became of the learner or the item; only scope is above that. */
export function judgeRow(asked: AskedRow, existing: Existing, known: KnownContent, now: Date): Verdict {
  const { itemId, terms, learnerFault, enrolled } = asked;
  if (learnerFault === 'learner_out_of_scope') return { refused: learnerFault };
  const item = known.items.get(itemId);
  if (enrolled && item) {
    const saysNothing = terms.accessAt === null && terms.due === null && terms.lock === null;
    if (existing === 'keep' || saysNothing) return { do: 'leave' };
    const kept = { accessAt: enrolled.accessAt, due: dueOf(enrolled), lock: enrolled.lock };
    const merged = resolveRow({ ...kept, ...given(terms) }, itemId, item, now);
    if ('refused' in merged) return merged;
    return isSame(merged.terms, enrolled)
      ? { do: 'leave' }
      : { do: 'change', terms: merged.terms, version: enrolled.version };
  }
  if (learnerFault) return { refused: learnerFault };
  if (!item) return { refused: known.trainings.has(itemId) ? 'course_is_training' : 'course_unknown' };
  if (item.isRetired) return { refused: 'course_retired' };
  const wanted = resolveRow({ ...terms, due: terms.due ?? { type: 'default' } }, itemId, item, now);
  return 'refused' in wanted ? wanted : { do: 'create', terms: wanted.terms };
}

/** The parts that say something. */
const given = ({ accessAt, due, lock }: RowTerms) => ({
  ...(accessAt ? { accessAt } : {}),
  ...(due ? { due } : {}),
  ...(lock === null ? {} : { lock }),
});

/** What would have to be asked for to get the due date that an enrollment has. */
export function dueOf(
  terms: Pick<Terms, 'dueAt' | 'duePeriodHours' | 'dueRule'>,
): DueRequest | RecordedDefault {
  const { dueAt: at, duePeriodHours: hours } = terms;
  if (terms.dueRule === DUE_RULE.default) return { type: 'recorded', at: hours === null ? at : null, hours };
  if (hours !== null) return { type: 'due_period', hours };
  return at === null ? { type: 'unlimited' } : { type: 'due_date', at };
}

function resolveRow(
  { due, ...rest }: { accessAt: Date | null; due: DueRequest | RecordedDefault; lock: boolean | null },
  itemId: string,
  item: KnownItem,
  now: Date,
): { readonly terms: Terms } | { readonly refused: RowReason } {
  const isRecorded = due.type === 'recorded';
  const requested = { ...rest, due: isRecorded ? { type: 'default' as const } : due };
  const objection = objectionToTerms(requested, now);
  if (objection?.code === 'enrollment.due_before_access') return { refused: 'due_before_access' };
  const resolved = resolveTerms(requested, itemId, isRecorded ? asDefault(due, item) : item, now);
  return objection || 'objection' in resolved ? { refused: 'due_date_out_of_range' } : resolved;
}

/** The item as if its default were what it once was. */
const asDefault = ({ at, hours }: RecordedDefault, item: KnownItem): KnownItem => ({
  ...item,
  defaultDueType: hours !== null ? 'due_period' : at !== null ? 'due_date' : 'unlimited',
  defaultDueAt: at,
  defaultDuePeriodHours: hours,
});

const isSame = (a: Terms, b: Terms): boolean =>
  a.accessAt.getTime() === b.accessAt.getTime() &&
  a.dueAt?.getTime() === b.dueAt?.getTime() &&
  a.duePeriodHours === b.duePeriodHours &&
  a.dueRule === b.dueRule &&
  a.lock === b.lock;
