import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterPosition } from '../enrollment/index.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { type Aged, cutBefore, isForgotten } from './places.ts';

/** Where events are cut off, whatever is read at a time; and cursors. */

const at = (day: number): Date => new Date(Date.UTC(2026, 0, 1 + day));
const chunk = (position: number, day: number): Aged => ({ position: BigInt(position), at: at(day) });
const event = (number: number, position: number, day: number): Aged => ({
  number: BigInt(number),
  position: BigInt(position),
  at: at(day),
});
const EVERYTHING = { position: 1_000n, events: 1_000n };

/** Chunks 1 to 6 and events 1 to 6, a day each; events 1 and 2 come before chunk 1, 3 to 5 after 3, 6 after 6. */
const CHUNKS = [1, 2, 3, 4, 5, 6].map((n) => chunk(n, n + (n > 3 ? 3 : 0)));
const EVENTS = [
  event(1, 0, 0),
  event(2, 0, 0),
  event(3, 3, 4),
  event(4, 3, 5),
  event(5, 3, 6),
  event(6, 6, 10),
];

/** Cut again and again, some at a time, as the job does. */
function cut(before: Date, atOnce: number, limit = EVERYTHING): string {
  let kept = { position: 0n, events: 0n };
  for (;;) {
    const chunks = CHUNKS.filter(({ position }) => position > kept.position).slice(0, atOnce);
    const events = EVENTS.filter(({ number }) => (number ?? 0n) > kept.events).slice(0, atOnce);
    const next = cutBefore(kept, { chunks, events, atOnce }, before, limit);
    if (next.position === kept.position && next.events === kept.events)
      return `${kept.position} ${kept.events}`;
    kept = next;
  }
}

test('everything before an instant is cut off, in order, however few are read at a time', () => {
  for (const atOnce of [1, 2, 3, 100]) {
    assert.equal(cut(at(0), atOnce), '0 0');
    assert.equal(cut(at(1), atOnce), '0 2');
    assert.equal(cut(at(3), atOnce), '2 2');
    assert.equal(cut(at(6), atOnce), '3 4');
    assert.equal(cut(at(8), atOnce), '4 5');
    assert.equal(cut(at(99), atOnce), '6 6');
  }
});

test('an older one that stands after a younger one is kept', () => {
  const lists = { chunks: [chunk(1, 5), chunk(2, 1)], events: [event(1, 2, 0)], atOnce: 10 };
  assert.deepEqual(cutBefore({ position: 0n, events: 0n }, lists, at(3), EVERYTHING), {
    position: 0n,
    events: 0n,
  });
});

test('nothing is cut off that somebody is still to be told', () => {
  assert.equal(cut(at(99), 100, { position: 3n, events: 4n }), '3 4');
  assert.equal(cut(at(99), 100, { position: 2n, events: 1_000n }), '2 2');
});

test('a place is forgotten when something after it is', () => {
  const kept = { position: 4n, events: 7n };
  const place = (position: bigint, number: bigint) => ({ ...afterPosition(position), number });
  assert.equal(isForgotten(place(4n, 7n), kept), false);
  assert.equal(isForgotten(place(5n, 7n), kept), false);
  assert.equal(isForgotten(place(4n, 6n), kept), true);
  assert.equal(isForgotten(place(3n, 7n), kept), true);
  assert.equal(isForgotten({ ...place(4n, 7n), ordinal: 3 }, kept), true);
});

test('a cursor is read as it was written; any changed character is noticed', () => {
  const place = {
    position: 123_456_789n,
    itemId: '3fa85f64-5717-4562-b3fc-2c963f66afa6',
    ordinal: 77,
    number: 42n,
  };
  const cursor = writeCursor(12, place);
  assert.deepEqual(readCursor(12, cursor, 'after'), place);
  assert.throws(() => readCursor(13, cursor, 'after'), /another account/);
  for (let n = 0; n < cursor.length; n++) {
    const changed = `${cursor.slice(0, n)}${cursor[n] === 'x' ? 'y' : 'x'}${cursor.slice(n + 1)}`;
    assert.throws(() => readCursor(12, changed, 'after'), /is not a cursor of this list/, `character ${n}`);
  }
});
