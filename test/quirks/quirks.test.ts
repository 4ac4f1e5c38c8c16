import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { ACCOUNT_URL, call, OWNER, startWorld, toXmlBody, type World } from '../support/server.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The quirks of the interface that the endpoints of today can meet: one test named after each. */
for (const engine of ENGINES)
  describe(`quirks (${engine})`, () => {
    let world: World;
    let course: string;
    before(async () => {
      world = await startWorld(engine);
      course = await addCourse(world);
    });
    after(() => world.close());

    const enroll = async (options: Parameters<typeof call>[3], path = '/enrollment') =>
      (await call(world, 'POST', path, options)).status;
    const body = (learner: string) => ({
      courseIds: [course],
      learnerIds: [learner],
      dueDateType: 'unlimited',
    });
    const count = async (learner: string): Promise<number> => {
      const answer = await call(world, 'GET', `/enrollment?learnerIds[]=${learner}`);
      return (answer.json as unknown[]).length;
    };

    test('every route answers under four prefixes', async () => {
      for (const prefix of ['', '/api/v2', '/api/v3', '/index.php/api/v2']) {
        assert.equal((await call(world, 'GET', `${prefix}/enrollment`)).status, 200, prefix);
        assert.equal(await enroll({ json: body(await addUser(world)) }, `${prefix}/enrollment`), 201, prefix);
      }
    });

    test('a trailing slash before the query works', async () => {
      assert.equal((await call(world, 'GET', `/enrollment/?courseIds[]=${course}`)).status, 200);
      assert.equal((await call(world, 'GET', '/api/v2/enrollments/')).status, 200);
    });

    test('HEAD on the root of a prefix answers, as health probes ask', async () => {
      for (const path of ['/api/v2', '/api/v3', '/index.php/api/v2', '/api/v2/']) {
        const response = await fetch(world.url + path, { method: 'HEAD' });
        assert.ok(response.status < 500, `${path} ${response.status}`);
      }
    });

    test('the token endpoint answers on every address it is known by', async () => {
      const form = {
        client_id: world.account.clientId,
        client_secret: world.account.clientSecret,
        grant_type: 'client_credentials',
      };
      for (const path of [
        '/api/v3/token',
        '/api/v2/token',
        '/index.php/api/v2/token',
        '/token',
        '/oauth2/token',
      ]) {
        const answer = await call(world, 'POST', path, { form, token: null, accept: null });
        assert.equal(answer.status, 200, path);
      }
    });

    test('the token endpoint answers in JSON unless XML is asked for by name', async () => {
      const form = {
        grant_type: 'client_credentials',
        client_secret: world.account.clientSecret,
        client_id: world.account.clientId,
      };
      for (const accept of [null, '*/*', 'application/json', 'application/json, text/plain, */*']) {
        const answer = await call(world, 'POST', '/api/v3/token', { form, token: null, accept });
        assert.match(answer.headers.get('content-type') ?? '', /^application\/json/, String(accept));
        const { access_token, expires_in, token_type } = answer.json as {
          access_token: string;
          expires_in: number;
          token_type: string;
        };
        assert.match(access_token, /^[\w-]{43}$/);
        assert.equal(expires_in, 1800);
        assert.equal(token_type, 'bearer');
      }
      const xml = await call(world, 'POST', '/api/v3/token', {
        form,
        token: null,
        accept: 'application/xml',
      });
      assert.match(
        xml.text,
        /^<\?xml .*\?>\n<response><access_token>[\w-]{43}<\/access_token><expires_in>1800<\/expires_in><token_type>bearer<\/token_type><\/response>$/,
      );
    });

    test('token failures say what OAuth says beside the message', async () => {
      const ask = (form: Record<string, string>) =>
        call(world, 'POST', '/api/v3/token', { form, token: null, accept: null });
      const good = {
        client_id: world.account.clientId,
        client_secret: world.account.clientSecret,
        grant_type: 'client_credentials',
      };
      const cases: readonly [Record<string, string>, number, string][] = [
        [{ ...good, client_secret: 'wrong' }, 401, 'invalid_client'],
        [{ ...good, client_id: '3fa85f64-5717-4562-b3fc-2c963f66afa6' }, 401, 'invalid_client'],
        [{ ...good, client_id: 'nobody' }, 401, 'invalid_client'],
        [{ ...good, grant_type: 'password' }, 400, 'unsupported_grant_type'],
        [{ client_id: good.client_id, client_secret: good.client_secret }, 400, 'unsupported_grant_type'],
        [{ grant_type: 'client_credentials' }, 400, 'invalid_request'],
      ];
      for (const [form, status, error] of cases) {
        const answer = await ask(form);
        assert.equal(answer.status, status);
        assert.equal((answer.json as { error: string }).error, error);
        assert.equal((answer.json as { code: number }).code, status);
      }
    });

    test('a new token does not end earlier ones', async () => {
      const [first, second] = [
        await world.tokenOf(world.account.ownerId),
        await world.tokenOf(world.account.ownerId),
      ];
      for (const token of [first, second])
        assert.equal((await call(world, 'GET', '/department', { token })).status, 200);
    });

    test('a token stands bare or behind Bearer, in any case', async () => {
      for (const authorization of [
        world.token,
        `Bearer ${world.token}`,
        `bearer ${world.token}`,
        `BEARER  ${world.token}`,
      ])
        assert.equal(
          (await call(world, 'GET', '/enrollment', { headers: { authorization } })).status,
          200,
          authorization.slice(0, 10),
        );
    });

    test('the legacy headers name account, login and password, however the address is written', async () => {
      for (const url of [
        ACCOUNT_URL,
        `${ACCOUNT_URL}/`,
        ACCOUNT_URL.replace('https', 'http'),
        ACCOUNT_URL.toUpperCase(),
        'academy.example',
      ]) {
        const headers = {
          'x-auth-account-url': url,
          'x-auth-email': OWNER.login.toUpperCase(),
          'x-auth-password': encodeLatin(OWNER.password),
        };
        assert.equal(
          (await call(world, 'GET', '/enrollment', { token: null, headers })).status,
          401,
          'the password has a character that headers carry as Latin-1',
        );
      }
      const login = `legacy-${engine}`;
      await addUser(world, { login, role: 'administrator', password: 'plain password' });
      for (const url of [ACCOUNT_URL, `${ACCOUNT_URL}/`, ACCOUNT_URL.replace('https', 'http')]) {
        const headers = {
          'X-Auth-Account-Url': url,
          'X-Auth-Email': login,
          'X-Auth-Password': 'plain password',
        };
        assert.equal((await call(world, 'GET', '/enrollment', { token: null, headers })).status, 200, url);
      }
      const wrong = { 'x-auth-account-url': ACCOUNT_URL, 'x-auth-email': login, 'x-auth-password': 'other' };
      assert.equal((await call(world, 'GET', '/enrollment', { token: null, headers: wrong })).status, 401);
      const elsewhere = {
        ...wrong,
        'x-auth-account-url': 'https://nowhere.example',
        'x-auth-password': 'plain password',
      };
      assert.equal(
        (await call(world, 'GET', '/enrollment', { token: null, headers: elsewhere })).status,
        401,
      );
    });

    test('without Accept answers are XML; among equals XML wins; Content-Type has no say', async () => {
      const cases: readonly [string | null, 'xml' | 'json'][] = [
        [null, 'xml'],
        ['*/*', 'xml'],
        ['application/json', 'json'],
        ['application/xml', 'xml'],
        ['text/xml', 'xml'],
        ['application/json, text/plain, */*', 'xml'],
        ['application/json, application/*+json', 'json'],
        ['application/xml;q=0.5, application/json', 'json'],
        ['application/json;q=0.5, */*;q=0.1', 'json'],
      ];
      for (const [accept, expected] of cases)
        for (const contentType of ['application/json', 'application/xml', 'text/plain']) {
          const answer = await call(world, 'GET', '/enrollment', {
            accept,
            headers: { 'content-type': contentType },
          });
          assert.equal(
            answer.headers.get('content-type')?.split(';')[0],
            `application/${expected}`,
            `${accept} ${contentType}`,
          );
        }
    });

    test('the name of the root element is ignored, attributes and white space too', async () => {
      for (const root of ['request', 'DeleteEnrollments', 'response', 'x:anything']) {
        const learner = await addUser(world);
        const open = root.startsWith('x:') ? `${root} xmlns:x="urn:x"` : root;
        const xml = `${DECLARATION}\r\n<${open} a="1">\r\n  <courseIds type="array">\r\n    <id n="1">\r\n ${course} </id>\r\n  </courseIds>\r\n <learnerIds><id>${learner}</id></learnerIds><dueDateType>unlimited</dueDateType></${root}>`;
        assert.equal(await enroll({ xml }), 201, root);
        assert.equal(await count(learner), 1);
      }
    });

    test('XML lists are read wrapped, repeated, and with one entry', async () => {
      const [a, b] = [await addUser(world), await addUser(world)];
      const learners = {
        wrapped: `<learnerIds><id>${a}</id><id>${b}</id></learnerIds>`,
        repeated: `<learnerIds>${a}</learnerIds><learnerIds>${b}</learnerIds>`,
        'several wrappers': `<learnerIds><id>${a}</id></learnerIds><learnerIds><id>${b}</id></learnerIds>`,
      };
      for (const [name, list] of Object.entries(learners)) {
        const own = await addCourse(world);
        const xml = `<request><courseIds>${own}</courseIds>${list}<dueDateType>unlimited</dueDateType></request>`;
        assert.equal(await enroll({ xml }), 201, name);
        const answer = await call(world, 'GET', `/enrollment?courseIds[]=${own}`);
        assert.equal((answer.json as unknown[]).length, 2, name);
      }
    });

    test('forms carry PHP bracket names, url-encoded and multipart, and may leave out dueDateType', async () => {
      const learner = await addUser(world);
      assert.equal(await enroll({ form: { 'learnerIds[id]': learner, 'courseIds[id][0]': course } }), 201);
      assert.equal(await count(learner), 1);
      const [other, second] = [await addUser(world), await addCourse(world)];
      const form = new FormData();
      form.set('learnerIds[id]', other);
      form.set('courseIds[id][0]', course);
      form.set('courseIds[id][1]', second);
      const response = await fetch(`${world.url}/enrollment`, {
        method: 'POST',
        headers: { authorization: world.token },
        body: form,
      });
      assert.equal(response.status, 201, await response.text());
      assert.equal(await count(other), 2);
    });

    test('a body without a type, or called a form, is read as what it begins like', async () => {
      for (const contentType of ['', 'application/x-www-form-urlencoded'])
        for (const text of [
          JSON.stringify(body(await addUser(world))),
          toXmlBody(body(await addUser(world))),
        ]) {
          const headers: Record<string, string> = {
            authorization: world.token,
            ...(contentType ? { 'content-type': contentType } : {}),
          };
          const response = await fetch(`${world.url}/enrollment`, {
            method: 'POST',
            headers,
            body: Buffer.from(text),
          });
          assert.equal(response.status, 201, `${contentType} ${await response.text()}`);
        }
    });

    test('a GET may carry a Content-Type and no body', async () => {
      for (const contentType of ['application/json', 'application/xml', 'multipart/form-data', 'nonsense'])
        assert.equal(
          (await call(world, 'GET', '/enrollments', { headers: { 'content-type': contentType } })).status,
          200,
          contentType,
        );
    });

    test('null is the same as left out', async () => {
      const learner = await addUser(world);
      assert.equal(
        await enroll({
          json: {
            ...body(learner),
            accessDate: null,
            dueDate: null,
            duePeriod: null,
            lockAfterDueDate: null,
          },
        }),
        201,
      );
      assert.equal(await count(learner), 1);
    });

    test('numbers and booleans may be texts; 1 and 0 are booleans', async () => {
      for (const lock of ['true', '1', 1, true]) {
        const learner = await addUser(world);
        assert.equal(
          await enroll({
            json: { ...body(learner), dueDateType: 'due_period', duePeriod: '72', lockAfterDueDate: lock },
          }),
          201,
        );
        const answer = await call(world, 'GET', `/enrollment?learnerIds[]=${learner}`);
        assert.equal((answer.json as { shouldLockAfterDueDate: boolean }[])[0]?.shouldLockAfterDueDate, true);
      }
    });
  });

/** Header values travel as Latin-1. */
const encodeLatin = (value: string): string => value.replace(/[^\x20-\x7e]/g, '?');
