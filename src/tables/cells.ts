/** How a cell is written, and what is read from it. */

/** By the names under which callers choose them. */
export const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const;
export type Delimiter = keyof typeof DELIMITERS;

/**
 * What a spreadsheet would take for a formula, by its first character. The wide forms are read as the narrow ones where
 * Chinese, Japanese or Korean is written. An apostrophe before such a cell is one of ours, or could be taken for one.
 */
const RUNNABLE = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const GUARDED = /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The cell with an apostrophe before whatever a spreadsheet would run. {@link restore} takes it away again. */
export const guard = (cell: string): string => (RUNNABLE.test(cell) ? `'${cell}` : cell);

/** The other way round: for every text, restore(guard(text)) is that text. */
export const restore = (cell: string): string => (GUARDED.test(cell) ? cell.slice(1) : cell);

/** In quotes wherever one of the delimiters occurs: a spreadsheet may split by another than ours. */
const quoted = (cell: string): string =>
  /[",;\t|\r\n]/.test(cell) || cell.trim() !== cell ? `"${cell.replaceAll('"', '""')}"` : cell;

/** A record of RFC 4180, guarded. */
export const csvLine = (cells: readonly string[], delimiter: string): string =>
  `${cells.map((cell) => quoted(guard(cell))).join(delimiter)}\r\n`;
