import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { createAccount } from '../../src/people/index.ts';
import { type Scenario, scenarios } from '../behaviour/runner.ts';
import { enroll } from '../support/learning.ts';
import { addCourse, addCustomRole, addDepartment, addUser } from '../support/people.ts';
import { call, requestToken, type World } from '../support/server.ts';
import { ask, readEvents, subscribe } from './subscribed.ts';

/** Who gives and takes the address of a calendar, and where an address leads. */

const leadsNowhere = async (world: World, path: string): Promise<void> => {
  const answer = await ask(world, path);
  assert.equal(`${answer.status} ${answer.code}`, '404 calendar.unknown', path);
  const secret = path.slice('/calendar/'.length).replace('.ics', '');
  assert.ok(secret.length < 20 || !answer.text.includes(secret), 'the answer does not repeat it');
};
const works = async (world: World, path: string): Promise<void> =>
  assert.equal((await ask(world, path)).status, 200);

const ADDRESSES: readonly Scenario[] = [
  [
    'one address at a time: a new one ends the old, and none is left when it is taken away',
    async ({ world }) => {
      const learner = await addUser(world);
      const info = () => call(world, 'GET', `/user/${learner}/calendar`);
      assert.equal((await info()).code, 'calendar.none');
      const first = await subscribe(world, learner);
      await works(world, first);
      const second = await subscribe(world, learner);
      await leadsNowhere(world, first);
      const createdAt = `${world.clock.now.toISOString().slice(0, 19)}+00:00`;
      assert.deepEqual((await info()).json, { createdAt });
      await works(world, second);
      assert.deepEqual((await info()).json, { createdAt, lastReadAt: createdAt });
      for (const time of ['first', 'second']) {
        const removed = await call(world, 'DELETE', `/user/${learner}/calendar`);
        assert.equal(`${removed.status} ${removed.text}`, '204 ', time);
        await leadsNowhere(world, second);
      }
      assert.equal((await info()).code, 'calendar.none');
      await works(world, await subscribe(world, learner));
    },
  ],
  [
    'nothing but the address itself opens it, and what is stored is no address',
    async ({ world }) => {
      const path = await subscribe(world, await addUser(world));
      const secret = path.slice('/calendar/'.length, -'.ics'.length);
      const bytes = Buffer.from(secret, 'base64url');
      assert.equal(bytes.length, 32);
      assert.equal(bytes.readUInt32BE(0), world.account.accountId, 'the rest, 224 bits, is random');
      const ofOther = Buffer.from(bytes);
      ofOther.writeUInt32BE(world.account.accountId + 1, 0);
      const { rows } = await world.db.read((tx) =>
        sql<{ hash: string; row: string }>`
          select encode(secret_hash, 'hex') as hash, f::text as row from calendar_feed f`.execute(tx),
      );
      assert.ok(rows.length > 0 && rows.every(({ row }) => !row.includes(secret)));
      for (const bad of [
        'x',
        secret.slice(1),
        `${secret}A`,
        `${secret.startsWith('A') ? 'B' : 'A'}${secret.slice(1)}`,
        `${secret.slice(0, -1)}${secret.endsWith('A') ? 'E' : 'A'}`,
        ofOther.toString('base64url'),
        Buffer.alloc(32, 0xff).toString('base64url'),
        Buffer.alloc(32).toString('base64url'),
        Buffer.from(rows.at(-1)?.hash ?? '', 'hex').toString('base64url'),
        encodeURIComponent(`' or true --`),
      ])
        await leadsNowhere(world, `/calendar/${bad}.ics`);
      await works(world, path);
    },
  ],
  [
    'accounts do not meet: each address shows its own',
    async ({ world, format }) => {
      const url = `https://other-${format}.example/path/`;
      const account = await createAccount(world.db, {
        name: 'Other',
        url,
        ownerLogin: 'owner',
        ownerEmail: 'owner@other.example',
        ownerPassword: 'a password of theirs',
        plan: 'business',
        now: world.clock.now,
      });
      const token = await requestToken(world.url, account.clientId, account.clientSecret);
      const theirs = await call(world, 'POST', `/user/${account.ownerId}/calendar`, { token });
      assert.equal(theirs.status, 201);
      const address = (theirs.json as { url: string }).url;
      assert.ok(address.startsWith(`https://other-${format}.example/path/calendar/`), address);
      const answer = await ask(world, address.slice(url.length - 1));
      assert.match(answer.text, /\r\nNAME:Other\r\n/);
      for (const method of ['POST', 'GET', 'DELETE'])
        assert.equal(
          (await call(world, method, `/user/${world.account.ownerId}/calendar`, { token })).code,
          'people.unknown_user',
        );
    },
  ],
  [
    'a user who is not active has no calendar, from that instant on; one who is again has',
    async ({ world }) => {
      const learner = await addUser(world);
      const path = await subscribe(world, learner);
      const become = async (status: number) =>
        assert.equal(
          (await call(world, 'POST', `/user/${learner}/status`, { json: { status } })).status,
          200,
        );
      for (const status of [3, 5]) {
        await become(status);
        await leadsNowhere(world, path);
        await become(1);
        await works(world, path);
      }
      const { now } = world.clock;
      const date = new Date(Math.floor(now.getTime() / 1000) * 1000 + 3_600_000);
      const scheduled = await call(world, 'POST', `/user/${learner}/scheduled_deactivation`, {
        json: { date: date.toISOString() },
      });
      assert.equal(scheduled.status, 200, scheduled.text);
      world.clock.now = new Date(date.getTime() - 1);
      await works(world, path);
      world.clock.now = date;
      await leadsNowhere(world, path);
      world.clock.now = now;
    },
  ],
  [
    'of a deleted user nothing is left of it',
    async ({ world }) => {
      const learner = await addUser(world);
      await enroll(world, learner, await addCourse(world), { dueDateType: 'due_period', duePeriod: 48 });
      const path = await subscribe(world, learner);
      assert.equal((await readEvents(world, path)).size, 1);
      assert.equal((await call(world, 'DELETE', `/user/${learner}`)).status, 204);
      await leadsNowhere(world, path);
      const { rows } = await world.db.read((tx) =>
        sql`select user_id from calendar_feed where user_id = ${learner}
          union all select user_id from calendar_event where user_id = ${learner}`.execute(tx),
      );
      assert.deepEqual(rows, []);
    },
  ],
];

