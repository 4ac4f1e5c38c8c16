import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../kernel/errors.ts';
import { FormReader } from './form-reader.ts';

const TYPE = 'multipart/form-data; boundary=xyz';
const field = (name: string, value: string): string =>
  `--xyz\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const fileHead = (more: string): string =>
  `--xyz\r\nContent-Disposition: form-data; name="file"; ${more}\r\nContent-Type: video/mp4\r\n\r\n`;

/** The bytes in pieces of these lengths, again and again. */
async function* pieces(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
  for (let [at, n] = [0, 0]; at < bytes.length; n++) {
    const length = lengths[n % lengths.length] ?? 1;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

async function read(form: Buffer | string, lengths: readonly number[] = [7], beside = 1_000) {
  const reader = new FormReader(pieces(Buffer.from(form), lengths), TYPE, beside);
  const name = await reader.toFile();
  const content: Buffer[] = [];
  for await (const chunk of reader.content()) content.push(Buffer.from(chunk));
  return { name, content: Buffer.concat(content) };
}

test('the file is what was sent, however it comes in pieces and whatever looks like a boundary in it', async () => {
  const nasty = fc.constantFrom('\r\n', '--xyz', '\r\n--xy', '\r', '\n', '--', 'a', '\0', '\r\n--xyZ--');
  await fc.assert(
    fc.asyncProperty(
      fc.array(nasty, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      async (parts, lengths) => {
        const content = Buffer.from(parts.join('').replaceAll('\r\n--xyz', '\r\n-xyz'), 'latin1');
        const form = Buffer.concat([
          Buffer.from(`hello\r\n${field('a', '1')}${fileHead('filename="f.mp4"')}`),
          content,
          Buffer.from(`\r\n${field('b', '2')}--xyz--\r\nbye`),
        ]);
        assert.deepEqual(await read(form, lengths), { name: 'f.mp4', content });
      },
    ),
  );
});

test('names as browsers and programs write them', async () => {
  const nameOf = async (more: string) => (await read(`${fileHead(more)}x\r\n--xyz--`)).name;
  assert.equal(await nameOf('filename="план %22A%22.mp4"'), 'план "A".mp4');
  assert.equal(await nameOf('filename="a.mp4"; filename*=UTF-8\'\'%D0%B6.mp4'), 'ж.mp4');
  assert.equal(await nameOf('filename="C:\\\\a \\"b\\".mp4"'), 'C:\\a "b".mp4');
  assert.equal(await nameOf('filename='), null);
  assert.equal(await nameOf('filename*=UTF-8\'\'%ZZ; filename="b"'), 'b');
});

test('a form without a file, with two, without an end, or with much beside is refused', async () => {
  const file = `${fileHead('filename="f"')}x\r\n`;
  const cases: [string, RegExp][] = [
    [`${field('a', '1')}--xyz--`, /it has no file/],
    ['--xyz--', /it has no file/],
    ['nothing', /its boundary does not occur/],
    [`${file}${file}--xyz--`, /more than one file/],
    [file, /ends before its last boundary/],
    [`${file.slice(0, -2)}`, /ends before its last boundary/],
    [`${file}--xyz`, /ends before its last boundary/],
    ['--xyz\r\ncontent-disposition: form-data; name="f"', /the head of a part has no end/],
    [`${field('a', 'x'.repeat(2_000))}${file}--xyz--`, /too much beside its file/],
    [`${file}--xyz--${'x'.repeat(2_000)}`, /too much beside its file/],
  ];
  for (const [form, message] of cases)
    await assert.rejects(read(form), (error) => {
      assert.ok(error instanceof Refusal, String(error));
      assert.equal(error.code, 'request.malformed_form');
      assert.match(error.message, message);
      return true;
    });
});

test('a file much larger than what may stand beside it goes through', async () => {
  const content = Buffer.alloc(300_000, 'abcdefg\r\n--xy');
  const form = Buffer.concat([
    Buffer.from(fileHead('filename="f"')),
    content,
    Buffer.from('\r\n--xyz--\r\n'),
  ]);
  assert.deepEqual((await read(form, [65_536])).content, content);
});
