/**
 * Tables as text files: bytes of whatever encoding and delimiter ↔ rows of cells. Knows no word of the field, only what
 * spreadsheets do to such files, and what such files do to spreadsheets.
 */
export { csvLine, DELIMITERS, type Delimiter, guard, restore } from './cells.ts';
export { BOM, encoderFor, OUTPUT_ENCODINGS, type OutputEncoding } from './encoding.ts';
export { openTable, type Row, type Table, type TableOptions } from './read.ts';
