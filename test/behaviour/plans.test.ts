import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { sweepPlans } from '../../src/enrollment/plan.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addModule, addSession, addTraining, addUser } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';

/** Plans over time: when they end, what is kept of them, retries, and what a large one is told. */

const HOUR_MS = 3_600_000;

interface Plan {
  planToken: string;
  outcomes: { enrollmentId?: string }[];
  courses: { accessDate: string }[];
  events: unknown[];
  seats: unknown[];
}

for (const engine of ENGINES)
  describe(`plans (${engine})`, () => {
    let world: World;
    let learnerId: string;
    before(async () => {
      world = await startWorld(engine, { limits: { smallPairs: 10, chunkPairs: 7 } });
      learnerId = await addUser(world);
    });
    after(() => world.close());

    const bodyOf = (courseIds: readonly string[], learnerIds: readonly string[] = [learnerId]) => ({
      courseIds,
      learnerIds,
      dueDateType: 'unlimited',
    });
    const plan = async (body: ReturnType<typeof bodyOf>): Promise<Plan> => {
      const answer = await call(world, 'POST', '/enrollment/plan', { json: body });
      assert.equal(answer.status, 200, answer.text);
      return answer.json as Plan;
    };
    const execute = (
      body: ReturnType<typeof bodyOf>,
      token: string,
      headers: Record<string, string> = {},
    ): Promise<Answer> =>
      call(world, 'POST', '/enrollment', { json: body, headers: { 'enrollment-plan': token, ...headers } });
    const inDatabase = async (token: string): Promise<{ plans: number; kept: number; parts: number }> => {
      const { rows } = await world.db.read((tx) =>
        sql<{ plans: number; kept: number; parts: number }>`
          select count(*)::int as plans, count(ids)::int as kept,
                 (select count(*)::int from enrollment_plan_part where plan_id = ${token}) as parts
          from enrollment_plan where plan_id = ${token}`.execute(tx),
      );
      return rows[0] ?? { plans: 0, kept: 0, parts: 0 };
    };

    test('the access date is that of the plan, however late it is executed', async () => {
      const course = await addCourse(world);
      const planned = new Date(world.clock.now);
      const { planToken, courses } = await plan(bodyOf([course]));
      world.clock.now = new Date(planned.getTime() + HOUR_MS / 4);
      assert.equal((await execute(bodyOf([course]), planToken)).status, 201);
      world.clock.now = planned;
      const { rows } = await world.db.read((tx) =>
        sql<{ access_at: Date }>`select access_at from enrollment where item_id = ${course}`.execute(tx),
      );
      assert.equal(rows[0]?.access_at.getTime(), planned.getTime());
      assert.equal(courses[0]?.accessDate.slice(0, 19), planned.toISOString().slice(0, 19));
    });

    test('with an Idempotency-Key it is executed once and answered the same; the token belongs to the request', async () => {
      const course = await addCourse(world);
      const body = bodyOf([course]);
      const [first, second] = [await plan(body), await plan(body)];
      const key = { 'idempotency-key': `plan-${engine}`, prefer: 'return=representation' };
      const answers = [await execute(body, first.planToken, key), await execute(body, first.planToken, key)];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [201, 201],
      );
      assert.equal(answers[0]?.text, answers[1]?.text);
      assert.equal((await execute(body, second.planToken, key)).code, 'retry.other_request');
      assert.equal((await execute(body, first.planToken)).code, 'plan.used');
      assert.equal((await execute(body, second.planToken)).code, 'plan.stale');
    });

    test('planning with a key gives the same plan again', async () => {
      const options = {
        json: bodyOf([await addCourse(world)]),
        headers: { 'idempotency-key': `planning-${engine}` },
      };
      const [first, second] = [
        await call(world, 'POST', '/enrollment/plan', options),
        await call(world, 'POST', '/enrollment/plan', options),
      ];
      assert.equal(first.text, second.text);
    });

    test('a large plan is compared part by part, and 100 changes are enough', async () => {
      const courses = await Promise.all(Array.from({ length: 4 }, () => addCourse(world)));
      const learners = await Promise.all(Array.from({ length: 4 }, () => addUser(world)));
      const body = bodyOf(courses, learners);
      const { planToken, outcomes } = await plan(body);
      assert.equal(outcomes.length, 16);
      const last = bodyOf([[...courses].sort().at(-1) ?? ''], [[...learners].sort().at(-1) ?? '']);
      assert.equal((await call(world, 'POST', '/enrollment', { json: last })).status, 201);
      const stale = await execute(body, planToken);
      assert.equal(stale.status, 412, stale.text);
      assert.equal((stale.json as { changes: unknown[] }).changes.length, 1);

      const many = await plan(body);
      const userIds = await Promise.all(Array.from({ length: 110 }, () => addUser(world)));
      const wide = bodyOf([courses[0] ?? ''], userIds);
      const { planToken: wideToken } = await plan(wide);
      assert.equal((await call(world, 'POST', '/users/deactivate', { json: { userIds } })).status, 200);
      const all = (await execute(wide, wideToken)).json as { changes: unknown[]; message: string };
      assert.equal(all.changes.length, 100);
      assert.match(all.message, /; and 97 more or still more\.$/);
      assert.equal((await execute(body, many.planToken)).status, 201);
    });

    test('expired plans are emptied, and forgotten two days later', async () => {
      const course = await addCourse(world);
      const body = bodyOf([course]);
      assert.equal((await call(world, 'POST', '/enrollment', { json: body })).status, 201);
      const { planToken } = await plan(body);
      assert.deepEqual(await inDatabase(planToken), { plans: 1, kept: 1, parts: 1 });
      const sweep = (hours: number): Promise<void> =>
        sweepPlans({ db: world.db, now: new Date(world.clock.now.getTime() + hours * HOUR_MS) });
      await sweep(0.9);
      assert.deepEqual(await inDatabase(planToken), { plans: 1, kept: 1, parts: 1 });
      await sweep(1.1);
      assert.deepEqual(await inDatabase(planToken), { plans: 1, kept: 0, parts: 0 });
      await sweep(50);
      assert.deepEqual(await inDatabase(planToken), { plans: 0, kept: 0, parts: 0 });
    });

    test('beyond a thousand open plans of a caller the oldest expires', async () => {
      const body = bodyOf([await addCourse(world)]);
      const { planToken: oldest } = await plan(body);
      const { planToken: next } = await plan(body);
      await world.db.write((tx) =>
        sql`insert into enrollment_plan (account_id, plan_id, caller_id, request_digest, pairs, planned_at, expires_at, ids,
                                         items, chunk_pairs)
            select account_id, ('ffffffff' || substr(gen_random_uuid()::text, 9))::uuid, caller_id, request_digest, pairs, planned_at, expires_at, ids, items,
                   chunk_pairs
            from enrollment_plan, generate_series(1, 998) where plan_id = ${next}`.execute(tx),
      );
      // Ids that come after those that begin with the time.
      const { planToken: newest } = await plan(body);
      assert.equal((await execute(body, oldest)).code, 'plan.expired');
      assert.equal((await execute(body, newest)).status, 201);
    });

    test('subscribers are counted whose filter names the course, and trainings of a track are found', async () => {
      const training = await addTraining(world);
      await addSession(world, training, { capacity: 3 });
      const [course, track, other] = [
        await addCourse(world),
        await addCourse(world, 'LearningTrack'),
        await addCourse(world),
      ];
      await addModule(world, course, training);
      const courseIds = { json: { courseIds: [course] } };
      assert.equal((await call(world, 'POST', `/learning_track/${track}/courses`, courseIds)).status, 200);
      await subscribe(world, '{}');
      await subscribe(world, JSON.stringify({ courseIds: [track] }));
      const { events, seats } = await plan(bodyOf([track, other]));
      const event = { eventType: 'LEARNERS_ENROLLED_IN_COURSE', learners: 1 };
      const expected = [
        { ...event, courseId: track, subscribers: 2 },
        { ...event, courseId: other, subscribers: 1 },
      ];
      assert.deepEqual(events, expected);
      assert.deepEqual(seats, [{ courseId: track, trainingId: training, taken: 0, free: 3 }]);
    });
  });

async function subscribe(world: World, filters: string): Promise<void> {
  await world.db.write((tx) =>
    sql`
      with subscriber as (
        insert into webhook_subscriber (account_id, subscriber_id, name, callback_url, is_confirmed, created_at, next_attempt_at)
        select account_id, gen_random_uuid(), gen_random_uuid()::text, 'http://127.0.0.1:9/', true, now(), 'infinity'
        from account returning account_id, subscriber_id)
      insert into webhook_subscription (account_id, subscriber_id, subscription_type, filters)
      select account_id, subscriber_id, 'LEARNERS_ENROLLED_IN_COURSE', ${filters}::jsonb from subscriber`.execute(
      tx,
    ),
  );
}
