import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { learnersOf } from '../../src/enrollment/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourseOf, addTrack, enroll, enrolled, record } from '../support/learning.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';

/** What undo keeps, for how long it is possible, who may, and what is told. */

interface Written {
  readonly operationId: string;
  readonly outcomes: readonly { learnerId: string; outcome: string; reason?: string; enrollmentId: string }[];
}

const DAY_MS = 86_400_000;
const unlimited = { dueDateType: 'unlimited' };

for (const engine of ENGINES)
  describe(`undo (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());

    const post = (path: string, json?: unknown, token?: string): Promise<Answer> =>
      call(world, 'POST', path, {
        headers: { prefer: 'return=representation' },
        ...(json === undefined ? {} : { json }),
        ...(token === undefined ? {} : { token }),
      });
    const written = async (path: string, json?: unknown, token?: string): Promise<Written> => {
      const answer = await post(path, json, token);
      assert.ok(answer.status < 300, answer.text);
      return answer.json as Written;
    };
    const undo = (id: string, token?: string): Promise<Answer> =>
      post(`/operations/${id}/undo`, undefined, token);
    const reasons = async (id: string): Promise<(string | undefined)[]> =>
      (await written(`/operations/${id}/undo`)).outcomes.map(({ reason }) => reason);
    const enrolling = (learnerIds: readonly string[], courseIds: readonly string[], token?: string) =>
      written('/enrollment', { learnerIds, courseIds, ...unlimited }, token);
    const later = (ms: number): void => {
      world.clock.now = new Date(world.clock.now.getTime() + ms);
    };
    const statusOf = async (enrollmentId: string): Promise<unknown> => {
      const { json } = await call(world, 'GET', `/learners/results?enrollmentIds[]=${enrollmentId}`);
      return json;
    };

    test('a re-enrollment that is undone brings back the enrollment with what was learned; its term is not used again', async () => {
      const { learnerId, enrollmentId } = await enrolled(world, await addCourse(world));
      await record(world, enrollmentId, { progress: 40 });
      const before = await statusOf(enrollmentId);
      const { operationId } = await written(`/enrollment/${enrollmentId}/reenroll`, unlimited);
      assert.deepEqual(
        (await written(`/operations/${operationId}/undo`)).outcomes[0]?.enrollmentId,
        enrollmentId,
      );
      assert.deepEqual(await statusOf(enrollmentId), before);
      await written(`/enrollment/${enrollmentId}/reenroll`, unlimited);
      const { rows } = await world.db.read((tx) =>
        sql<{ term: number }>`select term from enrollment where learner_id = ${learnerId}`.execute(tx),
      );
      assert.equal(rows[0]?.term, 3);
    });

    test('what was learned in the new term keeps it', async () => {
      const { enrollmentId } = await enrolled(world, await addCourse(world));
      const { operationId, outcomes } = await written(`/enrollment/${enrollmentId}/reenroll`, unlimited);
      await record(world, outcomes[0]?.enrollmentId ?? '', { status: 'complete' });
      assert.deepEqual(await reasons(operationId), ['progressed_since']);
    });

    test('an edit is undone whatever was learned since: nothing is hidden by that', async () => {
      const { enrollmentId } = await enrolled(world, await addCourse(world));
      const { operationId } = await written(`/enrollment/${enrollmentId}`, {
        dueDateType: 'due_period',
        duePeriod: 1,
      });
      await record(world, enrollmentId, { progress: 40 });
      assert.deepEqual(await reasons(operationId), [undefined]);
    });

    test('what is learned in a course of a learning track keeps the track', async () => {
      const { courseId, moduleIds } = await addCourseOf(world, 2);
      const track = await addTrack(world, [courseId]);
      const [ann, ben] = [await addUser(world), await addUser(world)];
      const { operationId, outcomes } = await enrolling([ann, ben], [track]);
      const own = outcomes.find(({ learnerId }) => learnerId === ann)?.enrollmentId ?? '';
      await record(world, own, { moduleId: moduleIds[0], status: 'complete' });
      const undone = await written(`/operations/${operationId}/undo`);
      assert.deepEqual(
        new Map(undone.outcomes.map(({ learnerId, reason }) => [learnerId, reason])),
        new Map([
          [ann, 'progressed_since'],
          [ben, undefined],
        ]),
      );
    });

    test('what was learned before, through a learning track, does not keep an enrollment of its own', async () => {
      const { courseId, moduleIds } = await addCourseOf(world, 1);
      const track = await addTrack(world, [courseId]);
      const learner = await addUser(world);
      const through = await enroll(world, learner, track);
      await record(world, through, { moduleId: moduleIds[0], status: 'complete' });
      later(1);
      const { operationId } = await enrolling([learner], [courseId]);
      assert.deepEqual(await reasons(operationId), [undefined]);
    });

    test('nobody comes back who is inactive, or into what is retired; who is there already may change', async () => {
      const [course, retired] = [await addCourse(world), await addCourse(world)];
      const [idle, ann] = [await addUser(world), await addUser(world)];
      const { outcomes } = await enrolling([idle, ann], [course, retired]);
      const ended = await written('/enrollment/delete', {
        enrollmentIds: outcomes.map(({ enrollmentId }) => enrollmentId),
      });
      assert.equal((await call(world, 'POST', `/user/${idle}/status`, { json: { status: 3 } })).status, 200);
      assert.equal((await call(world, 'DELETE', `/content/${retired}`)).status, 204);
      const undone = await written(`/operations/${ended.operationId}/undo`);
      const told = undone.outcomes.map(({ outcome, reason }) => `${outcome} ${reason}`).sort();
      assert.deepEqual(told, [
        'changed undefined',
        'refused course_retired',
        'refused learner_inactive',
        'refused learner_inactive',
      ]);
    });

    test('what ended with a user does not come back: there is nobody to come back to', async () => {
      const { learnerId } = await enrolled(world, await addCourse(world));
      later(1);
      assert.equal((await call(world, 'DELETE', `/user/${learnerId}`)).status, 204);
      const from = world.clock.now.toISOString();
      const { json } = await call(world, 'GET', `/operations?kind=delete&from=${from}`);
      const [operation] = (json as { operations: { operationId: string }[] }).operations;
      assert.deepEqual(await reasons(operation?.operationId ?? ''), ['learner_inactive']);
    });

    test('only who may enroll every learner concerned', async () => {
      const [own, foreign] = [await addDepartment(world, 'Own'), await addDepartment(world, 'Foreign')];
      const manager = await addUser(world, {
        departmentId: own,
        role: 'department_administrator',
        manages: [own],
      });
      const learners = [
        await addUser(world, { departmentId: own }),
        await addUser(world, { departmentId: own }),
      ];
      const token = await world.tokenOf(manager);
      const { operationId } = await enrolling(learners, [await addCourse(world)], token);
      const move = (departmentId: string) =>
        call(world, 'POST', `/user/${learners[1]}`, { json: { departmentId } });
      assert.equal((await move(foreign)).status, 200);
      const refused = await undo(operationId, token);
      assert.equal(`${refused.status} ${refused.code}`, '403 auth.learner_scope');
      assert.ok(
        refused.text.includes(learners[1] ?? '') && !refused.text.includes(learners[0] ?? ''),
        refused.text,
      );
      const ahead = await post(`/operations/${operationId}/undo?preview=true`, undefined, token);
      assert.equal(ahead.code, 'auth.learner_scope');
      assert.equal((await move(own)).status, 200);
      assert.equal((await undo(operationId, token)).status, 200);
    });

    test('a key makes it one undo', async () => {
      const { operationId } = await enrolling([await addUser(world)], [await addCourse(world)]);
      const send = () =>
        call(world, 'POST', `/operations/${operationId}/undo`, {
          headers: { 'idempotency-key': 'undo-once' },
        });
      const [first, second] = [await send(), await send()];
      assert.deepEqual([first.status, second.status], [200, 200]);
      assert.equal(first.headers.get('location'), second.headers.get('location'));
      assert.equal((await undo(operationId)).code, 'operation.state');
    });

    test('who comes back is told of in parts, each once, although creation gave them the same places', async () => {
      const course = await addCourse(world);
      const learners = await Promise.all(Array.from({ length: 7 }, () => addUser(world)));
      const ids: string[] = [];
      for (const learner of learners) ids.push(await enroll(world, learner, course));
      const ended = await written('/enrollment/delete', { enrollmentIds: ids });
      const undone = await written(`/operations/${ended.operationId}/undo`);
      const { accountId } = world.account;
      const events = await world.db.read((tx) =>
        sql<{ chunk: string; event_type: string; learners: number }>`
          select o.chunk, event_type, learners from outbox o join operation_chunk c using (account_id, chunk)
          where operation_id = ${undone.operationId}`.execute(tx),
      );
      assert.deepEqual(
        events.rows.map(({ event_type: type, learners: n }) => [type, n]),
        [['LEARNERS_ENROLLED_IN_COURSE', 7]],
      );
      const told: string[] = [];
      for (let after = -1; ; ) {
        const event = {
          chunk: BigInt(events.rows[0]?.chunk ?? 0),
          eventType: 'LEARNERS_ENROLLED_IN_COURSE' as const,
          itemId: course,
          after,
        };
        const some = await world.db.read((tx) => learnersOf(tx, accountId, [event], 3));
        told.push(...some.map(({ learnerId }) => learnerId));
        const last = some.at(-1);
        if (!last) break;
        after = last.ordinal;
      }
      assert.deepEqual(told.sort(), [...learners].sort());
    });

    // The last: tokens of before expire.
    test('for 30 days', async () => {
      const { operationId } = await enrolling([await addUser(world)], [await addCourse(world)]);
      const other = await enrolling([await addUser(world)], [await addCourse(world)]);
      const begun = world.clock.now;
      const login = async (ms: number): Promise<string> => {
        world.clock.now = new Date(begun.getTime() + ms);
        return world.tokenOf(world.account.ownerId);
      };
      assert.equal((await undo(operationId, await login(30 * DAY_MS))).status, 200);
      const late = await undo(other.operationId, await login(30 * DAY_MS + 1));
      assert.equal(`${late.status} ${late.code}`, '410 operation.too_old');
    });
  });
