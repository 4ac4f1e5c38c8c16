import type { Context } from '../access/index.ts';
import { type Enrollments, REASONS } from '../enrollment/index.ts';
import type { Upload } from '../http/body.ts';
import { file, oneWithList, Reply, type Route, replyAs, route } from '../http/route.ts';
import {
  about,
  boolean,
  type Infer,
  ids,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  uuid,
} from '../http/wire.ts';
import { Summary } from '../operations/index.ts';
import { DELIMITERS, type Delimiter, OUTPUT_ENCODINGS } from '../tables/index.ts';
import { MEMBERS, type Naming } from './columns.ts';
import { exportFile } from './export.ts';
import { importFile } from './import.ts';
import { type FileReason, ROW_REASONS } from './reasons.ts';
import { type ImportReport, type RowOutcome, reportAgain } from './report.ts';

const DELIMITER = oneOf(...(Object.keys(DELIMITERS) as Delimiter[]));
const FILE_REASONS = [...Object.keys(REASONS), ...Object.keys(ROW_REASONS)] as FileReason[];

const ImportedRow = object(
  {
    row: about('As spreadsheets count: the header is the first', integer()),
    outcome: oneOf('created', 'changed', 'unchanged', 'refused'),
    reason: optional(about('Why it is unchanged or refused; see docs/files.md', oneOf(...FILE_REASONS))),
    detail: optional(about('More than the reason says by itself', text())),
    learnerId: optional(uuid()),
    courseId: optional(uuid()),
    enrollmentId: optional(about('Absent when refused, and of a dry run', uuid())),
  },
  'ImportedRow',
);

const Imported = object(
  {
    operationId: optional(about('Absent of a dry run', uuid())),
    encoding: about('In which the file was read', text()),
    delimiter: text(),
    columns: list(object({ name: text(), member: optional(about('Absent: ignored', oneOf(...MEMBERS))) }), {
      item: 'column',
    }),
    summary: Summary,
    rows: list(ImportedRow, { item: 'importedRow' }),
  },
  'Imported',
);
const REPORT = oneWithList(Imported, { list: 'rows' });

function toWire(
  { operationId, reading, summary, rows }: ImportReport,
  outcome: RowOutcome['outcome'] | undefined,
) {
  const value = {
    operationId,
    encoding: reading.encoding,
    delimiter:
      Object.entries(DELIMITERS).find(([, sign]) => sign === reading.delimiter)?.[0] ?? reading.delimiter,
    columns: reading.header.map((name, place) => ({ name, member: reading.members[place] ?? undefined })),
    summary,
    rows: rows(outcome),
  };
  return operationId ? new Reply(value, { location: `/operations/${operationId}` }) : value;
}

const ImportQuery = object({
  dryRun: optional(about('true: only tells what would become of each row', boolean())),
  allOrNothing: optional(about('true: one row that would be refused refuses the file', boolean())),
  existing: optional(
    about(
      'Of who is enrolled already: keep, the default, leaves them as they are; change gives them the dates and lock of the row',
      oneOf('keep', 'change'),
    ),
  ),
  encoding: optional(about('Found out, unless named: utf-8, windows-1252, windows-1251 …', text())),
  delimiter: optional(about('Found out, unless named', DELIMITER)),
  map: optional(
    object(Object.fromEntries(MEMBERS.map((member) => [member, optional(text({ min: 1, max: 1_000 }))]))),
  ),
  outcome: optional(
    about('Only rows with this outcome are listed', oneOf('created', 'changed', 'unchanged', 'refused')),
  ),
});

const optionsOf = (query: Infer<typeof ImportQuery>, { charset }: Upload) => ({
  encoding: query.encoding ?? charset,
  delimiter: query.delimiter,
  naming: (query.map ?? {}) as Naming,
  existing: query.existing ?? 'keep',
  isTrial: query.dryRun ?? false,
  allOrNothing: query.allOrNothing ?? false,
});

const ExportQuery = object({
  courseIds: optional(ids()),
  learnerIds: optional(ids()),
  enrollmentIds: optional(ids()),
  delimiter: optional(about('comma if left out', DELIMITER)),
  encoding: optional(about('utf-8 if left out; spreadsheets want utf-8-bom', oneOf(...OUTPUT_ENCODINGS))),
});

const csv = (charset: string) =>
  file<AsyncIterable<string | Buffer>>(`text/csv; charset=${charset}; header=present`);
const CSV = csv('utf-8');

const asFile = (name: string): Record<string, string> => ({
  'content-disposition': `attachment; filename="${name}.csv"`,
});

export const transferRoutes = (enrollments: Enrollments): readonly Route<Context>[] => [
  route({
    tag: 'enrollment',
    may: 'enrollment.write',
    method: 'POST',
    path: '/enrollment/import',
    operationId: 'ImportEnrollments',
    summary: 'Enroll by a CSV file',
    description:
      'The body is the file, or a form with it. Each row names a learner (id, login or e-mail), a course (id or code), and dates of its own; docs/files.md says how columns are recognised. Rows that cannot be imported are refused one by one, the others are written as one operation.',
    query: ImportQuery,
    upload: ['text/csv', 'text/tab-separated-values', 'text/plain'],
    bodySize: 'bulk',
    answer: REPORT,
    mayHaveHeaders: { Location: 'The operation: /operations/{id}; not of a dry run' },
    refusals: [
      'table.empty',
      'table.no_rows',
      'table.not_text',
      'table.malformed',
      'table.too_long',
      'import.header',
      'import.second_header',
      'import.refused_rows',
      'request.too_many_pairs',
      'server.busy',
      'server.stopping',
      'server.unfinished',
    ],
    rebuild: async (ctx: Context, operationId, { query }) =>
      toWire(await reportAgain(ctx, operationId), query.outcome),
    run: async (ctx: Context, { query, file: upload }) =>
      toWire(await importFile(ctx, enrollments, upload.bytes, optionsOf(query, upload)), query.outcome),
  }),
  route({
    tag: 'enrollment',
    may: 'enrollment.read',
    method: 'GET',
    path: '/enrollments/export',
    operationId: 'ExportEnrollments',
    summary: 'Enrollments as a CSV file that can be imported again',
    description: 'Every enrollment the caller may see, in order of creation, written while it is read.',
    query: ExportQuery,
    answer: CSV,
    refusals: ['enrollment.unknown', 'enrollment.unknown_course', 'enrollment.unknown_learner'],
    run: async (ctx: Context, { query }) => {
      const { delimiter = 'comma', encoding = 'utf-8', ...filter } = query;
      const bytes = await exportFile(ctx, filter, { delimiter, encoding });
      return replyAs(csv(encoding === 'utf-16le' ? encoding : 'utf-8'), bytes, asFile('enrollments'));
    },
  }),
  route({
    tag: 'operations',
    may: 'enrollment.read',
    method: 'GET',
    path: '/operations/{id}/errors',
    operationId: 'GetImportErrors',
    summary: 'The rows of an imported file that were refused, as a file with the reason beside each',
    description: 'In the columns of the file, to be mended and imported again. Kept for 30 days.',
    params: object({ id: uuid() }),
    answer: CSV,
    refusals: ['operation.unknown', 'import.no_file'],
    run: async (ctx: Context, { params }) =>
      new Reply((await reportAgain(ctx, params.id)).errorFile(), asFile(`errors-${params.id}`)),
  }),
];
