import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** Results of more enrollments than one statement looks at. */

const [LEARNERS, COURSES] = [50, 50];

interface Result {
  readonly userId: string;
  readonly courseId: string;
  readonly enrollmentId: string;
}

for (const engine of ENGINES)
  describe(`pages of results (${engine})`, () => {
    let world: World;
    const [learnerIds, courseIds]: [string[], string[]] = [[], []];
    before(async () => {
      world = await startWorld(engine);
      for (let n = 0; n < LEARNERS; n++) learnerIds.push(await addUser(world));
      for (let n = 0; n < COURSES; n++) courseIds.push(await addCourse(world));
      // Course by course, so that order of creation is not that of any id.
      for (const courseId of courseIds) {
        const json = { learnerIds, courseIds: [courseId], dueDateType: 'unlimited' };
        assert.equal((await call(world, 'POST', '/enrollment', { json })).status, 201);
      }
    });
    after(() => world.close());

    /** Every page of a list, one after another. */
    async function all(path: string, pageSize: number): Promise<Result[]> {
      const found: Result[] = [];
      let token = '';
      do {
        const answer = await call(
          world,
          'GET',
          `/learners/results?pageSize=${pageSize}${path}&pageToken=${token}`,
        );
        assert.equal(answer.status, 200, answer.text);
        const page = answer.json as { results: Result[]; nextPageToken?: string };
        assert.ok(page.results.length <= pageSize);
        assert.ok(page.nextPageToken === undefined || page.results.length === pageSize);
        found.push(...page.results);
        token = page.nextPageToken ?? '';
      } while (token !== '');
      return found;
    }

    test('each enrollment is there once, in order of creation, whatever the size of a page', async () => {
      const listed = (await call(world, 'GET', '/enrollment')).json as { enrollmentId: string }[];
      assert.equal(listed.length, LEARNERS * COURSES);
      for (const pageSize of [170, 1_000])
        assert.deepEqual(
          (await all('', pageSize)).map((result) => result.enrollmentId),
          listed.map((enrollment) => enrollment.enrollmentId),
        );
    });

    test('a course is found whole, page by page', async () => {
      const [first, last] = [courseIds[3], courseIds.at(-1)];
      const found = await all(`&courseIds[]=${first}&courseIds[]=${last}`, 30);
      assert.equal(found.length, 2 * LEARNERS);
      assert.deepEqual(new Set(found.map((result) => result.courseId)), new Set([first, last]));
    });

    test('a page is full though most of the first enrollments are of users who left', async () => {
      const gone = new Set(learnerIds.slice(5, 45));
      const json = { userIds: [...gone] };
      assert.equal((await call(world, 'POST', '/users/deactivate', { json })).status, 200);
      const listed = (await call(world, 'GET', '/enrollment')).json as {
        enrollmentId: string;
        learnerId: string;
      }[];
      const left = listed.filter((enrollment) => !gone.has(enrollment.learnerId));
      assert.equal(left.length, (LEARNERS - gone.size) * COURSES);
      for (const pageSize of [7, 130])
        assert.deepEqual(
          (await all('', pageSize)).map((result) => result.enrollmentId),
          left.map((enrollment) => enrollment.enrollmentId),
        );
      assert.equal((await call(world, 'POST', '/users/activate', { json })).status, 200);
    });

    test('what few have is found beyond what one statement looks at', async () => {
      const last = (await all('', 1_000)).at(-1);
      const done = await call(world, 'POST', `/enrollment/${last?.enrollmentId}/progress`, {
        json: { status: 'complete' },
      });
      assert.equal(done.status, 200, done.text);
      const found = await all('&completionStatuses[]=complete', 10);
      assert.deepEqual(
        found.map((result) => result.enrollmentId),
        [last?.enrollmentId],
      );
      assert.deepEqual(await all('&completionStatuses[]=declined', 10), []);
    });
  });
