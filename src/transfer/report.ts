import type { Context } from '../access/index.ts';
import { type Outcome, outcomesOf, type RowPlan } from '../enrollment/index.ts';
import { refuse } from '../kernel/errors.ts';
import { readOperation } from '../operations/index.ts';
import { BOM, csvLine } from '../tables/index.ts';
import { expiredAt, Notes, type Reading, unpackNumbers } from './notes.ts';
import { findFile } from './queries.ts';
import { explain, type FileReason } from './reasons.ts';

/** What became of a file, row by row. */

export interface RowOutcome {
  /** As spreadsheets count: the header is the first. */
  readonly row: number;
  readonly outcome: Outcome['outcome'];
  readonly reason?: FileReason | undefined;
  readonly detail?: string | undefined;
  readonly learnerId?: string | undefined;
  readonly courseId?: string | undefined;
  readonly enrollmentId?: string | undefined;
}

export interface ImportReport {
  /** Of a trial there is none. */
  readonly operationId: string | undefined;
  readonly reading: Reading;
  readonly summary: Readonly<Record<Outcome['outcome'], number>>;
  /** In their order; all of them, or those with an outcome. */
  rows(outcome?: Outcome['outcome']): AsyncIterable<readonly RowOutcome[]>;
  /**
   * The rows that were refused, as they came, with the reason beside each: to be mended and imported again. A row that
   * was overtaken while it was written has only its ids.
   */
  errorFile(): AsyncIterable<string>;
}

/** What the report of an import is made from, beside the operation. */
interface Kept {
  readonly reading: Reading;
  readonly notes: Notes;
  readonly numbers: readonly number[];
}

/** The report of what was written: the operation's outcomes, and the notes of rows that never came to it. */
export async function reportOf(ctx: Context, operationId: string, kept: Kept): Promise<ImportReport> {
  const { reading, notes, numbers } = kept;
  const { operation, outcomes } = await outcomesOf(ctx, operationId);
  return {
    operationId,
    reading,
    summary: {
      created: operation.created,
      changed: operation.changed,
      unchanged: operation.unchanged + notes.unchanged,
      refused: operation.refused + notes.refused,
    },
    // Whoever asks for what was refused does not wait for a hundred thousand other rows.
    rows: (outcome) =>
      merged(notes, numbers, outcome === 'refused' && operation.refused === 0 ? NONE : outcomes, outcome),
    errorFile: async function* () {
      yield* writeErrors(kept, operation.refused > 0 ? (await outcomesOf(ctx, operationId)).outcomes : NONE);
    },
  };
}

/** The same again, at any time while the file is kept. Refuses `operation.unknown` and `import.no_file`. */
export async function reportAgain(ctx: Context, operationId: string): Promise<ImportReport> {
  // First: what is kept of a file is for whoever may see its operation.
  await readOperation(ctx, operationId);
  return reportOf(ctx, operationId, await keptOf(ctx, operationId));
}

async function keptOf(ctx: Context, operationId: string): Promise<Kept> {
  const { accountId } = ctx.caller;
  const file = await ctx.read((tx) => findFile(tx, accountId, operationId, expiredAt(ctx.now)));
  if (!file) return refuse('import.no_file', { ids: operationId });
  return { ...Notes.fromBytes(file.notes), numbers: unpackNumbers(file.rowNumbers) };
}

const OUTCOME = { create: 'created', change: 'changed', leave: 'unchanged' } as const;

/** What a trial tells: the same report, of what would be written. */
export function reportOfTrial(
  reading: Reading,
  { plan, notes, numbers }: Pick<Kept, 'notes' | 'numbers'> & { readonly plan: RowPlan },
): ImportReport {
  const { create, change, leave } = plan.counts;
  const summary = {
    created: create,
    changed: change,
    unchanged: leave + notes.unchanged,
    refused: notes.refused,
  };
  return {
    operationId: undefined,
    reading,
    summary,
    rows: (outcome) => merged(notes, numbers, wouldBe(plan), outcome),
    errorFile: () => writeErrors({ reading, notes, numbers }, NONE),
  };
}

