import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { type CursorPage, cursorPageOrStream } from './event-stream.ts';
import { prepare } from './ready.ts';
import { route } from './route.ts';
import { object, text } from './wire.ts';

/** Server-sent events as they go out: how they are spelled, and that nothing is read ahead of who takes them. */

const Item = object({ word: text() });
const answer = cursorPageOrStream(Item, { key: 'words', xmlItem: 'word' });
const told = route({
  method: 'GET',
  path: '/words',
  operationId: 'Words',
  summary: '',
  tag: '',
  may: 'public',
  answer,
  run: async () => Promise.reject(new Error('not run')),
});

const page = (n: number, words: readonly string[]): CursorPage<{ word: string }> => ({
  items: words.map((word, place) => ({ id: `${n}.${place}`, type: 'SAID', value: { word } })),
  nextCursor: `${n}.${Math.max(words.length - 1, 0)}`,
  hasMore: true,
});

const streamOf = async (pages: AsyncIterable<CursorPage<{ word: string }>>): Promise<Readable> =>
  (await prepare(told, pages, 'sse')).body as Readable;

test('each event has its cursor, its type and one line of JSON; a page without events moves the place', async () => {
  const stream = await streamOf(
    (async function* () {
      yield page(1, ['one\ntwo', 'three']);
      yield page(2, []);
      yield { ...page(3, ['four']), nextCursor: '3.9' };
    })(),
  );
  let sent = '';
  for await (const part of stream) sent += part;
  assert.equal(
    sent,
    [
      'retry: 2000\nid: 1.0\nevent: SAID\ndata: {"word":"one\\ntwo"}',
      'id: 1.1\nevent: SAID\ndata: {"word":"three"}',
      ': \nid: 2.0',
      'id: 3.0\nevent: SAID\ndata: {"word":"four"}',
      ': \nid: 3.9',
      '',
    ].join('\n\n'),
  );
});

test('of large pages only the next is read while the last has not been taken', async () => {
  let read = 0;
  let isOver = false;
  const stream = await streamOf(
    (async function* () {
      try {
        for (;;) yield page(++read, ['x'.repeat(200_000)]);
      } finally {
        isOver = true;
      }
    })(),
  );
  const pause = () => new Promise((done) => setTimeout(done, 50));
  await pause();
  assert.ok(read <= 2, `${read} pages are read, and none is taken`);
  let taken = 0;
  for await (const part of stream) {
    taken += (part as Buffer).length;
    await pause();
    const whole = Math.floor(taken / 200_000);
    assert.ok(read <= whole + 2, `${read} pages are read, ${whole} are taken`);
    if (whole >= 5) break;
  }
  await pause();
  assert.ok(isOver, 'who goes ends it');
});
