import type { ErrorCode } from '../kernel/errors.ts';

/**
 * Why an outcome is what it is: the whole vocabulary, from which docs/outcomes.md is generated. In the order of the table
 * reasons to refuse are given: scope, then ids, then state.
 */

export type OutcomeKind = 'created' | 'changed' | 'unchanged' | 'refused';

interface ReasonEntry {
  readonly outcome: OutcomeKind;
  /** As it is stored in a byte; never changed, never used again. 0 for what is not stored. */
  readonly number: number;
  /** What a strict request is refused with; null if it would not be. */
  readonly strict: ErrorCode | null;
  /** What it means and what the caller can do; printed in docs/outcomes.md. */
  readonly about: string;
}

const refusal = <N extends number>(number: N, strict: ErrorCode, about: string) =>
  ({ outcome: 'refused', number, strict, about }) as const;
const noChange = <N extends number>(about: string, number: N) =>
  ({ outcome: 'unchanged', number, strict: null, about }) as const;

export const REASONS = {
  learner_out_of_scope: refusal(
    1,
    'auth.learner_scope',
    'The learner is in none of the departments you manage, or does not exist: a limited caller is not told which.',
  ),
  course_is_training: refusal(
    2,
    'enrollment.training',
    'A training cannot be enrolled in. Enroll in a course that contains it; the learner chooses a session.',
  ),
  course_unknown: refusal(3, 'enrollment.unknown_course', 'The id names no content item of this account.'),
  learner_unknown: refusal(4, 'enrollment.unknown_learner', 'The id names no user of this account.'),
  learner_inactive: refusal(
    5,
    'enrollment.inactive_learner',
    'The learner is inactive or terminated, or became so before the pair was written.',
  ),
  course_retired: refusal(
    6,
    'enrollment.retired_course',
    'The content item is retired, or was before the pair was written. Those enrolled keep it.',
  ),
  due_date_out_of_range: refusal(
    7,
    'enrollment.date_range',
    'The default due date of the content item is after 9999-12-31.',
  ),
  already_enrolled: noChange('The learner has the content item already; dates and lock stay as they are.', 0),
  same_terms: noChange('The enrollment has just these dates and this lock already.', 0),
  already_ended: noChange('Somebody else had ended the enrollment before it was its turn.', 0),
  changed_since: noChange(
    'Not undone: a later operation changed, ended or began the enrollment. To have it back, undo that one first.',
    8,
  ),
  confirmed_since: noChange(
    'Not undone: a later operation asked for it and was told that there is nothing to do.',
    9,
  ),
  progressed_since: noChange(
    'Not undone: the learner has worked in the content item since, and undoing would hide that.',
    10,
  ),
} as const satisfies Record<string, ReasonEntry>;

export type Reason = keyof typeof REASONS;
/** Those that are kept with what was asked. */
export type StoredReason = {
  [R in Reason]: (typeof REASONS)[R] extends { number: 0 } ? never : R;
}[Reason];
export type RefusalReason = {
  [R in StoredReason]: (typeof REASONS)[R] extends { outcome: 'refused' } ? R : never;
}[StoredReason];
