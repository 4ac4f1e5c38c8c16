import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, describe, test } from 'node:test';
import Fastify from 'fastify';
import { sql } from 'kysely';
import { newPasswordLink } from '../../src/access/index.ts';
import { LOGGED } from '../../src/http/server.ts';
import { createAccount } from '../../src/people/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { placeOf } from '../support/place.ts';
import { killAll, type Running, serve } from '../support/process.ts';
import { ACCOUNT_URL, call, OWNER, requestToken } from '../support/server.ts';

/** The secret of a calendar's address is written nowhere by the server, however much it logs and whatever goes wrong. */

/** Sends bytes as they are, reads the beginning of the answer, and hangs up. */
async function hangUpAfter(url: string, text: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  await new Promise((done) => setTimeout(done, 100));
  socket.destroy();
}

test('a request that is logged as such is the pattern of its route', async () => {
  const lines: string[] = [];
  const server = Fastify({
    logger: {
      level: 'trace',
      serializers: LOGGED,
      stream: { write: (line: string) => void lines.push(line) },
    },
  });
  server.get('/calendar/:token.ics', async (request) => {
    request.log.error({ req: request }, 'here');
    return '';
  });
  await server.inject({ url: '/calendar/a-secret.ics?x=y' });
  await server.close();
  const logged = lines.find((line) => line.includes('"here"')) ?? assert.fail(lines.join(''));
  assert.deepEqual(JSON.parse(logged).req, { method: 'GET', route: '/calendar/:token.ics' });
  assert.ok(!lines.join('').includes('a-secret'), lines.join(''));
});

for (const engine of ENGINES)
  describe(`what the log says of calendars and links to set a password (${engine})`, () => {
    after(killAll);

    test('at the most talkative level, with answers, refusals, faults and broken requests', async () => {
      const place = await placeOf(engine);
      const inDatabase = async <T>(work: (db: Database) => Promise<T>): Promise<T> => {
        const db = await openDatabase(place.where);
        return work(db).finally(() => db.close());
      };
      const { clientId, clientSecret, ownerId } = await inDatabase((db) =>
        createAccount(db, {
          name: 'Academy',
          url: ACCOUNT_URL,
          ownerLogin: OWNER.login,
          ownerEmail: 'owner@academy.example',
          ownerPassword: OWNER.password,
          plan: 'business',
          now: new Date(),
        }),
      );
      const link = await inDatabase((db) =>
        db.write((tx) =>
          newPasswordLink(
            tx,
            1,
            { userId: ownerId, address: 'owner@academy.example', purpose: 'invitation' },
            new Date(),
          ),
        ),
      );
      const linkPath = link?.path ?? assert.fail('no link');
      const linkSecret = linkPath.slice(-43);
      let log = '';
      const start = async (): Promise<Running> => {
        const running = await serve(place.args, { ROLLBOOK_LOG_LEVEL: 'trace' });
        for (const stream of [running.child.stdout, running.child.stderr])
          stream?.on('data', (part: Buffer) => {
            log += part;
          });
        log += running.output;
        return running;
      };
      let running = await start();
      const world = { url: running.url, token: await requestToken(running.url, clientId, clientSecret) };
      const made = await call(world, 'POST', `/user/${ownerId}/calendar`);
      const path = (made.json as { url: string }).url.slice(ACCOUNT_URL.length);
      const secret = path.slice('/calendar/'.length, -'.ics'.length);
      assert.equal(secret.length, 43);
      const get = async (address: string, init: RequestInit = {}): Promise<number> =>
        (await fetch(running.url + address, init)).status;
      assert.equal(await get(path), 200);
      assert.equal(await get(path, { method: 'HEAD' }), 200);
      assert.equal(await get(`/api/v2${path}?x=1`), 200);
      assert.equal(await get(path, { method: 'POST' }), 405);
      assert.equal(await get(`/calendar/${secret}`), 404);
      assert.equal(await get(`/calendar/${secret}%.ics`), 400);
      assert.equal(await get(`/calendar/${secret}${'x'.repeat(600)}.ics`), 400);
      await hangUpAfter(running.url, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
      await hangUpAfter(running.url, `GET ${path} HTTP/9.9\r\nbroken\r\n\r\n`);
      await hangUpAfter(running.url, `GET ${path} HTTP/1.1\r\nhost: x\r\n`);
      assert.equal(await get(linkPath), 200);
      assert.equal(await get(`${linkPath}?x=1`, { method: 'POST' }), 404);
      const body = new URLSearchParams({ link: linkSecret, password: 'a password' });
      assert.equal(await get('/sign-in/password', { method: 'POST', body }), 403);
      assert.match(await (await fetch(`${running.url}/metrics`)).text(), /ReadCalendar/);
      const measured = await (await fetch(`${running.url}/metrics`)).text();
      assert.ok(!measured.includes(secret));
      await running.end('SIGTERM');
      await inDatabase(async (db) => {
        await db.writeOnce(sql`alter table calendar_event rename to calendar_event_hidden`);
        await db.writeOnce(sql`alter table password_link rename to password_link_hidden`);
      });
      running = await start();
      assert.equal(await get(path), 500);
      assert.equal(await get(linkPath), 500);
      await running.end('SIGTERM');
      assert.match(log, /unexpected error/, 'the log is what is read here');
      assert.match(log, /page failed/);
      for (const told of [secret, linkSecret])
        assert.ok(
          !log.includes(told),
          log.split('\n').find((line) => line.includes(told)),
        );
      await place.remove();
    });
  });
