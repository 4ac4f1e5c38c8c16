import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { type EmbeddedDatabase, openEmbedded } from '../../src/storage/index.ts';
import { ENGINES, freshFolder } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { type Answer, call, startWorldOver, type World } from '../support/server.ts';

/** Counted flushes of the embedded engine: one at least before each answer, and hardly more than one for a batch. */

const TOGETHER = 200;

if (ENGINES.includes('embedded'))
  describe('flushes between a request and its answer (embedded)', () => {
    let db: EmbeddedDatabase;
    let world: World;
    let learners: string[];
    before(async () => {
      db = await openEmbedded(await freshFolder());
      world = await startWorldOver(db, []);
      learners = [];
      for (let n = 0; n < TOGETHER; n++) learners.push(await addUser(world));
    });
    after(() => world.close());

    const enroll = async (courseId: string, learnerIds: readonly string[]): Promise<number> =>
      (
        await call(world, 'POST', '/enrollment', {
          json: { courseIds: [courseId], learnerIds, dueDateType: 'unlimited' },
        })
      ).status;

    const connections = (): Promise<number> =>
      new Promise((done, fail) => {
        world.app.server.server.getConnections((error, n) => (error ? fail(error) : done(n)));
      });

    test('every write is flushed before its answer, whatever it writes', async () => {
      const [course, gone] = [await addCourse(world), await addCourse(world)];
      const succeeds = async (status: Promise<number>): Promise<void> => assert.ok((await status) < 300);
      const statusOf = async (answer: Promise<Answer>): Promise<number> => (await answer).status;
      const writes: [string, () => Promise<unknown>][] = [
        ...learners
          .slice(0, 10)
          .map((id): [string, () => Promise<unknown>] => [
            'enrollment',
            () => succeeds(enroll(course, [id])),
          ]),
        ['enrollment that exists', () => succeeds(enroll(course, learners.slice(0, 10)))],
        ['larger enrollment', () => succeeds(enroll(course, learners))],
        ['user', () => addUser(world)],
        ['course', () => addCourse(world)],
        ['retirement', () => succeeds(statusOf(call(world, 'DELETE', `/content/${gone}`)))],
        [
          'status',
          () =>
            succeeds(
              statusOf(call(world, 'POST', `/user/${learners.at(-1)}/status`, { json: { status: 3 } })),
            ),
        ],
      ];
      for (const [what, write] of writes) {
        const flushes = await db.countFsyncs();
        await write();
        assert.ok((await db.countFsyncs()) > flushes, what);
      }
    });

    test(`${TOGETHER} small requests that wait together share commits, and about one flush for each`, async () => {
      const course = await addCourse(world);
      let release = (): void => undefined;
      const held = db.write(
        () =>
          new Promise<void>((done) => {
            release = done;
          }),
        'small',
      );
      const answers = learners.slice(0, -1).map((id) => enroll(course, [id]));
      // The engine's connection is taken: whatever arrives waits.
      while ((await connections()) < answers.length) await new Promise((done) => setTimeout(done, 20));
      await new Promise((done) => setTimeout(done, 500));
      const [flushes, from] = [await db.countFsyncs(), Date.now()];
      release();
      await held;
      assert.deepEqual([...new Set(await Promise.all(answers))], [201]);
      const { rows } = await db.read((tx) =>
        sql<{ commits: number; enrollments: number }>`
          select count(distinct xmin::text)::int as commits, count(*)::int as enrollments
          from enrollment where item_id = ${course}`.execute(tx),
      );
      const { commits, enrollments } = rows[0] ?? { commits: -1, enrollments: -1 };
      assert.equal(enrollments, TOGETHER - 1);
      assert.ok(commits <= 6, `${commits} commits`);
      const spent = (await db.countFsyncs()) - flushes;
      // The sealer, which works beside once a second, flushes for its own commits.
      const others = 2 + Math.ceil((Date.now() - from) / 1_000);
      assert.ok(spent >= commits && spent <= commits + others, `${spent} flushes for ${commits} commits`);
    });
  });
