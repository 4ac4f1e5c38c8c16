import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../kernel/hash.ts';
import { cancelledSince, type Entry, reconcile, selectEntries, type Told, windowStart } from './rules.ts';

/** What is told over time, against a model, and against a calendar program that only merges what it is told. */

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);

/** A state of the world: of each source nothing, or when it starts and what is said of it. */
type State = readonly (readonly [day: number, words: number] | null)[];

const entriesOf = (state: State): Entry[] =>
  state.flatMap((one, source) => {
    if (one === null) return [];
    const [day, words] = one;
    return {
      sourceId: String(source),
      startsAt: new Date(START + day * DAY_MS),
      durationSeconds: null,
      summary: String(words),
      digest: sha256(`${day} ${words}`),
    };
  });

const MAX = 4;
const states: fc.Arbitrary<readonly { state: State; days: number }[]> = fc.array(
  fc.record({
    state: fc.array(fc.option(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 2 })), { freq: 3 }), {
      minLength: 7,
      maxLength: 7,
    }),
    days: fc.nat({ max: 20 }),
  }),
  { minLength: 1, maxLength: 20 },
);

test('a sequence is one higher if and only if what is told of the event is other than it was', () => {
  fc.assert(
    fc.property(states, (steps) => {
      const kept = new Map<string, Told>();
      let now = new Date(START);
      for (const { state, days } of steps) {
        now = new Date(now.getTime() + days * DAY_MS);
        const inSight = entriesOf(state).filter(({ startsAt }) => startsAt >= windowStart(now));
        const { shown, until } = selectEntries(inSight, MAX);
        const { told, changes, cancelled } = reconcile(shown, [...kept.values()], { now, until });
        for (const event of changes) {
          const last = kept.get(event.sourceId);
          assert.equal(event.sequence, last ? last.sequence + 1 : 0);
          const isSame = last?.digest.equals(event.digest) && !last.cancelledAt === !event.cancelledAt;
          assert.ok(!isSame, 'a change changes something');
          assert.equal(event.changedAt, now);
        }
        for (const entry of shown) {
          const event = told.get(entry.sourceId);
          assert.ok(event?.digest.equals(entry.digest) && event.cancelledAt === null);
        }
        for (const event of cancelled) {
          assert.ok(
            !told.has(event.sourceId) && event.cancelledAt && event.cancelledAt > cancelledSince(now),
          );
          const exists = inSight.some(({ sourceId }) => sourceId === event.sourceId);
          assert.ok(!exists || until !== null, 'what is there is not told to be cancelled');
        }
        for (const event of changes) kept.set(event.sourceId, event);
        const again = reconcile(shown, [...kept.values()], { now, until });
        assert.deepEqual(again.changes, [], 'told once');
      }
    }),
  );
});

test('a program that only merges has in sight just what there is', () => {
  fc.assert(
    fc.property(states, (steps) => {
      const kept = new Map<string, Told>();
      const merged = new Map<string, Told>();
      let now = new Date(START);
      for (const { state, days } of steps) {
        now = new Date(now.getTime() + Math.min(days, 5) * DAY_MS);
        const entries = entriesOf(state).filter(({ startsAt }) => startsAt >= windowStart(now));
        const { told, changes, cancelled } = reconcile(entries, [...kept.values()], { now, until: null });
        for (const event of changes) kept.set(event.sourceId, event);
        for (const event of [...told.values(), ...cancelled])
          if (event.sequence >= (merged.get(event.sourceId)?.sequence ?? 0))
            merged.set(event.sourceId, event);
        const inSight = [...merged.values()].filter(
          (event) => event.cancelledAt === null && event.startsAt >= windowStart(now),
        );
        assert.deepEqual(
          inSight.map((event) => `${event.sourceId} ${event.digest.toString('hex')}`).sort(),
          entries.map((entry) => `${entry.sourceId} ${entry.digest.toString('hex')}`).sort(),
        );
      }
    }),
  );
});

test('of too many the first are shown, and those beyond are not told to be cancelled', () => {
  const now = new Date(START);
  const all = entriesOf([
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 0],
  ]);
  const before = [...reconcile(all, [], { now, until: null }).told.values()];
  const { shown, until } = selectEntries(all, 2);
  assert.deepEqual(
    shown.map(({ sourceId }) => sourceId),
    ['0', '1'],
  );
  assert.deepEqual(until, new Date(START + 2 * DAY_MS));
  assert.deepEqual(reconcile(shown, before, { now, until }).changes, []);
  assert.equal(selectEntries(all, 4).until, null);
});
