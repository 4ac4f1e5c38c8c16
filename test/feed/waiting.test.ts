import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createClientFor } from '../../src/people/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser, loginOf } from '../support/people.ts';
import { ACCOUNT_URL, call, requestToken, startWorld, type World } from '../support/server.ts';
import { enroll, openStream, post, read, readAll, sealed } from './support.ts';

/** Who waits for events: requests that are answered when there is one, and streams. */

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
/** How long something takes. */
async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const from = performance.now();
  return { value: await work, ms: performance.now() - from };
}

for (const engine of ENGINES)
  describe(`waiting for events (${engine})`, () => {
    let world: World;
    let learner: string;
    before(async () => {
      world = await startWorld(engine);
      learner = await addUser(world);
    });
    after(() => world.close());

    const end = async (): Promise<string> => (await read(world, { after: 'now' })).nextCursor;

    test('a request that waits is answered soon after a commit, and with nothing when the time is over', async () => {
      const cursor = await end();
      const waiting = timed(read(world, { after: cursor, wait: 20 }));
      await pause(300);
      const course = await addCourse(world);
      const from = performance.now();
      await enroll(world, [course], [learner]);
      const { value } = await waiting;
      const late = performance.now() - from;
      assert.ok(late < 2_000, `answered ${Math.round(late)} ms after the request that caused it`);
      assert.deepEqual(
        value.events.map(({ payload }) => payload['courseId']),
        [course],
      );
      const nothing = await timed(read(world, { after: value.nextCursor, wait: 1 }));
      assert.deepEqual(nothing.value, { events: [], nextCursor: value.nextCursor, hasMore: false });
      assert.ok(nothing.ms >= 990 && nothing.ms < 3_000, `${nothing.ms} ms`);
      const there = await timed(read(world, { after: cursor, wait: 20 }));
      assert.ok(there.ms < 2_000 && there.value.events.length === 1, 'what is there is not waited for');
    });

    test('other types do not answer it, and are passed over', async () => {
      const cursor = await end();
      const waiting = read(world, { after: cursor, wait: 2, types: 'USER_REGISTERED' });
      await pause(100);
      await enroll(world, [await addCourse(world)], [learner]);
      const page = await waiting;
      assert.deepEqual(page.events, []);
      assert.equal(page.nextCursor, await end());
    });

    test('hundreds who wait cost a statement a second, not one each; others are served meanwhile', async () => {
      const cursor = await end();
      const waiting = Array.from({ length: 100 }, () => read(world, { after: cursor, wait: 30 }));
      // Until all of them have read, and wait.
      for (let before = -1; world.statements.length > before + 3; await pause(1_000))
        before = world.statements.length;
      const before = world.statements.length;
      await pause(3_000);
      const looks = world.statements.length - before;
      assert.ok(looks > 0 && looks <= 8, `${looks} statements in 3 s`);
      assert.equal((await call(world, 'GET', '/enrollment')).status, 200);
      await enroll(world, [await addCourse(world)], [learner]);
      const pages = await Promise.all(waiting);
      assert.ok(pages.every(({ events }) => events.length === 1));
      assert.equal(new Set(pages.map(({ nextCursor }) => nextCursor)).size, 1);
    });

    test('a stream tells what happens, and resumes after its last event', async () => {
      const stream = await openStream(world, 'after=now');
      const courses = [await addCourse(world), await addCourse(world), await addCourse(world)];
      for (const course of courses) await enroll(world, [course], [learner]);
      await stream.until(3);
      assert.deepEqual(
        stream.messages.map(({ event, data }) => [event, data.payload['courseId']]),
        courses.map((course) => ['LEARNERS_ENROLLED_IN_COURSE', course]),
      );
      stream.close();
      const [first] = stream.messages;
      const resumed = await openStream(world, 'after=now', { 'last-event-id': first?.id ?? '' });
      await resumed.until(2);
      assert.deepEqual(resumed.messages, stream.messages.slice(1));
      const page = await readAll(world, { after: first?.id ?? '' });
      assert.deepEqual(
        page.events,
        resumed.messages.map(({ data }) => data),
      );
      await post(world, '/enrollment', {
        courseIds: [await addCourse(world)],
        learnerIds: [learner],
        dueDateType: 'unlimited',
      });
      await resumed.until(3);
      resumed.close();
    });

    test('a stream of rare types carries a place, too, so that nothing is read again', async () => {
      const stream = await openStream(world, 'types=TRAINING_MEETING_REMOVED');
      const until = Date.now() + 5_000;
      while (stream.lastId() === '' && Date.now() < until) await pause(10);
      assert.equal(stream.lastId(), await end());
      assert.deepEqual(stream.messages, []);
      stream.close();
    });

    test('a stream ends with the rights of its reader, who is refused when they come back', async () => {
      const administrator = await addUser(world, { role: 'administrator', login: `admin-${engine}` });
      const client = await createClientFor(world.db, {
        accountUrl: ACCOUNT_URL,
        login: await loginOf(world.db, administrator),
        now: world.clock.now,
      });
      const token = await requestToken(world.url, client.clientId, client.clientSecret);
      const reader = { url: world.url, token };
      const stream = await openStream(reader, 'after=now');
      const waiting = call(reader, 'GET', `/events?after=${await end()}&wait=30`);
      await pause(200);
      const deleted = await call(world, 'DELETE', `/client/${client.clientId}`);
      assert.ok(deleted.status < 300, deleted.text);
      await enroll(world, [await addCourse(world)], [learner]);
      await stream.ended;
      assert.deepEqual(stream.messages, []);
      assert.equal((await waiting).status, 401);
      assert.equal((await call(reader, 'GET', '/events')).status, 401);
    });

    test('who hangs up is waited for no longer', async () => {
      const breaking = new AbortController();
      const gone = fetch(`${world.url}/events?after=${await end()}&wait=60`, {
        headers: { authorization: `Bearer ${world.token}`, accept: 'application/json' },
        signal: breaking.signal,
      }).catch(() => null);
      await pause(1_300);
      breaking.abort();
      await gone;
      await pause(1_500);
      const before = world.statements.length;
      await pause(2_500);
      assert.deepEqual(world.statements.slice(before), [], 'nobody is left to look for');
      assert.ok((await sealed(world)).position > 0n);
    });

    test('a stop answers who waits, ends streams, waits for no connection that nobody used, and takes no time', async () => {
      const own = await startWorld(engine);
      const silent = connect(Number(new URL(own.url).port), '127.0.0.1').resume();
      await once(silent, 'connect');
      const dropped = once(silent, 'close');
      const cursor = (await read(own, { after: 'now' })).nextCursor;
      const waiting = timed(read(own, { after: cursor, wait: 60 }));
      const stream = await openStream(own, 'after=now');
      await pause(300);
      const stopped = await timed(own.app.stop());
      assert.ok(stopped.ms < 3_000, `${stopped.ms} ms`);
      const { value, ms } = await waiting;
      assert.deepEqual(value, { events: [], nextCursor: cursor, hasMore: false });
      assert.ok(ms < 4_000);
      await stream.ended;
      await dropped;
      await own.db.close();
    });
  });
