import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, serve } from '../support/process.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { call, requestToken } from '../support/server.ts';

/** kill -9 in large undos, of an enrolling and of its undo in turn: the next start completes each. */

const KILLS = count(1, 20);

interface Operation {
  readonly operationId: string;
  readonly state: string;
  readonly kind: string;
  readonly summary: Readonly<Record<string, number>>;
}

for (const engine of ENGINES)
  describe(`kill -9 in a large undo (${engine}, seed ${SEED})`, () => {
    after(killAll);
    test(`${KILLS} kills: what was begun is completed, and everything is as before or as after`, async () => {
      const random = randomFrom(SEED);
      const place = await placeOf(engine);
      const client = await loaded(place, 1_000, engine === 'embedded' ? 11 : 20);
      const start = async () => {
        const running = await serve(place.args);
        const token = await requestToken(running.url, client.clientId, client.clientSecret);
        return { running, server: { url: running.url, token } };
      };
      let { running, server } = await start();
      const ids = await idsOf(server);
      const pairs = ids.learnerIds.length * ids.courseIds.length;
      const list = async (): Promise<unknown[]> =>
        (await call(server, 'GET', '/enrollment')).json as unknown[];
      const operation = async (location: string): Promise<Operation> =>
        (await call(server, 'GET', location)).json as Operation;
      const sent = await call(server, 'POST', '/enrollment', { json: { ...ids, dueDateType: 'unlimited' } });
      let location = sent.headers.get('location') ?? '';
      const everything = await list();
      assert.equal(everything.length, pairs);
      for (let kill = 0; kill < KILLS; kill++) {
        const undoing = call(server, 'POST', `${location}/undo`).catch(() => null);
        // Once it is accepted, what it undoes says so.
        while ((await operation(location)).state === 'done');
        await new Promise((done) => setTimeout(done, random(100)));
        await running.end('SIGKILL');
        const answer = await undoing;
        ({ running, server } = await start());
        const until = Date.now() + 60_000;
        for (let unfinished = 1; unfinished > 0; ) {
          assert.ok(Date.now() < until, 'it is not completed');
          await new Promise((done) => setTimeout(done, 100));
          const ready = (await call(server, 'GET', '/readyz')).json as { unfinishedOperations: number };
          unfinished = ready.unfinishedOperations;
        }
        assert.ok(answer === null || answer.status === 200, answer?.text);
        assert.equal((await operation(location)).state, 'undone');
        const page = (await call(server, 'GET', '/operations?kind=undo&pageSize=1000')).json as {
          operations: Operation[];
        };
        const last = page.operations.at(-1);
        assert.equal(last?.state, 'done');
        assert.deepEqual(last?.summary, { created: 0, changed: pairs, unchanged: 0, refused: 0 });
        location = `/operations/${last?.operationId}`;
        assert.deepEqual(await list(), kill % 2 === 0 ? [] : everything);
      }
      assert.equal(await running.end('SIGTERM'), 0);
      await place.remove();
    });
  });
