import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { audited } from '../support/audit.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addDepartment, addUser, everything } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';
import { startTwoServers } from '../support/two-servers.ts';

/** Requests that nobody waits for: accepted, asked after, cancelled. */

/** So few pairs a chunk that a job of all learners and courses takes hundreds of them. */
const LIMITS = { smallPairs: 100, chunkPairs: 5 };
const LEARNERS = 30;
const COURSES = 20;
const MANY = LEARNERS * COURSES;

interface Operation {
  readonly operationId: string;
  readonly state: string;
  readonly causeId?: string;
  readonly progress: { done: number; total: number; rate: number; etaSeconds?: number };
  readonly summary: Record<string, number>;
}

type Server = Pick<World, 'url' | 'token'>;
const LATER = { prefer: 'respond-async' };

async function peopleAndCourses(world: World): Promise<{ learnerIds: string[]; courseIds: string[] }> {
  return {
    learnerIds: await Promise.all(Array.from({ length: LEARNERS }, () => addUser(world))),
    courseIds: await Promise.all(Array.from({ length: COURSES }, () => addCourse(world))),
  };
}

const post = (
  server: Server,
  path: string,
  json?: unknown,
  headers: Record<string, string> = LATER,
): Promise<Answer> => call(server, 'POST', path, { headers, ...(json === undefined ? {} : { json }) });

const locationOf = (answer: Answer): string => {
  const location = answer.headers.get('location');
  assert.ok(location, `${answer.status} ${answer.text}`);
  return location;
};

async function operationAt(server: Server, location: string): Promise<Operation> {
  const answer = await call(server, 'GET', location);
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Operation;
}

/** Asks until what is said of the operation holds. */
async function until(
  server: Server,
  location: string,
  holds: (operation: Operation) => boolean,
): Promise<Operation> {
  for (const giveUp = Date.now() + 30_000; ; ) {
    const operation = await operationAt(server, location);
    if (holds(operation)) return operation;
    assert.ok(Date.now() < giveUp, JSON.stringify(operation));
    await new Promise((done) => setTimeout(done, 10));
  }
}

const isOver = ({ state }: Operation): boolean => state !== 'accepted' && state !== 'running';

async function accepted(server: Server, path: string, json: unknown): Promise<string> {
  const answer = await post(server, path, json);
  assert.equal(answer.status, 202, answer.text);
  assert.equal(answer.text, '');
  assert.equal(answer.headers.get('preference-applied'), 'respond-async');
  return locationOf(answer);
}

/** Current enrollments as the database has them, whoever wrote them. */
async function current({ db }: World): Promise<unknown[]> {
  const { rows } = await db.read((tx) =>
    sql`select learner_id, item_id, chunk, ordinal, access_at, due_at, lock_after_due, term
        from enrollment order by learner_id, item_id`.execute(tx),
  );
  return rows;
}

