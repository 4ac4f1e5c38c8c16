import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { WriteLimits } from '../../src/enrollment/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addDepartment, addTraining, addUser } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';

/**
 * Over random requests, strict and lenient, outcomes are learners × items without repetitions, agree row for row with
 * what was enrolled before and after, and are told the same for ever. The test judges by a table of its own.
 */

const RUNS = Number(process.env['ROLLBOOK_RUNS'] ?? (process.env['ROLLBOOK_TORTURE'] ? 1_500 : 30));

/** In one transaction each; in chunks; and on the border between the two. */
const SIZES: readonly (Partial<WriteLimits> & { name: string })[] = [
  { name: 'small' },
  { name: 'in chunks of 4 pairs', smallPairs: 0, chunkPairs: 4 },
  { name: 'small up to 6 pairs, in chunks of 1', smallPairs: 6, chunkPairs: 1 },
];

/** What is wrong with an id, in the order in which reasons are given. */
const ORDER = [
  'learner_out_of_scope',
  'course_is_training',
  'course_unknown',
  'learner_unknown',
  'learner_inactive',
  'course_retired',
  'due_date_out_of_range',
];
const statusOf = (reason: string): number => (reason === 'learner_out_of_scope' ? 403 : 400);

/** Late enough for a hundred years more to be too far. */
const ACCESS = '9950-01-01';

interface Outcome {
  learnerId: string;
  courseId: string;
  outcome: string;
  reason?: string;
  enrollmentId?: string;
}

interface Written {
  operationId: string;
  summary: Record<string, number>;
  outcomes: Outcome[];
}

interface Pool {
  readonly tokens: Readonly<Record<'owner' | 'manager', string>>;
  /** Id → what the owner, and what the manager of a department, is told of it. */
  readonly learners: ReadonlyMap<string, { owner: string | null; manager: string | null }>;
  readonly items: ReadonlyMap<string, string | null>;
  /** Its default leads too far, if it is asked for. */
  readonly endless: string;
}

const UNKNOWN = ['3fa85f64-5717-4562-b3fc-2c963f66afa6', '00000000-0000-4000-8000-000000000001'];

async function makePool(world: World): Promise<Pool> {
  const departmentId = await addDepartment(world, 'Sales');
  const managerId = await addUser(world, {
    departmentId,
    role: 'department_administrator',
    manages: [departmentId],
  });
  const fine = { owner: null, manager: null };
  const foreign = { owner: null, manager: 'learner_out_of_scope' };
  const learners: [string, { owner: string | null; manager: string | null }][] = [
    [await addUser(world, { departmentId }), fine],
    [await addUser(world, { departmentId }), fine],
    [await addUser(world, { departmentId }), fine],
    [await addUser(world), foreign],
    [
      await addUser(world, { departmentId, status: 3 }),
      { owner: 'learner_inactive', manager: 'learner_inactive' },
    ],
    [await addUser(world, { status: 3 }), { owner: 'learner_inactive', manager: 'learner_out_of_scope' }],
    ...UNKNOWN.map((id): [string, { owner: string; manager: string }] => [
      id,
      { owner: 'learner_unknown', manager: 'learner_out_of_scope' },
    ]),
  ];
  const retired = await addCourse(world);
  assert.equal((await call(world, 'DELETE', `/content/${retired}`)).status, 204);
  const endless = await addCourse(world, 'Course', {
    defaultDueDateType: 'due_period',
    defaultDuePeriod: 876_000,
  });
  return {
    tokens: { owner: world.token, manager: await world.tokenOf(managerId) },
    learners: new Map(learners),
    items: new Map([
      [await addCourse(world), null],
      [await addCourse(world, 'Page'), null],
      [await addCourse(world, 'LearningTrack'), null],
      [endless, null],
      [retired, 'course_retired'],
      [await addTraining(world), 'course_is_training'],
      [UNKNOWN[0] ?? '', 'course_unknown'],
    ]),
    endless,
  };
}

interface Request {
  readonly as: 'owner' | 'manager';
  readonly learnerIds: string[];
  readonly courseIds: string[];
  readonly dueDateType: string;
  readonly handling: 'strict' | 'lenient' | undefined;
  /** Which of the enrollments there are ends afterwards. */
  readonly ends: number;
  readonly pageSize: number;
}

/** Half of the requests are over ids that stand, so that strict ones are not always refused. */
function requests(pool: Pool): fc.Arbitrary<Request> {
  const some = (ids: readonly string[]) => fc.array(fc.constantFrom(...ids), { minLength: 1, maxLength: 9 });
  const good = {
    learners: [...pool.learners].filter(([, { manager }]) => manager === null).map(([id]) => id),
    items: [...pool.items].filter(([, reason]) => reason === null).map(([id]) => id),
  };
  const spelled = (ids: string[]) => ids.map((id, n) => (n % 3 === 2 ? id.toUpperCase() : id));
  return fc.record({
    as: fc.constantFrom('owner' as const, 'manager' as const),
    learnerIds: fc.oneof(some(good.learners), some([...pool.learners.keys()])).map(spelled),
    courseIds: fc.oneof(some(good.items), some([...pool.items.keys()])).map(spelled),
    dueDateType: fc.constantFrom('unlimited', 'default'),
    handling: fc.constantFrom(undefined, 'strict' as const, 'lenient' as const, 'lenient' as const),
    ends: fc.nat(3),
    pageSize: fc.integer({ min: 1, max: 7 }),
  });
}

