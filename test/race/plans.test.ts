import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { type Answer, call, type World } from '../support/server.ts';
import { startTwoServers, type TwoServers } from '../support/two-servers.ts';

/** Plans executed by many at once, and beside what makes them stale, on two servers over one database. */

const CALLERS = 8;
const ROUNDS = count(25, 1_000);

interface Told {
  planToken: string;
  outcomes: { learnerId: string; courseId: string; outcome: string; enrollmentId?: string }[];
}

const withoutNewIds = ({ outcomes }: Pick<Told, 'outcomes'>) =>
  outcomes.map((one) => ({ ...one, enrollmentId: one.outcome === 'created' ? undefined : one.enrollmentId }));

if (ENGINES.includes('postgresql'))
  describe(`races of plans on PostgreSQL (seed ${SEED})`, () => {
    const random = randomFrom(SEED);
    let servers: TwoServers;
    let world: World;
    before(async () => {
      servers = await startTwoServers(() => ({ smallPairs: 6, chunkPairs: 3 }));
      world = servers.world;
    });
    after(() => servers.close());

    let turn = 0;
    const post = (path: string, json: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
      call(servers.of(turn++), 'POST', path, {
        json,
        headers: { prefer: 'return=representation', ...headers },
      });
    const bodyOf = (learnerIds: readonly string[], courseIds: readonly string[]) => ({
      learnerIds,
      courseIds,
      dueDateType: 'unlimited',
    });
    const learners = (n: number): Promise<string[]> =>
      Promise.all(Array.from({ length: n }, () => addUser(world)));

    for (const [what, size] of [
      ['small', 3],
      ['large', 5],
    ] as const)
      test(`of ${CALLERS} who execute a ${what} plan one does; the others are told of its operation`, async () => {
        const body = bodyOf(await learners(size), [await addCourse(world), await addCourse(world)]);
        const { planToken } = (await post('/enrollment/plan', body)).json as Told;
        const answers = await Promise.all(
          Array.from({ length: CALLERS }, () => post('/enrollment', body, { 'enrollment-plan': planToken })),
        );
        const [done, ...more] = answers.filter(({ status }) => status === 201);
        assert.ok(
          done && more.length === 0,
          answers.map(({ status, text }) => `${status} ${text}`).join('\n'),
        );
        for (const answer of answers) {
          if (answer === done) continue;
          // One that compares while the other writes finds pairs that are enrolled.
          assert.ok(['plan.used', 'plan.stale'].includes(answer.code ?? ''), answer.text);
          if (answer.code === 'plan.used')
            assert.equal(answer.headers.get('location'), done.headers.get('location'));
        }
        assert.equal((await post('/enrollment', body, { 'enrollment-plan': planToken })).code, 'plan.used');
      });

    test(`a small plan beside a change does what it said, or nothing (${ROUNDS} rounds)`, async () => {
      const seen: Record<string, number> = {};
      for (let round = 0; round < ROUNDS; round++) {
        const [ann = '', ben = ''] = await learners(2);
        const courses = [await addCourse(world), await addCourse(world)].sort();
        const [course = '', other = ''] = courses;
        const enrolled = (await post('/enrollment', bodyOf([ben], [course]))).json as Told;
        const enrollmentIds = [enrolled.outcomes[0]?.enrollmentId];
        const body = bodyOf([ann, ben], courses);
        const plan = (await post('/enrollment/plan', body)).json as Told;
        const changes: (() => Promise<Answer>)[] = [
          () => post('/enrollment', bodyOf([ann], [other])),
          () => post('/enrollment/delete', { enrollmentIds }),
          () => post(`/enrollment/${enrollmentIds[0]}/reenroll`, { dueDateType: 'unlimited' }),
          () => post(`/user/${ann}/status`, { status: 3 }),
          () => call(servers.of(turn++), 'DELETE', `/content/${other}`),
        ];
        const change = random(changes.length);
        // Now and then one of them surely comes first, so that both ends are seen on any machine.
        const after = (late: number): number => (round % 5 === late ? 300 : random(8));
        const [answer, changed] = await Promise.all([
          new Promise((done) => setTimeout(done, after(1))).then(() =>
            post('/enrollment', body, { 'enrollment-plan': plan.planToken }),
          ),
          new Promise((done) => setTimeout(done, after(0))).then(() => changes[change]?.()),
        ]);
        assert.ok(changed && changed.status < 300, changed?.text);
        const key = `${change} ${answer.status}`;
        seen[key] = (seen[key] ?? 0) + 1;
        if (answer.status === 201)
          assert.deepEqual(withoutNewIds(answer.json as Told), withoutNewIds(plan), `change ${change}`);
        else {
          assert.equal(answer.code, 'plan.stale', answer.text);
          const { rows } = await world.db.read((tx) =>
            sql<{ n: number }>`select count(*)::int as n from enrollment
              where learner_id in (${ann}, ${ben}) and (learner_id, item_id) <> (${ben}, ${course})`.execute(
              tx,
            ),
          );
          assert.equal(rows[0]?.n, change === 0 ? 1 : 0, `change ${change}: nothing was done`);
        }
      }
      const kinds = new Set(Object.keys(seen).map((key) => key.split(' ')[1]));
      assert.ok(kinds.has('201') && kinds.has('412'), JSON.stringify(seen));
    });
  });
