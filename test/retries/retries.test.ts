import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { takesKey } from '../../src/http/route.ts';
import { seal } from '../../src/operations/index.ts';
import { type Stage, scenarios } from '../behaviour/runner.ts';
import { addCourse, addDepartment, addUser, everything } from '../support/people.ts';
import { ROUTES } from '../support/routes.ts';
import {
  ACCOUNT_URL,
  type Answer,
  call,
  requestStatements,
  requestToken,
  toXmlBody,
} from '../support/server.ts';

/** What a request with an Idempotency-Key is answered, first and again. */

const HOUR_MS = 3_600_000;

let counter = 0;
const newKey = (): string => `key-${process.pid}-${++counter}`;

/** POST in the scenario's format under a key. */
const keyed = (
  { world, format }: Stage,
  path: string,
  body: Record<string, unknown>,
  key: string,
  options: { token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> =>
  call(world, 'POST', path, {
    ...(format === 'json' ? { json: body } : { xml: toXmlBody(body) }),
    accept: `application/${format}`,
    ...options,
    headers: { 'idempotency-key': key, ...options.headers },
  });

/** All of an answer that is ours to repeat. */
const whole = (answer: Answer) => ({
  status: answer.status,
  text: answer.text,
  headers: ['content-type', 'location', 'rollbook-error', 'cache-control'].map((name) =>
    answer.headers.get(name),
  ),
});

const refusedAs = (answer: Answer, expected: string): void =>
  assert.equal(`${answer.status} ${answer.code}`, expected, answer.text);

const countOf = async ({ world }: Stage, table: string): Promise<number> => {
  const { rows } = await world.db.read((tx) =>
    sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(tx),
  );
  return rows[0]?.n ?? 0;
};
const operations = (stage: Stage): Promise<number> => countOf(stage, 'operation');
const keysKept = (stage: Stage): Promise<number> => countOf(stage, 'idempotency_key');

/** Every table, once what is committed has its position. */
const settled = async ({ world }: Stage): Promise<string> => {
  await seal(world.db, world.account.accountId);
  return everything(world.db);
};

const enrollBody = async ({
  world,
}: Stage): Promise<{ courseIds: string[]; learnerIds: string[]; dueDateType: string }> => ({
  courseIds: [await addCourse(world)],
  learnerIds: [await addUser(world), await addUser(world)],
  dueDateType: 'unlimited',
});

scenarios('safe retries', [
  [
    'the same key and request: the first answer again, byte for byte, and nothing is done twice',
    async (stage) => {
      const body = await enrollBody(stage);
      const key = newKey();
      const first = await keyed(stage, '/enrollment', body, key);
      assert.equal(first.status, 201, first.text);
      assert.match(first.headers.get('location') ?? '', /^\/operations\/[0-9a-f-]{36}$/);
      const before = await settled(stage);
      for (let n = 0; n < 3; n++)
        assert.deepEqual(whole(await keyed(stage, '/enrollment', body, key)), whole(first));
      assert.equal(await settled(stage), before);
      assert.equal((await call(stage.world, 'GET', first.headers.get('location') ?? '')).status, 200);
    },
  ],
  [
    'a created id is answered again in the format of the first answer',
    async (stage) => {
      const key = newKey();
      const body = { name: `Department ${key}`, parentDepartmentId: stage.world.account.rootDepartmentId };
      const first = await keyed(stage, '/department', body, key);
      assert.equal(first.status, 201, first.text);
      const other = stage.format === 'json' ? 'xml' : 'json';
      const again = await keyed({ ...stage, format: other }, '/department/', body, key);
      assert.deepEqual(whole(again), whole(first), 'whatever format and address it is sent in');
      const prefixed = await keyed(stage, '/api/v2/department', body, key);
      assert.deepEqual(whole(prefixed), whole(first));
    },
  ],
  [
    'a DELETE is answered again, though what it deleted is gone',
    async (stage) => {
      const { world } = stage;
      const group = await call(world, 'POST', '/group', { json: { name: newKey() } });
      const send = (key: string) =>
        call(world, 'DELETE', `/group/${group.json}`, {
          accept: `application/${stage.format}`,
          headers: { 'idempotency-key': key },
        });
      const key = newKey();
      const first = await send(key);
      assert.equal(first.status, 204, first.text);
      assert.deepEqual(whole(await send(key)), whole(first));
      assert.equal((await send(newKey())).status, 404);
    },
  ],
  [
    'the order of members and of ids, and quotes around the key, make no other request',
    async (stage) => {
      const { courseIds, learnerIds, dueDateType } = await enrollBody(stage);
      const key = newKey();
      const first = await keyed(stage, '/enrollment', { courseIds, learnerIds, dueDateType }, key);
      const turned = { dueDateType, learnerIds: [...learnerIds, ...learnerIds].reverse(), courseIds };
      assert.deepEqual(whole(await keyed(stage, '/enrollment', turned, `"${key}"`)), whole(first));
    },
  ],
  [
    'the same key with another body, path, parameter or preference: 422, and nothing is done',
    async (stage) => {
      const body = await enrollBody(stage);
      const key = newKey();
      assert.equal((await keyed(stage, '/enrollment', body, key)).status, 201);
      const before = await settled(stage);
      const others = [
        keyed(stage, '/enrollment', { ...body, courseIds: body.learnerIds }, key),
        keyed(stage, '/enrollment', { ...body, lockAfterDueDate: true }, key),
        keyed(stage, '/group', { name: 'Other' }, key),
        keyed(stage, '/enrollment', body, key, { headers: { prefer: 'handling=lenient' } }),
      ];
      for (const answer of await Promise.all(others)) {
        refusedAs(answer, '422 retry.other_request');
        assert.match(answer.text, /Idempotency-Key: was used for another request/);
      }
      assert.equal(await settled(stage), before);
    },
  ],
  [
    'a refusal of what was asked is kept like any answer; one of the moment leaves the key free',
    async (stage) => {
      const { world } = stage;
      const body = await enrollBody(stage);
      const unknown = { ...body, learnerIds: ['3fa85f64-5717-4562-b3fc-2c963f66afa6'] };
      const key = newKey();
      const first = await keyed(stage, '/enrollment', unknown, key);
      refusedAs(first, '400 enrollment.unknown_learner');
      assert.deepEqual(whole(await keyed(stage, '/enrollment', unknown, key)), whole(first));
      const sales = await addDepartment(world, newKey());
      const admin = await addUser(world, { role: 'department_administrator', manages: [sales] });
      const token = await world.tokenOf(admin);
      const adminKey = newKey();
      refusedAs(await keyed(stage, '/enrollment', body, adminKey, { token }), '403 auth.learner_scope');
      await call(world, 'POST', `/department/${sales}/user/move`, { json: { userIds: body.learnerIds } });
      assert.equal((await keyed(stage, '/enrollment', body, adminKey, { token })).status, 201);
    },
  ],
  [
    'keys belong to an API client, and to a user who calls without one',
    async (stage) => {
      const { world } = stage;
      const key = newKey();
      const body = { name: `Group ${key}` };
      const first = await keyed(stage, '/group', body, key);
      const other = await keyed(stage, '/group', body, key, {
        token: await world.tokenOf(world.account.ownerId),
      });
      assert.equal(other.status, 201);
      assert.notEqual(other.text, first.text, 'another client of the same user');
      const login = newKey();
      await addUser(world, { login, role: 'administrator', password: 'a password' });
      const headers = {
        authorization: '',
        'x-auth-account-url': ACCOUNT_URL,
        'x-auth-email': login,
        'x-auth-password': 'a password',
      };
      const legacy = await keyed(stage, '/group', body, key, { headers });
      assert.equal(legacy.status, 201, legacy.text);
      assert.notEqual(legacy.text, first.text);
      assert.equal((await keyed(stage, '/group', body, key, { headers })).text, legacy.text);
    },
  ],
  [
    'a key that is no visible ASCII of 1 to 255 characters: 400, naming the header',
    async (stage) => {
      const before = await operations(stage);
      for (const key of ['', '""', '"open', 'two words', 'k'.repeat(256), '"a";b=1', 'ä']) {
        const answer = await keyed(stage, '/enrollment', await enrollBody(stage), key);
        refusedAs(answer, '400 request.invalid');
        assert.match(answer.text, /Idempotency-Key: must be 1 to 255 visible ASCII characters/);
      }
      assert.equal(await operations(stage), before);
      const longest = 'k'.repeat(240) + newKey().padEnd(15, '-').slice(0, 15);
      assert.equal((await keyed(stage, '/enrollment', await enrollBody(stage), longest)).status, 201);
    },
  ],
  [
    'what is malformed is refused before the key counts',
    async (stage) => {
      const key = newKey();
      refusedAs(await keyed(stage, '/enrollment', { courseIds: [] }, key), '400 request.invalid');
      assert.equal((await keyed(stage, '/enrollment', await enrollBody(stage), key)).status, 201);
    },
  ],
  [
    'reads by POST, and writes of secrets, know no key',
    async (stage) => {
      const { world } = stage;
      const key = newKey();
      const before = await keysKept(stage);
      const list = (courseIds: string[]) => keyed(stage, '/enrollments', { courseIds }, key);
      assert.equal((await list([await addCourse(world)])).status, 200);
      assert.equal((await list([await addCourse(world)])).status, 200, 'another body under the same key');
      const one = await keyed(stage, '/client', {}, key);
      const two = await keyed(stage, '/client', {}, key);
      assert.equal(`${one.status} ${two.status}`, '201 201');
      assert.notEqual(one.text, two.text);
      assert.equal(await keysKept(stage), before);
    },
  ],
  [
    'which writes know no key is written down',
    async () => {
      const keyless = ROUTES.filter((route) => route.method !== 'GET' && !takesKey(route));
      assert.deepEqual(keyless.map((route) => `${route.operationId} ${route.keyless}`).sort(), [
        'ChangeOpenIdSettings secret',
        'ChangeSubscriberSettings secret',
        'CreateCalendar secret',
        'CreateClient secret',
        'DeleteClient secret',
        'FindExistingUsers read',
        'GetAccessToken secret',
        'GetAccessTokenByOAuth secret',
        'ListContentByBody read',
        'ListEnrollmentsByBody read',
        'ListUsersV2ByBody read',
        'RegisterSubscriber secret',
        'SearchUsers read',
        'SetUserPassword secret',
        'StopReminders secret',
        'StoreContentFile stream',
      ]);
    },
  ],
  [
    'neither the key nor a password in the request can be read or guessed from the table',
    async (stage) => {
      const { world } = stage;
      const [key, login] = [newKey(), newKey()];
      const body = {
        departmentId: world.account.rootDepartmentId,
        fields: { login },
        email: `${login}@academy.example`,
        password: 'hunter2-hunter2',
      };
      assert.equal((await keyed(stage, '/user', body, key)).status, 201);
      const { rows } = await world.db.read((tx) =>
        sql<{
          row: string;
        }>`select k::text as row from idempotency_key k order by created_at desc limit 1`.execute(tx),
      );
      assert.doesNotMatch(rows[0]?.row ?? '', new RegExp(`${key}|hunter2`));
    },
  ],
  [
    'without the header no statement more runs, and none knows of keys',
    async (stage) => {
      const { world } = stage;
      const plain = async () => {
        const body = await enrollBody(stage);
        const from = world.statements.length;
        assert.equal((await stage.enroll(body)).status, 201);
        return world.statements.slice(from);
      };
      await plain();
      const statements = requestStatements({ statements: await plain() });
      assert.ok(statements.every((text) => !text.includes('idempotency_key')));
      assert.equal(statements.length, 2, `one load, one insert: ${statements.join('\n')}`);
    },
  ],
]);

scenarios('keys in time', [
  [
    'a key lives for 48 hours, and then is as new; expired ones are swept as others come',
    async (stage) => {
      const { world } = stage;
      const key = newKey();
      const body = { name: `Group ${key}` };
      const newToken = () => requestToken(world.url, world.account.clientId, world.account.clientSecret);
      const early = { token: await newToken() };
      const first = await keyed(stage, '/group', body, key, early);
      assert.equal(first.status, 201);
      for (let n = 0; n < 5; n++) await keyed(stage, '/group', { name: 'Swept' }, newKey(), early);
      const start = world.clock.now;
      world.clock.now = new Date(start.getTime() + 48 * HOUR_MS - 1_000);
      const token = await newToken();
      assert.deepEqual(whole(await keyed(stage, '/group', body, key, { token })), whole(first));
      world.clock.now = new Date(start.getTime() + 48 * HOUR_MS);
      assert.equal((await keyed(stage, '/group', { name: 'Another' }, key, { token })).status, 201);
      const before = await keysKept(stage);
      for (let n = 0; n < 5; n++) await keyed(stage, '/group', { name: 'Later' }, newKey(), { token });
      assert.ok((await keysKept(stage)) < before + 5, 'the table does not grow');
      assert.equal((await call(world, 'GET', '/group', { token })).status, 200);
    },
  ],
]);
