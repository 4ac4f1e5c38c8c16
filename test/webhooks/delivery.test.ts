import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/kernel/ids.ts';
import { Courier, Dispatcher } from '../../src/webhooks/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { call, requestToken, startWorld, type World } from '../support/server.ts';
import { confirm, confirmed, enroll, messages, pairs, post, subscribe, told } from './telling.ts';

for (const engine of ENGINES)
  describe(`delivery of events (${engine})`, () => {
    let world: World;
    let learners: string[];
    /** The world with a token that is good now: tokens do not live for a day. */
    const now = async (): Promise<World> => ({
      ...world,
      token: await requestToken(world.url, world.account.clientId, world.account.clientSecret),
    });

    before(async () => {
      world = await startWorld(engine);
      learners = [await addUser(world), await addUser(world), await addUser(world)].sort();
    });
    after(() => world.close());

    const statuses = async (subscriberName: string): Promise<string> => {
      const path = `/webhook/subscriber/info?subscriberName=${encodeURIComponent(subscriberName)}`;
      return Object.values((await call(await now(), 'GET', path)).json as object).join(' ');
    };
    /** Receives until the test ends, then is removed so that other tests are not told. */
    const receiving = async (
      work: (receiver: Receiver) => Promise<string | readonly string[]>,
      answering?: Parameters<typeof startReceiver>[0],
    ): Promise<void> => {
      const receiver = await startReceiver(answering);
      const names = await work(receiver);
      for (const subscriberName of [names].flat())
        await post(await now(), '/webhook/remove', { subscriberName });
      await receiver.close();
    };

    test('one payload per course of a request, signed; who was enrolled before is not named', () =>
      receiving(async (receiver) => {
        const courses = [await addCourse(world), await addCourse(world)];
        const [one = '', two = '', three = ''] = learners;
        const name = await confirmed(world, receiver, 'the secret');
        await enroll(world, [courses[0] ?? ''], [one]);
        await subscribe(world, name);
        await enroll(world, courses, [one, two]);
        await enroll(world, courses, [one, two]);
        await enroll(world, courses, [three]);
        await world.app.dispatcher.round();
        const [message] = messages(receiver.received);
        assert.equal(messages(receiver.received).length, 1, 'consecutive events of a type are one message');
        const byCourse = (courseId = '') =>
          message?.filter((payload) => payload.courseId === courseId).map(({ learnerIds }) => learnerIds);
        assert.deepEqual(byCourse(courses[0]), [[two], [three]]);
        assert.deepEqual(byCourse(courses[1]), [[one, two], [three]]);
        const { body = '', headers } = receiver.received.at(-1) ?? {};
        assert.equal(
          headers?.['x-hub-signature'],
          createHash('sha256').update(`${body}the secret`).digest('hex'),
        );
        await world.app.dispatcher.round();
        assert.equal(messages(receiver.received).length, 1, 'told once');
        assert.equal(await statuses(name), 'ACTIVE CONFIRMED ACTIVE');
        return name;
      }));

    test('told from the confirmation on, from the subscription on, and not of the time of being disabled', () =>
      receiving(async (receiver) => {
        const course = await addCourse(world);
        const [one = '', two = '', three = ''] = learners;
        const name = await confirmed(world, receiver);
        await enroll(world, [course], [one]);
        await subscribe(world, name);
        await post(world, '/webhook/disable', { subscriberName: name });
        await enroll(world, [course], [two]);
        await world.app.dispatcher.round();
        await post(world, '/webhook/enable', { subscriberName: name });
        await enroll(world, [course], [three]);
        await world.app.dispatcher.round();
        assert.deepEqual(pairs(receiver.received), [`${course} ${three}`]);
        const unconfirmed = 'subscribes first';
        await post(world, '/webhook/register', { subscriberName: unconfirmed, callbackUrl: receiver.url });
        await subscribe(world, unconfirmed);
        await enroll(world, [await addCourse(world)], [one]);
        receiver.received.length = 0;
        await confirm(world, receiver, unconfirmed);
        await world.app.dispatcher.round();
        assert.deepEqual(
          pairs(receiver.received).filter((pair) => pair.endsWith(two)),
          [],
        );
        assert.equal(messages(receiver.received).length, 1, 'only who was confirmed then is told');
        return [name, unconfirmed];
      }));

    test('what is changed and what ends is told, too, and the end of a job, in order', () =>
      receiving(async (receiver) => {
        const course = await addCourse(world);
        const many = await Promise.all(Array.from({ length: 5 }, () => addUser(world)));
        const name = await confirmed(world, receiver);
        for (const type of [
          'LEARNERS_ENROLLED_IN_COURSE',
          'ENROLLMENTS_CHANGED',
          'LEARNERS_UNENROLLED',
          'OPERATION_COMPLETED',
        ])
          await subscribe(world, name, type === 'OPERATION_COMPLETED' ? {} : { courseIds: [course] }, type);
        const [one = ''] = many;
        await enroll(world, [course], [one]);
        const list = (await call(world, 'GET', `/enrollment?learnerIds[]=${one}`)).json as {
          enrollmentId: string;
        }[];
        const id = list[0]?.enrollmentId ?? '';
        const edit = { dueDateType: 'due_period', duePeriod: 5 };
        for (let twice = 0; twice < 2; twice++) await post(world, `/enrollment/${id}`, edit);
        const answer = await call(world, 'POST', '/enrollment', {
          json: { courseIds: [course], learnerIds: many, dueDateType: 'unlimited' },
          headers: { prefer: 'respond-async, wait=30' },
        });
        assert.ok([201, 202].includes(answer.status), answer.text);
        await call(world, 'POST', '/enrollment/delete', { json: { enrollmentIds: [id] } });
        await world.app.dispatcher.round();
        const told = receiver.received
          .map(({ body }) => JSON.parse(body) as { type: string; payloads: Record<string, unknown>[] })
          .filter(({ type }) => type !== 'CONFIRMATION')
          .flatMap(({ type, payloads }) => payloads.map((payload) => ({ type, ...payload })));
        const rest = many.filter((id) => id !== one).sort();
        const operationId = answer.headers.get('location')?.split('/').at(-1);
        const counts = { created: 4, changed: 0, unchanged: 1, refused: 0 };
        const job = { operationId, kind: 'enroll', state: 'done', actorId: world.account.ownerId, ...counts };
        assert.deepEqual(told, [
          { type: 'LEARNERS_ENROLLED_IN_COURSE', courseId: course, learnerIds: [one] },
          { type: 'ENROLLMENTS_CHANGED', courseId: course, learnerIds: [one] },
          { type: 'LEARNERS_ENROLLED_IN_COURSE', courseId: course, learnerIds: rest },
          { type: 'OPERATION_COMPLETED', ...job },
          { type: 'LEARNERS_UNENROLLED', courseId: course, learnerIds: [one] },
        ]);
        return name;
      }));

    test('filters: all must match; learnerIds are reduced; who is left with nobody is not told', () =>
      receiving(async (receiver) => {
        const [course = '', other = ''] = [await addCourse(world), await addCourse(world)];
        const [one = '', two = '', three = ''] = learners;
        const name = await told(world, receiver, { courseIds: [course], userIds: [one, two] });
        await enroll(world, [course, other], [one, two, three]);
        const third = await addCourse(world);
        await enroll(world, [third], [one]);
        await world.app.dispatcher.round();
        assert.deepEqual(messages(receiver.received), [[{ courseId: course, learnerIds: [one, two] }]]);
        return name;
      }));

    test('a message names at most 1,000 learners; all are named, in order, though ended since', () =>
      receiving(async (receiver) => {
        const crowd = await addCrowd(world, 2_300);
        const [large, small] = [await addCourse(world), await addCourse(world)];
        const name = await told(await now(), receiver);
        await enroll(world, [large], crowd);
        await enroll(world, [small], crowd.slice(0, 10));
        await endSome(world, large, 150);
        await world.app.dispatcher.round();
        const sizes = messages(receiver.received).map((payloads) =>
          payloads.reduce((sum, { learnerIds }) => sum + learnerIds.length, 0),
        );
        assert.ok(
          sizes.every((size) => size <= 1_000),
          sizes.join(),
        );
        const expected = [
          ...crowd.map((id) => `${large} ${id}`),
          ...crowd.slice(0, 10).map((id) => `${small} ${id}`),
        ];
        assert.deepEqual([...pairs(receiver.received)].sort(), [...expected].sort());
        assert.deepEqual(pairs(receiver.received).slice(2_300).sort(), expected.slice(2_300).sort());
        return name;
      }));

    test('only 200 counts: what fails is sent again, with the same id, and suspends meanwhile', async () => {
      const answers = [201, 204, 302, 500];
      await receiving(
        async (receiver) => {
          const course = await addCourse(world);
          const name = await told(await now(), receiver);
          await enroll(world, [course], [learners[0] ?? '']);
          let delayMs = 30_000;
          for (let attempt = 1; attempt <= 4; attempt++) {
            await world.app.dispatcher.round();
            assert.equal(messages(receiver.received).length, attempt);
            assert.equal(await statuses(name), 'ACTIVE CONFIRMED SUSPENDED');
            world.clock.now = new Date(world.clock.now.getTime() + delayMs - 1);
            await world.app.dispatcher.round();
            assert.equal(messages(receiver.received).length, attempt, 'not before its time');
            world.clock.now = new Date(world.clock.now.getTime() + 1);
            delayMs *= 2;
          }
          await world.app.dispatcher.round();
          assert.equal(messages(receiver.received).length, 5);
          assert.equal(await statuses(name), 'ACTIVE CONFIRMED ACTIVE');
          const attempts = receiver.received.filter(({ body }) => !body.includes('CONFIRMATION'));
          assert.equal(new Set(attempts.map(({ headers }) => headers['webhook-id'])).size, 1);
          assert.equal(new Set(attempts.map(({ body }) => body)).size, 1);
          return name;
        },
        ({ body }, response) =>
          void response.writeHead(body.includes('CONFIRMATION') ? 200 : (answers.shift() ?? 200)).end(),
      );
    });

    test('several processes: each event once and in order, while enrollments go on', () =>
      receiving(async (receiver) => {
        const server = await now();
        const crowd = await addCrowd(world, 60);
        const course = await addCourse(server);
        const name = await told(server, receiver);
        const others = Array.from(
          { length: 3 },
          () => new Dispatcher(world.db, new Courier({ allowPrivateTargets: true }), () => world.clock.now),
        );
        const expected: string[] = [];
        for (let n = 0; n < crowd.length; n += 3) {
          const some = crowd.slice(n, n + 3);
          await enroll(server, [course], some);
          expected.push(...some.map((id) => `${course} ${id}`));
          await Promise.all([world.app.dispatcher, ...others].map((dispatcher) => dispatcher.round()));
        }
        assert.deepEqual(pairs(receiver.received), expected);
        return name;
      }));

    test('a stop waits for the delivery under way, and another process goes on after it', async () => {
      await receiving(
        async (receiver) => {
          const server = await now();
          const name = await told(server, receiver);
          const make = () =>
            new Dispatcher(world.db, new Courier({ allowPrivateTargets: true }), () => world.clock.now);
          const [first, second] = [make(), make()];
          const course = await addCourse(server);
          await enroll(server, [course], [learners[0] ?? '']);
          const round = first.round();
          while (messages(receiver.received).length === 0) await new Promise((done) => setTimeout(done, 10));
          await first.stop();
          await round;
          await first.round();
          await second.round();
          assert.equal(messages(receiver.received).length, 1, 'told by the first, and recorded');
          await enroll(server, [course], [learners[1] ?? '']);
          await first.round();
          assert.equal(messages(receiver.received).length, 1, 'who stopped tells nobody');
          await second.round();
          assert.deepEqual(pairs(receiver.received), [
            `${course} ${learners[0]}`,
            `${course} ${learners[1]}`,
          ]);
          return name;
        },
        async (_request, response) => {
          await new Promise((done) => setTimeout(done, 200));
          response.end();
        },
      );
    });

    test('an address that changes while it is told is told no more until it is confirmed', () =>
      receiving(async (receiver) => {
        const server = await now();
        const name = await told(server, receiver);
        await enroll(server, [await addCourse(server)], [learners[0] ?? '']);
        await post(server, '/webhook/settings/change', {
          subscriberName: name,
          callbackUrl: `${receiver.url}/other`,
        });
        await world.app.dispatcher.round();
        assert.deepEqual(messages(receiver.received), []);
        return name;
      }));
  });

