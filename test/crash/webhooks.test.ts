import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, type Running, serve } from '../support/process.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { startReceiver } from '../support/receiver.ts';
import { call, requestToken } from '../support/server.ts';
import { pairs, told } from '../webhooks/telling.ts';

/** kill -9 at random moments while a subscriber is told: at least once, in order, by whoever lives. */

const KILLS = count(2, 10);
const LEARNERS = 400;
/** A lease that its holder left has to run out first. */
const TOLD_WITHIN_MS = 40_000;

for (const engine of ENGINES)
  describe(`kill -9 while a subscriber is told (${engine})`, () => {
    after(killAll);
    test(`${KILLS} kills (seed ${SEED})`, async () => {
      const random = randomFrom(SEED);
      const place = await placeOf(engine);
      const client = await loaded(place, LEARNERS, 1);
      const receiver = await startReceiver(async (_request, response) => {
        await new Promise((done) => setTimeout(done, random(150)));
        response.end();
      });
      const start = async (): Promise<{ running: Running; url: string; token: string }> => {
        const running = await serve(place.args, { ROLLBOOK_ALLOW_PRIVATE_TARGETS: 'true' });
        const token = await requestToken(running.url, client.clientId, client.clientSecret);
        return { running, url: running.url, token };
      };
      let server = await start();
      const { learnerIds, courseIds } = await idsOf(server);
      const [course = ''] = courseIds;
      await told(server, receiver);
      let next = 0;
      for (let round = 0; round <= KILLS; round++) {
        if (round > 0) server = await start();
        const isLast = round === KILLS;
        const until = Date.now() + 1_500 + random(1_500);
        const killed = new Promise<void>((done) => setTimeout(done, until - Date.now())).then(async () => {
          if (!isLast) await server.running.end('SIGKILL');
        });
        while (Date.now() < until && next < learnerIds.length) {
          const json = { courseIds, learnerIds: [learnerIds[next]], dueDateType: 'unlimited' };
          const answer = await call(server, 'POST', '/enrollment', { json }).catch(() => null);
          if (answer) assert.equal(answer.status, 201, answer.text);
          next++;
          await new Promise((done) => setTimeout(done, 10));
        }
        await killed;
      }
      const enrolled = (
        (await call(server, 'GET', '/enrollment')).json as { learnerId: string; courseId: string }[]
      ).map(({ learnerId, courseId }) => `${courseId} ${learnerId}`);
      const from = Date.now();
      while (new Set(pairs(receiver.received)).size < enrolled.length) {
        assert.ok(
          Date.now() - from < TOLD_WITHIN_MS,
          `${new Set(pairs(receiver.received)).size} of ${enrolled.length} told`,
        );
        await new Promise((done) => setTimeout(done, 100));
      }
      const wanted = new Set(enrolled);
      assert.deepEqual(
        [...new Set(pairs(receiver.received))],
        learnerIds.map((id) => `${course} ${id}`).filter((pair) => wanted.has(pair)),
        'each is told, in the order of the requests',
      );
      assert.equal(await server.running.end('SIGTERM'), 0);
      await receiver.close();
      await place.remove();
    });
  });
