import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { recordEvents } from '../../src/events/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { type Entry, openStream, read, readAll } from '../feed/support.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';
import { drawnLimits, type Server, startTwoServers } from '../support/two-servers.ts';

/**
 * Writers beside readers of the feed: whoever goes on from a cursor sees every event exactly once, in the order in which
 * a reading of everything afterwards has them, whatever was in flight, and nothing of what was rolled back.
 */

const WRITERS = 8;
const READERS = 4;
const WRITES = count(25, 400);
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

interface Stage {
  readonly world: World;
  of(n: number): Server;
  /** Connections of a writer's own. */
  open(): Promise<Database>;
  close(): Promise<void>;
}

const STAGES = {
  postgresql: async (): Promise<Stage> => {
    const servers = await startTwoServers(drawnLimits(randomFrom(SEED)));
    return {
      world: servers.world,
      of: servers.of,
      open: () => openDatabase({ url: servers.databaseUrl }),
      close: servers.close,
    };
  },
  embedded: async (): Promise<Stage> => {
    const world = await startWorld('embedded', { limits: drawnLimits(randomFrom(SEED))() });
    return {
      world,
      of: () => world,
      open: async () => ({ ...world.db, close: async () => undefined }),
      close: world.close,
    };
  },
} as const;

for (const engine of ENGINES)
  describe(`${WRITERS} writers and ${READERS} readers of the feed (${engine}, seed ${SEED})`, () => {
    let stage: Stage;
    before(async () => {
      stage = await STAGES[engine]();
      Object.defineProperty(stage.world.clock, 'now', { get: () => new Date() });
    });
    after(() => stage.close());

    /** Enrolls, edits, ends, undoes; what is refused is no effect. */
    async function write(random: (below: number) => number, server: Server, ids: Ids): Promise<void> {
      const some = (all: readonly string[], most: number): string[] => {
        const from = random(all.length);
        return all.slice(from, from + 1 + random(most));
      };
      const post = (path: string, json?: unknown): Promise<Answer> =>
        call(server, 'POST', path, json === undefined ? {} : { json });
      const undo = async (answer: Answer): Promise<void> => {
        const location = answer.headers.get('location');
        if (location && random(3) === 0) await post(`${location}/undo`);
      };
      const kind = random(6);
      if (kind < 3) {
        const json = {
          courseIds: some(ids.courses, 3),
          learnerIds: some(ids.learners, 12),
          dueDateType: 'unlimited',
        };
        await undo(await post('/enrollment', json));
        return;
      }
      const path = `/enrollment?courseIds[]=${some(ids.courses, 1)[0]}`;
      const found = (await call(server, 'GET', path)).json as { enrollmentId: string }[];
      const chosen = some(
        found.map(({ enrollmentId }) => enrollmentId),
        6,
      );
      if (chosen.length === 0) return;
      if (kind === 3)
        await undo(
          await post(`/enrollment/${chosen[0]}`, { dueDateType: 'due_period', duePeriod: 1 + random(99) }),
        );
      else if (kind === 4) await undo(await post('/enrollment/delete', { enrollmentIds: chosen }));
      else await undo(await post(`/enrollment/${chosen[0]}/reenroll`, { dueDateType: 'unlimited' }));
    }

    /** Some events with rows of their own in a transaction that takes its time, and perhaps is rolled back. */
    async function writeOwn(
      random: (below: number) => number,
      db: Database,
      told: { committed: string[]; rolledBack: string[] },
    ): Promise<void> {
      const operationIds = Array.from({ length: 1 + random(4) }, newId);
      const isRolledBack = random(3) === 0;
      await db
        .write(async (tx) => {
          for (const operationId of operationIds) {
            await recordEvents(
              tx,
              stage.world.account.accountId,
              [{ eventType: 'OPERATION_COMPLETED', payload: { operationId, kind: 'test' } }],
              new Date(),
            );
            if (engine === 'postgresql') await pause(random(40));
          }
          if (isRolledBack) throw new Error('rolled back');
        })
        .catch((error: Error) => assert.equal(error.message, 'rolled back'));
      told[isRolledBack ? 'rolledBack' : 'committed'].push(...operationIds);
    }

    interface Ids {
      readonly courses: readonly string[];
      readonly learners: readonly string[];
    }

    test('every reader sees every event once, in one order', async () => {
      const { world } = stage;
      const courses = await Promise.all(Array.from({ length: 5 }, () => addCourse(world)));
      const learners = await Promise.all(Array.from({ length: 30 }, () => addUser(world)));
      const start = (await read(world, { after: 'now' })).nextCursor;
      const told = { committed: [] as string[], rolledBack: [] as string[] };
      let isOver = false;
      const writer = async (n: number): Promise<void> => {
        const random = randomFrom(SEED * 100 + n);
        const db = await stage.open();
        for (let left = WRITES; left > 0; left--)
          if (random(3) === 0) await writeOwn(random, db, told);
          else await write(random, stage.of(random(2)), { courses, learners });
        await db.close();
      };
      /** Goes on until it has come to an end after the last write. */
      const reader = async (n: number): Promise<Entry[]> => {
        const random = randomFrom(SEED * 100 + 50 + n);
        const seen: Entry[] = [];
        for (let after = start; ; ) {
          const wasOver = isOver;
          const page = await read(stage.of(random(2)), {
            after,
            limit: 1 + random(7),
            wait: wasOver ? undefined : random(2),
          });
          seen.push(...page.events);
          after = page.nextCursor;
          if (wasOver && !page.hasMore) return seen;
          if (random(3) === 0) await pause(random(100));
        }
      };
      const stream = await openStream(stage.of(1), `after=${start}`);
      const reading = Promise.all(Array.from({ length: READERS }, (_, n) => reader(n)));
      await Promise.all(Array.from({ length: WRITERS }, (_, n) => writer(n)));
      isOver = true;
      const seen = await reading;
      const { events } = await readAll(world, { after: start });
      await stream.until(events.length);
      stream.close();
      assert.ok(events.length > WRITERS, `${events.length} events`);
      for (const [n, one] of seen.entries()) assert.deepEqual(one, events, `reader ${n}`);
      assert.deepEqual(
        stream.messages.map(({ data }) => data),
        events,
        'the stream',
      );
      assert.equal(new Set(events.map(({ eventId }) => eventId)).size, events.length);
      const own = events.filter(({ payload }) => payload['kind'] === 'test');
      assert.deepEqual(
        own.map(({ payload }) => payload['operationId']).sort(),
        [...told.committed].sort(),
        'everything that was committed, and nothing else',
      );
      assert.ok(told.rolledBack.length > 0);
      await assertEffects(world, events);
    });

    /** Replayed, the events come to the enrollments that there are. */
    async function assertEffects(world: World, events: readonly Entry[]): Promise<void> {
      const enrolled = new Set<string>();
      for (const { type, payload } of events) {
        const pairs = ((payload['learnerIds'] ?? []) as string[]).map(
          (learner) => `${payload['courseId']} ${learner}`,
        );
        for (const pair of pairs)
          if (type === 'LEARNERS_ENROLLED_IN_COURSE') enrolled.add(pair);
          else if (type === 'LEARNERS_UNENROLLED')
            assert.ok(enrolled.delete(pair), `${pair} ended before it began`);
      }
      const { rows } = await world.db.read((tx) =>
        sql<{ pair: string }>`select item_id || ' ' || learner_id as pair from enrollment`.execute(tx),
      );
      assert.deepEqual([...enrolled].sort(), rows.map(({ pair }) => pair).sort());
    }

    if (engine === 'postgresql')
      test('who waits at one server is answered within two seconds of a commit by another', async () => {
        const { world } = stage;
        const learner = await addUser(world);
        for (let round = 0; round < count(3, 20); round++) {
          const course = await addCourse(world);
          const after = (await read(world, { after: 'now' })).nextCursor;
          const waiting = read(stage.of(0), { after, wait: 20 }).then((page) => ({
            page,
            at: performance.now(),
          }));
          await pause(100 + 70 * round);
          const json = { courseIds: [course], learnerIds: [learner], dueDateType: 'unlimited' };
          assert.equal((await call(stage.of(1), 'POST', '/enrollment', { json })).status, 201);
          const from = performance.now();
          const { page, at } = await waiting;
          assert.ok(at - from < 2_000, `${Math.round(at - from)} ms`);
          assert.equal(page.events.length, 1);
        }
      });
  });
