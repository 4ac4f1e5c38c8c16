import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { csvLine, DELIMITERS, guard, restore } from './cells.ts';
import { openTable } from './read.ts';

const RUNNABLE = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/** Texts that begin like a formula, or like a guarded one, more often than chance would have it. */
const cell = fc
  .tuple(
    fc.stringMatching(/^'{0,3}$/),
    fc.constantFrom('', ...RUNNABLE),
    fc.string({ unit: fc.constantFrom(...'ab1 "\',;|=+-@äЖ日\n\t\r') }),
  )
  .map((parts) => parts.join(''));

describe('cells that a spreadsheet would run', () => {
  test('none is written unguarded, and each is read back as it was', () => {
    fc.assert(
      fc.property(cell, (text) => {
        assert.equal(restore(guard(text)), text);
        assert.ok(!RUNNABLE.includes(guard(text).charAt(0)), guard(text));
        if (guard(text) !== text) assert.equal(guard(text), `'${text}`);
      }),
      { numRuns: 20_000 },
    );
  });

  test('plain cells stay as they are', () => {
    for (const text of ['', 'Anna', "O'Brien", "'quoted'", '5-3', 'a=b', '2026-03-02T08:00:00Z'])
      assert.equal(guard(text), text);
  });

  test('whatever stands in cells, and whatever delimits them, a file is read back as it was written', async () => {
    const rows = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(...Object.values(DELIMITERS)), async (written, delimiter) => {
        const text = [['first', 'second', 'third'], ...written]
          .map((cells) => csvLine(cells, delimiter))
          .join('');
        const table = await openTable(Buffer.from(text), { delimiter, knows: () => 0 });
        const read: (readonly string[])[] = [];
        for await (const some of table.rows()) read.push(...some.map(({ cells }) => cells));
        // A row of blanks is an empty row.
        const notEmpty = written.filter((cells) => cells.some((one) => guard(one).trim() !== ''));
        assert.deepEqual(read, notEmpty);
      }),
      { numRuns: 300 },
    );
  });
});
