import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { newId } from '../../src/kernel/ids.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { type Answer, call } from '../support/server.ts';
import { enroll, startTwoServers, type TwoServers } from '../support/two-servers.ts';

/** A course is retired, a learner deactivated, while they are being enrolled: whatever comes after it finds them gone. */

const ROUNDS = count(6, 100);
/** Small, so that a few pairs are already a large request of several chunks. */
const SMALL_PAIRS = 8;

if (ENGINES.includes('postgresql'))
  describe('parents that go while they are enrolled (PostgreSQL)', () => {
    const random = randomFrom(SEED);
    let servers: TwoServers;
    let learners: string[];
    let courses: string[];
    before(async () => {
      servers = await startTwoServers(() => ({
        smallPairs: SMALL_PAIRS,
        chunkPairs: 1 + random(12),
        batchRequests: 1 + random(8),
      }));
      learners = await Promise.all(Array.from({ length: 20 }, () => addUser(servers.world)));
      courses = await Promise.all(Array.from({ length: 10 }, () => addCourse(servers.world)));
    });
    after(() => servers.close());

    const retire = (courseId: string): Promise<Answer> =>
      call(servers.world, 'DELETE', `/content/${courseId}`);
    const deactivate = (userId: string): Promise<Answer> =>
      call(servers.of(1), 'POST', `/user/${userId}/status`, { json: { status: 3 } });
    const rowsOf = async (column: 'item_id' | 'learner_id', id: string): Promise<number> =>
      (
        await servers.world.db.read((tx) =>
          sql<{
            n: number;
          }>`select count(*)::int as n from enrollment where ${sql.ref(column)} = ${id}`.execute(tx),
        )
      ).rows[0]?.n ?? -1;
    const operationOf = async (answer: Answer) =>
      (await call(servers.world, 'GET', answer.headers.get('location') ?? '')).json as {
        state: string;
        progress: { total: number };
        summary: { created: number; unchanged: number; refused: number };
      };

    /** Resolves when so many statements wait for a lock. */
    async function waiting(statements: number): Promise<'waits'> {
      for (;;) {
        const { rows } = await servers.world.db.read((tx) =>
          sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`.execute(tx),
        );
        if ((rows[0]?.n ?? 0) >= statements) return 'waits';
        await new Promise((done) => setTimeout(done, 10));
      }
    }

    /** Holds a transaction of the test's own open until it is told to end it. */
    async function holding(
      statement: string,
      parameters: unknown[],
    ): Promise<(how: 'commit' | 'rollback') => Promise<void>> {
      const client = new pg.Client({ connectionString: servers.databaseUrl });
      await client.connect();
      await client.query('begin');
      await client.query(statement, parameters);
      return async (how) => {
        await client.query(how);
        await client.end();
      };
    }

    /** An enrollment that is not committed: whoever enrolls the same pair has locked the parents and waits. */
    const holdPair = (learnerId: string, courseId: string) =>
      holding(
        `insert into enrollment (account_id, learner_id, item_id, chunk, ordinal, access_at, due_rule, lock_after_due, version_chunk, recorded_at)
         values ($1, $2, $3, $4, 0, now(), 0, false, 1, now())`,
        [servers.world.account.accountId, learnerId, courseId, random(1_000_000_000)],
      );

    const PARENTS = [
      { what: 'retiring the course', column: 'item_id', reason: 'course_retired' },
      { what: 'deactivating the learner', column: 'learner_id', reason: 'learner_inactive' },
    ] as const;

    for (const { what, column } of PARENTS) {
      const isCourse = column === 'item_id';
      const goes = (course: string, learner: string): Promise<Answer> =>
        isCourse ? retire(course) : deactivate(learner);

      for (const size of ['small', 'large'] as const)
        test(`${what} waits for a ${size} request that is writing, and what comes later is refused`, async () => {
          const [course, learner] = [await addCourse(servers.world), await addUser(servers.world)];
          const release = await holdPair(learner, course);
          const writing =
            size === 'small'
              ? enroll(servers.world, [course], [learner])
              : enroll(servers.world, [...courses, course], [learner, ...learners]);
          // Blocked on the pair that is held, with the parents locked.
          assert.equal(await Promise.race([writing, waiting(1)]), 'waits');
          const going = goes(course, learner);
          assert.equal(await Promise.race([going, waiting(2)]), 'waits');
          await release('rollback');
          const gone = await going;
          assert.ok(gone.status < 300, gone.text);
          const id = isCourse ? course : learner;
          const rows = await rowsOf(column, id);
          const answer = await writing;
          assert.equal(answer.status, 201, answer.text);
          assert.equal(await rowsOf(column, id), rows, 'enrolled after it was gone');
          assert.ok(rows >= 1);
          const { state, progress, summary } = await operationOf(answer);
          assert.equal(state, 'done');
          assert.equal(summary.created + summary.unchanged + summary.refused, progress.total);
          assert.equal((await enroll(servers.of(1), [course], [learner])).status, 400);
        });

      test(`${what} first: a small request that waits for it is refused, a large one reports refused outcomes`, async () => {
        const [course, learner] = [await addCourse(servers.world), await addUser(servers.world)];
        const release = await holding(
          isCourse
            ? 'update content_item set retired_at = now() where item_id = (select item_id from content_item where item_id = $1 for update)'
            : 'update users set status = 3 where user_id = (select user_id from users where user_id = $1 for update)',
          [isCourse ? course : learner],
        );
        const small = enroll(servers.of(1), [course], [learner]);
        const large = enroll(servers.world, [course, ...courses], [learner, ...learners]);
        assert.equal(await Promise.race([small, large, waiting(2)]), 'waits');
        await release('commit');
        const refused = await small;
        assert.equal(refused.status, 400, refused.text);
        const answer = await large;
        assert.equal(answer.status, 201, answer.text);
        assert.equal(await rowsOf(column, isCourse ? course : learner), 0);
        const { state, progress, summary } = await operationOf(answer);
        const lost = isCourse ? learners.length + 1 : courses.length + 1;
        assert.deepEqual([state, summary.refused], ['done', lost]);
        assert.equal(summary.created + summary.unchanged, progress.total - lost);
      });
    }

    test(`${ROUNDS} rounds of both, at random moments, beside small and large requests on two servers (seed ${SEED})`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const [course, learner] = [await addCourse(servers.world), await addUser(servers.world)];
        const later = async (act: () => Promise<Answer>): Promise<Answer> => {
          await new Promise((done) => setTimeout(done, random(60)));
          return act();
        };
        const small = Array.from({ length: 12 }, (_, n) =>
          later(() => enroll(servers.of(n), [course], [learner, learners[n] ?? newId()])),
        );
        const large = [
          later(() => enroll(servers.world, [...courses, course], [...learners, learner])),
          later(() => enroll(servers.of(1), [course, ...courses], [learner, ...learners])),
        ];
        const rowsWhenGone = Promise.all([
          later(() => retire(course)).then((answer) => {
            assert.equal(answer.status, 204, answer.text);
            return rowsOf('item_id', course);
          }),
          later(() => deactivate(learner)).then((answer) => {
            assert.equal(answer.status, 200, answer.text);
            return rowsOf('learner_id', learner);
          }),
        ]);
        for (const answer of await Promise.all([...small, ...large]))
          assert.ok(answer.status === 201 || answer.status === 400, answer.text);
        assert.deepEqual(
          [await rowsOf('item_id', course), await rowsOf('learner_id', learner)],
          await rowsWhenGone,
          'enrolled after it was gone',
        );
        for (const answer of await Promise.all(large))
          if (answer.status === 201) {
            const { state, progress, summary } = await operationOf(answer);
            assert.equal(state, 'done');
            assert.equal(summary.created + summary.unchanged + summary.refused, progress.total);
          }
      }
    });
  });
