import type { Refusal } from '../kernel/errors.ts';

/** What content there is, and what may be part of what. */

/** The contract's content types; a training is not one. */
export const CONTENT_TYPES = [
  'iSpringSuiteModule',
  'Audio',
  'Video',
  'Image',
  'Quiz',
  'Survey',
  'SCORM',
  'Course',
  'LearningTrack',
  'WordDocument',
  'PowerPointPresentation',
  'PDFDocument',
  'ExcelSpreadsheet',
  'RolePlay',
  'Link',
  'Assignment',
  'Book',
  'Interaction',
  'Page',
  'OnlineQuiz',
  'ExternalCourse',
] as const;
export type ContentType = (typeof CONTENT_TYPES)[number];

/** A material is a leaf: everything but courses and learning tracks. */
export const isMaterial = (type: ContentType): boolean => type !== 'Course' && type !== 'LearningTrack';

/** A hundred years; beyond that a period is a slip of the keyboard. */
export const MAX_PERIOD_HOURS = 876_000;

export interface DueDefaults {
  readonly defaultDueType: 'unlimited' | 'due_date' | 'due_period';
  readonly defaultDueAt: Date | null;
  readonly defaultDuePeriodHours: number | null;
  readonly defaultLock: boolean;
}

type Objection = { code: Refusal['code']; details: Refusal['details'] };

/** What is missing for the chosen kind of default due date; null if nothing. */
export function objectionToDefaults(defaults: DueDefaults): Objection | null {
  const missing = (field: string, type: string): Objection => ({
    code: 'request.invalid',
    details: { field, detail: `is required when defaultDueDateType is ${type}` },
  });
  if (defaults.defaultDueType === 'due_date' && !defaults.defaultDueAt)
    return missing('defaultDueDate', 'due_date');
  if (defaults.defaultDueType === 'due_period' && defaults.defaultDuePeriodHours === null)
    return missing('defaultDuePeriod', 'due_period');
  return null;
}

/** Where a browser finds an item or a folder of an account. */
export const viewUrl = (accountUrl: string, id: string): string =>
  `${accountUrl.replace(/\/+$/, '')}/content/${id}`;
