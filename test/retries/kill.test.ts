import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, serve } from '../support/process.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { retryUntilAnswered } from '../support/retry.ts';
import { type Answer, call, requestToken } from '../support/server.ts';

/**
 * kill -9 while requests with keys are under way, and each is sent again after the restart: what was done is not done
 * again, and what was not is done now.
 */

const KILLS = count(2, 20);
const CALLERS = 8;
const LEARNERS = 200;

interface Sent {
  readonly path: '/enrollment' | '/group';
  readonly body: { name?: string; courseIds?: string[]; learnerIds?: string[]; dueDateType?: string };
  readonly key: string;
  /** null when the connection broke. */
  first: Answer | null;
}

for (const engine of ENGINES)
  describe(`kill -9 under keys (${engine}, seed ${SEED})`, () => {
    after(killAll);
    test(`${KILLS} kills: each request is done once`, async (t) => {
      const random = randomFrom(SEED);
      const place = await placeOf(engine);
      const client = await loaded(place, LEARNERS, 20);
      const start = async () => {
        const running = await serve(place.args);
        const token = await requestToken(running.url, client.clientId, client.clientSecret);
        return { running, server: { url: running.url, token } };
      };
      let { running, server } = await start();
      const { learnerIds, courseIds } = await idsOf(server);
      const met = { answered: 0, broken: 0, lost: 0 };
      let no = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const sent: Sent[] = [];
        let isAlive = true;
        const caller = async (): Promise<void> => {
          while (isAlive) {
            const n = no++;
            const pair = {
              courseIds: [courseIds[n % 20] ?? ''],
              learnerIds: learnerIds.slice(n % LEARNERS, (n % LEARNERS) + 3),
            };
            const request: Sent =
              n % 2 === 0
                ? { path: '/group', body: { name: `Group ${n}` }, key: `k${n}`, first: null }
                : {
                    path: '/enrollment',
                    body: { ...pair, dueDateType: 'unlimited' },
                    key: `k${n}`,
                    first: null,
                  };
            sent.push(request);
            const headers = { 'idempotency-key': request.key };
            request.first = await call(server, 'POST', request.path, { json: request.body, headers }).catch(
              () => null,
            );
          }
        };
        const callers = Array.from({ length: CALLERS }, caller);
        await new Promise((done) => setTimeout(done, 100 + random(500)));
        await running.end('SIGKILL');
        isAlive = false;
        await Promise.all(callers);
        ({ running, server } = await start());
        const again = await Promise.all(
          sent.map((request) => retryUntilAnswered(server, request.path, request.body, request.key)),
        );
        sent.forEach(({ first, path }, place) => {
          const answer = again[place];
          const isLost = path === '/group' && first === null && answer?.code === 'retry.answer_lost';
          assert.ok(isLost || answer?.status === 201, answer?.text);
          if (first === null) met[isLost ? 'lost' : 'broken']++;
          else {
            met.answered++;
            assert.equal(answer?.text, first.text);
            assert.equal(answer?.headers.get('location'), first.headers.get('location'));
          }
        });
        const groups = (await call(server, 'GET', '/group')).json as { name: string }[];
        const counts = new Map<string, number>();
        for (const { name } of groups) counts.set(name, (counts.get(name) ?? 0) + 1);
        for (const { path, body } of sent)
          if (path === '/group') assert.equal(counts.get(body.name ?? ''), 1, body.name);
      }
      t.diagnostic(JSON.stringify(met));
      assert.ok(met.answered > 0 && met.broken > 0, JSON.stringify(met));
      assert.equal(await running.end('SIGTERM'), 0);
      await place.remove();
    });
  });
