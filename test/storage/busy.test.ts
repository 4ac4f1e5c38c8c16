import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { Refusal } from '../../src/kernel/errors.ts';
import { OneConnection } from '../../src/storage/lanes.ts';
import { openPostgresql } from '../../src/storage/postgresql.ts';
import { ENGINES, freshPostgresql } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { randomFrom, SEED } from '../support/random.ts';
import { type Answer, startWorld, type World } from '../support/server.ts';
import { enroll } from '../support/two-servers.ts';

/** More than the server takes at once: 503 with Retry-After at once, nothing of it written, and the rest goes on. */

const SMALL_PAIRS = 10;

for (const engine of ENGINES)
  describe(`back-pressure (${engine}, seed ${SEED})`, () => {
    const random = randomFrom(SEED);
    let world: World;
    let learners: string[];
    before(async () => {
      world = await startWorld(engine, {
        limits: {
          waiting: 1 + random(8),
          waitingLarge: 1 + random(3),
          batchRequests: 1 + random(4),
          smallPairs: SMALL_PAIRS,
          chunkPairs: 1 + random(20),
        },
      });
      learners = [];
      for (let n = 0; n < 60; n++) learners.push(await addUser(world));
    });
    after(() => world.close());

    const enrolled = async (courseId: string): Promise<Set<string>> =>
      new Set(
        (
          await world.db.read((tx) =>
            sql<{ id: string }>`select learner_id as id from enrollment where item_id = ${courseId}`.execute(
              tx,
            ),
          )
        ).rows.map(({ id }) => id),
      );

    function sortOut(answers: readonly Answer[]): { isDone: boolean[] } {
      for (const { status, headers, text } of answers)
        if (status !== 201) {
          assert.equal(status, 503, text);
          assert.match(headers.get('retry-after') ?? '', /^\d+$/);
          assert.equal(headers.get('location'), null, 'nothing was accepted');
        }
      const isDone = answers.map(({ status }) => status === 201);
      assert.ok(isDone.includes(true) && isDone.includes(false), isDone.join(' '));
      return { isDone };
    }

    test('small requests', async () => {
      const course = await addCourse(world);
      const { isDone } = sortOut(
        await Promise.all(learners.map((learner) => enroll(world, [course], [learner]))),
      );
      assert.deepEqual(await enrolled(course), new Set(learners.filter((_, n) => isDone[n])));
    });

    test('large requests', async () => {
      const courses: string[] = [];
      for (let n = 0; n < 8; n++) courses.push(await addCourse(world));
      const { isDone } = sortOut(
        await Promise.all(courses.map((course) => enroll(world, [course], learners))),
      );
      for (const [n, course] of courses.entries())
        assert.equal((await enrolled(course)).size, isDone[n] ? learners.length : 0);
    });
  });

const isBusy = (error: unknown): boolean => error instanceof Refusal && error.code === 'server.busy';

describe('whoever waits too long for a connection is told to come back', () => {
  test('the one connection of the embedded engine', async () => {
    const connection = new OneConnection(
      async () => ({ on: () => undefined, end: async () => undefined }) as never,
      50,
    );
    const held = await connection.lane('bulk').connect();
    await assert.rejects(connection.lane('read').connect(), isBusy);
    held.release();
    (await connection.lane('read').connect()).release();
  });

  if (ENGINES.includes('postgresql'))
    test('a lane of PostgreSQL', async () => {
      const { url, remove } = await freshPostgresql();
      const db = openPostgresql(url, undefined, 200);
      await db.ping();
      const sleeping = Array.from({ length: 12 }, () =>
        db
          .read((tx) => sql`select pg_sleep(1)`.execute(tx))
          .then(
            () => 'slept',
            (error) => (isBusy(error) ? 'busy' : String(error)),
          ),
      );
      assert.deepEqual([...new Set(await Promise.all(sleeping))].sort(), ['busy', 'slept']);
      await db.ping();
      await db.close();
      await remove();
    });
});
