import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { evaluateFully } from '../../src/groups/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addDepartment, addGroup, addSmartGroup, addUser } from '../support/people.ts';
import { ACCOUNT_URL, call, startWorld, type World } from '../support/server.ts';

/** People over time: scheduled ends, sign-ins, what a deleted user leaves, groups that follow. */

const HOUR_MS = 3_600_000;

for (const engine of ENGINES)
  describe(`people (${engine})`, () => {
    let world: World;
    let course: string;
    before(async () => {
      world = await startWorld(engine);
      course = await addCourse(world);
    });
    after(() => world.close());

    const ok = async (method: string, path: string, json?: Record<string, unknown>): Promise<unknown> => {
      const answer = await call(world, method, path, json ? { json } : {});
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
      return answer.json;
    };
    /** Sets the clock; the owner gets a token that holds then. */
    const moveTo = async (now: Date): Promise<void> => {
      world.clock.now = now;
      world = { ...world, token: await world.tokenOf(world.account.ownerId) };
    };
    const statusOf = async (userId: string): Promise<number> =>
      ((await ok('GET', `/user/${userId}/v2`)) as { status: number }).status;
    const enroll = (learnerId: string) =>
      call(world, 'POST', '/enrollment', {
        json: { courseIds: [course], learnerIds: [learnerId], dueDateType: 'unlimited' },
      });

    test('a scheduled end holds from its instant on, everywhere, and to the second', async () => {
      const start = world.clock.now;
      const at = new Date(Math.ceil(start.getTime() / 1000) * 1000 + HOUR_MS);
      const userId = await addUser(world, { role: 'administrator', password: 'a password', login: 'ends' });
      const token = await world.tokenOf(userId);
      const legacy = {
        'x-auth-account-url': ACCOUNT_URL,
        'x-auth-email': 'ends',
        'x-auth-password': 'a password',
      };
      const byToken = async () => (await call(world, 'GET', '/role', { token })).status;
      const byPassword = async () =>
        (await call(world, 'GET', '/role', { token: null, headers: legacy })).status;
      await ok('POST', `/user/${userId}/scheduled_deactivation`, { date: at.toISOString() });
      await moveTo(new Date(at.getTime() - 120_000));
      assert.deepEqual([await byToken(), await byPassword()], [401, 200], 'the token lived half an hour');
      const fresh = await world.tokenOf(userId);
      const byFresh = async () => (await call(world, 'GET', '/role', { token: fresh })).status;
      world.clock.now = new Date(at.getTime() - 1000);
      assert.deepEqual([await byFresh(), await byPassword(), await statusOf(userId)], [200, 200, 1]);
      assert.equal((await enroll(await addUser(world))).status, 201);
      world.clock.now = at;
      assert.deepEqual(
        [await byFresh(), await byPassword(), await statusOf(userId)],
        [401, 401, 3],
        'cached credentials included',
      );
      const refusal = await enroll(userId);
      assert.equal(`${refusal.status} ${refusal.code}`, '400 enrollment.inactive_learner');
      assert.equal(
        ((await ok('GET', '/user/v2?logins[]=ends')) as { status: number }[])[0]?.status,
        3,
        'lists say the same',
      );
    });

    test('termination outlasts deactivation; activating ends what has come about and keeps what lies ahead', async () => {
      const userId = await addUser(world);
      const later = (hours: number): string =>
        new Date(world.clock.now.getTime() + hours * HOUR_MS).toISOString();
      await ok('POST', `/user/${userId}/scheduled_deactivation`, { date: later(1) });
      await ok('POST', `/user/${userId}/scheduled_termination`, { date: later(2) });
      const start = world.clock.now.getTime();
      await moveTo(new Date(start + 1.5 * HOUR_MS));
      assert.equal(await statusOf(userId), 3);
      await ok('POST', '/users/activate', { userIds: [userId] });
      assert.equal(await statusOf(userId), 1);
      await moveTo(new Date(start + 2 * HOUR_MS));
      assert.equal(await statusOf(userId), 5);
      await ok('POST', `/user/${userId}/scheduled_termination`, { date: later(1) });
      assert.equal(await statusOf(userId), 5, 'another date does not undo what has come about');
      await ok('DELETE', `/user/${userId}/scheduled_termination`);
      assert.equal(await statusOf(userId), 5);
      await ok('POST', `/user/${userId}/status`, { status: 1 });
      assert.equal(await statusOf(userId), 1);
    });

    test('lastLoginDate follows tokens and passwords, written at most once a minute', async () => {
      const userId = await addUser(world, { role: 'publisher', password: 'a password', login: 'seen' });
      const seen = async () =>
        ((await ok('GET', `/user/${userId}`)) as { lastLoginDate?: string }).lastLoginDate;
      assert.equal(await seen(), undefined);
      await world.tokenOf(userId);
      assert.equal(await seen(), world.clock.now.toISOString().slice(0, 10));
      await moveTo(new Date(world.clock.now.getTime() + 24 * HOUR_MS));
      const headers = {
        'x-auth-account-url': ACCOUNT_URL,
        'x-auth-email': 'seen',
        'x-auth-password': 'a password',
      };
      const visit = () => call(world, 'GET', '/content', { token: null, headers });
      assert.equal((await visit()).status, 200);
      assert.equal(await seen(), world.clock.now.toISOString().slice(0, 10));
      world.statements.length = 0;
      assert.equal((await visit()).status, 200);
      assert.deepEqual(
        world.statements.filter((text) => /update\s+users/.test(text)),
        [],
        'a caller who is known writes nothing',
      );
    });
  });

