import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { type Answer, call, type World } from '../support/server.ts';
import { startTwoServers, type TwoServers } from '../support/two-servers.ts';

/** Changes of the same enrollments at once, on two servers over one database. */

const unlimited = { dueDateType: 'unlimited' };
const CALLERS = 12;

if (ENGINES.includes('postgresql'))
  describe(`races of changes on PostgreSQL (seed ${SEED})`, () => {
    const random = randomFrom(SEED);
    let servers: TwoServers;
    let world: World;
    before(async () => {
      servers = await startTwoServers(() => ({ smallPairs: 1 + random(60), chunkPairs: 1 + random(20) }));
      world = servers.world;
    });
    after(() => servers.close());

    let turn = 0;
    const post = (path: string, json: unknown): Promise<Answer> =>
      call(servers.of(turn++), 'POST', path, { json });
    const enroll = (learnerIds: readonly string[], courseIds: readonly string[]): Promise<Answer> =>
      post('/enrollment', { learnerIds, courseIds, ...unlimited });
    const end = (ids: readonly string[]): Promise<Answer> =>
      post('/enrollment/delete', { enrollmentIds: ids });
    const times = <T>(n: number, make: (n: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: n }, (_, at) => make(at)));
    const idsOf = async (learnerId: string): Promise<string[]> =>
      (
        (await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`)).json as { enrollmentId: string }[]
      ).map((enrollment) => enrollment.enrollmentId);
    const statuses = (answers: readonly Answer[]): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const { status, code } of answers) {
        const what = code ? `${status} ${code}` : String(status);
        counts[what] = (counts[what] ?? 0) + 1;
      }
      return counts;
    };
    async function enrolledOne(): Promise<{ learner: string; id: string }> {
      const learner = await addUser(world);
      assert.equal((await enroll([learner], [await addCourse(world)])).status, 201);
      return { learner, id: (await idsOf(learner))[0] ?? '' };
    }
    /** How the versions of a learner became past, in order of being written; the last is the current one. */
    async function versions(learner: string): Promise<{ cause: string | null; term: number }[]> {
      const { rows } = await world.db.read((tx) =>
        sql<{ cause: string | null; term: number }>`
          select cause, term from (
            select past_cause as cause, term, recorded_at, version_chunk from enrollment_past where learner_id = ${learner}
            union all select null, term, recorded_at, version_chunk from enrollment where learner_id = ${learner}) v
          order by cause is null, recorded_at, version_chunk`.execute(tx),
      );
      return rows;
    }

    test('edits at once: each is done, one after another, and each superseded version is kept', async () => {
      const { learner, id } = await enrolledOne();
      const answers = await times(CALLERS, (n) =>
        post(`/enrollment/${id}`, { accessDate: `2024-01-${10 + n}`, ...unlimited }),
      );
      assert.deepEqual(statuses(answers), { 200: CALLERS });
      assert.deepEqual(await idsOf(learner), [id]);
      const kept = await versions(learner);
      assert.equal(kept.filter(({ cause }) => cause === 'edited').length, CALLERS);
      assert.equal(kept.length, CALLERS + 1);
    });

    test('re-enrollments at once: one opens the next term, the others are told that theirs is gone', async () => {
      for (let round = 0; round < 5; round++) {
        const { learner, id } = await enrolledOne();
        const answers = await times(CALLERS, () => post(`/enrollment/${id}/reenroll`, unlimited));
        assert.deepEqual(statuses(answers), { 200: 1, '400 enrollment.unknown': CALLERS - 1 });
        assert.deepEqual(await versions(learner), [
          { cause: 'reenrolled', term: 1 },
          { cause: null, term: 2 },
        ]);
      }
    });

    test('edits beside a delete: the enrollment ends once, with the edits that came before', async () => {
      for (let round = 0; round < 5; round++) {
        const { learner, id } = await enrolledOne();
        const [ended, ...edits] = await times(CALLERS, (n) =>
          n === 0 ? end([id]) : post(`/enrollment/${id}`, { accessDate: `2024-01-${10 + n}`, ...unlimited }),
        );
        assert.equal(ended?.status, 204, ended?.text);
        const done = edits.filter((answer) => answer.status === 200).length;
        const told = edits.filter((answer) => answer.code === 'enrollment.unknown').length;
        assert.equal(done + told, CALLERS - 1);
        const kept = await versions(learner);
        assert.equal(kept.filter(({ cause }) => cause === 'edited').length, done);
        assert.equal(kept.filter(({ cause }) => cause === 'ended').length, 1);
        assert.equal(kept.length, done + 1);
      }
    });

    test('overlapping deletes at once: each enrollment ends once, and nothing ends of a request that is refused', async () => {
      const learner = await addUser(world);
      const courses = await times(20, () => addCourse(world));
      for (let round = 0; round < 4; round++) {
        assert.equal((await enroll([learner], courses)).status, 201);
        const ids = await idsOf(learner);
        const wanted = Array.from({ length: 8 }, () =>
          Array.from({ length: 1 + random(10) }, () => ids[random(ids.length)] ?? ''),
        );
        const answers = await Promise.all(wanted.map(end));
        const gone = new Set(ids);
        for (const id of await idsOf(learner)) gone.delete(id);
        answers.forEach((answer, n) => {
          if (answer.status === 204) for (const id of wanted[n] ?? []) assert.ok(gone.has(id));
          else assert.equal(answer.code, 'enrollment.unknown', answer.text);
        });
        const done = wanted.flatMap((list, n) => (answers[n]?.status === 204 ? list : []));
        assert.deepEqual([...gone].sort(), [...new Set(done)].sort());
      }
    });

    test('enrolling, re-enrolling and ending the same pairs at once: terms are counted without gap or repetition', async () => {
      const learners = await times(3, () => addUser(world));
      const courses = await times(3, () => addCourse(world));
      const some = (ids: readonly string[]) => ids.filter(() => random(2) === 0);
      const codes = new Map<string, number>();
      const worker = async (): Promise<void> => {
        for (let round = 0; round < count(25, 500); round++) {
          const answer = await act();
          const what = `${answer.status} ${answer.code}`;
          codes.set(what, (codes.get(what) ?? 0) + 1);
        }
      };
      const act = async (): Promise<Answer> => {
        const learner = learners[random(learners.length)] ?? '';
        const ids = random(3) === 0 ? [] : await idsOf(learner);
        const id = ids[random(Math.max(ids.length, 1))];
        if (id === undefined)
          return enroll([learner, ...some(learners)], [courses[random(3)] ?? '', ...some(courses)]);
        if (random(3) === 0) return post(`/enrollment/${id}/reenroll`, unlimited);
        return end([id, ...some(ids)]);
      };
      await times(CALLERS, worker);
      const expected = new Set(['201 null', '200 null', '204 null', '400 enrollment.unknown']);
      assert.deepEqual(
        [...codes.keys()].filter((what) => !expected.has(what)),
        [],
      );
      const { rows } = await world.db.read((tx) =>
        sql<{ terms: number[]; chunks: number; all: number }>`
          select array_agg(term order by term) as terms, count(distinct (chunk, ordinal))::int as chunks, count(*)::int as all
          from (select learner_id, item_id, term, chunk, ordinal from enrollment
                union all select learner_id, item_id, term, chunk, ordinal from enrollment_past) e
          where learner_id = any(${learners}::uuid[]) group by learner_id, item_id`.execute(tx),
      );
      for (const { terms, chunks, all } of rows) {
        assert.deepEqual(
          terms,
          terms.map((_, n) => n + 1),
        );
        assert.equal(chunks, all);
      }
      assert.ok(
        rows.some(({ all }) => all > 5),
        'the pairs were enrolled again and again',
      );
      const open = await world.db.read((tx) =>
        sql<{ n: number }>`
          select count(*)::int as n from operation where state <> 'done' or total <> created + changed + unchanged + refused`.execute(
          tx,
        ),
      );
      assert.equal(open.rows[0]?.n, 0);
    });

    test('a large delete beside small changes: it ends what is left, and counts what others ended as unchanged', async () => {
      const learners = await times(40, () => addUser(world));
      const courses = await times(10, () => addCourse(world));
      assert.equal((await enroll(learners, courses)).status, 201);
      const all = (await Promise.all(learners.map(idsOf))).flat().sort();
      const current = async (): Promise<number> => (await Promise.all(learners.map(idsOf))).flat().length;
      const running = end(all);
      while ((await current()) === 400) await new Promise((done) => setTimeout(done, 2));
      // It goes by creation: those that it reaches last.
      const small = await Promise.all(
        all
          .slice(-60)
          .map((id, n) => (n % 2 === 0 ? end([id]) : post(`/enrollment/${id}/reenroll`, unlimited))),
      );
      const large = await running;
      assert.equal(large.status, 204, large.text);
      const operation = (await call(world, 'GET', large.headers.get('location') ?? '')).json as {
        summary: Record<string, number>;
      };
      const taken = small.filter((answer) => answer.status < 300).length;
      assert.deepEqual(operation.summary, { created: 0, changed: 400 - taken, unchanged: taken, refused: 0 });
      const left = (await Promise.all(learners.map(idsOf))).flat();
      assert.equal(left.length, small.filter((answer) => answer.status === 200).length);
    });
  });
