import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { Refusal, refuse } from '../kernel/errors.ts';
import { DELIMITERS, restore } from './cells.ts';
import { decode, encodingOf, refuseOtherKinds } from './encoding.ts';

/** Reads a table: what it is written in is found out, or told by the caller. */

export interface TableOptions {
  /** Any name of the WHATWG's list; a byte order mark wins. */
  readonly encoding?: string | undefined;
  readonly delimiter?: string | undefined;
  /** How many of the cells look like names of columns; tells the right delimiter from others. */
  knows(cells: readonly string[]): number;
}

export interface Row {
  /** As spreadsheets count: the header is the first, and empty rows have a number, too. */
  readonly number: number;
  readonly cells: readonly string[];
}

export interface Table {
  readonly encoding: string;
  readonly delimiter: string;
  readonly header: readonly string[];
  /** Every row below the header that is not empty, some hundred at a time; from the start each time it is asked. */
  rows(): AsyncGenerator<readonly Row[]>;
}

/** A row with more is a file in which something else is wrong, such as a quote that is never closed. */
const MAX_ROW_CHARACTERS = 100_000;
const MAX_COLUMNS = 500;
/** Rows of one file. */
const MAX_ROWS = 500_000;
const ROWS_AT_ONCE = 500;
/** Enough for any header. */
const START_CHARACTERS = MAX_ROW_CHARACTERS;

/** Opens a table and reads its header. Refuses `table.empty`, `table.not_text`, `table.malformed`; its rows, `table.too_long` too. */
export async function openTable(bytes: Buffer, options: TableOptions): Promise<Table> {
  refuseOtherKinds(bytes);
  const encoding = encodingOf(bytes, options.encoding);
  const start = await startOf(bytes, encoding);
  // A line of its own by which some spreadsheets tell each other the delimiter.
  const declared = /^sep=(.)\r?\n/i.exec(start);
  const delimiter = options.delimiter ?? declared?.[1] ?? delimiterOf(start, options);
  const format = { delimiter, fromLine: declared ? 2 : 1 };
  const rows = () => readRows(decode(bytes, encoding), format);
  for await (const [first] of rows()) {
    if (!first) continue;
    refuseTooWide(first);
    return { encoding, delimiter, header: first.cells, rows: () => withoutFirst(rows()) };
  }
  return refuse('table.empty');
}

async function startOf(bytes: Buffer, encoding: string): Promise<string> {
  let start = '';
  for await (const text of decode(bytes, encoding)) {
    start += text;
    if (start.length >= START_CHARACTERS) break;
  }
  return start;
}

/** The one by which the first row falls into cells that are known; among equals, into the most. */
function delimiterOf(start: string, { knows }: TableOptions): string {
  const [line = ''] = /^[^\r\n]+/m.exec(start) ?? [];
  const unquoted = (cell: string): string => cell.trim().replace(/^"(.*)"$/, '$1');
  const choices = Object.values(DELIMITERS).map((delimiter) => {
    const cells = line.split(delimiter).map(unquoted);
    return { delimiter, known: knows(cells), count: cells.length };
  });
  choices.sort((a, b) => b.known - a.known || b.count - a.count);
  return choices[0]?.delimiter ?? ',';
}

function refuseTooWide({ number, cells }: Row): void {
  if (cells.length > MAX_COLUMNS)
    refuse('table.malformed', {
      line: number,
      detail: `it has ${cells.length} columns, and ${MAX_COLUMNS} are the most`,
    });
}

async function* readRows(
  text: AsyncGenerator<string>,
  { delimiter, fromLine }: { delimiter: string; fromLine: number },
): AsyncGenerator<readonly Row[]> {
  const parser = parse({
    delimiter,
    from_line: fromLine,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: MAX_ROW_CHARACTERS,
  });
  // What the source or the parser throws is thrown by the loop.
  pipeline(Readable.from(text), parser, () => undefined);
  let some: Row[] = [];
  let number = 0;
  let count = 0;
  try {
    for await (const record of parser as AsyncIterable<readonly string[]>) {
      number++;
      if (record.every((cell) => cell.trim() === '')) continue;
      if (++count > MAX_ROWS + 1) refuse('table.too_long', { limit: MAX_ROWS });
      some.push({ number, cells: record.map(restore) });
      if (some.length < ROWS_AT_ONCE) continue;
      yield some;
      some = [];
    }
  } catch (error) {
    throw error instanceof CsvError ? malformed(error) : error;
  }
  if (some.length > 0) yield some;
}

async function* withoutFirst(rows: AsyncGenerator<readonly Row[]>): AsyncGenerator<readonly Row[]> {
  let isFirst = true;
  for await (const some of rows) {
    yield isFirst ? some.slice(1) : some;
    isFirst = false;
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'the file ends within a cell in quotes: the quote is never closed',
  CSV_INVALID_CLOSING_QUOTE:
    'after a cell in quotes comes something else than a delimiter; a quote within it is written twice',
  INVALID_OPENING_QUOTE:
    'a quote stands in the middle of a cell; such a cell is put in quotes, and the quote within it is written twice',
  CSV_MAX_RECORD_SIZE: `a row has more than ${MAX_ROW_CHARACTERS} characters; perhaps a quote is never closed`,
};

function malformed(error: CsvError): Refusal {
  const { lines } = error as unknown as { lines?: number };
  const detail = FAULTS[error.code] ?? error.message.split('\n')[0] ?? 'it cannot be read';
  return new Refusal('table.malformed', { line: lines ?? 1, detail });
}
