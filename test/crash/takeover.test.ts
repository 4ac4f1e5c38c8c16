import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, serve } from '../support/process.ts';
import { call, requestToken } from '../support/server.ts';

/** Two processes need a server: the embedded engine's folder belongs to one process. */
if (ENGINES.includes('postgresql'))
  describe('a paused worker', () => {
    after(killAll);
    test('SIGSTOP in a large request: another process takes it over; continued, the first writes nothing more and answers 201', async () => {
      const place = await placeOf('postgresql');
      const client = await loaded(place, 2_000, 200);
      const first = await serve(place.args);
      const token = await requestToken(first.url, client.clientId, client.clientSecret);
      const ids = await idsOf({ url: first.url, token });
      const pairs = ids.learnerIds.length * ids.courseIds.length;
      const db = await openDatabase(place.where);
      const state = async () =>
        (
          await db.read((tx) =>
            sql<{ chunks: number; places: number; epoch: string | null; rows: number }>`
              select count(*)::int as chunks, count(distinct place)::int as places,
                     (select max(lease_epoch) from operation_plan) as epoch,
                     (select count(*) from enrollment)::int as rows
              from operation_chunk`.execute(tx),
          )
        ).rows[0] ?? assert.fail();
      const large = call({ url: first.url, token }, 'POST', '/enrollment', {
        json: { ...ids, dueDateType: 'unlimited' },
      });
      while ((await state()).chunks < 3) await new Promise((done) => setTimeout(done, 5));
      first.child.kill('SIGSTOP');
      await new Promise((done) => setTimeout(done, 300));
      const stopped = await state();
      assert.ok(stopped.chunks < 40 && stopped.epoch === '1', 'it was to be stopped midway');
      const second = await serve(place.args);
      const until = Date.now() + 60_000;
      while ((await state()).rows < pairs || (await state()).epoch !== null) {
        assert.ok(Date.now() < until, JSON.stringify(await state()));
        await new Promise((done) => setTimeout(done, 100));
      }
      const completed = await state();
      assert.equal(completed.chunks, completed.places);
      first.child.kill('SIGCONT');
      assert.equal((await large).status, 201);
      await new Promise((done) => setTimeout(done, 2_000));
      const after = await state();
      assert.deepEqual([after.rows, after.chunks, after.places], [pairs, completed.chunks, completed.places]);
      const token2 = await requestToken(first.url, client.clientId, client.clientSecret);
      assert.equal((await call({ url: first.url, token: token2 }, 'GET', '/readyz')).status, 200);
      await db.close();
      assert.equal(await first.end('SIGTERM'), 0);
      assert.equal(await second.end('SIGTERM'), 0);
      await place.remove();
    });
  });
