import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { seal } from '../../src/operations/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addTraining, addUser, everything } from '../support/people.ts';
import { call, startWorld, toXmlBody, type World } from '../support/server.ts';

/** Properties of the main job over random requests on a real database. Seeds are printed when one fails. */

const RUNS = Number(process.env['ROLLBOOK_RUNS'] ?? (process.env['ROLLBOOK_TORTURE'] ? 2_000 : 120));
const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

interface Pool {
  readonly learners: readonly string[];
  readonly courses: readonly string[];
  readonly inactive: string;
  readonly training: string;
}

interface Body {
  courseIds: string[];
  learnerIds: string[];
  dueDateType: string;
  accessDate?: string | undefined;
  dueDate?: string | undefined;
  duePeriod?: number | undefined;
  lockAfterDueDate?: boolean | undefined;
}

/** Requests that stand, over a few learners and courses, with repetitions. */
function bodies(pool: Pool): fc.Arbitrary<Body> {
  const terms = fc.oneof(
    fc.record({ dueDateType: fc.constantFrom('unlimited', 'default') }),
    fc.record({
      dueDateType: fc.constant('due_date'),
      accessDate: fc.constantFrom('2024-01-01', '2024-02-29 13:14:15'),
      dueDate: fc.constantFrom('2024-03-01', '2031-12-31 08:00:00', '2025-01-01T00:00:00+05:00'),
    }),
    fc.record({
      dueDateType: fc.constant('due_period'),
      accessDate: fc.constantFrom('2024-01-01', '2024-01-01T10:00:00Z'),
      duePeriod: fc.integer({ min: 1, max: 50_000 }),
    }),
  );
  const some = (ids: readonly string[]) => fc.array(fc.constantFrom(...ids), { minLength: 1, maxLength: 8 });
  return fc
    .tuple(some(pool.courses), some(pool.learners), terms, fc.option(fc.boolean(), { nil: undefined }))
    .map(
      ([courseIds, learnerIds, own, lockAfterDueDate]) =>
        ({ courseIds, learnerIds, ...own, lockAfterDueDate }) as Body,
    );
}

/** Requests of which something is wrong. */
function faulty(pool: Pool): fc.Arbitrary<Record<string, unknown>> {
  const spoil = fc.constantFrom<(body: Body) => Record<string, unknown>>(
    (body) => ({ ...body, courseIds: [...body.courseIds, UNKNOWN] }),
    (body) => ({ ...body, learnerIds: [...body.learnerIds, UNKNOWN] }),
    (body) => ({ ...body, learnerIds: [...body.learnerIds, pool.inactive] }),
    (body) => ({ ...body, courseIds: [...body.courseIds, pool.training] }),
    (body) => ({ ...body, courseIds: [] }),
    (body) => ({ ...body, learnerIds: ['nobody'] }),
    (body) => ({ ...body, dueDateType: 'sometime' }),
    (body) => ({ ...body, dueDateType: 'due_date', dueDate: undefined }),
    (body) => ({ ...body, dueDateType: 'due_period', duePeriod: 0 }),
    (body) => ({ ...body, accessDate: '2025-01-01', dueDateType: 'due_date', dueDate: '2024-12-31' }),
    (body) => ({ ...body, accessDate: '2024-02-30' }),
  );
  return fc.tuple(bodies(pool), spoil).map(([body, change]) => change(body));
}

