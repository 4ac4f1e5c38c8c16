/** A value that needs no quotes in an array: a checked UUID, a word of our own; never text that somebody wrote. */
type Plain = string | number | bigint | boolean | Date | Buffer | null;

/**
 * One column of rows to be unnested, as a PostgreSQL array literal: one string instead of an element each for the driver
 * to quote, which small requests would feel.
 */
export const column = <Row>(rows: readonly Row[], pick: (row: Row, place: number) => Plain): string =>
  `{${rows.map((row, place) => literalOf(pick(row, place))).join(',')}}`;

function literalOf(value: Plain): string {
  if (value === null) return 'NULL';
  if (value instanceof Date) return value.toISOString();
  return Buffer.isBuffer(value) ? `\\\\x${value.toString('hex')}` : String(value);
}
