import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count } from '../support/random.ts';
import { retryUntilAnswered } from '../support/retry.ts';
import { type Answer, call } from '../support/server.ts';
import { startTwoServers, type TwoServers } from '../support/two-servers.ts';

/** The same request under the same key, many times at once, on two servers over one database. */

const ROUNDS = count(4, 40);
const AT_ONCE = 50;

if (ENGINES.includes('postgresql'))
  describe('races for a key (two servers)', () => {
    let servers: TwoServers;
    before(async () => {
      servers = await startTwoServers();
    });
    after(() => servers.close());

    async function race(path: string, json: unknown, key: string): Promise<Answer> {
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, n) =>
          call(servers.of(n), 'POST', path, { json, headers: { 'idempotency-key': key } }),
        ),
      );
      const [first, ...others] = answers.filter((answer) => answer.code !== 'retry.running');
      assert.ok(first, 'one of them ran');
      assert.equal(first.status, 201, first.text);
      for (const other of others)
        assert.deepEqual(
          [other.status, other.text, other.headers.get('location')],
          [first.status, first.text, first.headers.get('location')],
        );
      for (const waiting of answers.filter((answer) => answer.code === 'retry.running')) {
        assert.equal(waiting.status, 409);
        assert.match(waiting.headers.get('retry-after') ?? '', /^\d+$/);
      }
      const later = await retryUntilAnswered(servers.of(1), path, json, key);
      assert.equal(later.text, first.text);
      return first;
    }

    const countOf = async (query: ReturnType<typeof sql<{ n: number }>>): Promise<number> =>
      (await servers.world.db.read((tx) => query.execute(tx))).rows[0]?.n ?? 0;

    test(`${ROUNDS} × ${AT_ONCE} enrollments: one operation, one set of events`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const courseId = await addCourse(servers.world);
        const learnerIds = [await addUser(servers.world), await addUser(servers.world)];
        const from = await countOf(sql`select count(*)::int as n from operation`);
        await race(
          '/enrollment',
          { courseIds: [courseId], learnerIds, dueDateType: 'unlimited' },
          `e${round}`,
        );
        assert.equal(await countOf(sql`select count(*)::int as n from operation`), from + 1);
        assert.equal(
          await countOf(
            sql`select coalesce(sum(learners), 0)::int as n from outbox where item_id = ${courseId}`,
          ),
          2,
        );
      }
    });

    test(`${ROUNDS} × ${AT_ONCE} groups: one of them`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const name = `Raced for ${round}`;
        await race('/group', { name }, `g${round}`);
        assert.equal(await countOf(sql`select count(*)::int as n from user_group where name = ${name}`), 1);
      }
    });
  });
