import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { actAs, type Context } from '../../src/access/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import type { Attempt, KeyedRequest } from '../../src/kernel/retries.ts';
import { retries } from '../../src/retries/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';

/** What a retry meets when the server ended between the steps of a request, and when two attempts overlap. */

const LEASE_MS = 10_000;

for (const engine of ENGINES)
  describe(`a retry after a crash (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine, { limits: { smallPairs: 3 } });
    });
    after(() => world.close());

    const send = (path: string, json: unknown, key: string): Promise<Answer> =>
      call(world, 'POST', path, { json, headers: { 'idempotency-key': key } });
    const write = (statement: ReturnType<typeof sql>) => world.db.write((tx) => statement.execute(tx));
    const countOf = async (query: ReturnType<typeof sql<{ n: number }>>): Promise<number> =>
      (await world.db.read((tx) => query.execute(tx))).rows[0]?.n ?? 0;
    const operations = () => countOf(sql`select count(*)::int as n from operation`);
    const pass = (ms: number): void => {
      world.clock.now = new Date(world.clock.now.getTime() + ms);
    };
    /** As if the server had ended before the answer of the last request was kept. */
    const loseAnswer = () =>
      write(sql`update idempotency_key set answer_status = null, answer_headers = null, answer_type = null,
        answer_body = null, lease_until = created_at + interval '10 seconds'
        where created_at = (select max(created_at) from idempotency_key)`);
    const nextKey = (): string => {
      // The last key is the one that was made last.
      pass(1);
      return newId();
    };
    const anEnrollment = async (learners: number) => {
      const learnerIds: string[] = [];
      for (let n = 0; n < learners; n++) learnerIds.push(await addUser(world));
      return { courseIds: [await addCourse(world)], learnerIds, dueDateType: 'unlimited' };
    };
    const refusedAs = (answer: Answer, expected: string): void =>
      assert.equal(`${answer.status} ${answer.code}`, expected, answer.text);

    for (const [what, learners] of [
      ['a small enrollment', 2],
      ['a large enrollment', 5],
    ] as const)
      test(`${what} that was written is answered from its operation`, async () => {
        const body = await anEnrollment(learners);
        const key = nextKey();
        const first = await send('/enrollment', body, key);
        assert.equal(first.status, 201, first.text);
        await loseAnswer();
        const from = await operations();
        const early = await send('/enrollment', body, key);
        refusedAs(early, '409 retry.running');
        assert.equal(early.headers.get('location'), first.headers.get('location'));
        assert.equal(early.headers.get('retry-after'), '1');
        pass(LEASE_MS);
        refusedAs(
          await send('/enrollment', { ...body, lockAfterDueDate: true }, key),
          '422 retry.other_request',
        );
        for (let n = 0; n < 2; n++) {
          const again = await send('/enrollment', body, key);
          assert.deepEqual(
            [again.status, again.text, again.headers.get('location')],
            [201, '', first.headers.get('location')],
          );
        }
        assert.equal(await operations(), from);
      });

    test('edit, re-enroll and delete are answered from their operations, too', async () => {
      const body = await anEnrollment(1);
      await send('/enrollment', body, nextKey());
      const idOf = async (): Promise<string> => {
        const list = await call(world, 'GET', `/enrollment?learnerIds[]=${body.learnerIds[0]}`);
        return (list.json as { enrollmentId: string }[])[0]?.enrollmentId ?? '';
      };
      const terms = { dueDateType: 'due_period', duePeriod: 72 };
      const requests = [
        async () => [`/enrollment/${await idOf()}`, terms, 200] as const,
        async () => [`/enrollment/${await idOf()}/reenroll`, terms, 200] as const,
        async () => ['/enrollment/delete', { enrollmentIds: [await idOf()] }, 204] as const,
      ];
      for (const request of requests) {
        const [path, json, status] = await request();
        const key = nextKey();
        const first = await send(path, json, key);
        assert.equal(first.status, status, first.text);
        await loseAnswer();
        pass(LEASE_MS);
        const from = await operations();
        const again = await send(path, json, key);
        assert.equal(
          `${again.status} ${again.headers.get('location')}`,
          `${status} ${first.headers.get('location')}`,
        );
        assert.equal(await operations(), from);
      }
    });

    test('while a large operation is written: 409 with its Location, also after the lease', async () => {
      const body = await anEnrollment(5);
      const key = nextKey();
      const first = await send('/enrollment', body, key);
      const location = first.headers.get('location');
      const operationId = location?.split('/').at(-1);
      await loseAnswer();
      await write(sql`update operation set state = 'running' where operation_id = ${operationId}`);
      pass(10 * LEASE_MS);
      const early = await send('/enrollment', body, key);
      refusedAs(early, '409 retry.running');
      assert.equal(early.headers.get('location'), location);
      await write(sql`update operation set state = 'done' where operation_id = ${operationId}`);
      assert.equal((await send('/enrollment', body, key)).status, 201);
    });

    test('another write that was done is not done again: 409, the same from then on', async () => {
      const name = `Group ${newId()}`;
      const key = nextKey();
      assert.equal((await send('/group', { name }, key)).status, 201);
      await loseAnswer();
      refusedAs(await send('/group', { name }, key), '409 retry.running');
      pass(LEASE_MS);
      for (let n = 0; n < 2; n++) {
        const lost = await send('/group', { name }, key);
        refusedAs(lost, '409 retry.answer_lost');
        assert.match(lost.text, /was carried out, but its answer was not kept/);
      }
      assert.equal(await countOf(sql`select count(*)::int as n from user_group where name = ${name}`), 1);
    });

    test('a request that did nothing runs when its lease is over', async () => {
      const name = `Group ${newId()}`;
      const key = nextKey();
      assert.equal((await send('/group', { name }, key)).status, 201);
      await loseAnswer();
      // As if it had ended before the transaction that does it.
      await write(
        sql`update idempotency_key set done_at = null where created_at = (select max(created_at) from idempotency_key)`,
      );
      await write(sql`delete from user_group where name = ${name}`);
      refusedAs(await send('/group', { name }, key), '409 retry.running');
      refusedAs(await send('/group', { name: 'Another' }, key), '422 retry.other_request');
      pass(LEASE_MS);
      refusedAs(await send('/group', { name: 'Another' }, key), '422 retry.other_request');
      assert.equal((await send('/group', { name }, key)).status, 201);
      assert.equal(await countOf(sql`select count(*)::int as n from user_group where name = ${name}`), 1);
    });

    /** As the owner, outside HTTP: what only a process that was paused can do. */
    const asOwner = <T>(work: (ctx: Context) => Promise<T>): Promise<T> =>
      actAs(
        world.db,
        {
          accountId: world.account.accountId,
          userId: world.account.ownerId,
          source: 'api',
          now: world.clock.now,
        },
        work,
      );
    async function claim(request: KeyedRequest): Promise<Attempt<Context>> {
      const claimed = await asOwner((ctx) => retries.claim(ctx, request));
      assert.ok('attempt' in claimed);
      return claimed.attempt;
    }
    const aRequest = (): KeyedRequest => ({
      keyHash: Buffer.from(newId()),
      fingerprint: Buffer.from('the same'),
    });
    const isRunning = { code: 'retry.running' };

    test('who was paused and overtaken writes nothing, and keeps nothing', async () => {
      const request = aRequest();
      const paused = await claim(request);
      pass(LEASE_MS);
      const next = await claim(request);
      assert.equal(next.earlier, null);
      let ran = 0;
      const work = (ctx: Context) =>
        ctx.write(async () => {
          ran++;
        });
      await assert.rejects(
        asOwner((ctx) => paused.run(ctx, work)),
        isRunning,
      );
      assert.equal(ran, 0);
      await asOwner((ctx) => next.run(ctx, work));
      const answer = { status: 201, headers: {}, contentType: 'text/plain', body: Buffer.from('next') };
      await paused.keep({ ...answer, body: Buffer.from('paused') });
      await paused.release();
      await assert.rejects(claim(request), isRunning);
      await next.keep(answer);
      const kept = await asOwner((ctx) => retries.claim(ctx, request));
      assert.deepEqual(kept, { kept: answer });
    });

    for (const [what, learners] of [
      ['small', 2],
      ['large', 5],
    ] as const)
      test(`of two attempts at a ${what} enrollment one becomes the operation`, async () => {
        const { learnerIds, courseIds } = await anEnrollment(learners);
        const terms = { accessAt: null, due: { type: 'unlimited' }, lock: null } as const;
        const request = aRequest();
        const paused = await claim(request);
        pass(LEASE_MS);
        const next = await claim(request);
        const from = await operations();
        const enroll = (attempt: Attempt<Context>) =>
          asOwner((ctx) =>
            attempt.run(ctx, (bound) =>
              world.app.enrollments.enroll(bound, { learnerIds, courseIds, terms }),
            ),
          );
        const done = await Promise.allSettled([enroll(paused), enroll(next)]);
        assert.deepEqual(done.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
        for (const one of done) if (one.status === 'rejected') assert.equal(one.reason.code, 'retry.running');
        assert.equal(await operations(), from + 1);
        assert.equal(
          await countOf(sql`select count(*)::int as n from enrollment where item_id = ${courseIds[0]}`),
          learners,
        );
      });
  });

for (const engine of ENGINES)
  describe(`a key after 503 (${engine})`, () => {
    test('is free, also for another request', async () => {
      const world = await startWorld(engine, { limits: { waiting: 0 } });
      const headers = { 'idempotency-key': 'busy' };
      const json = {
        courseIds: [await addCourse(world)],
        learnerIds: [await addUser(world)],
        dueDateType: 'unlimited',
      };
      const busy = await call(world, 'POST', '/enrollment', { json, headers });
      assert.equal(`${busy.status} ${busy.code}`, '503 server.busy');
      const other = await call(world, 'POST', '/group', { json: { name: 'Another' }, headers });
      assert.equal(other.status, 201, other.text);
      await world.close();
    });
  });
