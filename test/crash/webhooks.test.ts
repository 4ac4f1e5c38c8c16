import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { afterPosition, learnersOf } from '../../src/enrollment/index.ts';
import { EVENT_TYPES, type EventType } from '../../src/events/index.ts';
import { endOf, eventsOf, placeAfter } from '../../src/feed/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { sealState } from '../../src/operations/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, type Running, serve } from '../support/process.ts';
import { count, type Random, randomFrom, SEED } from '../support/random.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { call, requestToken } from '../support/server.ts';
import { messagesOf, subscribeTo, toldOnce } from '../webhooks/streams.ts';
import { confirmed } from '../webhooks/telling.ts';

/**
 * kill -9 at random moments while events of several types happen and subscribers with different filters are told of them:
 * each is told of every event that it wants at least once, in order, and of nothing else. Two servers share a PostgreSQL.
 */

const KILLS = count(2, 50);
const LEARNERS = 40;
const COURSES = 5;
/** Of the learners these are named in requests that are refused, and in no others. */
const REFUSED = 10;
/** A lease that its holder left has to run out first; afterwards messages keep coming. */
const SILENT_AT_MOST_MS = 60_000;

interface Server {
  running: Running;
  url: string;
  token: string;
}

interface Subscriber {
  readonly receiver: Receiver;
  readonly types: readonly EventType[];
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

/** What an event concerns: `type payload` as each receiver of it is told. */
interface Happened {
  readonly type: string;
  toldBy(filters: Subscriber['filters']): Record<string, unknown> | null;
}

for (const engine of ENGINES)
  describe(`kill -9 while subscribers are told (${engine})`, () => {
    after(killAll);
    test(`${KILLS} kills (seed ${SEED})`, async (t) => {
      const random = randomFrom(SEED);
      const place = await placeOf(engine);
      const client = await loaded(place, LEARNERS, COURSES);
      const start = async (): Promise<Server> => {
        const running = await serve(place.args, { ROLLBOOK_ALLOW_PRIVATE_TARGETS: 'true' });
        const token = await requestToken(running.url, client.clientId, client.clientSecret);
        return { running, url: running.url, token };
      };
      const servers = [await start(), ...(engine === 'postgresql' ? [await start()] : [])];
      const [first] = servers as [Server];
      const { learnerIds, courseIds } = await idsOf(first);
      // The last event of all is about somebody of whom there is no other.
      const [last = '', ...others] = learnerIds;
      const writing = {
        learnerIds: others.slice(REFUSED),
        courseIds,
        refused: others.slice(0, REFUSED),
      };
      const subscribers = await subscribed(first, random, writing, last);
      const before = (await call(first, 'GET', '/events')).json as { events: unknown[] };

      for (let round = 0; round < KILLS; round++) {
        const victim = random(servers.length);
        const until = Date.now() + 700 + random(1_500);
        const writers = servers.flatMap((server) => [
          write(server, until, random, writing),
          write(server, until, random, writing),
        ]);
        await new Promise((done) => setTimeout(done, random(Math.max(until - Date.now(), 1))));
        await servers[victim]?.running.end('SIGKILL');
        await Promise.all(writers);
        servers[victim] = await start();
      }

      // Told in order: who has been told of the last event has been told of all.
      const [server] = servers as [Server];
      const final = { courseIds: courseIds.slice(0, 1), learnerIds: [last], dueDateType: 'unlimited' };
      assert.equal(await send(server, '/enrollment', final), 201);
      const marker = JSON.stringify({ courseId: courseIds[0], learnerIds: [last] });
      for (const { receiver } of subscribers) {
        let [known, since] = [receiver.received.length, Date.now()];
        while (toldOnce(receiver.received).at(-1) !== `LEARNERS_ENROLLED_IN_COURSE ${marker}`) {
          if (receiver.received.length > known) [known, since] = [receiver.received.length, Date.now()];
          assert.ok(
            Date.now() - since < SILENT_AT_MOST_MS,
            `not told: ${toldOnce(receiver.received).at(-1)}`,
          );
          await new Promise((done) => setTimeout(done, 100));
        }
      }
      const enrolled = (
        (await call(server, 'GET', '/enrollment')).json as { learnerId: string; courseId: string }[]
      ).map(({ learnerId, courseId }) => `${courseId} ${learnerId}`);
      for (const { running } of servers) assert.equal(await running.end('SIGTERM'), 0);

      assert.deepEqual(
        foldOf(subscribers[0]?.receiver),
        enrolled.sort(),
        'what is told adds up to what there is',
      );
      const db = await openDatabase(place.where);
      const happened = (await allEvents(db)).slice(before.events.length);
      await db.close();
      for (const { receiver, types, filters } of subscribers) {
        const expected = happened
          .filter(({ type }) => (types as readonly string[]).includes(type))
          .flatMap((event) => {
            const payload = event.toldBy(filters);
            return payload ? [`${event.type} ${JSON.stringify(payload)}`] : [];
          });
        assertSame(toldOnce(receiver.received), expected);
        for (const id of writing.refused)
          assert.ok(
            !receiver.received.some(({ body }) => body.includes(id)),
            'what was refused is never told',
          );
      }
      report(t, subscribers);
      for (const { receiver } of subscribers) await receiver.close();
      await place.remove();
    });
  });

interface Writing {
  readonly learnerIds: readonly string[];
  readonly courseIds: readonly string[];
  /** Of requests that are refused. */
  readonly refused: readonly string[];
}

/** Everything; two types in two courses; three types about ten learners. All of them are told of the last in the first course. */
async function subscribed(
  server: Server,
  random: Random,
  { learnerIds, courseIds }: Writing,
  last: string,
): Promise<Subscriber[]> {
  const wanted: Omit<Subscriber, 'receiver'>[] = [
    { types: EVENT_TYPES, filters: {} },
    {
      types: ['LEARNERS_ENROLLED_IN_COURSE', 'LEARNERS_UNENROLLED'],
      filters: { courseIds: courseIds.slice(0, 2) },
    },
    {
      types: ['LEARNERS_ENROLLED_IN_COURSE', 'ENROLLMENTS_CHANGED', 'OPERATION_COMPLETED'],
      filters: { userIds: [last, ...learnerIds.slice(0, 9)] },
    },
  ];
  const subscribers: Subscriber[] = [];
  for (const { types, filters } of wanted) {
    const receiver = await startReceiver(async (_request, response) => {
      await new Promise((done) => setTimeout(done, random(150)));
      response.end();
    });
    await subscribeTo(server, await confirmed(server, receiver), types, filters);
    subscribers.push({ receiver, types, filters });
  }
  return subscribers;
}

/** The status, or null when no answer came. */
async function send(server: Server, path: string, json: Record<string, unknown>): Promise<number | null> {
  const answer = await call(server, 'POST', path, { json }).catch(() => null);
  return answer?.status ?? null;
}

async function enrollmentIdsOf(server: Server, learnerIds: readonly string[]): Promise<string[]> {
  const answer = await call(server, 'GET', `/enrollment?learnerIds=${learnerIds.join('&learnerIds=')}`).catch(
    () => null,
  );
  return ((answer?.json ?? []) as { enrollmentId: string }[]).map(({ enrollmentId }) => enrollmentId);
}

/** Enrolls, edits, ends, makes users and is refused, as long as there is time and an answer. */
async function write(server: Server, until: number, random: Random, of: Writing): Promise<void> {
  const some = <T>(all: readonly T[], most: number): T[] => {
    const at = random(all.length);
    return all.slice(at, at + 1 + random(most));
  };
  while (Date.now() < until) {
    const what = random(10);
    let status: number | null = null;
    if (what < 4) {
      const json = {
        courseIds: some(of.courseIds, 2),
        learnerIds: some(of.learnerIds, 4),
        dueDateType: 'unlimited',
      };
      status = await send(server, '/enrollment', json);
      if (status !== null) assert.equal(status, 201);
    } else if (what < 6) {
      const [enrollmentId] = some(await enrollmentIdsOf(server, some(of.learnerIds, 1)), 1);
      const json = { dueDateType: 'due_period', duePeriod: 1 + random(1_000) };
      // Somebody else may have ended it.
      status = enrollmentId ? await send(server, `/enrollment/${enrollmentId}`, json) : 0;
    } else if (what < 8) {
      const enrollmentIds = await enrollmentIdsOf(server, some(of.learnerIds, 2));
      status = enrollmentIds.length > 0 ? await send(server, '/enrollment/delete', { enrollmentIds }) : 0;
    } else if (what < 9) {
      const json = {
        courseIds: of.courseIds,
        learnerIds: [...of.refused, newId()],
        dueDateType: 'unlimited',
      };
      status = await send(server, '/enrollment', json);
      if (status !== null) assert.equal(status, 400);
    } else {
      const login = newId();
      status = await send(server, '/user', {
        departmentId: await rootOf(server),
        fields: { login, email: `${login}@x.example` },
      });
    }
    if (status === null) return;
    await new Promise((done) => setTimeout(done, 10));
  }
}

async function rootOf(server: Server): Promise<string> {
  const answer = await call(server, 'GET', '/department').catch(() => null);
  return ((answer?.json ?? []) as { departmentId: string }[])[0]?.departmentId ?? newId();
}

/** `course learner` of whoever was enrolled and not unenrolled since, as told. */
function foldOf(receiver: Receiver | undefined): string[] {
  const enrolled = new Set<string>();
  for (const told of toldOnce(receiver?.received ?? [])) {
    const [type = ''] = told.split(' ', 1);
    if (!type.startsWith('LEARNERS_')) continue;
    const { courseId, learnerIds } = JSON.parse(told.slice(type.length)) as {
      courseId: string;
      learnerIds: string[];
    };
    for (const id of learnerIds)
      if (type === 'LEARNERS_UNENROLLED') enrolled.delete(`${courseId} ${id}`);
      else enrolled.add(`${courseId} ${id}`);
  }
  return [...enrolled].sort();
}

/** Everything that happened in the only account, in order, read at once when nobody writes any more. */
async function allEvents(db: Database): Promise<Happened[]> {
  const accountId = 1;
  return db.read(async (tx) => {
    const upTo = endOf(await sealState(tx, accountId));
    const happened: Happened[] = [];
    let after = { ...afterPosition(0n), number: 0n };
    for (;;) {
      const events = await eventsOf(tx, accountId, {
        after,
        upTo: { position: upTo.position, events: upTo.number },
        types: EVENT_TYPES,
        limit: 500,
      });
      for (const event of events) {
        after = placeAfter(after, event);
        const { pairs, single } = event;
        const learners = pairs ? await learnersOf(tx, accountId, [{ ...pairs, after: -1 }], 10_000) : [];
        happened.push({
          type: (pairs ?? single).eventType,
          toldBy: ({ userIds, courseIds }) => {
            const isWanted = (id: string): boolean => !userIds || userIds.includes(id);
            if (single) return single.userIds.some(isWanted) || !userIds ? single.payload : null;
            const learnerIds = learners.map(({ learnerId }) => learnerId).filter(isWanted);
            const isOf = !courseIds || courseIds.includes(pairs.itemId);
            return isOf && learnerIds.length > 0 ? { courseId: pairs.itemId, learnerIds } : null;
          },
        });
      }
      if (events.length < 500) return happened;
    }
  });
}

/** Shows where two long lists begin to differ. */
function assertSame(actual: readonly string[], expected: readonly string[]): void {
  const differs = expected.findIndex((one, place) => one !== actual[place]);
  const at = differs < 0 ? expected.length : differs;
  assert.deepEqual(actual.slice(at, at + 5), expected.slice(at, at + 5), `from the ${at + 1}th on`);
  assert.equal(actual.length, expected.length);
}

function report(t: TestContext, subscribers: readonly Subscriber[]): void {
  for (const { receiver } of subscribers) {
    const messages = messagesOf(receiver.received);
    const types = [...new Set(messages.map(({ type }) => type))].sort();
    const repeated = messages.length - new Set(messages.map(({ id }) => id)).size;
    t.diagnostic(
      `${messages.length} messages, ${repeated} of them repeated; ${toldOnce(receiver.received).length} payloads of ${types.join(', ')}`,
    );
  }
}
