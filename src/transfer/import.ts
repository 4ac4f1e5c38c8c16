import type { Context } from '../access/index.ts';
import {
  type Enrollments,
  type Existing,
  judgeRows,
  type PlannedRow,
  RowPlan,
  type RowTerms,
} from '../enrollment/index.ts';
import { refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { DELIMITERS, type Delimiter, openTable, type Row, type Table } from '../tables/index.ts';
import { type Columns, columnsOf, countKnown, isHeader, type Naming } from './columns.ts';
import { type NamedRow, resolveNames } from './names.ts';
import { expiredAt, Notes, packNumbers, type Reading } from './notes.ts';
import { keepFile } from './queries.ts';
import { explain, type FileReason } from './reasons.ts';
import { type ImportReport, reportOf, reportOfTrial } from './report.ts';
import { type Fault, readRow, type SaidRow } from './row.ts';

/** Enrolling by a file: read, judged row by row, and written as one operation. */

export interface ImportOptions {
  readonly encoding?: string | undefined;
  readonly delimiter?: Delimiter | undefined;
  /** What some columns are called. */
  readonly naming: Naming;
  readonly existing: Existing;
  /** Only tells what would become of the rows. */
  readonly isTrial: boolean;
  /** Refuses the whole file if one row would be refused. */
  readonly allOrNothing: boolean;
}

/** Rows judged together: reading and judging so many takes some ten milliseconds, between which others are served. */
const ROWS_AT_ONCE = 2_000;

/**
 * Imports a file. Rows that cannot be written are refused one by one, unless all or nothing is wanted. Refuses files
 * that cannot be read, or whose header is unclear, whole; throws StaleRights.
 */
export async function importFile(
  ctx: Context,
  enrollments: Enrollments,
  bytes: Buffer,
  options: ImportOptions,
): Promise<ImportReport> {
  const { encoding, delimiter } = options;
  const table = await openTable(bytes, {
    encoding,
    delimiter: delimiter && DELIMITERS[delimiter],
    knows: countKnown,
  });
  const columns = clearColumns(table, options.naming);
  const judged = await judgeTable(ctx, table, columns, options.existing);
  const { notes } = judged;
  if (options.allOrNothing && notes.first)
    refuse('import.refused_rows', {
      refused: notes.refused,
      row: notes.first.row,
      detail: notes.first.detail ?? explain(notes.first.reason),
    });
  const reading = readingOf(table, columns);
  if (options.isTrial) return reportOfTrial(reading, judged);
  const named = { ...ctx, operationId: ctx.operationId ?? newId() };
  // Before the operation: whatever happens then, it can be told what became of each row.
  const kept = { notes: notes.toBytes(reading), rowNumbers: packNumbers(judged.numbers) };
  const { accountId } = ctx.caller;
  await ctx.db.write((tx) => keepFile(tx, accountId, named.operationId, kept, ctx.now, expiredAt(ctx.now)));
  await enrollments.writeRows(named, judged.plan);
  return reportOf(ctx, named.operationId, { reading, ...judged });
}

function clearColumns(table: Table, naming: Naming): Columns {
  const columns = columnsOf(table.header, naming);
  if (!('unclear' in columns)) return columns;
  const shown = table.header.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 50)));
  return refuse('import.header', {
    detail: columns.unclear,
    columns: shown.join(', ') + (table.header.length > 20 ? ' …' : ''),
    proposal: columns.proposal,
  });
}

function readingOf(table: Table, columns: Columns): Reading {
  const members = new Map([...columns].map(([member, place]) => [place, member]));
  return {
    encoding: table.encoding,
    delimiter: table.delimiter,
    header: table.header,
    members: table.header.map((_, place) => members.get(place) ?? null),
  };
}

/** What becomes of each row of a file. */
export interface JudgedTable {
  /** Those that can be written, and their numbers. */
  readonly plan: RowPlan;
  readonly numbers: readonly number[];
  /** The others. */
  readonly notes: Notes;
}

