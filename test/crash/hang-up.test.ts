import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { hangUp } from '../support/hang-up.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { startWorld, type World } from '../support/server.ts';
import { enroll } from '../support/two-servers.ts';

/**
 * A client hangs up on a large request: it completes or never began. The client has no Location to ask, so it asks for
 * the enrollments, or simply sends the request again: 201 says that all is there, and nothing is there twice.
 */

const ROUNDS = count(6, 60);
const LEARNERS = 60;
const COURSES = 10;

for (const engine of ENGINES)
  describe(`a client that hangs up (${engine}, seed ${SEED})`, () => {
    const random = randomFrom(SEED);
    let world: World;
    let learners: string[];
    before(async () => {
      world = await startWorld(engine, { limits: { smallPairs: 50, chunkPairs: 60 } });
      learners = [];
      for (let n = 0; n < LEARNERS; n++) learners.push(await addUser(world));
    });
    after(() => world.close());

    /** What is there once nothing is being written any more. */
    async function state(courseIds: readonly string[]): Promise<{ pairs: number; operations: number }> {
      for (;;) {
        const { rows } = await world.db.read((tx) =>
          sql<{ pairs: number; operations: number; unfinished: number }>`
            select (select count(*)::int from enrollment where item_id = any(${courseIds}::uuid[])) as pairs,
                   (select count(*)::int from operation) as operations,
                   (select count(*)::int from operation_plan) as unfinished`.execute(tx),
        );
        if (rows[0]?.unfinished === 0) return rows[0];
        await new Promise((done) => setTimeout(done, 50));
      }
    }

    test(`at ${ROUNDS} moments: all of it is there or nothing, and sending it again completes it`, async (t) => {
      const outcomes = { begun: 0, never: 0 };
      for (let round = 0; round < ROUNDS; round++) {
        const courseIds: string[] = [];
        for (let n = 0; n < COURSES; n++) courseIds.push(await addCourse(world));
        const body = JSON.stringify({ learnerIds: learners, courseIds, dueDateType: 'unlimited' });
        const isSentWhole = round % 3 !== 0;
        const before = await state(courseIds);
        await hangUp(world, {
          path: '/enrollment',
          body,
          cut: {
            part: isSentWhole ? 1 : random(100) / 100,
            afterMs: isSentWhole ? random(40) : random(10),
          },
        });
        // The server is told of the end, and takes the request up or not, within a moment.
        await new Promise((done) => setTimeout(done, 300));
        const found = await state(courseIds);
        const isBegun = found.operations > before.operations;
        assert.equal(found.pairs, isBegun ? LEARNERS * COURSES : 0, 'halved');
        if (!isSentWhole) assert.equal(isBegun, false, 'begun from half a body');
        outcomes[isBegun ? 'begun' : 'never']++;
        assert.equal((await enroll(world, courseIds, learners)).status, 201);
        assert.equal((await state(courseIds)).pairs, LEARNERS * COURSES);
      }
      t.diagnostic(`${outcomes.begun} completed, ${outcomes.never} never began`);
      assert.ok(outcomes.never > 0);
    });
  });