for (const engine of ENGINES)
  describe(`jobs (${engine})`, () => {
    let world: World;
    let ids: { learnerIds: string[]; courseIds: string[] };
    before(async () => {
      world = await startWorld(engine, { limits: LIMITS });
      ids = await peopleAndCourses(world);
    });
    after(() => world.close());

    const everybody = () => ({ ...ids, dueDateType: 'unlimited' });
    /** Ends whatever there is, so that each test begins with nothing. */
    const nothing = async (): Promise<void> => {
      const { json } = await call(world, 'GET', '/enrollment');
      const all = (json as { enrollmentId: string }[]).map(({ enrollmentId }) => enrollmentId);
      for (let at = 0; at < all.length; at += LIMITS.smallPairs) {
        const enrollmentIds = all.slice(at, at + LIMITS.smallPairs);
        assert.equal((await post(world, '/enrollment/delete', { enrollmentIds }, {})).status, 204);
      }
    };

    test('a request that nobody waits for is accepted, shows how far it is, and is completed', async () => {
      await nothing();
      const location = await accepted(world, '/enrollment', everybody());
      const under = await until(world, location, ({ progress }) => progress.done > 0);
      assert.equal(under.progress.total, MANY);
      if (under.state === 'running') {
        assert.ok(under.progress.rate > 0);
        assert.ok((under.progress.etaSeconds ?? -1) >= 0);
      }
      const done = await until(world, location, isOver);
      assert.equal(done.state, 'done');
      assert.deepEqual(done.summary, { created: MANY, changed: 0, unchanged: 0, refused: 0 });
      assert.equal(done.progress.done, MANY);
      assert.equal((await current(world)).length, MANY);
    });

    test('what is wrong with it is told at once, and nothing is accepted', async () => {
      // What was written before is sealed meanwhile.
      const written = () => everything(world.db, ['operation_chunk', 'seal']);
      const before = await written();
      const [learnerId = ''] = ids.learnerIds;
      for (const [json, status] of [
        [{ ...everybody(), learnerIds: [...ids.learnerIds, crypto.randomUUID()] }, 400],
        [{ ...everybody(), dueDateType: 'due_period' }, 400],
        [{ courseIds: [], learnerIds: [learnerId], dueDateType: 'unlimited' }, 400],
      ] as const)
        assert.equal((await post(world, '/enrollment', json)).status, status);
      assert.equal(await written(), before);
    });

    test('who is lenient learns of what was refused when it is done', async () => {
      await nothing();
      const unknown = crypto.randomUUID();
      const json = { ...everybody(), learnerIds: [...ids.learnerIds, unknown] };
      const answer = await post(world, '/enrollment', json, { prefer: 'respond-async, handling=lenient' });
      assert.equal(answer.status, 202, answer.text);
      assert.equal(answer.headers.get('preference-applied'), 'respond-async, handling=lenient');
      const done = await until(world, locationOf(answer), isOver);
      assert.deepEqual(done.summary, { created: MANY, changed: 0, unchanged: 0, refused: COURSES });
      const refused = await call(world, 'GET', `${locationOf(answer)}/outcomes?outcome=refused`);
      const { outcomes } = refused.json as { outcomes: { learnerId: string; reason: string }[] };
      assert.equal(outcomes.length, COURSES);
      assert.ok(outcomes.every((one) => one.learnerId === unknown && one.reason === 'learner_unknown'));
    });

    test('who waits a while is answered as ever if it is done by then', async () => {
      await nothing();
      const json = { ...everybody(), courseIds: ids.courseIds.slice(0, 1) };
      const answer = await post(world, '/enrollment', json, { prefer: 'respond-async, wait=30' });
      assert.equal(answer.status, 201, answer.text);
      assert.equal((await operationAt(world, locationOf(answer))).state, 'done');
      const ignored = await post(world, '/enrollment', json, { prefer: 'wait=0' });
      assert.equal(ignored.status, 201, 'wait alone asks for nothing');
    });

    test('a single pair and an ending are accepted alike', async () => {
      await nothing();
      const json = { learnerIds: ids.learnerIds.slice(0, 1), courseIds: ids.courseIds.slice(0, 1) };
      const location = await accepted(world, '/enrollment', { ...json, dueDateType: 'unlimited' });
      assert.equal((await until(world, location, isOver)).summary['created'], 1);
      const { json: list } = await call(world, 'GET', '/enrollment');
      const enrollmentIds = (list as { enrollmentId: string }[]).map(({ enrollmentId }) => enrollmentId);
      const ending = await accepted(world, '/enrollment/delete', { enrollmentIds });
      assert.equal((await until(world, ending, isOver)).summary['changed'], 1);
      assert.deepEqual(await current(world), []);
    });

    test('sent again with its key it is the same job', async () => {
      await nothing();
      const headers = { ...LATER, 'idempotency-key': crypto.randomUUID() };
      const first = await post(world, '/enrollment', everybody(), headers);
      const again = await post(world, '/enrollment', everybody(), headers);
      assert.equal(first.status, 202, first.text);
      assert.equal(again.status, 202, again.text);
      assert.equal(again.headers.get('location'), first.headers.get('location'));
      const done = await until(world, locationOf(first), isOver);
      assert.equal(done.summary['created'], MANY);
    });

    test('cancelled, it ends within a chunk, and everything is as before', async () => {
      await nothing();
      const [learnerId = ''] = ids.learnerIds;
      const [courseId = ''] = ids.courseIds;
      const own = {
        learnerIds: [learnerId],
        courseIds: [courseId],
        dueDateType: 'due_period',
        duePeriod: 24,
      };
      assert.equal((await post(world, '/enrollment', own, {})).status, 201);
      const before = await current(world);
      const location = await accepted(world, '/enrollment', everybody());
      await until(world, location, ({ progress }) => progress.done > 30);
      const asked = (await operationAt(world, location)).progress.done;
      const answer = await post(world, `${location}/cancel`, undefined, {});
      assert.equal(answer.status, 200, answer.text);
      const job = await operationAt(world, location);
      assert.equal(job.state, 'cancelled');
      assert.ok(job.progress.done < MANY, 'it did not go on to the end');
      assert.ok(job.progress.done >= asked);
      assert.equal(job.progress.etaSeconds, undefined);
      const undo = await operationAt(world, locationOf(answer));
      assert.equal(undo.causeId, job.operationId);
      assert.equal(undo.state, 'done');
      assert.equal(undo.summary['changed'], job.summary['created']);
      assert.deepEqual(await current(world), before);

      for (const path of [`${location}/cancel`, `${location}/undo`, `${locationOf(answer)}/undo`]) {
        const refused = await post(world, path, undefined, {});
        assert.equal(refused.status, 409, `${path}: ${refused.text}`);
        assert.match(refused.text, /is cancelled/);
      }
    });

    test('who waits for it is told that it was cancelled; a chunk told others what it ended', async () => {
      await nothing();
      const waiting = post(world, '/enrollment', everybody(), {});
      const { json } = await call(world, 'GET', '/operations?state=running');
      let running = json as { operations: Operation[] };
      for (const giveUp = Date.now() + 10_000; running.operations.length === 0 && Date.now() < giveUp; )
        running = (await call(world, 'GET', '/operations?state=running')).json as typeof running;
      const [job] = running.operations;
      assert.ok(job);
      const answer = await post(world, `/operations/${job.operationId}/cancel`, undefined, {});
      assert.equal(answer.status, 200, answer.text);
      const told = await waiting;
      assert.equal(told.status, 409, told.text);
      assert.equal(told.headers.get('location'), `/operations/${job.operationId}`);
      const { rows } = await world.db.read((tx) =>
        sql<{ kind: string; event_type: string; learners: number }>`
          select o.kind, x.event_type, sum(x.learners)::int as learners
          from operation o join operation_chunk c using (account_id, operation_id) join outbox x using (account_id, chunk)
          where o.operation_id in (${job.operationId}::uuid, ${locationOf(answer).split('/').at(-1)}::uuid)
          group by 1, 2 order by 1`.execute(tx),
      );
      assert.deepEqual(
        rows.map(({ kind, event_type }) => [kind, event_type]),
        [
          ['enroll', 'LEARNERS_ENROLLED_IN_COURSE'],
          ['undo', 'LEARNERS_UNENROLLED'],
        ],
      );
      assert.equal(rows[0]?.learners, rows[1]?.learners);
      assert.deepEqual(await current(world), []);
    });

    test('one that waits for its turn is cancelled before it began', async () => {
      await nothing();
      const first = await accepted(world, '/enrollment', everybody());
      const second = await accepted(world, '/enrollment', everybody());
      const answer = await post(world, `${second}/cancel`, undefined, LATER);
      assert.ok([200, 202].includes(answer.status), answer.text);
      assert.equal((await operationAt(world, second)).progress.done, 0);
      const undo = await until(world, locationOf(answer), isOver);
      assert.equal(undo.summary['changed'], 0);
      assert.equal((await until(world, first, isOver)).summary['created'], MANY);
      assert.equal((await current(world)).length, MANY);
    });

    test('one that is cancelled is undone before the next begins, which finds nothing of it', async () => {
      await nothing();
      const first = await accepted(world, '/enrollment', everybody());
      const next = { ...everybody(), dueDateType: 'due_period', duePeriod: 24 };
      const second = await accepted(world, '/enrollment', next);
      await until(world, first, ({ progress }) => progress.done > 30);
      assert.equal((await post(world, `${first}/cancel`, undefined, {})).status, 200);
      const done = await until(world, second, isOver);
      assert.deepEqual(done.summary, { created: MANY, changed: 0, unchanged: 0, refused: 0 });
    });

    test('whose reach has shrunk since does not cancel what is beyond it', async () => {
      await nothing();
      const sales = await addDepartment(world, 'Sales');
      const managerId = await addUser(world, { role: 'department_administrator', manages: [sales] });
      const learnerIds = await Promise.all(
        Array.from({ length: LEARNERS }, () => addUser(world, { departmentId: sales })),
      );
      const manager = { url: world.url, token: await world.tokenOf(managerId) };
      const location = await accepted(manager, '/enrollment', { ...everybody(), learnerIds });
      await until(manager, location, ({ progress }) => progress.done > 30);
      const moved = await call(world, 'POST', `/user/${learnerIds[0]}`, {
        json: { departmentId: world.account.rootDepartmentId },
      });
      assert.equal(moved.status, 200, moved.text);
      const refused = await post(manager, `${location}/cancel`, undefined, {});
      assert.equal(refused.status, 403, refused.text);
      const done = await until(world, location, isOver);
      assert.equal(done.state, 'done');
    });

    test('an undo that is cancelled has undone nothing', async () => {
      await nothing();
      const location = await accepted(world, '/enrollment', everybody());
      await until(world, location, isOver);
      const before = await current(world);
      const undo = await accepted(world, `${location}/undo`, undefined);
      await until(world, undo, ({ progress }) => progress.done > 30);
      const answer = await post(world, `${undo}/cancel`, undefined, {});
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await operationAt(world, undo)).state, 'cancelled');
      assert.equal((await operationAt(world, location)).state, 'done');
      assert.deepEqual(await current(world), before);
      const again = await post(world, `${location}/undo`, undefined, {});
      assert.equal(again.status, 200, again.text);
      assert.deepEqual(await current(world), []);
    });

    test('the audit finds nothing wrong in all of it', async () => {
      const { faults, summary } = await audited(world);
      assert.deepEqual(faults, []);
      assert.ok(summary.versions > 0);
    });

    test('what is done cannot be cancelled; somebody else’s is not there', async () => {
      await nothing();
      const json = { ...everybody(), courseIds: ids.courseIds.slice(0, 1) };
      const location = locationOf(await post(world, '/enrollment', json, {}));
      const late = await post(world, `${location}/cancel`, undefined, {});
      assert.equal(late.status, 409, late.text);
      assert.match(late.text, /is done/);
      const admin = await addUser(world, { role: 'department_administrator' });
      const other = { url: world.url, token: await world.tokenOf(admin) };
      assert.equal((await post(other, `${location}/cancel`, undefined, {})).status, 404);
      assert.equal(
        (await post(world, `/operations/${crypto.randomUUID()}/cancel`, undefined, {})).status,
        404,
      );
    });
  });

if (ENGINES.includes('postgresql'))
  describe('jobs on two servers', () => {
    test('one server cancels what the other writes', async () => {
      const servers = await startTwoServers(() => LIMITS);
      try {
        const ids = await peopleAndCourses(servers.world);
        const [first, second] = [servers.of(0), servers.of(1)];
        const location = await accepted(first, '/enrollment', { ...ids, dueDateType: 'unlimited' });
        await until(second, location, ({ progress }) => progress.done > 30);
        const answer = await post(second, `${location}/cancel`, undefined, {});
        assert.equal(answer.status, 200, answer.text);
        assert.equal((await operationAt(first, location)).state, 'cancelled');
        assert.deepEqual(await current(servers.world), []);
      } finally {
        await servers.close();
      }
    });
  });