async function judgeTable(
  ctx: Context,
  table: Table,
  columns: Columns,
  existing: Existing,
): Promise<JudgedTable> {
  const judged = { plan: new RowPlan(), numbers: [] as number[], notes: new Notes() };
  const seen = new Map<string, RowTerms>();
  for await (const rows of manyAtOnce(table.rows())) {
    refuseSecondHeader(table.header, rows);
    const faults = new Map<Row, Fault>();
    const said = await sayings(ctx, rows, columns, table.header.length, faults);
    const fresh = withoutRepeated(said, seen, faults);
    const verdicts = await judgeRows(ctx, fresh, existing);
    const planned: PlannedRow[] = [];
    fresh.forEach(({ learnerId, itemId, row }, place) => {
      const verdict = verdicts[place];
      if (!verdict) return;
      if ('refused' in verdict) faults.set(row, { reason: verdict.refused });
      else {
        planned.push({ learnerId, itemId, todo: verdict });
        judged.numbers.push(row.number);
      }
    });
    judged.plan.add(planned);
    for (const row of rows) {
      const fault = faults.get(row);
      if (fault) judged.notes.add(noteOf(row, fault));
    }
  }
  if (judged.numbers.length === 0 && judged.notes.first === null) refuse('table.no_rows');
  return judged;
}

const noteOf = ({ number, cells }: Row, { reason, detail }: Fault) => ({
  row: number,
  outcome: reason === REPEATED ? ('unchanged' as const) : ('refused' as const),
  reason,
  detail,
  cells,
});

/** Two files put together: what comes after the second header was written with another meaning, or meant twice. */
function refuseSecondHeader(header: readonly string[], rows: readonly Row[]): void {
  const second = rows.find(({ cells }) => isHeader(header, cells));
  if (second) refuse('import.second_header', { row: second.number });
}

type NamedAndSaid = NamedRow & Pick<SaidRow, 'terms'> & { readonly row: Row };

/** The rows that name a learner and an item; what is wrong with the others is added to `faults`. */
async function sayings(
  ctx: Context,
  rows: readonly Row[],
  columns: Columns,
  width: number,
  faults: Map<Row, Fault>,
): Promise<NamedAndSaid[]> {
  const said: { row: Row; saying: SaidRow }[] = [];
  for (const row of rows) {
    const saying = readRow(row.cells, columns, width);
    if ('reason' in saying) faults.set(row, saying);
    else said.push({ row, saying });
  }
  const named = await resolveNames(
    ctx,
    said.map(({ saying }) => saying),
  );
  return said.flatMap(({ row, saying }, place) => {
    const ids = named[place];
    if (!ids || 'reason' in ids) {
      if (ids) faults.set(row, ids);
      return [];
    }
    return { ...ids, terms: saying.terms, row };
  });
}

const REPEATED: FileReason = 'row_repeated';

/** The first row of each pair; a later one repeats it, or contradicts it. */
function withoutRepeated(
  rows: readonly NamedAndSaid[],
  seen: Map<string, RowTerms>,
  faults: Map<Row, Fault>,
): NamedAndSaid[] {
  return rows.filter(({ learnerId, itemId, terms, row }) => {
    const pair = `${learnerId} ${itemId}`;
    const earlier = seen.get(pair);
    if (!earlier) {
      seen.set(pair, terms);
      return true;
    }
    const isSame = JSON.stringify(earlier) === JSON.stringify(terms);
    faults.set(row, { reason: isSame ? REPEATED : 'row_contradicts' });
    return false;
  });
}

async function* manyAtOnce(parts: AsyncIterable<readonly Row[]>): AsyncGenerator<readonly Row[]> {
  let some: Row[] = [];
  for await (const rows of parts) {
    some.push(...rows);
    if (some.length < ROWS_AT_ONCE) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
