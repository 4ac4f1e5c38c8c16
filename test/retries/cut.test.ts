import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { type Cut, hangUp } from '../support/hang-up.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { retryUntilAnswered } from '../support/retry.ts';
import { type Answer, startWorld, type World } from '../support/server.ts';

/**
 * The connection is cut at random points: within the request, its head or its body; while it is judged and written; within
 * the answer. It is sent again under its key: one effect, one set of outbox rows, one answer.
 */

const CUTS = count(30, 1_000);
const LEARNERS = 40;

interface Sent {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, string>;
  /** How often it was done, and the events that this left, one by one. */
  effects(): Promise<Effects>;
  readonly once: Effects;
}

interface Effects {
  readonly done: number;
  /** Of each item, the learners of every row about it, added up. */
  readonly told: readonly number[];
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

    const select = async <T>(query: ReturnType<typeof sql<T>>): Promise<T[]> =>
      (await world.db.read((tx) => query.execute(tx))).rows;
    const countOf = async (query: ReturnType<typeof sql<{ n: number }>>): Promise<number> =>
      (await select(query))[0]?.n ?? 0;
    const operations = (): Promise<number> =>
      countOf(sql<{ n: number }>`select count(*)::int as n from operation`);

    async function anEnrollment(): Promise<Sent> {
      const courseIds: string[] = [];
      for (let n = 0; n < 1 + random(3); n++) courseIds.push(await addCourse(world));
      const before = await operations();
      return {
        path: '/enrollment',
        body: { learnerIds, courseIds, dueDateType: 'unlimited' },
        // With all of its outcomes an answer is too long to be gone at once.
        headers: random(2) === 0 ? { prefer: 'return=representation' } : {},
        effects: async () => ({
          done: (await operations()) - before,
          told: (
            await select(sql<{ n: number }>`
              select sum(learners)::int as n from outbox where item_id = any(${courseIds}::uuid[]) group by item_id`)
          ).map(({ n }) => n),
        }),
        once: { done: 1, told: courseIds.map(() => LEARNERS) },
      };
    }

    async function aGroup(no: number): Promise<Sent> {
      const name = `Group ${engine} ${no}`;
      return {
        path: '/group',
        body: { name, userIds: learnerIds },
        headers: {},
        effects: async () => ({
          done: await countOf(
            sql<{ n: number }>`select count(*)::int as n from user_group where name = ${name}`,
          ),
          told: [],
        }),
        once: { done: 1, told: [] },
      };
    }

    function aCut(): Cut {
      const cuts: (() => Cut)[] = [
        () => ({ ofRequest: random(10_000) / 10_000, afterMs: random(10) }),
        () => ({ ofRequest: 1, afterMs: random(40) }),
        () => ({ answerBytes: 1 + random(400) }),
        () => ({ answerBytes: 1 + random(20_000) }),
      ];
      return cuts[random(cuts.length)]?.() ?? { answerBytes: 1 };
    }

    test(`${CUTS} cuts: each request is done once, and answered alike for ever after`, async (t) => {
      const met = { before: 0, after: 0, answering: 0 };
      for (let no = 0; no < CUTS; no++) {
        const sent = random(3) === 0 ? await aGroup(no) : await anEnrollment();
        const key = `cut-${engine}-${no}`;
        const cut = aCut();
        const at = `cut ${no}: ${JSON.stringify(cut)}`;
        const came = await hangUp(world, {
          path: sent.path,
          body: JSON.stringify(sent.body),
          headers: { ...sent.headers, 'idempotency-key': key },
          cut,
        });
        // The retry comes while the first still runs, or later.
        await new Promise((done) => setTimeout(done, random(3) * 100));
        met[came > 0 ? 'answering' : (await sent.effects()).done === 0 ? 'before' : 'after']++;
        const retry = () => retryUntilAnswered(world, sent.path, sent.body, key, { headers: sent.headers });
        const answer = await retry();
        assert.equal(answer.status, 201, `${at}: ${answer.text}`);
        assert.deepEqual(await sent.effects(), sent.once, at);
        const again = await retry();
        const shown = ({ status, headers, text }: Answer) => ({
          status,
          location: headers.get('location'),
          type: headers.get('content-type'),
          applied: headers.get('preference-applied'),
          text,
        });
        assert.deepEqual(shown(again), shown(answer), at);
        assert.deepEqual(await sent.effects(), sent.once, `${at}, sent a third time`);
      }
      t.diagnostic(
        `${met.before} were cut before anything was done, ${met.after} after, ${met.answering} within the answer`,
      );
      assert.ok(met.before > 0 && met.after > 0 && met.answering > 0, JSON.stringify(met));
    });
  });