async function* wouldBe(plan: RowPlan): AsyncGenerator<Outcome[]> {
  for (const part of plan.parts())
    yield part.map(({ learnerId, itemId, todo }) => ({
      learnerId,
      itemId,
      outcome: OUTCOME[todo.do],
      reason: todo.do === 'leave' ? 'already_enrolled' : undefined,
      enrollmentId: undefined,
    }));
}

const ROWS_AT_ONCE = 1_000;

type Outcomes = AsyncIterable<readonly Outcome[]> | readonly (readonly Outcome[])[];
const NONE: Outcomes = [];

async function* merged(
  notes: Iterable<NoteLike>,
  numbers: readonly number[],
  outcomes: Outcomes,
  wanted: Outcome['outcome'] | undefined,
): AsyncGenerator<readonly RowOutcome[]> {
  let some: RowOutcome[] = [];
  let seen = 0;
  for await (const row of rowByRow(notes, numbers, outcomes)) {
    // Where few rows are wanted nobody waits for the network in between, and others would wait for us.
    if (++seen % ROWS_AT_ONCE === 0) await new Promise((done) => setImmediate(done));
    if (wanted && row.outcome !== wanted) continue;
    some.push(row);
    if (some.length < ROWS_AT_ONCE) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

/** Outcomes, each with the next of the numbers, and between them the notes. */
async function* rowByRow(
  notes: Iterable<NoteLike>,
  numbers: readonly number[],
  outcomes: Outcomes,
): AsyncGenerator<RowOutcome> {
  const noted = notes[Symbol.iterator]();
  let note = noted.next();
  let place = 0;
  for await (const page of outcomes)
    for (const { itemId, ...outcome } of page) {
      const row = numbers[place++] ?? 0;
      for (; !note.done && note.value.row < row; note = noted.next()) yield fromNote(note.value);
      yield { row, ...outcome, courseId: itemId };
    }
  for (; !note.done; note = noted.next()) yield fromNote(note.value);
}

type NoteLike = Omit<RowOutcome, 'reason'> & { readonly reason: FileReason };

const fromNote = ({ row, outcome, reason, detail }: NoteLike): RowOutcome => ({
  row,
  outcome,
  reason,
  detail,
});

/** Beside each row of the file of errors. */
const ERROR_COLUMNS = ['row', 'reason', 'detail'];

/** A file of errors that was mended and imported has these columns already. */
const withoutErrors = (header: readonly string[]): readonly string[] =>
  header.slice(-ERROR_COLUMNS.length).join() === ERROR_COLUMNS.join()
    ? header.slice(0, -ERROR_COLUMNS.length)
    : header;

async function* writeErrors({ reading, notes, numbers }: Kept, overtaken: Outcomes): AsyncGenerator<string> {
  const { members, delimiter } = reading;
  const header = withoutErrors(reading.header);
  const width = header.length;
  const line = (
    cells: readonly string[],
    row: number,
    reason: FileReason,
    detail: string | undefined,
  ): string =>
    csvLine(
      [
        ...Array.from({ length: width }, (_, place) => cells[place] ?? ''),
        String(row),
        reason,
        detail ?? explain(reason),
      ],
      delimiter,
    );
  let text = BOM + csvLine([...header, ...ERROR_COLUMNS], delimiter);
  for (const { row, outcome, reason, detail, cells } of notes) {
    if (outcome !== 'refused') continue;
    text += line(cells, row, reason, detail);
    if (text.length < PART_CHARACTERS) continue;
    yield text;
    text = '';
  }
  yield text;
  let place = 0;
  for await (const page of overtaken)
    for (const { outcome, reason, learnerId, itemId } of page) {
      const row = numbers[place++] ?? 0;
      if (outcome !== 'refused' || !reason) continue;
      // By ids, if there are columns for them.
      const cells = members.map((member) =>
        member && /^learner(Id)?$/.test(member)
          ? learnerId
          : member && /^course(Id)?$/.test(member)
            ? itemId
            : '',
      );
      yield line(cells, row, reason, `${explain(reason)} Learner ${learnerId}, content item ${itemId}.`);
    }
}

const PART_CHARACTERS = 64 * 1024;
