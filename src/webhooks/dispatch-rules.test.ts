import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { afterPosition, ordinalAt, WHOLE_EVENT } from '../enrollment/index.ts';
import type { FeedEvent } from '../feed/index.ts';
import { afterFailure, compose, cutAsBefore, cutEvents, goesBeyond, isSamePlace } from './dispatch-rules.ts';

const SINCE = new Date('2026-03-02T09:00:00Z');
const later = (seconds: number): Date => new Date(SINCE.getTime() + seconds * 1000);
const TYPE = 'LEARNERS_ENROLLED_IN_COURSE';
const subscription = (filters = {}, sincePosition = 0n) => [
  { subscriptionType: TYPE as typeof TYPE, filters, sincePosition, sinceEvent: 0n },
];
const event = (position: number, itemId: string, learners: number, eventType = TYPE as typeof TYPE) => ({
  pairs: {
    position: BigInt(position),
    chunk: BigInt(position),
    operationId: `operation ${position}`,
    itemId,
    eventType,
    learners,
  },
});
const single = (
  number: number,
  details: { userIds?: string[]; participantIds?: string[]; itemId?: string } = {},
) =>
  ({
    single: {
      number: BigInt(number),
      position: 0n,
      eventId: `event ${number}`,
      eventType: 'TRAINING_SESSION_PARTICIPANTS_ADDED',
      payload: { no: number, ...(details.participantIds && { participantIds: details.participantIds }) },
      userIds: details.userIds ?? details.participantIds ?? [],
      itemId: details.itemId ?? null,
      occurredAt: SINCE,
    },
  }) as FeedEvent;
const START = { ...afterPosition(0n), number: 0n };

test('retries: 30 s, doubled, at most an hour, the last a day after the first failure', () => {
  const delays: number[] = [];
  let at: Date | null = SINCE;
  for (let failures = 1; at; failures++) {
    const next: Date | null = afterFailure(failures, SINCE, at);
    if (next) delays.push((next.getTime() - at.getTime()) / 1000);
    at = next;
  }
  assert.deepEqual(delays.slice(0, 9), [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
  assert.equal(
    delays.reduce((sum, delay) => sum + delay, 0),
    86_400,
  );
});

test('retries: a process that was away longer than a day tries once before it gives up', () => {
  assert.equal(afterFailure(2, SINCE, later(86_400)), null);
  assert.equal(afterFailure(40, SINCE, later(86_399))?.getTime(), later(86_400).getTime());
});

test('a cut is of one type, passes over what is not wanted, and stops where it is full', () => {
  const events = [event(1, 'a', 5), event(2, 'b', 5), event(3, 'a', 5), event(4, 'a', 1)];
  const cut = cutEvents(events, subscription({ courseIds: ['a'] }, 1n), 5);
  assert.deepEqual(
    [cut.wanted, cut.passed].map((list) => list.map(({ pairs }) => Number(pairs?.position))),
    [[3], [1, 2, 3]],
  );
});

test('a cut ends before another type that is subscribed to, not at one that is not', () => {
  const both = [
    ...subscription(),
    { subscriptionType: 'ENROLLMENTS_CHANGED' as const, filters: {}, sincePosition: 0n, sinceEvent: 0n },
  ];
  const events = [event(1, 'a', 1), event(2, 'a', 1, 'ENROLLMENTS_CHANGED' as typeof TYPE), event(3, 'a', 1)];
  assert.equal(cutEvents(events, both, 10).wanted.length, 1);
  assert.equal(cutEvents(events, subscription(), 10).wanted.length, 2);
});

test('cut by cut, part by part, every learner is told exactly once and in order', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 12 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 6 }), (learners, max) => {
      const events = learners.map((size, no) => event(no + 1, `item ${no}`, size));
      const all = events.flatMap(({ pairs }) =>
        Array.from({ length: pairs.learners }, (_, place) => `${pairs.itemId} ${place}`),
      );
      const told: string[] = [];
      let from = START;
      for (let round = 0; round < 500; round++) {
        const ahead = events.filter(
          ({ pairs }) =>
            pairs.position > from.position ||
            (pairs.position === from.position && ordinalAt(pairs, from) < 0xffffff),
        );
        if (ahead.length === 0) break;
        const cut = cutEvents(ahead, subscription(), max);
        const found = cut.wanted.flatMap(({ pairs }, no) =>
          Array.from({ length: pairs?.learners ?? 0 }, (_, ordinal) => ({
            no,
            ordinal,
            learnerId: `${pairs?.itemId} ${ordinal}`,
            enrollmentId: '',
          }))
            .filter(({ ordinal }) => pairs && ordinal > ordinalAt(pairs, from))
            .slice(0, max),
        );
        const { payloads, upTo } = compose(from, cut, found, max);
        const ids = payloads.flatMap(({ learnerIds }) => learnerIds as string[]);
        assert.ok(ids.length <= max);
        told.push(...ids);
        from = upTo;
      }
      assert.deepEqual(told, all);
    }),
  );
});

