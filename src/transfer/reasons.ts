import { REASONS } from '../enrollment/index.ts';

/** Why a row is not imported: reasons that only files have, beside those of any pair. docs/files.md lists them. */
export const ROW_REASONS = {
  row_width: 'The row has more cells than the header has columns.',
  value_invalid: 'A cell cannot be read.',
  learner_missing: 'No cell says which learner.',
  course_missing: 'No cell says which course.',
  learner_ambiguous: 'The cell names more than one learner.',
  course_ambiguous: 'The cell names more than one content item.',
  learner_names_differ: 'The cells of the row name different learners.',
  course_names_differ: 'The cells of the row name different content items.',
  row_contradicts: 'An earlier row says something else of the same learner and content item.',
  row_repeated: 'An earlier row says the same.',
  due_before_access: 'The due date is earlier than the access date.',
} as const;

export type FileReason = keyof typeof ROW_REASONS | keyof typeof REASONS;

/** In words, for whoever mends the file. */
export const explain = (reason: FileReason): string =>
  reason in ROW_REASONS
    ? ROW_REASONS[reason as keyof typeof ROW_REASONS]
    : REASONS[reason as keyof typeof REASONS].about;
