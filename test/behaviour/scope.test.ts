import assert from 'node:assert/strict';
import { addCourse, addCustomRole, addDepartment, addUser } from '../support/people.ts';
import { call, requestStatements, type World } from '../support/server.ts';
import { type Scenario, scenarios } from './runner.ts';

const unlimited = { dueDateType: 'unlimited' };
const NOBODY = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

interface Tree {
  own: string;
  below: string;
  foreign: string;
}

async function tree(world: World): Promise<Tree> {
  const own = await addDepartment(world, 'Own');
  return {
    own,
    below: await addDepartment(world, 'Below', own),
    foreign: await addDepartment(world, 'Foreign'),
  };
}

/** Who may enroll whom. */
const list: readonly Scenario[] = [
  [
    'the owner and administrators enroll anybody',
    async ({ world, enrolled }) => {
      const { foreign } = await tree(world);
      const [learner, course] = [await addUser(world, { departmentId: foreign }), await addCourse(world)];
      const administrator = await world.tokenOf(await addUser(world, { role: 'administrator' }));
      await enrolled({ courseIds: [course], learnerIds: [learner], ...unlimited });
      await enrolled({ courseIds: [course], learnerIds: [learner], ...unlimited }, administrator);
    },
  ],
  [
    'a department administrator enrolls learners of the departments they manage and of those below',
    async ({ world, enrolled, of }) => {
      const { own, below } = await tree(world);
      const token = await world.tokenOf(
        await addUser(world, { role: 'department_administrator', manages: [own] }),
      );
      const learnerIds = [
        await addUser(world, { departmentId: own }),
        await addUser(world, { departmentId: below }),
      ];
      await enrolled({ courseIds: [await addCourse(world)], learnerIds, ...unlimited }, token);
      for (const learner of learnerIds) assert.equal((await of(learner, token)).length, 1);
    },
  ],
  [
    'one learner outside refuses the whole request of a department administrator',
    async ({ world, refused }) => {
      const { own, foreign } = await tree(world);
      const token = await world.tokenOf(
        await addUser(world, { role: 'department_administrator', manages: [own] }),
      );
      const [mine, theirs] = [
        await addUser(world, { departmentId: own }),
        await addUser(world, { departmentId: foreign }),
      ];
      await refused(
        { courseIds: [await addCourse(world)], learnerIds: [mine, theirs], ...unlimited },
        {
          status: 403,
          code: 'auth.learner_scope',
          message: new RegExp(`^Permission denied.*\\(${theirs}\\)`),
          token,
        },
      );
    },
  ],
  [
    'to a department administrator an unknown learner looks like a foreign one: same answer, same statements',
    async ({ world, enroll }) => {
      const { own, foreign } = await tree(world);
      const token = await world.tokenOf(
        await addUser(world, { role: 'department_administrator', manages: [own] }),
      );
      const [theirs, course] = [await addUser(world, { departmentId: foreign }), await addCourse(world)];
      const seen: string[] = [];
      for (const learner of [NOBODY, theirs, NOBODY, theirs]) {
        world.statements.length = 0;
        const answer = await enroll({ courseIds: [course], learnerIds: [learner], ...unlimited }, token);
        seen.push(
          JSON.stringify([
            answer.status,
            answer.code,
            answer.text.replaceAll(learner, 'ID'),
            requestStatements(world),
          ]),
        );
      }
      // The first request also establishes the caller.
      assert.equal(seen[2], seen[1]);
      assert.equal(seen[3], seen[1]);
    },
  ],
  [
    'a custom role with enrollment.write enrolls within its departments, and not outside',
    async ({ world, enrolled, refused }) => {
      const { own, below, foreign } = await tree(world);
      const roleId = await addCustomRole(world, ['enrollment.write', 'enrollment.read']);
      const token = await world.tokenOf(await addUser(world, { roleId, manages: [own] }));
      const course = await addCourse(world);
      await enrolled(
        { courseIds: [course], learnerIds: [await addUser(world, { departmentId: below })], ...unlimited },
        token,
      );
      await refused(
        { courseIds: [course], learnerIds: [await addUser(world, { departmentId: foreign })], ...unlimited },
        { status: 403, code: 'auth.learner_scope', token },
      );
    },
  ],
  [
    'a custom role without it, a publisher and a learner may not enroll',
    async ({ world, refused }) => {
      const roleId = await addCustomRole(world, ['user.read']);
      const [learner, course] = [await addUser(world), await addCourse(world)];
      const people = [
        await addUser(world, { roleId, manages: [world.account.rootDepartmentId] }),
        await addUser(world, { role: 'publisher' }),
        await addUser(world),
      ];
      for (const person of people)
        await refused(
          { courseIds: [course], learnerIds: [learner], ...unlimited },
          {
            status: 403,
            code: 'auth.role',
            message: /^Permission denied/,
            token: await world.tokenOf(person),
          },
        );
    },
  ],
  [
    'lists leave out what is outside, silently',
    async ({ world, enrolled, of }) => {
      const { own, foreign } = await tree(world);
      const token = await world.tokenOf(
        await addUser(world, { role: 'department_administrator', manages: [own] }),
      );
      const [mine, theirs, course] = [
        await addUser(world, { departmentId: own }),
        await addUser(world, { departmentId: foreign }),
        await addCourse(world),
      ];
      await enrolled({ courseIds: [course], learnerIds: [mine, theirs], ...unlimited });
      const [hidden] = await of(theirs);
      assert.deepEqual(await of(theirs, token), []);
      for (const path of [`/enrollment?courseIds[]=${course}`, `/enrollments?courseIds[]=${course}`]) {
        const answer = await call(world, 'GET', path, { token });
        assert.match(answer.text, new RegExp(mine));
        assert.doesNotMatch(answer.text, new RegExp(theirs));
      }
      const [foreignAnswer, unknownAnswer] = [
        await call(world, 'GET', `/enrollment/${hidden?.enrollmentId}`, { token }),
        await call(world, 'GET', `/enrollment/${NOBODY}`, { token }),
      ];
      assert.equal(foreignAnswer.status, 403);
      assert.equal(unknownAnswer.status, 403);
      assert.equal(foreignAnswer.text.replace(hidden?.enrollmentId ?? '', NOBODY), unknownAnswer.text);
    },
  ],
  [
    'rights that are taken away hold at once, also for a token that is still good',
    async ({ world, enrolled, enroll }) => {
      const administrator = await addUser(world, { role: 'administrator' });
      const token = await world.tokenOf(administrator);
      const [learner, course] = [await addUser(world), await addCourse(world)];
      await enrolled({ courseIds: [course], learnerIds: [learner], ...unlimited }, token);
      assert.equal(
        (await call(world, 'POST', `/user/${administrator}/status`, { json: { status: 3 } })).status,
        200,
      );
      assert.equal(
        (await enroll({ courseIds: [course], learnerIds: [learner], ...unlimited }, token)).status,
        401,
      );
    },
  ],
  [
    'an id of another account is unknown',
    async ({ world, refused }) => {
      const { sql } = await import('kysely');
      const { createAccount } = await import('../../src/people/index.ts');
      const other = await createAccount(world.db, {
        name: 'Other',
        url: `https://other-${Date.now()}.example`,
        ownerLogin: 'owner',
        ownerEmail: '',
        ownerPassword: 'x',
        plan: 'business',
        now: new Date(),
      });
      const { rows } = await world.db.read((tx) =>
        sql<{ n: string }>`select count(*) as n from users where user_id = ${other.ownerId}`.execute(tx),
      );
      assert.equal(rows[0]?.n, '1');
      await refused(
        { courseIds: [await addCourse(world)], learnerIds: [other.ownerId], ...unlimited },
        { status: 400, code: 'enrollment.unknown_learner' },
      );
    },
  ],
];

scenarios('who may enroll whom', list);

scenarios(
  'a plan below Business',
  [
    [
      'gets a token, and 403 everywhere else',
      async ({ world, refused }) => {
        assert.equal(world.token.length, 43);
        await refused(
          { courseIds: [NOBODY], learnerIds: [NOBODY], ...unlimited },
          { status: 403, code: 'auth.plan', message: /Business/ },
        );
        assert.equal((await call(world, 'GET', '/enrollment')).status, 403);
        assert.equal((await call(world, 'GET', '/user')).status, 403);
      },
    ],
  ],
  { plan: 'starter' },
);
