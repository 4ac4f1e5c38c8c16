import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { ROUTES } from '../support/routes.ts';
import { ACCOUNT_URL, call, requestToken, startWorld, type World } from '../support/server.ts';

/** Quirks that every endpoint has: each is tried on all routes of the table, or on all lists that have pages. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const DAY_MS = 86_400_000;

const pathOf = (path: string): string =>
  path.replace(/\{contentType\}/g, 'Page').replace(/\{\w+\}/g, UNKNOWN);
const guarded = ROUTES.filter((route) => route.may !== 'public');

/** The paged lists that every account fills with more than one entry, and where their entries stand. */
const PAGED: Readonly<Record<string, string>> = {
  '/enrollments': 'enrollments',
  '/contents': 'contentItems',
  '/departments': 'departments',
  '/groups': 'groups',
  '/users': 'userProfiles',
  '/users/v2': 'userProfiles',
  '/learners/results': 'results',
};

for (const engine of ENGINES)
  describe(`quirks of every endpoint (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
      const courses = [await addCourse(world), await addCourse(world)];
      await addDepartment(world, 'Sub');
      for (const name of ['A', 'B'])
        assert.equal((await call(world, 'POST', '/group', { json: { name } })).status, 201);
      const json = { courseIds: courses, learnerIds: [await addUser(world)], dueDateType: 'unlimited' };
      assert.equal((await call(world, 'POST', '/enrollment', { json })).status, 201);
    });
    after(() => world.close());

    test('four path prefixes: every route is found under each, also with a trailing slash before the query', async () => {
      for (const { method, path } of guarded)
        for (const prefix of ['', '/api/v2', '/api/v3', '/index.php/api/v2'])
          for (const ending of ['', '/', '/?x[]=1']) {
            const url = prefix + pathOf(path) + ending;
            const answer = await call(world, method, url, { token: null });
            assert.equal(`${answer.status} ${answer.code}`, '401 auth.missing', `${method} ${url}`);
          }
    });

    test('the legacy headers, in lower case too, open every endpoint', async () => {
      const [login, password] = [`legacy-${engine}`, 'plain password'];
      await addUser(world, { login, role: 'administrator', password });
      const headers = {
        'x-auth-account-url': ACCOUNT_URL,
        'x-auth-email': login,
        'x-auth-password': password,
      };
      for (const { method, path } of guarded) {
        const body = method === 'POST' ? { json: {} } : {};
        const answer = await call(world, method, pathOf(path), { token: null, headers, ...body });
        assert.notEqual(answer.status, 401, `${method} ${path}: ${answer.text}`);
        assert.notEqual(answer.code, 'auth.role', `${method} ${path}`);
      }
    });

    test('X-Target-Locale is taken on every endpoint, and one that nobody knows changes nothing', async () => {
      // What has a media type of its own has no other.
      const negotiated = guarded.filter(({ method, answer }) => method === 'GET' && !answer.contentType);
      for (const { path } of negotiated) {
        const read = (headers: Record<string, string>) => call(world, 'GET', pathOf(path), { headers });
        const plain = await read({});
        const unknown = await read({ 'x-target-locale': 'xx-XX' });
        assert.equal(unknown.status, plain.status, path);
        assert.equal(unknown.text, plain.text, path);
        assert.equal((await read({ 'x-target-locale': 'zh-CN' })).status, plain.status, path);
      }
    });

    test('without Accept every endpoint answers in XML, whatever Content-Type says', async () => {
      // What has a media type of its own has no other.
      const negotiated = guarded.filter(({ method, answer }) => method === 'GET' && !answer.contentType);
      for (const { path } of negotiated) {
        const headers = { 'content-type': 'application/json' };
        const answer = await call(world, 'GET', pathOf(path), { accept: null, headers });
        assert.match(answer.headers.get('content-type') ?? '', /^application\/xml/, path);
        assert.match(answer.text, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<\w+/, path);
      }
    });

    type PageBody = { [key: string]: unknown[] } & { nextPageToken?: string };
    async function readPage(path: string, token = world.token): Promise<PageBody> {
      const answer = await call(world, 'GET', path, { token });
      assert.equal(answer.status, 200, answer.text);
      return answer.json as PageBody;
    }

    for (const [path, key] of Object.entries(PAGED)) {
      const read = (query: string) => readPage(`${path}?${query}`);

      test(`empty pageToken: ${path} begins with the first page, and leaves nextPageToken out on the last`, async () => {
        const whole = await read('pageToken=');
        assert.ok((whole[key]?.length ?? 0) > 1, 'a list with more than one entry');
        assert.equal('nextPageToken' in whole, false);
        assert.deepEqual((await read('pageSize=1&pageToken='))[key], whole[key]?.slice(0, 1));
      });

      test(`${path} refuses a page size below one and a token that is none`, async () => {
        for (const query of ['pageSize=0', 'pageSize=x', 'pageToken=nonsense']) {
          const { status } = await call(world, 'GET', `${path}?${query}`);
          assert.equal(status, 400, query);
        }
        assert.equal((await call(world, 'GET', `${path}?pageSize=100000`)).status, 200);
      });
    }

    test('X-Return-Object answers with what was created, in both formats, and false with the id', async () => {
      const departmentId = world.account.rootDepartmentId;
      const created: readonly [string, Record<string, unknown>, string][] = [
        ['/department', { name: 'Made', parentDepartmentId: departmentId }, 'department'],
        ['/group', { name: 'Made' }, 'group'],
        ['/user', { departmentId, fields: { login: 'made' } }, 'userProfile'],
      ];
      for (const [path, json, item] of created) {
        const unique = (text: string) =>
          JSON.parse(JSON.stringify(json).replaceAll(/"([Mm]ade)"/g, `"$1 ${text} ${engine}"`)) as unknown;
        const post = (text: string, wants: string, accept: string) =>
          call(world, 'POST', path, {
            json: unique(text),
            accept,
            headers: { 'x-return-object': wants },
          });
        const object = await post('a', 'true', 'application/json');
        assert.equal(object.status, 201, object.text);
        assert.equal(typeof object.json, 'object', path);
        const xml = await post('b', 'true', 'application/xml');
        assert.match(xml.text, new RegExp(`^<\\?xml .*\\?>\\n<response><${item}>.*</${item}></response>$`));
        assert.match((await post('c', 'false', 'application/json')).text, /^"[0-9a-f-]{36}"$/);
      }
    });

    test('HEAD on the root of a prefix is no error, with a token and without', async () => {
      for (const path of ['/api/v2', '/api/v3', '/index.php/api/v2', '/api/v3/'])
        for (const authorization of [null, world.token]) {
          const headers = new Headers(authorization ? { authorization } : {});
          const { status } = await fetch(world.url + path, { method: 'HEAD', headers });
          assert.equal(status, 204, path);
        }
    });

    // The last one: the owner's token does not outlive it.
    test('page tokens never expire', async () => {
      const left = new Map<string, string | undefined>();
      for (const path of Object.keys(PAGED))
        left.set(path, (await readPage(`${path}?pageSize=1`)).nextPageToken);
      world.clock.now = new Date(world.clock.now.getTime() + 400 * DAY_MS);
      const token = await requestToken(world.url, world.account.clientId, world.account.clientSecret);
      for (const [path, key] of Object.entries(PAGED)) {
        const whole = await readPage(path, token);
        const rest = await readPage(`${path}?pageToken=${left.get(path)}`, token);
        assert.equal(rest[key]?.length, (whole[key]?.length ?? 0) - 1, path);
      }
    });
  });
