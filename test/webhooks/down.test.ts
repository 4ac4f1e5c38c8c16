import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EVENT_TYPES, PAIR_TYPES, type SingleEventType } from '../../src/events/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { call, requestToken, startWorld, type World } from '../support/server.ts';
import { deliveriesOf, happen, messagesOf, subscribeTo, toldOnce } from './streams.ts';
import { confirm, confirmed, enroll, post } from './telling.ts';

/** A receiver that is down for hours, with events of every type meanwhile. */

const HOUR_MS = 3_600_000;
const SINGLE_TYPES = EVENT_TYPES.filter(
  (type): type is SingleEventType => !(PAIR_TYPES as readonly string[]).includes(type),
);

for (const engine of ENGINES)
  describe(`a receiver that is down (${engine})`, () => {
    let world: World;
    let learner: string;
    let isDown = false;
    let receiver: Receiver;
    /** The world with a token that is good now: tokens do not live for a day. */
    const now = async (): Promise<World> => ({
      ...world,
      token: await requestToken(world.url, world.account.clientId, world.account.clientSecret),
    });
    const statuses = async (subscriberName: string): Promise<string> => {
      const path = `/webhook/subscriber/info?subscriberName=${encodeURIComponent(subscriberName)}`;
      return Object.values((await call(await now(), 'GET', path)).json as object).join(' ');
    };

    before(async () => {
      world = await startWorld(engine);
      learner = await addUser(world);
      receiver = await startReceiver(
        (_request, response) => void response.writeHead(isDown ? 503 : 200).end(),
      );
    });
    after(async () => {
      await receiver.close();
      await world.close();
    });

    /** An enrollment is made, changed and ended, with two other events between; what is to be told, in order. */
    async function hour(no: number): Promise<string[]> {
      const server = await now();
      const course = await addCourse(server);
      const types = [
        SINGLE_TYPES[(2 * no) % SINGLE_TYPES.length],
        SINGLE_TYPES[(2 * no + 1) % SINGLE_TYPES.length],
      ];
      const told: string[] = [];
      const single = async (eventType: SingleEventType = 'USER_REGISTERED'): Promise<void> => {
        told.push(`${eventType} ${JSON.stringify(await happen(world, eventType, no))}`);
      };
      const pair = (type: string) =>
        told.push(`${type} ${JSON.stringify({ courseId: course, learnerIds: [learner] })}`);
      await enroll(server, [course], [learner]);
      pair('LEARNERS_ENROLLED_IN_COURSE');
      await single(types[0]);
      const list = (await call(server, 'GET', `/enrollment?courseIds=${course}`)).json as {
        enrollmentId: string;
      }[];
      const { enrollmentId = '' } = list[0] ?? {};
      await post(server, `/enrollment/${enrollmentId}`, { dueDateType: 'due_date', dueDate: '2099-01-01' });
      pair('ENROLLMENTS_CHANGED');
      await single(types[1]);
      const ended = await call(server, 'POST', '/enrollment/delete', {
        json: { enrollmentIds: [enrollmentId] },
      });
      assert.equal(ended.status, 204, ended.text);
      pair('LEARNERS_UNENROLLED');
      return told;
    }

    test('23 hours: all that happened is told in order when it is back; others did not wait', async () => {
      const beside = await startReceiver();
      const other = await confirmed(world, beside);
      await subscribeTo(world, other);
      const name = await confirmed(world, receiver);
      await subscribeTo(world, name);
      const from = world.clock.now.getTime();
      const expected: string[] = [];
      isDown = true;
      for (let no = 0; no < 23; no++) {
        world.clock.now = new Date(from + no * HOUR_MS);
        expected.push(...(await hour(no)));
        await world.app.dispatcher.round();
        assert.deepEqual(toldOnce(beside.received), expected, 'who is up is told at once');
      }
      const types = new Set(expected.map((told) => told.split(' ')[0]));
      assert.deepEqual([...types].sort(), [...EVENT_TYPES].sort(), 'every type is among them');
      assert.equal(await statuses(name), 'ACTIVE CONFIRMED SUSPENDED');
      const failed = new Set(messagesOf(receiver.received).map(({ id }) => id));
      assert.equal(failed.size, 1, 'the same message is tried again and again, whatever happens meanwhile');
      isDown = false;
      receiver.received.length = 0;
      world.clock.now = new Date(from + 23.5 * HOUR_MS);
      for (let round = 0; round < 5; round++) await world.app.dispatcher.round();
      const messages = messagesOf(receiver.received);
      assert.equal(messages[0]?.id, [...failed][0]);
      assert.deepEqual(toldOnce(receiver.received), expected);
      assert.equal(
        new Set(messages.map(({ id }) => id)).size,
        messages.length,
        'once, as nothing fails any more',
      );
      assert.ok(
        messages.every(({ type }, place) => place === 0 || messages[place - 1]?.type !== type),
        'consecutive events of a type are one message',
      );
      assert.equal(await statuses(name), 'ACTIVE CONFIRMED ACTIVE');
      const logged = await deliveriesOf(await now(), name);
      assert.deepEqual(
        logged.map(({ messageId, state }) => `${messageId} ${state}`),
        messages.map(({ id }) => `${id} delivered`),
      );
      for (const subscriberName of [name, other])
        await post(await now(), '/webhook/remove', { subscriberName });
      await beside.close();
    });

    test('a day: to be confirmed again; what accumulated is lost, what comes after is told', async () => {
      isDown = false;
      const name = await confirmed(await now(), receiver);
      await subscribeTo(await now(), name);
      receiver.received.length = 0;
      isDown = true;
      const lost = await hour(0);
      const from = world.clock.now.getTime();
      for (let at = from; at < from + 24 * HOUR_MS; at += 30_000) {
        world.clock.now = new Date(at);
        await world.app.dispatcher.round();
      }
      assert.equal(messagesOf(receiver.received).length, 30, '30 s, doubled up to an hour');
      assert.equal(await statuses(name), 'ACTIVE CONFIRMED SUSPENDED');
      world.clock.now = new Date(from + 24 * HOUR_MS);
      await world.app.dispatcher.round();
      assert.equal(await statuses(name), 'ACTIVE UNCONFIRMED INACTIVE');
      assert.equal(new Set(messagesOf(receiver.received).map(({ id }) => id)).size, 1);
      const [logged, ...others] = await deliveriesOf(await now(), name);
      assert.deepEqual(others, []);
      assert.deepEqual(
        [logged?.state, logged?.attempts, logged?.status, logged?.failure],
        ['lost', 31, 503, undefined],
      );
      isDown = false;
      receiver.received.length = 0;
      await confirm(await now(), receiver, name);
      const kept = await hour(1);
      for (let round = 0; round < 3; round++) await world.app.dispatcher.round();
      assert.deepEqual(toldOnce(receiver.received), kept);
      // What was lost can be told again from the events themselves.
      receiver.received.length = 0;
      const answer = await call(await now(), 'POST', '/webhook/replay', {
        json: {
          subscriberName: name,
          from: new Date(from - 1).toISOString(),
          to: new Date(from + HOUR_MS).toISOString(),
        },
      });
      assert.equal(answer.status, 202, answer.text);
      for (let round = 0; round < 3; round++) await world.app.dispatcher.round();
      assert.deepEqual(toldOnce(receiver.received), lost);
      const { replayId } = answer.json as { replayId: string };
      assert.ok(messagesOf(receiver.received).every(({ replay }) => replay === replayId));
      await post(await now(), '/webhook/remove', { subscriberName: name });
    });
  });
