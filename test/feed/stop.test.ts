import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, serve } from '../support/process.ts';
import { requestToken } from '../support/server.ts';
import { enroll, openStream, read } from './support.ts';

/** SIGTERM while requests wait for events and streams are open, one of them to a reader who does not read. */

for (const engine of ENGINES)
  describe(`SIGTERM while events are waited for (${engine})`, () => {
    after(killAll);
    test('waiting requests are answered, streams end, the program ends with 0 in time', async () => {
      const place = await placeOf(engine);
      const client = await loaded(place, 20, 1, { departments: 1 });
      const running = await serve(place.args);
      const token = await requestToken(running.url, client.clientId, client.clientSecret);
      const server = { url: running.url, token };
      const { courseIds, learnerIds } = await idsOf(server);
      await enroll(server, courseIds, learnerIds);
      const { nextCursor } = await read(server, { after: 'now' });
      const waiting = Array.from({ length: 20 }, () => read(server, { after: nextCursor, wait: 60 }));
      const stream = await openStream(server);
      await stream.until(1);
      const deaf = await fetch(`${server.url}/events`, {
        headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
      });
      assert.equal(deaf.status, 200);
      const from = performance.now();
      assert.equal(await running.end('SIGTERM'), 0);
      const ms = performance.now() - from;
      assert.ok(ms < 5_000, `${Math.round(ms)} ms`);
      for (const page of await Promise.all(waiting))
        assert.deepEqual(page, { events: [], nextCursor, hasMore: false });
      await stream.ended;
      await deaf.body?.cancel().catch(() => undefined);
      const again = await serve(place.args);
      const next = await read({ url: again.url, token: server.token }, { after: stream.lastId() });
      assert.deepEqual(next.events, [], 'the stream had told everything');
      assert.equal(await again.end('SIGTERM'), 0);
      await place.remove();
    });
  });