test('events with a row of their own: filtered by whom and what they are about, numbered apart', () => {
  const type = 'TRAINING_SESSION_PARTICIPANTS_ADDED' as const;
  const mine = [{ subscriptionType: type, filters: { userIds: ['x'] }, sincePosition: 0n, sinceEvent: 1n }];
  const events = [
    single(1, { participantIds: ['x'] }),
    single(2, { participantIds: ['y'] }),
    event(7, 'a', 1),
    single(3, { participantIds: ['x', 'y'] }),
  ];
  const cut = cutEvents(events, mine, 100);
  const { payloads, upTo } = compose(START, cut, [], 100);
  assert.deepEqual(payloads, [{ no: 3, participantIds: ['x'] }]);
  assert.deepEqual([upTo.position, upTo.itemId, upTo.number], [7n, 'a', 3n]);
  assert.ok(upTo.ordinal < WHOLE_EVENT);
});

const at = (position: number, number: number) => ({
  ...afterPosition(BigInt(position)),
  number: BigInt(number),
});
const range = (from: [number, number], upTo: [number, number]) => ({ from: at(...from), upTo: at(...upTo) });

test('what was told before is cut as it was then: to its end, or before it begins; else to the end of the range', () => {
  const before = range([3, 1], [5, 2]);
  assert.deepEqual(cutAsBefore(at(3, 1), before, null), at(5, 2), 'the same message');
  assert.deepEqual(cutAsBefore(at(4, 1), before, at(9, 9)), at(5, 2), 'the rest of it');
  assert.deepEqual(cutAsBefore(at(1, 0), before, at(9, 9)), at(3, 1), 'what was never told, before it');
  assert.deepEqual(cutAsBefore(at(1, 0), before, at(2, 9)), at(2, 1), 'never beyond the range');
  assert.deepEqual(cutAsBefore(at(6, 2), null, at(9, 9)), at(9, 9));
  assert.equal(cutAsBefore(at(6, 2), null, null), null);
});

test('a cut goes on from where it is, whatever was told before', () => {
  const number = fc.integer({ min: 0, max: 6 });
  const place = fc.tuple(number, number);
  fc.assert(
    fc.property(place, place, place, place, (from, began, ended, until) => {
      const plus = ([a, b]: [number, number], [c, d]: [number, number]): [number, number] => [a + c, b + d];
      const end = plus(from, until);
      const cut = cutAsBefore(at(...from), range(began, plus(began, ended)), at(...end));
      assert.ok(cut);
      assert.ok(!goesBeyond(at(...from), cut), 'not back');
      assert.ok(!goesBeyond(cut, at(...end)), 'not beyond the range');
      assert.ok(isSamePlace(at(...from), at(...end)) || goesBeyond(cut, at(...from)), 'and not nowhere');
    }),
  );
});
