import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { hangUp } from '../support/hang-up.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { retryUntilAnswered } from '../support/retry.ts';
import { startWorld, type World } from '../support/server.ts';

/**
 * The connection is cut at random points, before, while and after the request is read and written, and the request is
 * sent again under its key: one effect, one set of outbox rows, one answer.
 */

const CUTS = count(24, 1_000);
const LEARNERS = 40;

interface Sent {
  readonly path: string;
  readonly body: Record<string, unknown>;
  /** How often it was done, and how many events that left. */
  effects(): Promise<{ done: number; told: number }>;
  readonly once: { done: number; told: number };
}

for (const engine of ENGINES)
  describe(`cut connections under a key (${engine}, seed ${SEED})`, () => {
    const random = randomFrom(SEED);
    let world: World;
    const learnerIds: string[] = [];
    before(async () => {
      // A third of the enrollments below is larger than a transaction, and written in chunks.
      world = await startWorld(engine, { limits: { smallPairs: 60, chunkPairs: 40 } });
      for (let n = 0; n < LEARNERS; n++) learnerIds.push(await addUser(world));
    });
    after(() => world.close());

    const countOf = async (query: ReturnType<typeof sql<{ n: number }>>): Promise<number> =>
      (await world.db.read((tx) => query.execute(tx))).rows[0]?.n ?? 0;

    async function anEnrollment(): Promise<Sent> {
      const courseIds: string[] = [];
      for (let n = 0; n < 1 + random(3); n++) courseIds.push(await addCourse(world));
      const digestsOf = sql`
        select operation_id from operation_chunk where (account_id, chunk) in (
          select account_id, chunk from outbox where item_id = any(${courseIds}::uuid[]))`;
      return {
        path: '/enrollment',
        body: { learnerIds, courseIds, dueDateType: 'unlimited' },
        effects: async () => ({
          done: await countOf(
            sql<{ n: number }>`select count(distinct operation_id)::int as n from (${digestsOf}) o`,
          ),
          told: await countOf(sql<{ n: number }>`
            select coalesce(sum(learners), 0)::int as n from outbox where item_id = any(${courseIds}::uuid[])`),
        }),
        once: { done: 1, told: courseIds.length * LEARNERS },
      };
    }

    async function aGroup(no: number): Promise<Sent> {
      const name = `Group ${engine} ${no}`;
      return {
        path: '/group',
        body: { name, userIds: learnerIds },
        effects: async () => ({
          done: await countOf(
            sql<{ n: number }>`select count(*)::int as n from user_group where name = ${name}`,
          ),
          told: 0,
        }),
        once: { done: 1, told: 0 },
      };
    }

    test(`${CUTS} cuts: each request is done once, and answered alike for ever after`, async (t) => {
      const met = { before: 0, after: 0 };
      for (let no = 0; no < CUTS; no++) {
        const sent = random(3) === 0 ? await aGroup(no) : await anEnrollment();
        const key = `cut-${engine}-${no}`;
        await hangUp(world, {
          path: sent.path,
          body: JSON.stringify(sent.body),
          headers: { 'idempotency-key': key },
          part: random(4) === 0 ? random(100) / 100 : 1,
          afterMs: random(40),
        });
        // The retry comes while the first still runs, or later.
        await new Promise((done) => setTimeout(done, random(3) * 150));
        met[(await sent.effects()).done === 0 ? 'before' : 'after']++;
        const answer = await retryUntilAnswered(world, sent.path, sent.body, key);
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual(await sent.effects(), sent.once, `cut ${no}`);
        const again = await retryUntilAnswered(world, sent.path, sent.body, key);
        const headers = ['location', 'content-type'].map((name) => answer.headers.get(name));
        assert.deepEqual([again.status, again.text], [answer.status, answer.text]);
        assert.deepEqual(
          ['location', 'content-type'].map((name) => again.headers.get(name)),
          headers,
        );
        assert.deepEqual(await sent.effects(), sent.once, `cut ${no}, sent a third time`);
      }
      t.diagnostic(`${met.before} were cut before anything was done, ${met.after} after`);
      assert.ok(met.before > 0 && met.after > 0, JSON.stringify(met));
    });
  });
