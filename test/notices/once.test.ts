import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { JobRunner, type TransactionHandler } from '../../src/jobs/index.ts';
import { Notifier } from '../../src/notices/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { ENGINES, type Engine, freshDatabase, freshPostgresql } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { call, startWorldOver, type World } from '../support/server.ts';
import { HOUR_MS, told } from './telling.ts';

/** Everything is said once, whatever is killed and however many processes say it. */

const LEARNERS = count(12, 100);
const START = new Date('2026-03-02T09:30:00Z');

/** What a killed process leaves of a transaction. */
class Killed extends Error {}

async function twoHandles(
  engine: Engine,
): Promise<{ handles: [Database, Database]; close(): Promise<void> }> {
  if (engine === 'embedded') {
    const db = await freshDatabase(engine);
    return { handles: [db, db], close: () => db.close() };
  }
  const { url, remove } = await freshPostgresql();
  const handles: [Database, Database] = [await openDatabase({ url }), await openDatabase({ url })];
  return {
    handles,
    close: async () => {
      for (const db of handles) await db.close();
      await remove();
    },
  };
}

for (const engine of ENGINES)
  describe(`notices are said once (${engine})`, () => {
    let world: World;
    let handles: Awaited<ReturnType<typeof twoHandles>>;
    before(async () => {
      handles = await twoHandles(engine);
      world = await startWorldOver(handles.handles[0], [], { now: START });
    });
    after(async () => {
      await world.app.stop();
      await handles.close();
    });

    /** A process of which every second transaction, or so, is killed before it is committed. */
    function killedProcess(db: Database, seed: number) {
      const random = randomFrom(seed);
      let killed = 0;
      const killing = (of: Database): Database => ({
        ...of,
        write: (work, lane) =>
          of.write(async (tx) => {
            const result = await work(tx);
            if (random(2) === 0) {
              killed++;
              throw new Killed();
            }
            return result;
          }, lane),
      });
      const clock = () => world.clock.now;
      const notifier = new Notifier(killing(db), { maxAgeHours: 72 }, clock);
      const handlers = Object.fromEntries(
        Object.entries(notifier.handlers).map(([kind, handler]) => [
          kind,
          {
            ...(handler as TransactionHandler),
            runIn: async (...given: Parameters<TransactionHandler['runIn']>) => {
              await (handler as TransactionHandler).runIn(...given);
              if (random(2) === 0) {
                killed++;
                throw new Killed();
              }
            },
          },
        ]),
      );
      return {
        notifier,
        jobs: new JobRunner(db, handlers, clock),
        get killed() {
          return killed;
        },
      };
    }

    test(`two processes that are killed again and again, seed ${SEED}`, async () => {
      const processes = handles.handles.map((db, no) => killedProcess(db, SEED + no));
      const learnerIds = await Promise.all(Array.from({ length: LEARNERS }, () => addUser(world)));
      const courseIds = [await addCourse(world, 'Page'), await addCourse(world, 'Page')];
      const dueDate = new Date(START.getTime() + 30 * HOUR_MS).toISOString();
      for (let from = 0; from < LEARNERS; from += 3) {
        const json = {
          learnerIds: learnerIds.slice(from, from + 3),
          courseIds,
          dueDateType: 'due_date',
          dueDate,
        };
        assert.equal((await call(world, 'POST', '/enrollment', { json })).status, 201);
      }
      const turn = async ({ notifier, jobs }: (typeof processes)[number]): Promise<void> => {
        await notifier.round().catch((error: unknown) => assert.ok(error instanceof Killed, String(error)));
        await jobs.round();
      };
      // Every ten minutes, until a while after the due date.
      for (let n = 0; n < 34 * 6; n++) {
        await Promise.all(processes.map(turn));
        world.clock.now = new Date(world.clock.now.getTime() + 10 * 60_000);
      }
      const expected = ['assigned', 'due_soon', 'overdue'].flatMap((kind) =>
        learnerIds.flatMap((learner) => courseIds.map((course) => `${kind} ${learner} ${course}`)),
      );
      assert.deepEqual((await told(world)).sort(), expected.sort());
      // How the work falls to the two is chance: a transaction is killed once on average before it is committed.
      const killed = processes.reduce((sum, one) => sum + one.killed, 0);
      assert.ok(killed >= 3, `killed ${killed} times`);
    });
  });
