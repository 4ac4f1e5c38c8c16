import type { ContentType } from '../content/index.ts';

/** What learners may say themselves that they are done with: what is read, watched or done elsewhere, and gives no score. */
const SELF_REPORTED: ReadonlySet<ContentType> = new Set([
  'Audio',
  'Video',
  'Image',
  'WordDocument',
  'PowerPointPresentation',
  'PDFDocument',
  'ExcelSpreadsheet',
  'Link',
  'Book',
  'Page',
  'ExternalCourse',
]);

/** A training (null) is attended; a course follows from its modules, if it has any. */
export const isSelfReported = (contentType: ContentType | null, hasModules: boolean): boolean =>
  contentType === 'Course' ? !hasModules : contentType !== null && SELF_REPORTED.has(contentType);
