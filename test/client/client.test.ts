import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
// By its public name, as a program elsewhere imports it.
import { Client, RollbookError } from 'rollbook/client';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { startWorld, type World } from '../support/server.ts';

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

for (const engine of ENGINES)
  describe(`the typed client (${engine})`, () => {
    let world: World;
    let course: string;
    before(async () => {
      world = await startWorld(engine);
      course = await addCourse(world);
    });
    after(() => world.close());

    /** A client, and what it sent. */
    function connect(): { client: Client; sent: string[] } {
      const sent: string[] = [];
      const client = new Client({
        url: `${world.url}/`,
        clientId: world.account.clientId,
        clientSecret: world.account.clientSecret,
        fetch: (input, init) => {
          sent.push(`${init?.method} ${String(input).replace(world.url, '')}`);
          return fetch(input, init);
        },
      });
      return { client, sent };
    }

    test('calls an operation by its name, with what it takes, and gives what it answers', async () => {
      const { client } = connect();
      const learner = await addUser(world);
      const nothing = await client.call('EnrollLearnersInCourses', {
        body: { courseIds: [course], learnerIds: [learner], dueDateType: 'unlimited' },
      });
      assert.equal(nothing, undefined);
      const enrollments = await client.call('GetEnrollments', {
        query: { learnerIds: [learner], courseIds: undefined },
      });
      assert.deepEqual(
        enrollments.map(({ courseId, learnerId }) => [courseId, learnerId]),
        [[course, learner]],
      );
      const enrollmentId = enrollments[0]?.enrollmentId ?? '';
      const one = await client.call('GetEnrollment', { path: { enrollmentId } });
      assert.equal(one.shouldLockAfterDueDate, false);
    });

    test('what an operation does not take, or lacks, does not compile', async () => {
      const { client } = connect();
      await assert.rejects(
        // @ts-expect-error courseIds is required
        client.call('EnrollLearnersInCourses', { body: { learnerIds: [UNKNOWN], dueDateType: 'unlimited' } }),
        { code: 'request.invalid', message: 'courseIds: is required.' },
      );
      // @ts-expect-error there is no such operation
      await assert.rejects(client.call('EnrollEverybody'));
      // @ts-expect-error a filter is a list
      await client.call('GetEnrollments', { query: { learnerIds: await addUser(world) } });
    });

    test('walks through pages, and entries, and goes on later from a token', async () => {
      const { client, sent } = connect();
      const [own, ...learners] = [await addCourse(world), await addUser(world), await addUser(world)];
      const enroll = (learnerIds: string[]) =>
        client.call('EnrollLearnersInCourses', {
          body: { courseIds: [own], learnerIds, dueDateType: 'unlimited' },
        });
      await enroll(learners);
      const seen: string[] = [];
      let resume: string | undefined;
      for await (const page of client.pages('ListEnrollments', {
        query: { courseIds: [own], pageSize: 1 },
      })) {
        assert.equal(page.entries.length, 1);
        seen.push(...page.entries.map(({ learnerId }) => learnerId));
        resume = page.resumeToken ?? undefined;
      }
      assert.deepEqual(seen.sort(), [...learners].sort());
      const later = await addUser(world);
      await enroll([later]);
      const added: string[] = [];
      for await (const { learnerId } of client.entries('ListEnrollmentsByBody', {
        body: { courseIds: [own], pageToken: resume, pageSize: 1 },
      }))
        added.push(learnerId);
      assert.deepEqual(added, [later]);
      assert.deepEqual(sent.filter((request) => request.startsWith('GET')).length, 2);
    });

    test('asks for one token, however many calls there are at once, and for a new one when it has ended', async () => {
      const { client, sent } = connect();
      const tokens = () => sent.filter((request) => request === 'POST /api/v3/token').length;
      await Promise.all([1, 2, 3].map(() => client.call('GetDepartments')));
      assert.equal(tokens(), 1);
      const now = world.clock.now;
      world.clock.now = new Date(now.getTime() + 1_801_000);
      try {
        assert.equal((await client.call('GetDepartments')).length, 1);
        assert.equal(tokens(), 2);
      } finally {
        world.clock.now = now;
      }
    });

    test('an error has the status, the code, the message and the id of the request', async () => {
      const { client } = connect();
      await assert.rejects(client.call('GetEnrollment', { path: { enrollmentId: UNKNOWN } }), (error) => {
        assert.ok(error instanceof RollbookError);
        assert.equal(error.status, 400);
        assert.equal(error.code, 'enrollment.unknown');
        assert.equal(error.message, `Unknown Enrollment ${UNKNOWN}.`);
        assert.match(error.requestId ?? '', /^[0-9a-f-]{36}$/);
        return true;
      });
      const stranger = new Client({ url: world.url, clientId: UNKNOWN, clientSecret: 'wrong' });
      for (const _ of [1, 2])
        await assert.rejects(stranger.call('GetDepartments'), { status: 401, code: 'token.bad_client' });
    });

    test('a header of the caller travels, and the answer follows it', async () => {
      const { client } = connect();
      const made = await client.call(
        'AddDepartment',
        { body: { name: 'Made', parentDepartmentId: world.account.rootDepartmentId } },
        { headers: { 'X-Return-Object': 'true' } },
      );
      assert.ok(typeof made === 'object');
      assert.equal(made.name, 'Made');
    });
  });
