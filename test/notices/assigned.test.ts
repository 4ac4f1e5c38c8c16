import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { enroll } from '../support/learning.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { DAY_MS, fresh, HOUR_MS, messageCount, passUntil, type Telling, tellingIn, told } from './telling.ts';

/** Who is told of an assignment, and when: once, on the access date. */

const START = new Date('2026-03-02T09:30:00Z');

for (const engine of ENGINES)
  describe(`assignments are told (${engine})`, () => {
    let world: World;
    let telling: Telling;
    before(async () => {
      world = await startWorld(engine, { now: START });
      telling = tellingIn(world, world.db);
    });
    after(() => world.close());
    beforeEach(async () => {
      await passUntil(world, telling, new Date(world.clock.now.getTime() + HOUR_MS));
      await world.db.writeOnce(sql`delete from mail_message`);
    });

    const pass = (ms: number) => passUntil(world, telling, new Date(world.clock.now.getTime() + ms));
    const at = (ms: number): string => new Date(world.clock.now.getTime() + ms).toISOString();
    const post = async (path: string, json: Record<string, unknown>): Promise<Headers> => {
      const answer = await call(await fresh(world), 'POST', path, { json });
      assert.ok(answer.status < 300, answer.text);
      return answer.headers;
    };

    test('at once and once; who is enrolled already is not told again', async () => {
      const [course, learner, other] = [
        await addCourse(await fresh(world)),
        await addUser(await fresh(world)),
        await addUser(await fresh(world)),
      ];
      await enroll(await fresh(world), learner, course);
      await pass(2 * 60_000);
      assert.deepEqual(await told(world), [`assigned ${learner} ${course}`]);
      await post('/enrollment', {
        courseIds: [course],
        learnerIds: [learner, other],
        dueDateType: 'unlimited',
      });
      await pass(DAY_MS);
      assert.deepEqual(await told(world), [`assigned ${learner} ${course}`, `assigned ${other} ${course}`]);
    });

    test('several items within a minute are one message', async () => {
      const [courses, learner] = [
        [await addCourse(await fresh(world)), await addCourse(await fresh(world))].sort(),
        await addUser(await fresh(world)),
      ];
      await enroll(await fresh(world), learner, courses[0] ?? '');
      await pass(30_000);
      await enroll(await fresh(world), learner, courses[1] ?? '');
      await pass(2 * 60_000);
      assert.equal(await messageCount(world), 1);
      assert.deepEqual(
        (await told(world)).sort(),
        courses.map((course) => `assigned ${learner} ${course}`),
      );
    });

    test('on the access date; an edit before it moves it, one after it tells nothing', async () => {
      const [course, learner] = [await addCourse(await fresh(world)), await addUser(await fresh(world))];
      const later = { accessDate: at(10 * DAY_MS), dueDateType: 'unlimited' };
      const enrollment = await enroll(await fresh(world), learner, course, later);
      await pass(DAY_MS);
      await post(`/enrollment/${enrollment}`, { accessDate: at(20 * DAY_MS), dueDateType: 'unlimited' });
      await pass(15 * DAY_MS);
      assert.deepEqual(await told(world), []);
      await pass(6 * DAY_MS);
      assert.deepEqual(await told(world), [`assigned ${learner} ${course}`]);
      await post(`/enrollment/${enrollment}`, { accessDate: at(2 * DAY_MS), dueDateType: 'unlimited' });
      await pass(DAY_MS);
      await post(`/enrollment/${enrollment}`, { accessDate: at(-DAY_MS), dueDateType: 'unlimited' });
      await pass(3 * DAY_MS);
      assert.equal((await told(world)).length, 1);
      await post(`/enrollment/${enrollment}/reenroll`, { dueDateType: 'unlimited' });
      await pass(DAY_MS);
      assert.equal((await told(world)).length, 2, 'a new term is new');
    });

    test('nobody who was unenrolled or deactivated before; an undo tells only what was not told', async () => {
      const course = await addCourse(await fresh(world));
      const [gone, idle, back, early] = [
        await addUser(await fresh(world)),
        await addUser(await fresh(world)),
        await addUser(await fresh(world)),
        await addUser(await fresh(world)),
      ];
      const later = { accessDate: at(DAY_MS), dueDateType: 'unlimited' };
      const [first] = [await enroll(await fresh(world), gone, course, later)];
      await enroll(await fresh(world), idle, course, later);
      const announced = await enroll(await fresh(world), back, course);
      const untold = await enroll(await fresh(world), early, course, later);
      await pass(HOUR_MS);
      assert.deepEqual(await told(world), [`assigned ${back} ${course}`]);
      await post('/enrollment/delete', { enrollmentIds: [first] });
      await post('/users/deactivate', { userIds: [idle] });
      const operation = (await post('/enrollment/delete', { enrollmentIds: [announced, untold] })).get(
        'location',
      );
      await pass(HOUR_MS);
      await post(`${operation}/undo`, {});
      await pass(2 * DAY_MS);
      assert.deepEqual(await told(world), [`assigned ${back} ${course}`, `assigned ${early} ${course}`]);
    });

    test('nothing that is older than may be said, and nothing of the time in which nobody was to be told', async () => {
      const course = await addCourse(await fresh(world));
      const [missed, off, on] = [
        await addUser(await fresh(world)),
        await addUser(await fresh(world)),
        await addUser(await fresh(world)),
      ];
      await enroll(await fresh(world), missed, course);
      world.clock.now = new Date(world.clock.now.getTime() + 73 * HOUR_MS);
      await pass(HOUR_MS);
      const { reminders } = (await call(await fresh(world), 'GET', '/notices/settings')).json as {
        reminders: unknown;
      };
      await post('/notices/settings', { isEnabled: false, reminders });
      await enroll(await fresh(world), off, course);
      await pass(HOUR_MS);
      await post('/notices/settings', { isEnabled: true, reminders });
      await pass(HOUR_MS);
      await enroll(await fresh(world), on, course);
      await pass(HOUR_MS);
      assert.deepEqual(await told(world), [`assigned ${on} ${course}`]);
    });
  });
