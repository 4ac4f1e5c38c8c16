import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES, temporaryFolder } from '../support/database.ts';
import { idsOf, loaded, type Place, placeOf } from '../support/place.ts';
import { type Running, run, serve } from '../support/process.ts';
import { call, requestToken } from '../support/server.ts';

/** The program as an operator meets it: started, stopped, killed, in each other's way. */

const total = async (where: Place['where']): Promise<{ rows: number; pending: number; done: number }> => {
  const db = await openDatabase(where);
  const { rows } = await db.read((tx) =>
    sql<{
      rows: number;
      pending: number;
      done: number;
    }>`select (select count(*) from enrollment)::int as rows, (select count(*) from operation_plan)::int as pending,
      (select count(*) from operation where state = 'done')::int as done`.execute(tx),
  );
  await db.close();
  return rows[0] ?? { rows: -1, pending: -1, done: -1 };
};

const ended = async (where: Place['where']): Promise<{ past: number; told: number } | undefined> => {
  const db = await openDatabase(where);
  const { rows } = await db.read((tx) =>
    sql<{ past: number; told: number }>`
      select (select count(*) from enrollment_past where past_cause = 'ended')::int as past,
        (select sum(learners) from outbox where event_type = 'LEARNERS_UNENROLLED')::int as told`.execute(tx),
  );
  await db.close();
  return rows[0];
};

