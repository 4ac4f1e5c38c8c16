import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { recordEvents } from '../../src/events/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { addUsers, type Entry, enroll, post, read, readAll } from './support.ts';

/** GET /events: in order, each once, however it is cut; and what is refused. */

const PART = 1_000;
const typesOf = (events: readonly Entry[]): string[] => events.map(({ type }) => type);
const pairsOf = ({ payload }: Entry): string[] =>
  (payload['learnerIds'] as string[]).map((learnerId) => `${payload['courseId']} ${learnerId}`);

for (const engine of ENGINES)
  describe(`reading the feed (${engine})`, () => {
    let world: World;
    let learners: string[];
    let courses: string[];
    before(async () => {
      world = await startWorld(engine, { limits: { smallPairs: 10_000, batchPairs: 10_000 } });
      learners = [await addUser(world), await addUser(world)].sort();
      courses = [await addCourse(world), await addCourse(world)].sort();
    });
    after(() => world.close());

    /** An event with a row of its own. */
    const happened = (kind: string): Promise<void> =>
      world.db.write((tx) =>
        recordEvents(
          tx,
          world.account.accountId,
          [
            {
              eventType: 'OPERATION_COMPLETED',
              payload: { operationId: newId(), kind, state: 'done', created: 1 },
            },
          ],
          world.clock.now,
        ),
      );

    test('what is enrolled, changed, ended and undone is told in order; every cut into pages tells the same', async () => {
      const { cursor } = await readAll(world);
      const [one = '', two = ''] = courses;
      const enrolling = await enroll(world, courses, learners);
      await happened('first');
      await happened('second');
      const list = (await call(world, 'GET', `/enrollment?courseIds[]=${one}`)).json as {
        enrollmentId: string;
        learnerId: string;
      }[];
      const ids = list
        .sort((a, b) => (a.learnerId < b.learnerId ? -1 : 1))
        .map(({ enrollmentId }) => enrollmentId);
      await post(world, `/enrollment/${ids[0]}`, {
        dueDateType: 'due_date',
        dueDate: '2099-01-01',
        accessDate: '2026-01-01',
      });
      const deleting = await post(world, '/enrollment/delete', { enrollmentIds: ids });
      const undoing = await post(world, `/operations/${deleting}/undo`);
      const { events } = await readAll(world, { after: cursor });
      assert.deepEqual(typesOf(events), [
        'LEARNERS_ENROLLED_IN_COURSE',
        'LEARNERS_ENROLLED_IN_COURSE',
        'OPERATION_COMPLETED',
        'OPERATION_COMPLETED',
        'ENROLLMENTS_CHANGED',
        'LEARNERS_UNENROLLED',
        'LEARNERS_ENROLLED_IN_COURSE',
      ]);
      assert.deepEqual(
        events.slice(0, 2).flatMap(pairsOf).sort(),
        [one, two].flatMap((course) => learners.map((learner) => `${course} ${learner}`)).sort(),
      );
      assert.deepEqual(
        events.map(({ operationId }) => operationId).filter((_, n) => [0, 1, 5, 6].includes(n)),
        [enrolling, enrolling, deleting, undoing],
      );
      assert.deepEqual(events[5]?.payload, { courseId: one, learnerIds: learners, enrollmentIds: ids });
      assert.deepEqual([events[2]?.payload['kind'], events[3]?.payload['kind']], ['first', 'second']);
      assert.equal(new Set(events.map(({ eventId }) => eventId)).size, events.length);
      for (const limit of [1, 2, 3, 5]) {
        const cut = await readAll(world, { after: cursor, limit: () => limit });
        assert.deepEqual(cut.events, events, `limit ${limit}`);
        assert.ok(cut.pages.every((page) => page.events.length <= limit));
      }
    });

    test('an event about many is told in parts with the same borders and ids; a cursor may stand between them', async () => {
      const course = await addCourse(world);
      const many = await addUsers(world, 2 * PART + 500);
      const { nextCursor } = await read(world, { after: 'now' });
      await enroll(world, [course], many);
      const { events } = await readAll(world, { after: nextCursor });
      assert.deepEqual(
        events.map(({ payload }) => (payload['learnerIds'] as string[]).length),
        [PART, PART, 500],
      );
      assert.deepEqual(
        events.flatMap(pairsOf).sort(),
        many.map((learner) => `${course} ${learner}`),
      );
      assert.equal(new Set(events.map(({ eventId }) => eventId)).size, 3);
      assert.deepEqual(
        (await readAll(world, { after: nextCursor, limit: () => 1 })).events,
        events,
        'one by one',
      );
      assert.deepEqual(
        (await readAll(world, { after: nextCursor, limit: () => 2 })).events,
        events,
        'two by two',
      );
    });

    test('a page names at most 10,000 learners', async () => {
      const many = await addUsers(world, 4_000);
      const three = [await addCourse(world), await addCourse(world), await addCourse(world)];
      const { nextCursor } = await read(world, { after: 'now' });
      for (const course of three) await enroll(world, [course], many);
      const page = await read(world, { after: nextCursor });
      assert.equal(page.events.flatMap(pairsOf).length, 8_000);
      assert.equal(page.hasMore, true);
      const rest = await read(world, { after: page.nextCursor });
      assert.equal(rest.events.flatMap(pairsOf).length, 4_000);
      assert.equal(rest.hasMore, false);
    });

    test('only some types; other types afterwards begin where the cursor stands', async () => {
      const { nextCursor } = await read(world, { after: 'now' });
      const course = await addCourse(world);
      await happened('before');
      await enroll(world, [course], learners);
      await happened('between');
      await enroll(world, [await addCourse(world)], learners);
      await happened('after');
      const enrolled = await read(world, {
        after: nextCursor,
        types: 'LEARNERS_ENROLLED_IN_COURSE',
        limit: 1,
      });
      assert.deepEqual(
        enrolled.events.map(({ payload }) => payload['courseId']),
        [course],
      );
      const others = await readAll(world, { after: enrolled.nextCursor, types: 'OPERATION_COMPLETED' });
      assert.deepEqual(
        others.events.map(({ payload }) => payload['kind']),
        ['between', 'after'],
      );
      const none = await read(world, { after: nextCursor, types: 'USER_REGISTERED,TRAINING_MEETING_ADDED' });
      assert.deepEqual([none.events, none.hasMore, none.nextCursor], [[], false, others.cursor]);
      const both = await readAll(world, {
        after: nextCursor,
        types: 'LEARNERS_ENROLLED_IN_COURSE,OPERATION_COMPLETED',
        limit: () => 2,
      });
      assert.deepEqual(
        typesOf(both.events).map((type) => type[0]),
        ['O', 'L', 'O', 'L', 'O'],
      );
    });

    test('what is refused names the parameter, and why', async () => {
      const refused = async (query: string, headers: Record<string, string> = {}): Promise<string> => {
        const { status, json } = await call(world, 'GET', `/events?${query}`, { headers });
        assert.equal(status, 400, query);
        return (json as { message: string }).message;
      };
      const { nextCursor } = await read(world);
      assert.match(await refused('limit=0'), /^limit: /);
      assert.match(await refused('wait=61'), /^wait: /);
      assert.match(await refused('types=NOTHING'), /^types\b.*NOTHING/);
      const isNone = 'is not a cursor of this list.';
      for (const cursor of ['nonsense', nextCursor.slice(0, -1), `${nextCursor}A`, `${nextCursor}=`])
        assert.equal(await refused(`after=${cursor}`), `after: ${cursor} ${isNone}`);
      const changed = (nextCursor[12] === 'A' ? 'B' : 'A') + nextCursor.slice(13);
      assert.match(
        await refused(`after=${nextCursor.slice(0, 12)}${changed}`),
        /is not a cursor of this list/,
      );
      assert.equal(
        await refused(`after=${nextCursor}`, { 'last-event-id': 'x' }),
        `Last-Event-ID: x ${isNone}`,
      );
    });
  });