/** Pair → why it is refused, or null. */
function judged(pool: Pool, request: Request): Map<string, string | null> {
  const pairs = new Map<string, string | null>();
  for (const learnerId of new Set(request.learnerIds.map((id) => id.toLowerCase())))
    for (const courseId of new Set(request.courseIds.map((id) => id.toLowerCase()))) {
      const isEndless = request.dueDateType === 'default' && courseId === pool.endless;
      const reasons = [
        pool.learners.get(learnerId)?.[request.as],
        pool.items.get(courseId),
        isEndless ? 'due_date_out_of_range' : null,
      ];
      pairs.set(`${learnerId} ${courseId}`, ORDER.find((reason) => reasons.includes(reason)) ?? null);
    }
  return pairs;
}

const pairOf = ({ learnerId, courseId }: { learnerId: string; courseId: string }): string =>
  `${learnerId} ${courseId}`;

for (const engine of ENGINES)
  for (const { name, ...limits } of SIZES)
    describe(`outcomes, ${name} (${engine}, ${RUNS} requests)`, () => {
      let world: World;
      let pool: Pool;
      before(async () => {
        world = await startWorld(engine, { limits });
        pool = await makePool(world);
      });
      after(() => world.close());

      const enrolled = async (): Promise<Map<string, string>> => {
        const all = (await call(world, 'GET', '/enrollment')).json as (Outcome & { enrollmentId: string })[];
        return new Map(all.map((entry) => [pairOf(entry), entry.enrollmentId]));
      };
      const send = ({ as, handling, learnerIds, courseIds, dueDateType }: Request): Promise<Answer> =>
        call(world, 'POST', '/enrollment', {
          token: pool.tokens[as],
          headers: { prefer: `return=representation${handling ? `, handling=${handling}` : ''}` },
          json: { learnerIds, courseIds, dueDateType, accessDate: ACCESS },
        });
      const pages = async (id: string, as: Request['as'], query: string): Promise<Outcome[]> => {
        const all: Outcome[] = [];
        for (let token = ''; ; ) {
          const { json } = await call(
            world,
            'GET',
            `/operations/${id}/outcomes?pageToken=${token}&${query}`,
            { token: pool.tokens[as] },
          );
          const page = json as { outcomes: Outcome[]; nextPageToken?: string };
          all.push(...page.outcomes);
          if (!page.nextPageToken) return all;
          token = page.nextPageToken;
        }
      };

      /** Every pair once, and what each is told is so. */
      const assertTrue = (
        { outcomes, summary }: Written,
        wanted: ReadonlyMap<string, string | null>,
        was: ReadonlyMap<string, string>,
        is: ReadonlyMap<string, string>,
      ): void => {
        assert.deepEqual(outcomes.map(pairOf).sort(), [...wanted.keys()].sort());
        const count: Record<string, number> = { created: 0, changed: 0, unchanged: 0, refused: 0 };
        const expected = new Map(was);
        for (const one of outcomes) {
          const pair = pairOf(one);
          const reason = wanted.get(pair) ?? null;
          const kind = reason ? 'refused' : was.has(pair) ? 'unchanged' : 'created';
          count[kind] = (count[kind] ?? 0) + 1;
          assert.equal(one.outcome, kind, pair);
          assert.equal(one.reason ?? null, reason ?? (kind === 'unchanged' ? 'already_enrolled' : null));
          assert.equal(one.enrollmentId, kind === 'refused' ? undefined : is.get(pair), pair);
          if (kind === 'created') expected.set(pair, one.enrollmentId ?? '');
        }
        assert.deepEqual([...is].sort(), [...expected].sort());
        assert.deepEqual(summary, count);
      };

      test('outcomes are learners × items, agree with the rows before and after, and stay what they were', async () => {
        const told: { id: string; as: Request['as']; outcomes: Outcome[] }[] = [];
        await fc.assert(
          fc.asyncProperty(requests(pool), async (request) => {
            const was = await enrolled();
            const answer = await send(request);
            const is = await enrolled();
            const wanted = judged(pool, request);
            const first = ORDER.find((reason) => [...wanted.values()].includes(reason));
            if (first && request.handling !== 'lenient') {
              assert.equal(answer.status, statusOf(first), answer.text);
              assert.deepEqual(is, was);
              return;
            }
            assert.equal(answer.status, 201, answer.text);
            const written = answer.json as Written;
            assertTrue(written, wanted, was, is);
            const { operationId: id, outcomes } = written;
            told.push({ id, as: request.as, outcomes });
            assert.deepEqual(await pages(id, request.as, `pageSize=${request.pageSize}`), outcomes);
            for (const kind of ['created', 'unchanged', 'refused'])
              assert.deepEqual(
                await pages(id, request.as, `pageSize=${request.pageSize}&outcome=${kind}`),
                outcomes.filter(({ outcome }) => outcome === kind),
              );
            const [ending] = [...is.values()].slice(request.ends);
            if (ending)
              assert.equal(
                (await call(world, 'POST', '/enrollment/delete', { json: { enrollmentIds: [ending] } }))
                  .status,
                204,
              );
          }),
          { numRuns: RUNS, endOnFailure: true },
        );
        for (const { id, as, outcomes } of told)
          assert.deepEqual(await pages(id, as, 'pageSize=1000'), outcomes, 'told later');
      });
    });
