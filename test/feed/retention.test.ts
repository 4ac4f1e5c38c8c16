import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { recordEvents } from '../../src/events/index.ts';
import { EventRetention, FORGET_EVENTS } from '../../src/feed/index.ts';
import { JobRunner } from '../../src/jobs/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { toldToAll } from '../../src/webhooks/index.ts';
import { assertAudited } from '../support/audit.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { startReceiver } from '../support/receiver.ts';
import { call, requestToken, startWorld, type World } from '../support/server.ts';
import { pairs, told } from '../webhooks/telling.ts';
import { type Entry, enroll, post, read, readAll } from './support.ts';

/** Events are kept for a time: what is older goes, and who has not read it is told so. */

const DAY_MS = 86_400_000;
const START = new Date('2026-03-02T09:00:00Z');

for (const engine of ENGINES)
  describe(`old events (${engine})`, () => {
    let world: World;
    let learner: string;
    before(async () => {
      world = await startWorld(engine, { now: START });
      learner = await addUser(world);
      // That somebody was added is an event, too.
      await world.db.writeOnce(sql`delete from event`);
    });
    after(() => world.close());

    /** Moves the clock; tokens do not live for a day. */
    const onDay = async (day: number): Promise<World> => {
      world.clock.now = new Date(START.getTime() + day * DAY_MS);
      return {
        ...world,
        token: await requestToken(world.url, world.account.clientId, world.account.clientSecret),
      };
    };
    const happened = (): Promise<void> =>
      world.db.write((tx) =>
        recordEvents(
          tx,
          world.account.accountId,
          [{ eventType: 'OPERATION_COMPLETED', payload: { operationId: newId(), state: 'done' } }],
          world.clock.now,
        ),
      );
    const forget = async (): Promise<void> => {
      await world.app.retention.ask();
      await world.app.jobs.round();
    };
    const rowsLeft = async (): Promise<string> => {
      const { rows } = await world.db.read((tx) =>
        sql<{ outbox: string; event: string }>`
          select (select count(*) from outbox) as outbox, (select count(*) from event) as event`.execute(tx),
      );
      return `${rows[0]?.outbox} ${rows[0]?.event}`;
    };
    const ids = (events: readonly Entry[]): string[] => events.map(({ eventId }) => eventId);

    test('what is older than ninety days goes, in order; a cursor before it is refused with the oldest there is', async () => {
      const cursors: string[] = [];
      const operations: string[] = [];
      for (const day of [0, 30, 60]) {
        const server = await onDay(day);
        operations.push(await enroll(server, [await addCourse(server)], [learner]));
        await happened();
        cursors.push((await readAll(server)).cursor);
      }
      const all = (await readAll(await onDay(89))).events;
      assert.equal(all.length, 6);
      await forget();
      assert.equal(await rowsLeft(), '3 3', 'nothing is old enough');
      const server = await onDay(91);
      await forget();
      assert.equal(await rowsLeft(), '2 2');
      assert.deepEqual(ids((await readAll(server)).events), ids(all).slice(2));
      assert.deepEqual(ids((await readAll(server, { after: cursors[0] ?? '' })).events), ids(all).slice(2));
      await onDay(121);
      await forget();
      const later = await onDay(121);
      const refused = await call(later, 'GET', `/events?after=${cursors[0]}`);
      assert.deepEqual([refused.status, refused.code], [410, 'feed.forgotten']);
      const location = refused.headers.get('location') ?? '';
      assert.ok((refused.json as { message: string }).message.endsWith(`${location.split('=')[1]}.`));
      const oldest = await call(later, 'GET', location);
      assert.deepEqual(ids((oldest.json as { events: Entry[] }).events), ids(all).slice(4));
      assert.deepEqual(ids((await readAll(later, { after: cursors[1] ?? '' })).events), ids(all).slice(4));
      const stream = await fetch(`${later.url}/events`, {
        headers: {
          authorization: `Bearer ${later.token}`,
          accept: 'text/event-stream',
          'last-event-id': cursors[0] ?? '',
        },
      });
      assert.equal(stream.status, 410);
      await onDay(400);
      await forget();
      assert.equal(await rowsLeft(), '0 0');
      const end = await read(await onDay(400));
      assert.deepEqual([end.events, end.nextCursor], [[], cursors[2]]);
      await assertAudited(world);
      const outcomes = await call(await onDay(400), 'GET', `/operations/${operations[0]}/outcomes`);
      assert.equal(outcomes.status, 200);
    });

    test('thousands go a thousand at a time, in transactions of their own', async () => {
      const server = await onDay(500);
      const [course, { accountId }] = [await addCourse(server), world.account];
      await world.db.write((tx) =>
        sql`insert into event (account_id, event_id, event_type, payload, occurred_at)
          select ${accountId}, gen_random_uuid(), 'OPERATION_COMPLETED', '{}', ${world.clock.now}
          from generate_series(1, 2500)`.execute(tx),
      );
      await enroll(server, [course], [learner]);
      assert.equal((await readAll(server)).events.length, 2_501);
      await onDay(600);
      const before = world.statements.length;
      await forget();
      assert.equal(await rowsLeft(), '0 0');
      const deletions = world.statements
        .slice(before)
        .filter((statement) => /delete from event/.test(statement));
      assert.ok(deletions.length >= 3, `${deletions.length} deletions`);
      const { rows } = await world.db.read((tx) =>
        sql`select from job where kind = ${FORGET_EVENTS}`.execute(tx),
      );
      assert.deepEqual(rows, [], 'the job is done');
    });

    test('what a subscriber is still to be told is kept', async () => {
      let isDown = false;
      const receiver = await startReceiver((_request, response) => {
        response.statusCode = isDown ? 500 : 200;
        response.end();
      });
      let server = await onDay(700);
      const name = await told(server, receiver);
      isDown = true;
      const course = await addCourse(server);
      await enroll(server, [course], [learner]);
      await world.app.dispatcher.round();
      const short = new EventRetention(world.db, { days: 0, told: toldToAll }, () => world.clock.now);
      const runner = new JobRunner(world.db, { [FORGET_EVENTS]: short.handler }, () => world.clock.now);
      world.clock.now = new Date(world.clock.now.getTime() + 3_600_000);
      await short.ask();
      await runner.round();
      assert.equal(await rowsLeft(), '1 0', 'nobody was told of it yet');
      isDown = false;
      await world.app.dispatcher.round();
      assert.deepEqual(pairs(receiver.received.slice(-1)), [`${course} ${learner}`]);
      await short.ask();
      await runner.round();
      assert.equal(await rowsLeft(), '0 0');
      server = await onDay(701);
      await post(server, '/webhook/remove', { subscriberName: name });
      await receiver.close();
    });
  });
