import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { seal } from '../../src/operations/index.ts';
import { errorText } from '../behaviour/runner.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser, everything } from '../support/people.ts';
import { type CallOptions, call, startWorld, type World } from '../support/server.ts';

const NESTED_33 = `${'['.repeat(33)}${']'.repeat(33)}`;

/** Bodies that cannot be read, tokens that do not hold, limits: an error in the caller's format, and nothing written. */
for (const engine of ENGINES)
  describe(`bad input (${engine})`, () => {
    let world: World;
    let course: string;
    let learner: string;
    before(async () => {
      world = await startWorld(engine, { maxBodyBytes: 200_000, maxPairs: 20 });
      [course, learner] = [await addCourse(world), await addUser(world)];
    });
    after(() => world.close());

    const refuses = (
      name: string,
      options: () => CallOptions,
      status: number,
      code: string,
      message: RegExp,
    ): void => {
      for (const format of ['json', 'xml'] as const)
        test(`${name}, answered in ${format}`, async () => {
          await seal(world.db, world.account.accountId);
          const untouched = await everything(world.db);
          const answer = await call(world, 'POST', '/enrollment', {
            accept: `application/${format}`,
            ...options(),
          });
          assert.equal(`${answer.status} ${answer.code}`, `${status} ${code}`, answer.text);
          assert.match(errorText(answer, format, status), message);
          assert.equal(await everything(world.db), untouched);
        });
    };
    const json = (text: string): CallOptions => ({
      xml: text,
      headers: { 'content-type': 'application/json' },
    });

    refuses(
      'malformed JSON, with line and column',
      () => json('{\n  "courseIds": [,]\n}'),
      400,
      'request.malformed_json',
      /line 2, column 17/,
    );
    refuses(
      'JSON that ends too early',
      () => json('{"courseIds": ['),
      400,
      'request.malformed_json',
      /line 1, column 16/,
    );
    refuses(
      'malformed XML, with line and column',
      () => ({ xml: '<request>\n <courseIds></wrong>\n</request>' }),
      400,
      'request.malformed_xml',
      /line 2, column \d+/,
    );
    refuses(
      'a document type',
      () => ({ xml: '<!DOCTYPE r [<!ENTITY x "y">]><request>&x;</request>' }),
      400,
      'request.doctype',
      /document type/,
    );
    refuses(
      'an entity that nobody declared',
      () => ({ xml: '<request><courseIds>&x;</courseIds></request>' }),
      400,
      'request.malformed_xml',
      /entity/,
    );
    refuses(
      'JSON nested deeper than 32',
      () => json(`{"other": ${NESTED_33}}`),
      400,
      'request.too_deep',
      /32/,
    );
    refuses(
      'XML nested deeper than 32',
      () => ({ xml: `${'<a>'.repeat(33)}${'</a>'.repeat(33)}` }),
      400,
      'request.too_deep',
      /32/,
    );
    refuses(
      'a body over the limit',
      () => json(`{"x": "${'y'.repeat(200_001)}"}`),
      413,
      'request.too_large',
      /200000/,
    );
    test('a body over the limit that announces no length', { timeout: 30_000 }, async () => {
      const socket = net.connect(Number(new URL(world.url).port), '127.0.0.1');
      const head = ['POST /enrollment HTTP/1.1', 'Host: x', `Authorization: Bearer ${world.token}`];
      socket.write(
        [...head, 'Transfer-Encoding: chunked', 'Content-Type: application/json', '', ''].join('\r\n'),
      );
      // More than the limit, and never an end.
      for (let n = 0; n < 30; n++) socket.write(`2710\r\n${' '.repeat(10_000)}\r\n`);
      let answer = '';
      for await (const part of socket) {
        answer += String(part);
        if (answer.includes('\r\n\r\n')) break;
      }
      assert.match(answer, /^HTTP\/1\.1 413 /);
      assert.match(answer, /^rollbook-error: request\.too_large\r$/im);
    });
    refuses(
      'a type that cannot be read',
      () => ({ xml: 'x', headers: { 'content-type': 'text/csv' } }),
      415,
      'request.unsupported_type',
      /text\/csv/,
    );
    refuses(
      'a coding that cannot be read',
      () => ({ xml: 'x', headers: { 'content-encoding': 'gzip' } }),
      415,
      'request.unsupported_encoding',
      /gzip/,
    );
    refuses('no token', () => ({ token: null, json: {} }), 401, 'auth.missing', /token/);
    refuses(
      'an unknown token',
      () => ({ token: 'p-1sJDjmULL5DdpXPJTcbm4jVIaWVHvNmrjAxATRbNE', json: {} }),
      401,
      'auth.bad_token',
      /unknown or has expired/,
    );
    refuses(
      'something that is no token',
      () => ({ token: 'hello', json: {} }),
      401,
      'auth.bad_token',
      /unknown or has expired/,
    );
    refuses(
      'ids that are none',
      () => ({ json: { courseIds: ['x'], learnerIds: [learner], dueDateType: 'unlimited' } }),
      400,
      'request.invalid',
      /^courseIds\[0\]: must be a UUID, got x/,
    );
    refuses(
      'a list that is none',
      () => ({ json: { courseIds: course, learnerIds: [learner], dueDateType: 'unlimited' } }),
      400,
      'request.invalid',
      /^courseIds: must be a list/,
    );
    refuses(
      'a lock that is neither true nor false',
      () => ({
        json: {
          courseIds: [course],
          learnerIds: [learner],
          dueDateType: 'unlimited',
          lockAfterDueDate: 'perhaps',
        },
      }),
      400,
      'request.invalid',
      /^lockAfterDueDate: must be true or false, got perhaps/,
    );
    refuses(
      'control characters',
      () => ({ json: { courseIds: [course], learnerIds: [learner], dueDateType: 'unli\u0000mited' } }),
      400,
      'request.invalid',
      /^dueDateType: .*\\u0000/,
    );
    refuses(
      'more pairs than the limit',
      () => ({
        json: {
          courseIds: [course],
          learnerIds: Array.from({ length: 21 }, (_, n) => `3fa85f64-5717-4562-b3fc-2c963f66af${10 + n}`),
          dueDateType: 'unlimited',
        },
      }),
      413,
      'request.too_many_pairs',
      /21 pairs.*20/,
    );

    test('what Accept asks for cannot be produced: 406, before anything is written', async () => {
      const untouched = await everything(world.db);
      const answer = await call(world, 'POST', '/enrollment', {
        json: { courseIds: [course], learnerIds: [learner], dueDateType: 'unlimited' },
        accept: 'image/png',
      });
      assert.equal(answer.status, 406);
      assert.match(answer.text, /image\/png/);
      assert.equal(await everything(world.db), untouched);
    });

    test('401 names the scheme, and an expired token is 401, never 403', async () => {
      const token = await world.tokenOf(world.account.ownerId);
      world.clock.now = new Date(Date.now() + 1_801_000);
      const answer = await call(world, 'GET', '/enrollment', { token });
      world.clock.now = new Date();
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
    });

    test('who calls is asked before the body is looked at, and the body before its ids', async () => {
      const publisher = await world.tokenOf(await addUser(world, { role: 'publisher' }));
      const nonsense = { xml: 'nonsense', headers: { 'content-type': 'text/csv' } };
      assert.equal((await call(world, 'POST', '/enrollment', { ...nonsense, token: null })).status, 401);
      assert.equal((await call(world, 'POST', '/enrollment', { ...nonsense, token: publisher })).status, 403);
      assert.equal((await call(world, 'POST', '/enrollment', nonsense)).status, 415);
    });

    test('text that is not UTF-8 is refused', async () => {
      const headers = {
        authorization: `Bearer ${world.token}`,
        'content-type': 'application/xml',
        accept: 'application/json',
      };
      const response = await fetch(`${world.url}/enrollment`, {
        method: 'POST',
        headers,
        body: Buffer.from('<request>\xe9</request>', 'latin1'),
      });
      assert.equal(response.status, 400);
      assert.equal(response.headers.get('rollbook-error'), 'request.not_utf8');
    });

    test('unknown members are ignored', async () => {
      const body = {
        courseIds: [course],
        learnerIds: [learner],
        dueDateType: 'unlimited',
        colour: 'green',
        nested: { deep: [1, { x: 2 }] },
      };
      assert.equal((await call(world, 'POST', '/enrollment', { json: body })).status, 201);
    });

    test('a client that hangs up leaves nothing half done', async () => {
      await seal(world.db, world.account.accountId);
      const untouched = await everything(world.db);
      const { port } = new URL(world.url);
      const body = JSON.stringify({ courseIds: [course], learnerIds: [learner], dueDateType: 'unlimited' });
      await new Promise<void>((done) => {
        const socket = net.connect(Number(port), '127.0.0.1', () => {
          socket.write(
            `POST /enrollment HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${world.token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 40)}`,
          );
          setTimeout(() => socket.destroy(), 50);
        });
        socket.on('close', () => done());
      });
      await new Promise((done) => setTimeout(done, 100));
      assert.equal(await everything(world.db), untouched);
      assert.equal((await call(world, 'GET', '/enrollment')).status, 200);
    });
  });
