import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/kernel/ids.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { type Answer, call, requestToken, startWorld, type World } from '../support/server.ts';
import { deliveriesOf, happen, messagesOf, subscribeTo, toldOnce } from './streams.ts';
import { confirm, confirmed, enroll, post } from './telling.ts';

/** The log of deliveries, and telling again. */

/** Between the attempts at a message until a day is over. */
const DELAYS = [30, 60, 120, 240, 480, 960, 1_920, ...Array<number>(22).fill(3_600), 3_390];

for (const engine of ENGINES)
  describe(`the log of deliveries and replays (${engine})`, () => {
    let world: World;
    let receiver: Receiver;
    let learners: string[];
    /** What is answered to the next messages; 200 when none is left. */
    const answers: number[] = [];
    let name = '';

    before(async () => {
      world = await startWorld(engine);
      learners = [await addUser(world), await addUser(world)];
      receiver = await startReceiver(
        ({ body }, response) =>
          void response.writeHead(body.includes('CONFIRMATION') ? 200 : (answers.shift() ?? 200)).end(),
      );
    });
    after(async () => {
      await receiver.close();
      await world.close();
    });

    const round = () => world.app.dispatcher.round();
    const pass = (ms: number): void => {
      world.clock.now = new Date(world.clock.now.getTime() + ms);
    };
    const replay = (wanted: Record<string, unknown>): Promise<Answer> =>
      call(world, 'POST', '/webhook/replay', { json: { subscriberName: name, ...wanted } });
    const replayed = async (wanted: Record<string, unknown>): Promise<string> => {
      const answer = await replay(wanted);
      assert.equal(answer.status, 202, answer.text);
      return (answer.json as { replayId: string }).replayId;
    };
    /** A new subscriber that was told of an enrollment, a user and an enrollment; everything received of that. */
    const withThree = async () => {
      if (name) await post(world, '/webhook/remove', { subscriberName: name });
      answers.length = 0;
      receiver.received.length = 0;
      name = await confirmed(world, receiver);
      await subscribeTo(world, name);
      pass(1_000);
      const start = world.clock.now;
      await enroll(world, [await addCourse(world)], learners);
      await round();
      await happen(world, 'TRAINING_MEETING_ADDED', 1);
      await round();
      await enroll(world, [await addCourse(world)], learners);
      await round();
      pass(1_000);
      const told = messagesOf(receiver.received);
      assert.equal(told.length, 3);
      receiver.received.length = 0;
      return { told, start, end: world.clock.now };
    };

    test('a message that failed stays the same message, whatever happens meanwhile; the log shows it once', async () => {
      await withThree();
      answers.push(503, 500);
      await enroll(world, [await addCourse(world)], learners);
      await round();
      await enroll(world, [await addCourse(world)], learners);
      pass(30_000);
      await round();
      const [, , , logged] = await deliveriesOf(world, name);
      assert.deepEqual(
        [logged?.state, logged?.attempts, logged?.status, logged?.failure, logged?.events],
        ['retrying', 2, 500, undefined, 1],
      );
      assert.ok((logged?.durationMs ?? -1) >= 0);
      pass(60_000);
      await round();
      const told = messagesOf(receiver.received);
      assert.deepEqual(
        told.map(({ id, payloads }) => `${id} ${payloads.length}`),
        [told[0], told[0], told[0], told[3]].map((message) => `${message?.id} 1`),
      );
      assert.deepEqual(
        (await deliveriesOf(world, name))
          .slice(3)
          .map(({ messageId, state, attempts }) => [messageId, state, attempts]),
        [
          [told[0]?.id, 'delivered', 3],
          [told[3]?.id, 'delivered', 1],
        ],
      );
    });

    test('a connection that breaks off is logged in words; the list is filtered and paged', async () => {
      await withThree();
      const gone = await startReceiver((_request, response) => void response.destroy());
      const other = `broken ${newId()}`;
      await post(world, '/webhook/register', { subscriberName: other, callbackUrl: gone.url });
      await confirm(world, gone, other);
      await subscribeTo(world, other, ['LEARNERS_ENROLLED_IN_COURSE']);
      await enroll(world, [await addCourse(world)], learners);
      await round();
      const [failed] = await deliveriesOf(world, other);
      assert.deepEqual([failed?.state, failed?.status], ['retrying', undefined]);
      assert.match(failed?.failure ?? '', /^the connection broke off$/);
      await post(world, '/webhook/disable', { subscriberName: other });
      assert.equal((await deliveriesOf(world, other))[0]?.state, 'lost', 'it is tried no more');
      await post(world, '/webhook/remove', { subscriberName: other });
      await gone.close();

      const all = await deliveriesOf(world, name);
      assert.equal(all.length, 4);
      assert.deepEqual(await deliveriesOf(world, name, { state: 'lost' }), []);
      assert.deepEqual(await deliveriesOf(world, name, { state: 'delivered' }), all);
      assert.deepEqual(await deliveriesOf(world, name, { from: '2999-01-01' }), []);
      assert.deepEqual(await deliveriesOf(world, name, { to: '2999-01-01' }), all);
      const paged: unknown[] = [];
      let pageToken = '';
      do {
        const search = new URLSearchParams({ subscriberName: name, pageSize: '3', pageToken });
        const answer = await call(world, 'GET', `/webhook/deliveries?${search}`);
        const page = answer.json as { deliveries: unknown[]; nextPageToken?: string };
        paged.push(...page.deliveries);
        pageToken = page.nextPageToken ?? '';
      } while (pageToken);
      assert.deepEqual(paged, all);
    });

    test('replay of deliveries: the same messages with the ids that they had, marked, in order; logged beside', async () => {
      const { told } = await withThree();
      const logged = await deliveriesOf(world, name);
      const replayId = await replayed({ deliveryIds: [logged[2]?.deliveryId, logged[0]?.deliveryId] });
      await round();
      assert.deepEqual(
        messagesOf(receiver.received),
        [told[0], told[2]].map((message) => ({ ...message, replay: replayId })),
      );
      const again = (await deliveriesOf(world, name)).slice(3);
      assert.deepEqual(
        again.map((one) => [one.replayId, one.messageId, one.state, one.attempts]),
        [told[0], told[2]].map((message) => [replayId, message?.id, 'delivered', 1]),
      );
      receiver.received.length = 0;
      await round();
      assert.deepEqual(receiver.received, [], 'told again once');
    });

    test('replay of a time: the messages of that time with their ids; what comes after is told once', async () => {
      const { told, start, end } = await withThree();
      await enroll(world, [await addCourse(world)], learners);
      await round();
      receiver.received.length = 0;
      await replayed({ from: start.toISOString(), to: end.toISOString() });
      await round();
      assert.deepEqual(
        messagesOf(receiver.received).map(({ id }) => id),
        told.map(({ id }) => id),
      );
      receiver.received.length = 0;
      const before = new Date(start.getTime() - 1).toISOString();
      await replayed({ from: new Date(start.getTime() - 500).toISOString(), to: before });
      await round();
      assert.deepEqual(receiver.received, [], 'nothing happened then');
    });

    test('a replay that fails is tried again by itself; what happens is told in order beside it', async () => {
      const { told, start } = await withThree();
      answers.push(500);
      await replayed({ from: start.toISOString() });
      await round();
      assert.deepEqual(
        messagesOf(receiver.received).map(({ id }) => id),
        [told[0]?.id],
      );
      const info = await call(
        world,
        'GET',
        `/webhook/subscriber/info?subscriberName=${encodeURIComponent(name)}`,
      );
      assert.match(info.text, /"notificationProcessStatus":"ACTIVE"/);
      receiver.received.length = 0;
      const course = await addCourse(world);
      await enroll(world, [course], learners);
      await round();
      const [live, ...none] = messagesOf(receiver.received);
      assert.deepEqual(none, [], 'the replay waits for its next attempt');
      assert.equal(live?.replay, undefined);
      assert.equal(live?.payloads[0]?.['courseId'], course);
      assert.equal((await replay({ from: start.toISOString() })).code, 'webhook.replay_running');
      pass(30_000);
      receiver.received.length = 0;
      await enroll(world, [await addCourse(world)], learners);
      await round();
      const [first, ...rest] = messagesOf(receiver.received);
      assert.equal(first?.replay, undefined, 'what happened goes first');
      assert.deepEqual(
        rest.map(({ id }) => id),
        told.map(({ id }) => id),
      );
    });

    test('a replay that nobody takes for a day ends; what happens is told all the same', async () => {
      const { start } = await withThree();
      await replayed({ from: start.toISOString() });
      const from = world.clock.now.getTime();
      answers.push(...Array<number>(31).fill(500));
      await round();
      for (const seconds of DELAYS) {
        pass(seconds * 1_000);
        await round();
      }
      assert.equal(messagesOf(receiver.received).length, 31);
      const last = (await deliveriesOf({ ...world, token: await tokenNow() }, name)).at(-1);
      assert.deepEqual([last?.state, last?.attempts], ['lost', 31]);
      receiver.received.length = 0;
      await happen(world, 'TRAINING_MEETING_REMOVED', 2);
      pass(30_000);
      await round();
      assert.equal(toldOnce(receiver.received).length, 1);
      world.clock.now = new Date(from);
    });

    test('what is subscribed to today is told of a time before it; who is not told now cannot be told again', async () => {
      const { start } = await withThree();
      await post(world, '/webhook/unsubscribe', {
        subscriberName: name,
        subscriptionType: 'LEARNERS_ENROLLED_IN_COURSE',
      });
      await post(world, '/webhook/unsubscribe', {
        subscriberName: name,
        subscriptionType: 'TRAINING_MEETING_ADDED',
      });
      await subscribeTo(world, name, ['LEARNERS_ENROLLED_IN_COURSE'], { userIds: [learners[1] ?? ''] });
      await round();
      assert.deepEqual(receiver.received, [], 'beginning anew tells nothing of before');
      await replayed({ from: start.toISOString() });
      await round();
      assert.deepEqual(
        messagesOf(receiver.received)
          .flatMap(({ payloads }) => payloads)
          .map(({ learnerIds }) => learnerIds),
        [[learners[1]], [learners[1]]],
      );
      const { deliveryId = '' } = (await deliveriesOf(world, name))[0] ?? {};
      const other = await confirmed(world, receiver);
      const foreign = await call(world, 'POST', '/webhook/replay', {
        json: { subscriberName: other, deliveryIds: [deliveryId] },
      });
      assert.equal(foreign.code, 'webhook.unknown_delivery');
      await post(world, '/webhook/remove', { subscriberName: other });
      await replayed({ from: start.toISOString() });
      await post(world, '/webhook/disable', { subscriberName: name });
      assert.equal((await replay({ deliveryIds: [deliveryId] })).code, 'webhook.not_told');
      await post(world, '/webhook/enable', { subscriberName: name });
      receiver.received.length = 0;
      await round();
      assert.deepEqual(receiver.received, [], 'disabling ends a replay');
      await post(world, '/webhook/settings/change', {
        subscriberName: name,
        callbackUrl: `${receiver.url}/new`,
      });
      assert.equal((await replay({ from: start.toISOString() })).code, 'webhook.not_told');
    });

    test('the log is kept for 30 days and of each subscriber the last 10,000', async () => {
      await withThree();
      const { accountId } = world.account;
      // Copies, as if they had been sent long ago; their ids come before all others.
      await world.db.write((tx) =>
        sql`insert into webhook_delivery
          select account_id, subscriber_id, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, n::text, replay_id,
            subscription_type, events, from_position, from_item, from_ordinal, from_event, to_position, to_item, to_ordinal,
            to_event, state, attempts, status, failure, duration_ms, finished_at, created_at
          from generate_series(1, 10000) n, (select * from webhook_delivery where account_id = ${accountId}
            order by delivery_id limit 1) d`.execute(tx),
      );
      const size = async (): Promise<number> => {
        const { rows } = await world.db.read((tx) =>
          sql<{
            n: number;
          }>`select count(*)::int as n from webhook_delivery where account_id = ${accountId}`.execute(tx),
        );
        return rows[0]?.n ?? 0;
      };
      assert.equal(await size(), 10_003);
      await happen(world, 'TRAINING_MEETING_ADDED', 3);
      await round();
      assert.equal(await size(), 10_000);
      const { now } = world.clock;
      pass(30 * 24 * 3_600_000 + 1_000);
      await happen(world, 'TRAINING_MEETING_ADDED', 4);
      await round();
      assert.equal(await size(), 1);
      world.clock.now = now;
    });

    test('figures: attempts by outcome, subscribers that are suspended, how long the oldest event waits', async () => {
      const figures = async (): Promise<Map<string, number>> => {
        const text = await (await fetch(`${world.url}/metrics`)).text();
        return new Map(
          [...text.matchAll(/^(rollbook_webhook_\S+) (\S+)$/gm)].map(([, key = '', value]) => [
            key,
            Number(value),
          ]),
        );
      };
      const attempts = (found: Map<string, number>): number[] =>
        ['delivered', 'refused', 'failed'].map(
          (outcome) => found.get(`rollbook_webhook_deliveries_total{outcome="${outcome}"}`) ?? 0,
        );
      const stand = (found: Map<string, number>) => [
        found.get('rollbook_webhook_suspended_subscribers'),
        found.get('rollbook_webhook_oldest_undelivered_seconds'),
      ];
      await withThree();
      const before = await figures();
      assert.deepEqual(stand(before), [0, 0]);
      answers.push(503);
      await happen(world, 'TRAINING_MEETING_ADDED', 5);
      await round();
      pass(20_000);
      const failing = await figures();
      assert.deepEqual(stand(failing), [1, 20]);
      pass(10_000);
      await round();
      const healed = await figures();
      assert.deepEqual(stand(healed), [0, 0]);
      assert.deepEqual(
        attempts(healed).map((n, place) => n - (attempts(before)[place] ?? 0)),
        [1, 1, 0],
      );
    });

    test('what is no longer kept cannot be told again: 410, and nothing is done', async () => {
      const { start } = await withThree();
      const deliveryIds = (await deliveriesOf(world, name)).map(({ deliveryId }) => deliveryId);
      const { now } = world.clock;
      // Other tests here left events of a month later.
      pass(130 * 24 * 3_600_000);
      const { handler } = world.app.retention;
      if (!('runIn' in handler)) throw new Error('another handler');
      const job = { accountId: world.account.accountId } as Parameters<typeof handler.runIn>[1];
      await world.db.write((tx) => handler.runIn(tx, job, world.clock.now));
      const later = { ...world, token: await tokenNow() };
      const again = (wanted: Record<string, unknown>): Promise<Answer> =>
        call(later, 'POST', '/webhook/replay', { json: { subscriberName: name, ...wanted } });
      for (const wanted of [{ from: start.toISOString() }, { deliveryIds }]) {
        const { status, code } = await again(wanted);
        assert.equal(`${status} ${code}`, '410 webhook.replay_forgotten');
      }
      await happen(world, 'TRAINING_MEETING_ADDED', 6);
      await round();
      // A round forgets deliveries of more than 30 days ago, too.
      const unknown = await again({ deliveryIds });
      assert.equal(`${unknown.status} ${unknown.code}`, '400 webhook.unknown_delivery');
      receiver.received.length = 0;
      assert.equal((await again({ from: world.clock.now.toISOString(), to: '2999-01-01' })).status, 202);
      await round();
      assert.equal(toldOnce(receiver.received).length, 1, 'what is kept can');
      world.clock.now = now;
    });

    const tokenNow = async (): Promise<string> => {
      return requestToken(world.url, world.account.clientId, world.account.clientSecret);
    };
  });
