import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { type Answer, call, type World } from '../support/server.ts';
import { startTwoServers, type TwoServers } from '../support/two-servers.ts';

/** Undo beside whatever else happens to the same pairs, on two servers over one database. */

const unlimited = { dueDateType: 'unlimited' };
const CALLERS = 8;
const ROUNDS = count(6, 100);

interface Written {
  readonly operationId: string;
  readonly outcomes: readonly { outcome: string; reason?: string; enrollmentId: string }[];
}

if (ENGINES.includes('postgresql'))
  describe(`races of undo on PostgreSQL (seed ${SEED})`, () => {
    const random = randomFrom(SEED);
    let servers: TwoServers;
    let world: World;
    before(async () => {
      servers = await startTwoServers(() => ({ smallPairs: 1 + random(20), chunkPairs: 1 + random(5) }));
      world = servers.world;
      // Both servers know what time it is.
      Object.defineProperty(world.clock, 'now', { get: () => new Date() });
    });
    after(() => servers.close());

    let turn = 0;
    const post = (path: string, json?: unknown): Promise<Answer> =>
      call(servers.of(turn++), 'POST', path, {
        headers: { prefer: 'return=representation' },
        ...(json === undefined ? {} : { json }),
      });
    const undo = (id: string): Promise<Answer> => post(`/operations/${id}/undo`);
    const enroll = (learnerIds: readonly string[], courseIds: readonly string[]): Promise<Answer> =>
      post('/enrollment', { learnerIds, courseIds, ...unlimited });
    const times = <T>(n: number, make: (n: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: n }, (_, at) => make(at)));
    const idsOf = async (learnerId: string): Promise<string[]> =>
      (
        (await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`)).json as { enrollmentId: string }[]
      ).map((enrollment) => enrollment.enrollmentId);

    async function enrolledOne(): Promise<{
      learner: string;
      course: string;
      id: string;
      operation: string;
    }> {
      const [learner, course] = [await addUser(world), await addCourse(world)];
      const { operationId, outcomes } = (await enroll([learner], [course])).json as Written;
      return { learner, course, id: outcomes[0]?.enrollmentId ?? '', operation: operationId };
    }
    const reasonOf = ({ json }: Answer): string | undefined => (json as Written).outcomes[0]?.reason;

    test('undone at once by many: one does it, the others are told that it is undone', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { learner, operation } = await enrolledOne();
        const answers = await times(CALLERS, () => undo(operation));
        assert.deepEqual(answers.map(({ status, code }) => `${status} ${code}`).sort(), [
          '200 null',
          ...Array.from({ length: CALLERS - 1 }, () => '409 operation.state'),
        ]);
        assert.deepEqual(await idsOf(learner), []);
      }
    });

    test('beside a request for the same: whoever is told that the pair is enrolled has it afterwards', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { learner, course, id, operation } = await enrolledOne();
        const [undone, ...enrolled] = await times(CALLERS, (n) =>
          n === round % CALLERS ? undo(operation) : enroll([learner], [course]),
        ).then((all) => [...all.splice(round % CALLERS, 1), ...all]);
        assert.ok(undone && undone.status === 200, undone?.text);
        const left = await idsOf(learner);
        assert.equal(left.length, 1);
        const isKept = reasonOf(undone) === 'confirmed_since';
        assert.equal(left[0] === id, isKept, undone.text);
        for (const answer of enrolled) assert.equal(answer.status, 201, answer.text);
      }
    });

    test('beside an edit: it is done and kept, or finds nothing', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { learner, id, operation } = await enrolledOne();
        const edit = () => post(`/enrollment/${id}`, { dueDateType: 'due_period', duePeriod: 3 });
        const [undone, edited] =
          round % 2 === 0
            ? await Promise.all([undo(operation), edit()])
            : (await Promise.all([edit(), undo(operation)])).reverse();
        assert.ok(undone && undone.status === 200, undone?.text);
        const isKept = reasonOf(undone) === 'changed_since';
        assert.equal(`${edited?.status} ${edited?.code}`, isKept ? '200 null' : '400 enrollment.unknown');
        assert.deepEqual(await idsOf(learner), isKept ? [id] : []);
      }
    });

    test('beside work of the learner: what was recorded is kept', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { learner, id, operation } = await enrolledOne();
        const work = () =>
          call(servers.of(round), 'POST', `/enrollment/${id}/progress`, { json: { progress: 10 } });
        const [undone, worked] =
          round % 2 === 0
            ? await Promise.all([undo(operation), work()])
            : (await Promise.all([work(), undo(operation)])).reverse();
        assert.ok(undone && undone.status === 200, undone?.text);
        const isKept = reasonOf(undone) === 'progressed_since';
        assert.equal(`${worked?.status} ${worked?.code}`, isKept ? '200 null' : '400 enrollment.unknown');
        assert.deepEqual(await idsOf(learner), isKept ? [id] : []);
      }
    });

    test('everything at once: versions of each pair follow one another, and every operation is undone as often as it says', async () => {
      const learners = await times(3, () => addUser(world));
      const courses = await times(3, () => addCourse(world));
      const operations: string[] = [];
      const codes = new Map<string, number>();
      const some = (ids: readonly string[]) => ids.filter(() => random(2) === 0);
      const act = async (): Promise<Answer> => {
        const done = operations.at(-1 - random(Math.min(operations.length, 6)));
        if (done !== undefined && random(3) === 0) return undo(done);
        const learner = learners[random(3)] ?? '';
        const ids = await idsOf(learner);
        const id = ids[random(Math.max(ids.length, 1))];
        if (id === undefined || random(4) === 0)
          return enroll([learner, ...some(learners)], [courses[random(3)] ?? '', ...some(courses)]);
        if (random(4) === 0) return post(`/enrollment/${id}/reenroll`, unlimited);
        if (random(3) === 0)
          return post(`/enrollment/${id}`, { dueDateType: 'due_period', duePeriod: 1 + random(3) });
        return post('/enrollment/delete', { enrollmentIds: [id, ...some(ids)] });
      };
      await times(CALLERS, async () => {
        for (let round = 0; round < count(20, 400); round++) {
          const answer = await act();
          const what = `${answer.status} ${answer.code}`;
          codes.set(what, (codes.get(what) ?? 0) + 1);
          if (answer.status < 300) operations.push((answer.json as Written).operationId);
        }
      });
      const expected = new Set(['201 null', '200 null', '400 enrollment.unknown', '409 operation.state']);
      assert.deepEqual(
        [...codes.keys()].filter((what) => !expected.has(what)),
        [],
      );
      await assertChained(learners);
      await assertStates();
    });

    /** Every version but the first of a stay replaced one; every stay but the current one has ended. */
    async function assertChained(learners: readonly string[]): Promise<void> {
      const { rows } = await world.db.read((tx) =>
        sql<{ begun: number; left: number; current: number; astray: number }>`
          with version as (
            select learner_id, item_id, version_chunk, null::int8 as past_chunk, false as is_left from enrollment
            union all
            select learner_id, item_id, version_chunk, past_chunk, past_cause = 'ended' or left_chunk is not null from enrollment_past)
          select count(*) filter (where not exists (
                   select from version w where w.learner_id = v.learner_id and w.item_id = v.item_id and w.past_chunk = v.version_chunk))::int as begun,
                 count(*) filter (where v.is_left)::int as left,
                 count(*) filter (where v.past_chunk is null)::int as current,
                 count(*) filter (where v.past_chunk is not null and not v.is_left and not exists (
                   select from version w where w.learner_id = v.learner_id and w.item_id = v.item_id and w.version_chunk = v.past_chunk))::int as astray
          from version v where learner_id = any(${learners}::uuid[]) group by learner_id, item_id`.execute(
          tx,
        ),
      );
      assert.ok(rows.length > 0);
      for (const { begun, left, current, astray } of rows) {
        assert.equal(begun - left, current);
        assert.equal(astray, 0);
      }
    }

    /** Undone is what one undo that stands undoes, and nothing else; counts add up. */
    async function assertStates(): Promise<void> {
      const { rows } = await world.db.read((tx) =>
        sql<{ n: number }>`
          select count(*)::int as n from operation o
          where o.total <> o.created + o.changed + o.unchanged + o.refused
            or (o.state = 'undone') <> (
              (select count(*) from operation u where u.cause_id = o.operation_id and u.state = 'done') = 1)`.execute(
          tx,
        ),
      );
      assert.equal(rows[0]?.n, 0);
    }
  });