/** Learners straight in the table: thousands through the API would take minutes. In order of id. */
async function addCrowd(world: World, size: number): Promise<string[]> {
  const ids = Array.from({ length: size }, () => newId());
  const { accountId, rootDepartmentId } = world.account;
  await world.db.write((tx) =>
    sql`insert into users (account_id, user_id, department_id, login, login_key, added_at)
      select ${accountId}, id, ${rootDepartmentId}, id::text, id::text, now() from unnest(${ids}::uuid[]) as i(id)`.execute(
      tx,
    ),
  );
  return ids;
}

/** Enrollments of a course become history, as they do when they end. */
async function endSome(world: World, course: string, howMany: number): Promise<void> {
  const columns = sql`account_id, learner_id, item_id, chunk, ordinal, access_at, due_at, due_period_hours, due_rule,
    lock_after_due, type_group, term, version_chunk, recorded_at`;
  await world.db.write((tx) =>
    sql`
      with gone as (
        delete from enrollment where (account_id, learner_id, item_id) in (
          select account_id, learner_id, item_id from enrollment
          where account_id = ${world.account.accountId} and item_id = ${course} order by ordinal desc limit ${howMany})
        returning ${columns})
      insert into enrollment_past (${columns}, past_chunk, past_at, past_cause)
      select ${columns}, chunk, now(), 'ended' from gone`.execute(tx),
  );
}