for (const engine of ENGINES)
  describe(`the program (${engine})`, () => {
    test('a large request whose process is killed is completed by the next start, each pair once', async () => {
      const place = await placeOf(engine);
      const client = await loaded(place, 1_000, engine === 'embedded' ? 15 : 60);
      const first = await serve(place.args);
      const token = await requestToken(first.url, client.clientId, client.clientSecret);
      const ids = await idsOf({ url: first.url, token });
      const large = call({ url: first.url, token }, 'POST', '/enrollment', {
        json: { ...ids, dueDateType: 'unlimited' },
      }).catch(() => 'cut off');
      await hasBegun(first, token);
      await first.end('SIGKILL');
      assert.equal(await large, 'cut off');
      const next = await serve(place.args);
      const pairs = ids.learnerIds.length * ids.courseIds.length;
      await finished(next);
      assert.equal(await next.end('SIGTERM'), 0);
      assert.deepEqual(await total(place.where), { rows: pairs, pending: 0, done: 1 });
      await place.remove();
    });

    test('a large delete whose process is killed is completed by the next start', async () => {
      const place = await placeOf(engine);
      const client = await loaded(place, 1_000, engine === 'embedded' ? 11 : 20);
      const first = await serve(place.args);
      const server = {
        url: first.url,
        token: await requestToken(first.url, client.clientId, client.clientSecret),
      };
      const ids = await idsOf(server);
      const enrolled = await call(server, 'POST', '/enrollment', {
        json: { ...ids, dueDateType: 'unlimited' },
      });
      assert.equal(enrolled.status, 201, enrolled.text);
      const all = (await call(server, 'GET', '/enrollment')).json as { enrollmentId: string }[];
      const enrollmentIds = all.map((enrollment) => enrollment.enrollmentId);
      const large = call(server, 'POST', '/enrollment/delete', { json: { enrollmentIds } }).catch(
        () => 'cut off',
      );
      // The oldest go first.
      while ((await call(server, 'GET', `/enrollment/${enrollmentIds[0]}`)).status === 200);
      await first.end('SIGKILL');
      assert.equal(await large, 'cut off');
      const next = await serve(place.args);
      await finished(next);
      assert.equal(await next.end('SIGTERM'), 0);
      assert.deepEqual(await total(place.where), { rows: 0, pending: 0, done: 2 });
      assert.deepEqual(await ended(place.where), { past: all.length, told: all.length });
      await place.remove();
    });

    test('SIGTERM in a large request: its caller is told where it goes on, the exit code is 0, the next start completes it', async () => {
      const place = await placeOf(engine);
      const client = await loaded(place, 1_000, engine === 'embedded' ? 15 : 60);
      const first = await serve(place.args);
      const token = await requestToken(first.url, client.clientId, client.clientSecret);
      const ids = await idsOf({ url: first.url, token });
      const large = call({ url: first.url, token }, 'POST', '/enrollment', {
        json: { ...ids, dueDateType: 'unlimited' },
      });
      await hasBegun(first, token);
      const stopped = first.end('SIGTERM');
      const answer = await large;
      assert.equal(answer.status, 503, answer.text);
      assert.match(answer.headers.get('location') ?? '', /^\/operations\/[0-9a-f-]{36}$/);
      assert.ok(answer.headers.get('retry-after'));
      assert.equal(await stopped, 0);
      const next = await serve(place.args);
      const again = {
        url: next.url,
        token: await requestToken(next.url, client.clientId, client.clientSecret),
      };
      const until = Date.now() + 30_000;
      let state = '';
      while (state !== 'done' && Date.now() < until) {
        await new Promise((done) => setTimeout(done, 200));
        state = ((await call(again, 'GET', answer.headers.get('location') ?? '')).json as { state: string })
          .state;
      }
      assert.equal(state, 'done');
      assert.equal(await next.end('SIGTERM'), 0);
      assert.equal((await total(place.where)).rows, ids.learnerIds.length * ids.courseIds.length);
      await place.remove();
    });

    test('200,000 enrollments are listed in bounded memory, and nothing is held open while a slow client reads', async () => {
      const place = await placeOf(engine);
      const client = await loaded(place, 2_000, 100);
      await fill(place.where);
      const server = await serve(place.args);
      const token = await requestToken(server.url, client.clientId, client.clientSecret);
      await call({ url: server.url, token }, 'GET', '/enrollments?pageSize=10');
      const before = await residentMb(server);
      const slow = await readSlowly(server.url, token, async () => {
        // In the middle of the list: others are served, and no transaction is open.
        assert.equal((await call({ url: server.url, token }, 'GET', '/enrollments?pageSize=10')).status, 200);
        if ('url' in place.where) assert.equal(await openTransactions(place.where.url), 0);
      });
      assert.equal(slow.count, 200_000);
      const growth = slow.peakMb - before;
      assert.ok(growth < 150, `grew by ${growth} MB`);
      await server.end('SIGTERM');
      await place.remove();

      async function readSlowly(
        url: string,
        bearer: string,
        midway: () => Promise<void>,
      ): Promise<{ count: number; peakMb: number }> {
        const request = http.get(`${url}/enrollment`, {
          headers: { authorization: bearer, accept: 'application/json' },
        });
        const [response] = (await once(request, 'response')) as [http.IncomingMessage];
        let [count, peakMb, parts] = [0, 0, 0];
        let rest = '';
        for await (const part of response) {
          const text = rest + part;
          count += text.split('"enrollmentId"').length - 1;
          rest = text.slice(-14).includes('"enrollmentId"') ? '' : text.slice(-13);
          if (++parts % 50 === 0) await new Promise((done) => setTimeout(done, 5));
          if (parts === 200) {
            // Long enough for every buffer to fill.
            await new Promise((done) => setTimeout(done, 1_000));
            await midway();
          }
          if (parts % 100 === 0) peakMb = Math.max(peakMb, await residentMb(server));
        }
        return { count, peakMb };
      }
    });
  });

/** Rows straight into the table: the list is what is tested. */
async function fill(where: Place['where']): Promise<void> {
  const db = await openDatabase(where);
  await db.writeOnce(
    sql`insert into enrollment (account_id, learner_id, item_id, chunk, ordinal, access_at, due_rule, lock_after_due, version_chunk, recorded_at)
        select u.account_id, u.user_id, i.item_id, i.n, row_number() over (partition by i.n), now(), 0, false, i.n, now()
        from users u join (select account_id, item_id, row_number() over () as n from content_item) i on i.account_id = u.account_id
        where u.login like 'load-%'`,
    'bulk',
  );
  await db.close();
}

async function openTransactions(url: string): Promise<number> {
  const db = await openDatabase({ url });
  const { rows } = await db.read((tx) =>
    sql<{
      n: number;
    }>`select count(*)::int as n from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`.execute(
      tx,
    ),
  );
  await db.close();
  return rows[0]?.n ?? -1;
}

async function residentMb(server: Running): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1] ?? 0) / 1024 ** 2;
}

