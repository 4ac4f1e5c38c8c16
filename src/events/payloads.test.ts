import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { participantsAdded, toNanoseconds } from './payloads.ts';
import { MAX_USERS } from './record.ts';

test('nanoseconds are written with every digit, beyond what a double counts one by one', () => {
  const instants = fc.date({
    min: new Date('2001-01-01Z'),
    max: new Date('9999-12-31Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(instants, (at) => {
      const text = JSON.stringify(toNanoseconds(at));
      assert.equal(text, `${at.getTime()}000000`);
      assert.equal(JSON.stringify(JSON.parse(text)), text, 'also after it was stored and read');
    }),
    { numRuns: 1_000 },
  );
});

test('participants: nobody is no event, more than one event names are several', () => {
  const session = { trainingId: 't', sessionId: 's' };
  const counts = (people: number) =>
    participantsAdded(
      session,
      Array.from({ length: people }, (_, n) => `${n}`),
    ).map(({ payload, userIds }) => {
      assert.deepEqual(payload['participantIds'], userIds);
      return userIds?.length;
    });
  assert.deepEqual(counts(0), []);
  assert.deepEqual(counts(MAX_USERS), [MAX_USERS]);
  assert.deepEqual(counts(2 * MAX_USERS + 1), [MAX_USERS, MAX_USERS, 1]);
});