const WHO: readonly Scenario[] = [
  [
    'everybody has their own, and nobody that of an equal',
    async ({ world }) => {
      const [ann, ben] = [await addUser(world), await addUser(world, { role: 'publisher' })];
      const token = await world.tokenOf(ann);
      const as = (method: string, userId: string, who = token) =>
        call(world, method, `/user/${userId}/calendar`, { token: who });
      assert.equal((await as('POST', ann)).status, 201);
      assert.equal((await as('GET', ann)).status, 200);
      assert.equal((await as('DELETE', ann)).status, 204);
      await subscribe(world, ben);
      for (const method of ['POST', 'GET', 'DELETE'])
        assert.equal((await as(method, ben)).code, 'auth.role', method);
      const manager = await addUser(world, {
        role: 'department_administrator',
        manages: [world.account.rootDepartmentId],
      });
      for (const method of ['POST', 'GET', 'DELETE'])
        assert.equal(
          (await as(method, world.account.ownerId, await world.tokenOf(manager))).code,
          'auth.outranked',
          method,
        );
    },
  ],
  [
    'a manager with the right over a department has it over those in it, and loses it with the right',
    async ({ world }) => {
      const [here, there] = [await addDepartment(world, 'Here'), await addDepartment(world, 'There')];
      const [ann, ben] = [
        await addUser(world, { departmentId: here }),
        await addUser(world, { departmentId: there }),
      ];
      const roleId = await addCustomRole(world, ['user.write']);
      const token = await world.tokenOf(await addUser(world, { roleId, manages: [here] }));
      const as = (userId: string) => call(world, 'POST', `/user/${userId}/calendar`, { token });
      assert.equal((await as(ann)).status, 201);
      assert.equal((await as(ben)).code, 'auth.user_scope');
      assert.equal(
        (await call(world, 'POST', `/user/${ann}`, { json: { departmentId: there } })).status,
        200,
      );
      assert.equal((await as(ann)).code, 'auth.user_scope');
    },
  ],
];

const ANSWERS: readonly Scenario[] = [
  [
    'no cache, no search engine and no referrer is told of it; HEAD answers as GET',
    async ({ world }) => {
      const path = await subscribe(world, await addUser(world));
      const get = await ask(world, path);
      const head = await fetch(world.url + path, { method: 'HEAD' });
      for (const { status, headers } of [get, head]) {
        assert.equal(status, 200);
        assert.equal(headers.get('content-type'), 'text/calendar; charset=utf-8');
        assert.equal(headers.get('content-length'), String(Buffer.byteLength(get.text)));
        assert.equal(headers.get('cache-control'), 'private, no-cache');
        assert.equal(headers.get('referrer-policy'), 'no-referrer');
        assert.equal(headers.get('x-robots-tag'), 'noindex, nofollow');
        assert.equal(headers.get('x-content-type-options'), 'nosniff');
        assert.equal(headers.get('etag'), get.headers.get('etag'));
      }
      assert.equal(await head.text(), '');
      const missing = await ask(world, '/calendar/x.ics');
      assert.equal(missing.headers.get('referrer-policy'), 'no-referrer');
      assert.equal(missing.headers.get('cache-control'), 'no-store');
      for (const accept of ['text/calendar', 'application/json', '*/*', 'text/html'])
        assert.equal((await call(world, 'GET', path, { token: null, accept })).status, 200);
      assert.ok(!get.text.includes(path.slice(10, -4)), 'the calendar does not name its own address');
    },
  ],
];

scenarios('addresses of calendars', [...ADDRESSES, ...WHO, ...ANSWERS]);