for (const engine of ENGINES)
  describe(`people and what hangs on them (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());
    const ok = async (method: string, path: string, json?: Record<string, unknown>): Promise<unknown> => {
      const answer = await call(world, method, path, json ? { json } : {});
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
      return answer.json;
    };

    test('a deleted user leaves an id in history, and nothing that says who it was', async () => {
      const course = await addCourse(world);
      const department = await addDepartment(world, 'Emptied');
      const group = await addGroup(world, []);
      const userId = await addUser(world, { departmentId: department, login: 'gone', role: 'publisher' });
      const other = await addUser(world);
      await ok('POST', `/user/${userId}`, { groupIds: [group], fields: { first_name: 'Goneril' } });
      const byHand = { subordinationType: 'manual', supervisorId: userId };
      await ok('POST', `/user/${other}/subordination`, { subordination: byHand });
      await ok('POST', `/department/${department}/subordination`, { coSubordination: byHand });
      const body = { courseIds: [course], learnerIds: [userId], dueDateType: 'unlimited' };
      await ok('POST', '/enrollment', body);
      const token = await world.tokenOf(userId);
      assert.equal((await call(world, 'GET', '/content', { token })).status, 200);
      await ok('DELETE', `/user/${userId}`);
      assert.equal((await call(world, 'GET', '/content', { token })).status, 401);
      assert.deepEqual(await ok('GET', `/enrollment?courseIds[]=${course}`), [], 'enrollments end');
      const text = JSON.stringify(
        await Promise.all(['/user', '/department', `/group/${group}`].map((path) => ok('GET', path))),
      );
      assert.doesNotMatch(text, /Goneril|gone@/);
      const nobody = { subordinationType: 'no_supervisor' };
      const kept = (await ok('GET', `/user/${other}`)) as { subordination: unknown };
      assert.deepEqual(kept.subordination, nobody);
      const again = await call(world, 'POST', '/enrollment', { json: body });
      assert.equal(`${again.status} ${again.code}`, '400 enrollment.unknown_learner');
      const member = await call(world, 'POST', `/group/${group}/members`, { json: { userIds: [userId] } });
      assert.equal(member.status, 400, member.text);
      await ok('DELETE', `/department/${department}`);
    });

    test('smart groups follow every change of people and departments', async () => {
      const [north, south] = [await addDepartment(world, 'North'), await addDepartment(world, 'South')];
      const inner = await addDepartment(world, 'Inner', north);
      const below = await addSmartGroup(world, [[{ attributeType: 1, operator: 2, value: north }]]);
      const cooks = await addSmartGroup(world, [
        [{ attributeType: 3, attributeId: 'JOB_TITLE', operator: 1, value: 'Cook' }],
      ]);
      const groupsOf = async (userId: string): Promise<string[]> => {
        const { groups } = (await ok('GET', `/user/${userId}`)) as { groups: string[] };
        const account = world.account.accountId;
        const full = await world.db.read((tx) => evaluateFully(tx, account));
        assert.deepEqual(
          groups,
          [...full].filter(([, members]) => members.includes(userId)).map(([id]) => id),
        );
        return groups;
      };
      const userId = await addUser(world, { departmentId: inner });
      assert.deepEqual(await groupsOf(userId), [below]);
      await ok('POST', `/user/${userId}`, { fields: { job_title: 'Cook' } });
      assert.deepEqual(await groupsOf(userId), [below, cooks]);
      await ok('POST', `/user/${userId}`, { departmentId: south, fields: { job_title: '' } });
      assert.deepEqual(await groupsOf(userId), []);
      await ok('POST', `/department/${inner}/user/move`, { userIds: [userId] });
      assert.deepEqual(await groupsOf(userId), [below]);
      await ok('POST', `/department/${south}/department/move`, { departmentIds: [inner] });
      assert.deepEqual(await groupsOf(userId), []);
      await ok('POST', `/department/${inner}`, { parentDepartmentId: north });
      assert.deepEqual(await groupsOf(userId), [below]);
      await ok('DELETE', `/user/${userId}`);
      const { userIds } = (await ok('GET', `/group/${below}`)) as { userIds: string[] };
      assert.deepEqual(userIds, []);
    });
  });
