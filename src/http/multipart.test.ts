import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../kernel/errors.ts';
import { splitMultipart } from './multipart.ts';

const read = (text: string, type = 'multipart/form-data; boundary=xyz') => [
  ...splitMultipart(Buffer.from(text), type, (bytes) => bytes.toString('utf8')),
];
const part = (head: string, value: string): string => `--xyz\r\n${head}\r\n\r\n${value}\r\n`;
const field = (name: string, value: string): string =>
  part(`Content-Disposition: form-data; name=${name}`, value);

test('names in quotes or without, values with line breaks and the text of the boundary', () => {
  const values = ['', 'a', 'two\r\nlines', 'see --xyz', 'Zoë', '\r\n'];
  const text = values.map((value, n) => field(n % 2 ? `"f[${n}]"` : `f[${n}]`, value)).join('');
  assert.deepEqual(
    read(`${text}--xyz--\r\n`),
    values.map((value, n) => [`f[${n}]`, value]),
  );
});

test('files are left out; what stands before the first boundary and after the last is nobody’s', () => {
  const file = part(
    'content-disposition: form-data; name="f"; filename="a.txt"\r\ncontent-type: text/plain',
    'x',
  );
  assert.deepEqual(read(`hello\r\n${file}${field('"a\\"b"', '1')}--xyz--\r\ngood bye`), [['a"b', '1']]);
  assert.deepEqual(read('--xyz--'), []);
});

test('a boundary in quotes, of any characters', () => {
  assert.deepEqual(
    read(
      '--a b:c\r\ncontent-disposition: form-data; name="f"\r\n\r\n1\r\n--a b:c--',
      'multipart/form-data; boundary="a b:c"',
    ),
    [['f', '1']],
  );
});

test('a broken form says how it is broken', () => {
  const faults: [string, RegExp, string?][] = [
    ['', /boundary does not occur/],
    ['abc', /boundary does not occur/],
    ['--xyz', /ends before its last boundary/],
    [field('a', '1'), /ends before its last boundary/],
    ['--xyz\r\ncontent-disposition: form-data; name="a"\r\n--xyz--', /the head of a part has no end/],
    [`${part('content-disposition: form-data', '1')}--xyz--`, /a part is no form-data/],
    [`${part('content-disposition: form-data; size=1', '1')}--xyz--`, /a part has no name/],
    [`${part('content-type: text/plain', '1')}--xyz--`, /a part is no form-data/],
    ['--xyz--', /names no boundary/, 'multipart/form-data'],
    ['--xyz--', /boundary is too long/, `multipart/form-data; boundary=${'b'.repeat(201)}`],
  ];
  for (const [text, message, type] of faults)
    assert.throws(
      () => read(text, type),
      (error) =>
        error instanceof Refusal && error.code === 'request.malformed_form' && message.test(error.message),
      text,
    );
});
