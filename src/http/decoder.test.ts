import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Refusal } from '../kernel/errors.ts';
import { PackedIds } from '../kernel/id-set.ts';
import { newId } from '../kernel/ids.ts';
import type { decodeBody } from './body.ts';
import { validate } from './decode.ts';
import { Decoder } from './decoder.ts';
import * as wire from './wire.ts';

/** A large body read in another thread is what a small one is, read here. */

const Body = wire.object({
  courseIds: wire.idSet({ min: 1 }),
  others: wire.optional(wire.ids()),
  name: wire.optional(wire.text()),
});
const COUNT = 30_000;
const ids = Array.from({ length: COUNT }, newId);
const shuffled = [...ids].sort(() => Math.random() - 0.5);
const twice = [...shuffled, ...shuffled.slice(0, 100).map((id) => id.toUpperCase())];
const elements = (list: readonly string[]): string => list.map((id) => `<id>${id}</id>`).join('');

const BODIES: Record<string, [Parameters<typeof decodeBody>[2], string]> = {
  JSON: ['json', JSON.stringify({ courseIds: twice, others: twice, name: 'ä' })],
  XML: [
    'xml',
    `<r><courseIds>${elements(twice)}</courseIds><others>${elements(twice)}</others><name>ä</name></r>`,
  ],
  'a form': [
    'urlencoded',
    `name=%C3%A4&${twice.map((id) => `courseIds[]=${id}`).join('&')}&${twice.map((id) => `others[]=${id}`).join('&')}`,
  ],
};

/** As a socket gives it: cut anywhere, also within a character. */
function inParts(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / 65_537) }, (_, n) =>
    bytes.subarray(n * 65_537, (n + 1) * 65_537),
  );
}

describe('large bodies', () => {
  const decoder = new Decoder();
  after(() => decoder.close());
  const read = async (kind: Parameters<typeof decodeBody>[2], text: string) =>
    validate(Body, await decoder.decode(Body.shape, inParts(text), kind, '', {}));

  for (const [name, [kind, text]] of Object.entries(BODIES))
    test(`${name}: a set comes sorted and distinct, a list as it was written`, async () => {
      const body = await read(kind, text);
      assert.ok(body.courseIds instanceof PackedIds);
      assert.deepEqual(body.courseIds.slice(0, COUNT + 1), ids);
      assert.deepEqual(
        body.others,
        twice.map((id) => id.toLowerCase()),
      );
      assert.equal(body.name, 'ä');
    });

  const refused = async (kind: Parameters<typeof decodeBody>[2], text: string): Promise<string> => {
    try {
      await read(kind, text);
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      throw error;
    }
    throw new Error('nothing was refused');
  };

  test('faults are told as for a small body', async () => {
    const bad = [...ids];
    bad[20_000] = 'no id';
    assert.equal(
      await refused('json', JSON.stringify({ courseIds: bad })),
      'courseIds[20000]: must be a UUID, got no id.',
    );
    assert.match(
      await refused('json', JSON.stringify({ courseIds: bad.map((_, place) => place) })),
      /^courseIds\[0\]: must be a UUID, got 0; .*courseIds: and 29991 more ids are no UUIDs\.$/,
    );
    assert.match(
      await refused('json', `{"courseIds":[${'1,'.repeat(40_000)}]}`),
      /not well-formed JSON.*line 1/,
    );
    assert.match(await refused('xml', `<r>${elements(ids)}</s>`), /not well-formed XML.*line 1/);
    assert.equal(
      await refused('json', JSON.stringify({ name: 'x'.repeat(9_000), z: ids })),
      'courseIds: is required.',
    );
    assert.equal(
      await refused('json', JSON.stringify({ courseIds: [], z: ids })),
      'courseIds: must not be empty.',
    );
  });

  test('many at once are each answered with their own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        read('json', JSON.stringify({ courseIds: ids.slice(n), others: [ids[n]] })),
      ),
    );
    answers.forEach((body, n) => {
      assert.equal(body.courseIds.length, COUNT - n);
      assert.deepEqual(body.others, [ids[n]]);
    });
  });

  test('after its thread was lost the next body finds a new one', async () => {
    await decoder.close();
    const body = await read('json', JSON.stringify({ courseIds: ids }));
    assert.equal(body.courseIds.length, COUNT);
  });
});
