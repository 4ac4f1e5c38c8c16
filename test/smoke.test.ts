import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from './support/database.ts';
import { addCourse, addUser } from './support/people.ts';
import { call, startWorld, toXmlBody, type World } from './support/server.ts';

for (const engine of ENGINES)
  describe(`the main job on ${engine}`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());

    test('a token, a learner, a course and an enrollment in XML, read back in both formats', async () => {
      const learnerId = await addUser(world);
      const courseId = await addCourse(world);
      const body = {
        courseIds: [courseId],
        learnerIds: [learnerId],
        accessDate: '2019-09-26 10:30:00',
        dueDateType: 'unlimited',
        dueDate: '2019-09-26',
        duePeriod: 0,
      };
      const answer = await call(world, 'POST', '/enrollment', { xml: toXmlBody(body) });
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.text, '');
      const json = await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`);
      const [enrollment] = json.json as { enrollmentId: string; courseId: string; accessDate: string }[];
      assert.equal(enrollment?.courseId, courseId);
      assert.equal(enrollment?.accessDate, '2019-09-26');
      const xml = await call(world, 'GET', '/enrollments', { accept: null });
      assert.match(
        xml.text,
        new RegExp(
          `<response><enrollments><enrollment><enrollmentId>${enrollment?.enrollmentId}</enrollmentId>`,
        ),
      );
      const operation = await call(world, 'GET', answer.headers.get('location') ?? '');
      assert.equal((operation.json as { summary: { created: number } }).summary.created, 1);
    });

    test('a large request is written in chunks and answered when complete', async () => {
      const learners = await Promise.all(Array.from({ length: 20 }, () => addUser(world)));
      const courses = await Promise.all(Array.from({ length: 550 }, () => addCourse(world)));
      const answer = await call(world, 'POST', '/enrollment', {
        json: { courseIds: courses, learnerIds: learners, dueDateType: 'default' },
      });
      assert.equal(answer.status, 201, answer.text);
      const operation = await call(world, 'GET', answer.headers.get('location') ?? '');
      assert.deepEqual((operation.json as { summary: unknown }).summary, {
        created: 11_000,
        changed: 0,
        unchanged: 0,
        refused: 0,
      });
      const all = await call(world, 'GET', '/enrollment');
      assert.equal((all.json as unknown[]).length, 11_001);
    });
  });
