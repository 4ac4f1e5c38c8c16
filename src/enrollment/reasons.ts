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

const refusal = (number: number, strict: ErrorCode, about: string): ReasonEntry => ({
  outcome: 'refused',
  number,
  strict,
  about,
});
const noChange = (about: string): ReasonEntry => ({ outcome: 'unchanged', number: 0, strict: null, about });

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
  already_enrolled: noChange('The learner has the content item already; dates and lock stay as they are.'),
  same_terms: noChange('The enrollment has just these dates and this lock already.'),
  already_ended: noChange('Somebody else had ended the enrollment before it was its turn.'),
} as const satisfies Record<string, ReasonEntry>;

export type Reason = keyof typeof REASONS;
export type RefusalReason = {
  [R in Reason]: (typeof REASONS)[R] extends { number: 0 } ? never : R;
}[Reason];