/** Waits until the server has completed what was left to it. */
async function finished({ url }: Running): Promise<void> {
  const until = Date.now() + 30_000;
  for (let unfinished = 1; unfinished > 0; ) {
    assert.ok(Date.now() < until, 'it is not completed');
    await new Promise((done) => setTimeout(done, 200));
    const ready = (await call({ url, token: '' }, 'GET', '/readyz')).json;
    unfinished = (ready as { unfinishedOperations: number }).unfinishedOperations;
  }
}

/** Waits until the first chunks of a large request are to be seen. */
async function hasBegun(server: Running, token: string): Promise<void> {
  for (let n = 0; n < 500; n++) {
    const { enrollments } = (await call({ url: server.url, token }, 'GET', '/enrollments?pageSize=1'))
      .json as { enrollments: unknown[] };
    if (enrollments.length > 0) return;
    await new Promise((done) => setTimeout(done, 5));
  }
  throw new Error('the large request did not begin');
}

describe('the program and its folder', () => {
  test('an empty folder gets the demo account; a second process is refused with exit code 3 and harms nothing; after a kill the next starts', async () => {
    const folder = temporaryFolder();
    const first = await serve(['--data', folder]);
    const id = /^client_id: (\S+)$/m.exec(first.output)?.[1] ?? '';
    const secret = /^client_secret: (\S+)$/m.exec(first.output)?.[1] ?? '';
    for (const login of ['owner', 'admin', 'sales-admin', 'trainer', 'learner'])
      assert.match(first.output, new RegExp(`^ +${login} +rollbook-demo`, 'm'));
    assert.match(first.output, /^API: +http/m);
    assert.match(first.output, /^Docs: +http\S+\/docs$/m);
    const token = await requestToken(first.url, id, secret);
    const users = (await call({ url: first.url, token }, 'GET', '/user')).json as { role: string }[];
    assert.equal(users.filter((user) => user.role === 'learner').length, 50);
    const second = await run(['serve', '--port', '0', '--data', folder]);
    assert.equal(second.code, 3);
    assert.match(second.err, new RegExp(`in use by process ${first.child.pid}`));
    const other = await run([
      'client',
      'create',
      '--account',
      'http://localhost',
      '--login',
      'owner',
      '--data',
      folder,
    ]);
    assert.equal(other.code, 3);
    assert.equal((await call({ url: first.url, token }, 'GET', '/user')).status, 200);
    await first.end('SIGKILL');
    const next = await serve(['--data', folder]);
    assert.doesNotMatch(next.output, /client_secret/);
    assert.equal(
      (await call({ url: next.url, token: await requestToken(next.url, id, secret) }, 'GET', '/user')).status,
      200,
    );
    assert.equal(await next.end('SIGTERM'), 0);
  });

  test('demo load fills an account, and records results of no more enrollments than it makes', async () => {
    const where = ['--data', temporaryFolder()];
    const owner = [
      '--owner-login',
      'o',
      '--owner-email',
      'o@a.example',
      '--owner-password',
      'a long password',
    ];
    const account = ['account', 'create', '--name', 'A', '--url', 'http://a.example', ...owner];
    assert.equal((await run([...account, ...where])).code, 0);
    const sizes = ['--learners', '20', '--courses', '2', '--enrollments', '30'];
    const load = (results: string) =>
      run([
        'demo',
        'load',
        '--account',
        'http://a.example',
        ...sizes,
        '--results',
        results,
        '--json',
        ...where,
      ]);
    const tooMany = await load('31');
    assert.equal(tooMany.code, 2);
    assert.match(tooMany.err, /--results: 31 are more than the 30 enrollments of this load/);
    const loaded = JSON.parse((await load('30')).out) as Record<string, number>;
    assert.equal(loaded['enrollments'], 30);
    assert.equal(loaded['results'], 30);
  });

  test('--help, an unknown command and a wrong flag', async () => {
    for (const args of [
      ['--help'],
      ['serve', '--help'],
      ['account', 'create', '--help'],
      ['client', 'create', '--help'],
      ['demo', 'load', '--help'],
      ['migrate', '--help'],
    ]) {
      const { code, out } = await run(args);
      assert.equal(code, 0);
      assert.match(out, /rollbook/);
    }
    assert.equal((await run(['fly'])).code, 2);
    const wrong = await run(['serve', '--port', 'many']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /--port: many/);
  });
});
