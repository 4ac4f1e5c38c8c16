import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refusal } from '../kernel/errors.ts';
import { openTable, type Row } from './read.ts';

const NAMES = ['name', 'kurs', 'имя', 'città'];
const knows = (cells: readonly string[]): number => cells.filter((cell) => NAMES.includes(cell)).length;

async function read(bytes: Buffer | string, options: { encoding?: string; delimiter?: string } = {}) {
  const table = await openTable(Buffer.from(bytes as string), { ...options, knows });
  const rows: Row[] = [];
  for await (const some of table.rows()) rows.push(...some);
  return { ...table, cells: rows.map((row) => row.cells), numbers: rows.map((row) => row.number) };
}

const refusal = async (bytes: Buffer | string, options: { encoding?: string } = {}): Promise<string> => {
  try {
    await read(bytes, options);
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`;
    throw error;
  }
  return assert.fail('it was read');
};

/** One byte a letter, as old programs write. */
const codePage = (name: string, text: string): Buffer => {
  const letters = new TextDecoder(name).decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  return Buffer.from([...text].map((letter) => letters.indexOf(letter)));
};
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

describe('what a table is written in', () => {
  const WESTERN = 'name;città\r\nJürgen Müller;Forlì\r\nZoë;Málaga\r\n';
  const CYRILLIC = 'имя;kurs\r\nАнна Ковалёва;Основы\r\n';

  const CASES: readonly (readonly [string, Buffer, string, string])[] = [
    ['UTF-8', Buffer.from(WESTERN), WESTERN, 'utf-8'],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${CYRILLIC}`), CYRILLIC, 'utf-8'],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${CYRILLIC}`, 'utf16le'), CYRILLIC, 'utf-16le'],
    ['UTF-16, the other way round', utf16be(`\ufeff${WESTERN}`), WESTERN, 'utf-16be'],
    ['UTF-16 without a mark', Buffer.from(WESTERN, 'utf16le'), WESTERN, 'utf-16le'],
    ['UTF-16 without a mark, the other way round', utf16be(WESTERN), WESTERN, 'utf-16be'],
    ['the Western code page', codePage('windows-1252', WESTERN), WESTERN, 'windows-1252'],
    ['the Cyrillic code page', codePage('windows-1251', CYRILLIC), CYRILLIC, 'windows-1251'],
  ];
  for (const [what, bytes, text, encoding] of CASES)
    test(`${what} is recognised`, async () => {
      const [header, ...rows] = text
        .trim()
        .split('\r\n')
        .map((line) => line.split(';'));
      const table = await read(bytes);
      assert.equal(table.encoding, encoding);
      assert.equal(table.delimiter, ';');
      assert.deepEqual(table.header, header);
      assert.deepEqual(table.cells, rows);
    });

  test('an encoding can be named, by any of its names; a mark wins', async () => {
    const polish = 'name;kurs\r\nŁukasz;Źródło\r\n';
    assert.deepEqual((await read(codePage('windows-1250', polish), { encoding: 'cp1250' })).cells, [
      ['Łukasz', 'Źródło'],
    ]);
    assert.equal(
      (await read(Buffer.from('\ufeffname\r\nä'), { encoding: 'windows-1252' })).encoding,
      'utf-8',
    );
  });

  test('letters are read right wherever the parts of a large file are cut', async () => {
    const rows = Array.from({ length: 30_000 }, (_, n) => [`Ünïcode ${n}`, 'Жук 日本']);
    const text = ['name,kurs', ...rows.map((row) => row.join(','))].join('\r\n');
    for (const bytes of [Buffer.from(text), Buffer.from(`\ufeff${text}`, 'utf16le')])
      assert.deepEqual((await read(bytes)).cells, rows);
  });

  for (const [name, delimiter] of Object.entries({ comma: ',', semicolon: ';', tab: '\t', pipe: '|' }))
    test(`the delimiter ${name} is recognised, also where others stand in cells`, async () => {
      const others = [',', ';', '|'].filter((other) => other !== delimiter).join(' ');
      const table = await read(`name${delimiter}kurs\n${others}${delimiter}b\n`);
      assert.equal(table.delimiter, delimiter);
      assert.deepEqual(table.cells, [[others, 'b']]);
    });

  test('a line that declares the delimiter is no header', async () => {
    const table = await read('sep=|\r\nname|kurs\r\na,b|c;d\r\n');
    assert.deepEqual([table.header, table.cells, table.numbers], [['name', 'kurs'], [['a,b', 'c;d']], [2]]);
  });

  test('line ends of every kind, mixed, and none at the end', async () => {
    assert.deepEqual((await read('name,kurs\r\na,b\nc,d\re,"f\r\ng"\r\nh,i')).cells, [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f\r\ng'],
      ['h', 'i'],
    ]);
  });

  test('rows have the numbers that spreadsheets give them, empty ones included', async () => {
    const table = await read('name,kurs\n\na,"b\nc"\n,\n  ,\nd,e\n');
    assert.deepEqual(table.numbers, [3, 6]);
  });
});

describe('a broken file says what is wrong with it', () => {
  const random = Buffer.from(Array.from({ length: 5_000 }, (_, n) => (n * 7919 + (n >> 3)) % 256));
  const CASES: readonly (readonly [string, Buffer | string, RegExp])[] = [
    ['empty', '', /^table\.empty: The file is empty\.$/],
    ['blank lines only', '\r\n \r\n,,\r\n', /^table\.empty/],
    ['a mark and nothing else', '\ufeff', /^table\.empty/],
    ['binary', random, /^table\.not_text: .* has the control character U\+00/],
    ['a workbook', Buffer.from('PK\u0003\u0004…'), /^table\.not_text: .*workbook.*save the sheet as CSV/],
    ['an old workbook', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), /^table\.not_text: .*\(\.xls\)/],
    ['a PDF', Buffer.from('%PDF-1.7'), /^table\.not_text: .*PDF/],
    ['NUL bytes', 'name,kurs\na,b\u0000\n', /^table\.not_text: .*U\+0000/],
    [
      'a quote that is never closed',
      'name,kurs\na,b\n"c,d\n',
      /^table\.malformed: .*the quote is never closed \(line 3\)/,
    ],
    ['a quote within a cell', 'name,kurs\na"b,c\n', /^table\.malformed: .*middle of a cell.* \(line 2\)/],
    [
      'text after a closing quote',
      'name,kurs\n"a"b,c\n',
      /^table\.malformed: .*after a cell in quotes.*line 2/,
    ],
    [
      'a huge cell',
      `name,kurs\na,${'b'.repeat(200_000)}\n`,
      /^table\.malformed: .*more than 100000 characters/,
    ],
    [
      'a million columns',
      `${'name,'.repeat(1_000_000)}\na,b\n`,
      /^table\.malformed: .*more than 100000 char/,
    ],
    ['a thousand columns', `${'a,'.repeat(1_000)}\na,b\n`, /^table\.malformed: .*1001 columns, and 500/],
    ['too many rows', `name\n${'a\n'.repeat(500_001)}`, /^table\.too_long: .*500000 rows/],
  ];
  for (const [what, bytes, message] of CASES)
    test(what, async () => {
      assert.match(await refusal(bytes), message);
    });

  test('another encoding than was named', async () => {
    const bytes = codePage('windows-1252', 'name\r\nMüller\r\n');
    assert.match(await refusal(bytes, { encoding: 'utf-8' }), /^table\.not_text: .*bytes are not utf-8/);
    assert.match(
      await refusal(bytes, { encoding: 'ebcdic' }),
      /^request\.invalid: encoding: "ebcdic" is none/,
    );
  });
});
