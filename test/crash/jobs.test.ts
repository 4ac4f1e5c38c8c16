import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, serve } from '../support/process.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { call, requestToken } from '../support/server.ts';

/** kill -9 again and again while a job is written that nobody waits for: in the end each pair is there once. */

const KILLS = count(1, 10);
const LEARNERS = count(1_000, 10_000);
const COURSES = { postgresql: count(60, 100), embedded: count(8, 100) };
const DONE_WITHIN_MS = count(60_000, 600_000);

interface Operation {
  readonly state: string;
  readonly progress: { done: number; total: number };
  readonly summary: { created: number };
}

for (const engine of ENGINES)
  describe(`kill -9 in a job (${engine}, seed ${SEED})`, () => {
    after(killAll);
    test(`${KILLS} kills within ${LEARNERS * COURSES[engine]} pairs`, async (t) => {
      const random = randomFrom(SEED);
      const place = await placeOf(engine);
      const client = await loaded(place, LEARNERS, COURSES[engine]);
      const start = async () => {
        const running = await serve(place.args);
        const token = await requestToken(running.url, client.clientId, client.clientSecret);
        return { running, server: { url: running.url, token } };
      };
      let { running, server } = await start();
      const ids = await idsOf(server);
      const total = ids.learnerIds.length * ids.courseIds.length;
      const answer = await call(server, 'POST', '/enrollment', {
        json: { ...ids, dueDateType: 'unlimited' },
        headers: { prefer: 'respond-async' },
      });
      assert.equal(answer.status, 202, answer.text);
      const location = answer.headers.get('location') ?? '';
      const read = async (): Promise<Operation> => (await call(server, 'GET', location)).json as Operation;
      let done = 0;
      const seen: number[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        // Not before it goes on, so that each kill meets it at work, and each time somewhere else.
        const share = ((kill + random(100) / 100) * total) / (KILLS + 1);
        for (const giveUp = Date.now() + DONE_WITHIN_MS; ; ) {
          const { progress } = await read();
          assert.ok(progress.done >= done, 'what was written stays');
          done = progress.done;
          if (done > share) break;
          assert.ok(Date.now() < giveUp, `it stands at ${done}`);
          await new Promise((next) => setTimeout(next, 20));
        }
        await new Promise((next) => setTimeout(next, random(200)));
        await running.end('SIGKILL');
        seen.push(done);
        ({ running, server } = await start());
      }
      let operation = await read();
      for (const giveUp = Date.now() + DONE_WITHIN_MS; operation.state !== 'done'; operation = await read()) {
        assert.ok(Date.now() < giveUp, JSON.stringify(operation));
        await new Promise((next) => setTimeout(next, 100));
      }
      assert.deepEqual([operation.progress.done, operation.summary.created], [total, total]);
      assert.equal(await running.end('SIGTERM'), 0);
      t.diagnostic(`killed at ${seen.join(', ')} of ${total}`);
      assert.ok(
        seen.some((at) => at > 0 && at < total),
        'a kill met it at work',
      );

      const db = await openDatabase(place.where);
      const { rows } = await db.read((tx) =>
        sql`select count(*)::int as all, count(distinct (learner_id, item_id))::int as pairs,
              (select count(*)::int from enrollment_past) as past,
              (select sum(learners)::int from outbox) as told from enrollment`.execute(tx),
      );
      assert.deepEqual(rows, [{ all: total, pairs: total, past: 0, told: total }]);
      await db.close();
      await place.remove();
    });
  });
