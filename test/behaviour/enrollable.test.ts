import assert from 'node:assert/strict';
import { CONTENT_TYPES } from '../../src/content/index.ts';
import { addCourse, addTraining, addUser } from '../support/people.ts';
import { call } from '../support/server.ts';
import { type Scenario, scenarios } from './runner.ts';

const unlimited = { dueDateType: 'unlimited' };
const NOBODY = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

/** What may be enrolled, and what happens to those already enrolled. */
const list: readonly Scenario[] = [
  [
    'courses, learning tracks and every kind of standalone material can be enrolled',
    async ({ world, enrolled, of }) => {
      const learner = await addUser(world);
      const courseIds = await Promise.all(CONTENT_TYPES.map((type) => addCourse(world, type)));
      await enrolled({ courseIds, learnerIds: [learner], ...unlimited });
      const found = await of(learner);
      assert.deepEqual(found.map((enrollment) => enrollment.courseId).sort(), [...courseIds].sort());
    },
  ],
  [
    'a training cannot be enrolled; nothing is created and the id is named',
    async ({ world, refused }) => {
      const [learner, course, training] = [
        await addUser(world),
        await addCourse(world),
        await addTraining(world),
      ];
      await refused(
        { courseIds: [course, training], learnerIds: [learner], ...unlimited },
        {
          status: 400,
          code: 'enrollment.training',
          message: new RegExp(`^Wrong parameters: courseIds ${training} `),
        },
      );
    },
  ],
  [
    'a course that contains a training can be enrolled without choosing a session',
    async ({ world, enrolled, of }) => {
      const [learner, course, training] = [
        await addUser(world),
        await addCourse(world),
        await addTraining(world),
      ];
      assert.equal(
        (await call(world, 'POST', `/course/${course}/modules`, { json: { itemId: training } })).status,
        201,
      );
      await enrolled({ courseIds: [course], learnerIds: [learner], ...unlimited });
      assert.equal((await of(learner)).length, 1);
      const modules = await call(world, 'GET', `/course/${course}/modules`);
      assert.equal((modules.json as { modules: { type: string }[] }).modules[0]?.type, 'training');
    },
  ],
  [
    'one unknown course refuses the whole request',
    async ({ world, refused }) => {
      const [learner, course] = [await addUser(world), await addCourse(world)];
      await refused(
        { courseIds: [course, NOBODY], learnerIds: [learner], ...unlimited },
        { status: 400, code: 'enrollment.unknown_course', message: new RegExp(NOBODY) },
      );
    },
  ],
  [
    'one unknown learner refuses the whole request',
    async ({ world, refused }) => {
      const [learner, course] = [await addUser(world), await addCourse(world)];
      await refused(
        { courseIds: [course], learnerIds: [learner, NOBODY], ...unlimited },
        { status: 400, code: 'enrollment.unknown_learner', message: new RegExp(NOBODY) },
      );
    },
  ],
  [
    'of many unknown ids ten are named, and how many more',
    async ({ world, refused }) => {
      const learner = await addUser(world);
      const unknown = Array.from({ length: 13 }, (_, n) => `3fa85f64-5717-4562-b3fc-2c963f66af${10 + n}`);
      await refused(
        { courseIds: unknown, learnerIds: [learner], ...unlimited },
        { status: 400, code: 'enrollment.unknown_course', message: /af10,(?:[^,]*,){8}[^,]* and 3 more/ },
      );
    },
  ],
  [
    'empty lists are refused',
    async ({ world, refused }) => {
      const [learner, course] = [await addUser(world), await addCourse(world)];
      await refused(
        { courseIds: [], learnerIds: [learner], ...unlimited },
        { status: 400, code: 'request.invalid', message: /^courseIds: must not be empty/ },
      );
      await refused(
        { courseIds: [course], learnerIds: [], ...unlimited },
        { status: 400, code: 'request.invalid', message: /^learnerIds: must not be empty/ },
      );
    },
  ],
  [
    'missing lists are refused, both named',
    ({ refused }) =>
      refused(unlimited, {
        status: 400,
        code: 'request.invalid',
        message: /^courseIds: is required; learnerIds: is required/,
      }),
  ],
  [
    'ids given twice count once',
    async ({ world, enrolled, of }) => {
      const [learner, course] = [await addUser(world), await addCourse(world)];
      await enrolled({
        courseIds: [course, course.toUpperCase()],
        learnerIds: [learner, learner],
        ...unlimited,
      });
      assert.equal((await of(learner)).length, 1);
    },
  ],
  [
    'every learner is enrolled in every course',
    async ({ world, enrolled, of }) => {
      const learnerIds = await Promise.all([1, 2, 3].map(() => addUser(world)));
      const courseIds = await Promise.all([1, 2].map(() => addCourse(world)));
      await enrolled({ courseIds, learnerIds, ...unlimited });
      for (const learner of learnerIds)
        assert.deepEqual((await of(learner)).map((e) => e.courseId).sort(), [...courseIds].sort());
    },
  ],
  [
    'who is enrolled already stays as they are, the others are enrolled',
    async ({ world, enrolled, of }) => {
      const [first, second, course] = [await addUser(world), await addUser(world), await addCourse(world)];
      await enrolled({ courseIds: [course], learnerIds: [first], accessDate: '2020-01-01', ...unlimited });
      const [before] = await of(first);
      await enrolled({
        courseIds: [course],
        learnerIds: [first, second],
        accessDate: '2021-01-01',
        dueDateType: 'due_period',
        duePeriod: 5,
        lockAfterDueDate: true,
      });
      assert.deepEqual(await of(first), [before]);
      assert.equal((await of(second))[0]?.accessDate, '2021-01-01');
    },
  ],
  [
    'retired content takes no new enrollment and keeps the old ones',
    async ({ world, enrolled, refused, of }) => {
      const [first, second, course] = [await addUser(world), await addUser(world), await addCourse(world)];
      await enrolled({ courseIds: [course], learnerIds: [first], ...unlimited });
      assert.equal((await call(world, 'DELETE', `/content/${course}`)).status, 204);
      await refused(
        { courseIds: [course], learnerIds: [second], ...unlimited },
        { status: 400, code: 'enrollment.retired_course', message: new RegExp(course) },
      );
      assert.equal((await of(first)).length, 1);
    },
  ],
  [
    'an inactive learner cannot be enrolled, nor can one whose employment ended; nothing is created',
    async ({ world, refused }) => {
      const [learner, course] = [await addUser(world), await addCourse(world)];
      for (const status of [3, 5] as const) {
        const gone = await addUser(world, { status });
        await refused(
          { courseIds: [course], learnerIds: [learner, gone], ...unlimited },
          { status: 400, code: 'enrollment.inactive_learner', message: new RegExp(`${gone} are inactive`) },
        );
      }
    },
  ],
  [
    'a reactivated learner can be enrolled again',
    async ({ world, enrolled, of }) => {
      const [learner, course] = [await addUser(world, { status: 3 }), await addCourse(world)];
      assert.equal(
        (await call(world, 'POST', `/user/${learner}/status`, { json: { status: 1 } })).status,
        200,
      );
      await enrolled({ courseIds: [course], learnerIds: [learner], ...unlimited });
      assert.equal((await of(learner)).length, 1);
    },
  ],
  [
    'administrators, publishers and the owner can be learners, too',
    async ({ world, enrolled, of }) => {
      const course = await addCourse(world);
      const learnerIds = [
        world.account.ownerId,
        await addUser(world, { role: 'administrator' }),
        await addUser(world, { role: 'publisher' }),
      ];
      await enrolled({ courseIds: [course], learnerIds, ...unlimited });
      for (const learner of learnerIds)
        assert.ok((await of(learner)).some((enrollment) => enrollment.courseId === course));
    },
  ],
  [
    'a learning track is one enrollment under its own id',
    async ({ world, enrolled, of }) => {
      const [learner, course, track] = [
        await addUser(world),
        await addCourse(world),
        await addCourse(world, 'LearningTrack'),
      ];
      assert.equal(
        (await call(world, 'POST', `/learning_track/${track}/courses`, { json: { courseIds: [course] } }))
          .status,
        200,
      );
      await enrolled({ courseIds: [track], learnerIds: [learner], ...unlimited });
      assert.deepEqual(
        (await of(learner)).map((enrollment) => enrollment.courseId),
        [track],
      );
    },
  ],
  [
    'enrolled through the API means assigned by an administrator',
    async ({ world, enrolled, of }) => {
      const [learner, course] = [await addUser(world), await addCourse(world)];
      await enrolled({ courseIds: [course], learnerIds: [learner], ...unlimited });
      assert.equal((await of(learner))[0]?.enrollmentTypeGroup, 0);
    },
  ],
];

scenarios('what may be enrolled', list);
