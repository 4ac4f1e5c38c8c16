/**
 * Enrollments in files: what is exported imports again just as it is, and whatever else has columns of learners and
 * courses is read as far as it is clear what is meant.
 */
export { MEMBERS, type Member, type Naming } from './columns.ts';
export { type ExportOptions, exportFile } from './export.ts';
export { type ImportOptions, importFile } from './import.ts';
export { type Named, resolveWords } from './names.ts';
export type { ImportReport, RowOutcome } from './report.ts';
export { transferRoutes } from './routes.ts';