for (const engine of ENGINES)
  describe(`properties (${engine}, ${RUNS} cases each)`, () => {
    let world: World;
    let pool: Pool;
    before(async () => {
      world = await startWorld(engine);
      world.clock.now = new Date('2026-02-03T04:05:06.789Z');
      const times = <T>(n: number, make: () => Promise<T>): Promise<T[]> =>
        Promise.all(Array.from({ length: n }, make));
      pool = {
        learners: await times(5, () => addUser(world)),
        courses: [
          ...(await times(3, () => addCourse(world))),
          await addCourse(world, 'Course', {
            defaultDueDateType: 'due_period',
            defaultDuePeriod: 100,
            defaultLockAfterDueDate: true,
          }),
          await addCourse(world, 'Page', { defaultDueDateType: 'due_date', defaultDueDate: '2026-07-01' }),
          await addCourse(world, 'LearningTrack'),
        ],
        inactive: await addUser(world, { status: 3 }),
        training: await addTraining(world),
      };
    });
    after(() => world.close());

    const clear = (): Promise<unknown> =>
      world.db.write(async (tx) => {
        for (const table of ['outbox', 'enrollment', 'operation_chunk', 'operation'])
          await sql`delete from ${sql.table(table)}`.execute(tx);
      });
    /** What was enrolled, without what differs between two operations. */
    const rows = async (): Promise<unknown> =>
      (
        await world.db.read((tx) =>
          sql`select learner_id, item_id, access_at, due_at, due_period_hours, due_rule, lock_after_due, type_group, term
              from enrollment order by learner_id, item_id`.execute(tx),
        )
      ).rows;
    const counts = async (): Promise<Record<string, number>> =>
      (
        await world.db.read((tx) =>
          sql<
            Record<string, number>
          >`select (select count(*) from enrollment)::int as enrollment, (select count(*) from enrollment_past)::int as past,
            (select count(*) from outbox)::int as outbox, (select count(*) from operation)::int as operation`.execute(
            tx,
          ),
        )
      ).rows[0] ?? {};
    const send = async (body: Record<string, unknown>, format: 'json' | 'xml' = 'json'): Promise<number> =>
      (
        await call(
          world,
          'POST',
          '/enrollment',
          format === 'json' ? { json: body } : { xml: toXmlBody(body) },
        )
      ).status;
    const holds = <T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => Promise<void>): Promise<void> =>
      fc.assert(fc.asyncProperty(arbitrary, check), { numRuns: RUNS, endOnFailure: true });

    test('JSON and XML spellings of a request lead to the same rows', () =>
      holds(bodies(pool), async (body) => {
        const seen: unknown[] = [];
        for (const format of ['json', 'xml'] as const) {
          await clear();
          assert.equal(await send({ ...body }, format), 201);
          seen.push(await rows());
        }
        assert.deepEqual(seen[0], seen[1]);
      }));

    test('sending a request twice adds one operation, and no enrollment, history or outbox row', () =>
      holds(bodies(pool), async (body) => {
        await clear();
        assert.equal(await send({ ...body }), 201);
        const [before, first] = [await counts(), await rows()];
        assert.equal(await send({ ...body }), 201);
        assert.deepEqual(await counts(), { ...before, operation: (before['operation'] ?? 0) + 1 });
        assert.deepEqual(await rows(), first);
      }));

    test('any order and repetition of ids gives the same rows', () =>
      holds(fc.tuple(bodies(pool), fc.integer()), async ([body, seed]) => {
        await clear();
        assert.equal(await send({ ...body }), 201);
        const first = await rows();
        await clear();
        const shuffled = (ids: string[]): string[] =>
          [...ids, ...ids].sort((a, b) => ((a.charCodeAt(35) * seed) % 7) - ((b.charCodeAt(35) * seed) % 7));
        assert.equal(
          await send({ ...body, courseIds: shuffled(body.courseIds), learnerIds: shuffled(body.learnerIds) }),
          201,
        );
        assert.deepEqual(await rows(), first);
      }));

    test('a refused request changes no table at all', async () => {
      await seal(world.db, world.account.accountId);
      const untouched = await everything(world.db);
      let n = 0;
      await holds(fc.tuple(faulty(pool), fc.constantFrom('json', 'xml')), async ([body, format]) => {
        assert.equal(await send(body, format as 'json'), 400);
        // The digest of everything is dear; the counts are taken each time.
        if (++n % 10 === 0) assert.equal(await everything(world.db), untouched);
      });
      assert.equal(await everything(world.db), untouched);
    });

    test('what default resolved to does not move when the default of the item changes', () =>
      holds(
        fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 5_000 }), fc.boolean()),
        async ([first, second, lock]) => {
          await clear();
          const [course = '', learner = ''] = [pool.courses[0], pool.learners[0]];
          const set = (hours: number, isLocked: boolean) =>
            call(world, 'POST', `/content/${course}`, {
              json: {
                defaultDueDateType: 'due_period',
                defaultDuePeriod: hours,
                defaultLockAfterDueDate: isLocked,
              },
            });
          assert.equal((await set(first, lock)).status, 200);
          assert.equal(
            await send({
              courseIds: [course],
              learnerIds: [learner],
              accessDate: '2024-01-01',
              dueDateType: 'default',
            }),
            201,
          );
          const before = await rows();
          assert.equal((await set(second, !lock)).status, 200);
          assert.deepEqual(await rows(), before);
          const [row] = before as { due_at: Date }[];
          assert.equal(row?.due_at.getTime(), Date.UTC(2024, 0, 1) + first * 3_600_000);
        },
      ));
  });
