import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { actAs, type Context } from '../../src/access/index.ts';
import { judgeRows, outcomesOf, RowPlan } from '../../src/enrollment/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** What is changed by somebody else after rows were judged and before they are written. */

const NOW = new Date('2026-03-02T09:30:00Z');
const due = (day: string) => ({
  accessAt: null,
  due: { type: 'due_date' as const, at: new Date(`${day}T00:00:00Z`) },
  lock: null,
});

for (const engine of ENGINES)
  describe(`rows that are overtaken (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine, { now: NOW });
    });
    after(() => world.close());

    const asOwner = <T>(work: (ctx: Context) => Promise<T>): Promise<T> => {
      const { accountId, ownerId } = world.account;
      return actAs(world.db, { accountId, userId: ownerId, source: 'import', now: NOW }, work);
    };

    test('another change stays; who is gone is refused; what ended stays ended; what appeared is left alone', async () => {
      const course = await addCourse(world);
      const other = await addCourse(world);
      const [edited, gone, ended, appeared, plain] = [
        await addUser(world),
        await addUser(world),
        await addUser(world),
        await addUser(world),
        await addUser(world),
      ];
      const enroll = (learnerId: string) =>
        call(world, 'POST', '/enrollment', {
          json: { learnerIds: [learnerId], courseIds: [course], dueDateType: 'unlimited' },
        });
      const idOf = async (learnerId: string): Promise<string> =>
        (
          (await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}`)).json as {
            enrollmentId: string;
          }[]
        )[0]?.enrollmentId ?? '';
      for (const learnerId of [edited, ended]) assert.equal((await enroll(learnerId)).status, 201);

      const rows = [
        { learnerId: edited, itemId: course, terms: due('2026-04-01') },
        { learnerId: gone, itemId: course, terms: due('2026-04-01') },
        { learnerId: ended, itemId: course, terms: due('2026-04-01') },
        { learnerId: appeared, itemId: course, terms: due('2026-04-01') },
        { learnerId: plain, itemId: course, terms: due('2026-04-01') },
        { learnerId: plain, itemId: other, terms: due('2026-04-01') },
      ];
      const plan = await asOwner(async (ctx) => {
        const verdicts = await judgeRows(ctx, rows, 'change');
        const planned = new RowPlan();
        planned.add(
          rows.map(({ learnerId, itemId }, place) => {
            const verdict = verdicts[place];
            assert.ok(verdict && 'do' in verdict);
            return { learnerId, itemId, todo: verdict };
          }),
        );
        return planned;
      });

      const json = { dueDateType: 'due_date', dueDate: '2026-12-24' };
      assert.equal((await call(world, 'POST', `/enrollment/${await idOf(edited)}`, { json })).status, 200);
      assert.equal((await call(world, 'POST', `/user/${gone}/status`, { json: { status: 5 } })).status, 200);
      const endedId = await idOf(ended);
      const ending = { json: { enrollmentIds: [endedId] } };
      assert.equal((await call(world, 'POST', '/enrollment/delete', ending)).status, 204);
      assert.equal((await enroll(appeared)).status, 201);
      assert.equal((await call(world, 'DELETE', `/content/${other}`)).status, 204);

      const outcomes = await asOwner(async (ctx) => {
        const receipt = await world.app.enrollments.writeRows(ctx, plan);
        const told: string[] = [];
        for await (const page of (await outcomesOf(ctx, receipt.operationId)).outcomes)
          told.push(...page.map(({ outcome, reason }) => `${outcome} ${reason ?? ''}`.trim()));
        return told;
      });
      assert.deepEqual(outcomes, [
        'unchanged already_enrolled',
        'refused learner_inactive',
        'unchanged already_ended',
        'unchanged already_enrolled',
        'created',
        'refused course_retired',
      ]);
      const listed = (await call(world, 'GET', '/enrollment')).json as Record<string, unknown>[];
      const dues = new Map(listed.map(({ learnerId, dueDate }) => [learnerId, dueDate]));
      assert.equal(listed.length, 3);
      assert.deepEqual(
        [edited, appeared, plain].map((id) => dues.get(id)),
        ['2026-12-24', undefined, '2026-04-01'],
      );
    });
  });
