import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** A file is undone like any operation: what it made is gone, what it changed is as it was. */

for (const engine of ENGINES)
  describe(`undoing an import (${engine})`, () => {
    let world: World;
    before(async () => {
      // Several chunks.
      world = await startWorld(engine, { limits: { chunkPairs: 5 } });
    });
    after(() => world.close());

    const state = async (): Promise<unknown> =>
      (
        await world.db.read((tx) =>
          sql`select learner_id, item_id, chunk, ordinal, access_at, due_at, due_period_hours, due_rule, lock_after_due, term
              from enrollment order by learner_id, item_id`.execute(tx),
        )
      ).rows;

    const undo = async (operationId: string): Promise<string> => {
      const answer = await call(world, 'POST', `/operations/${operationId}/undo`);
      assert.equal(answer.status, 200, answer.text);
      return (answer.headers.get('location') ?? '').replace('/operations/', '');
    };

    test('and undoing that', async () => {
      const course = await addCourse(world, 'Course', { code: 'C' });
      const logins = Array.from({ length: 24 }, (_, n) => `learner-${n}`);
      const learnerIds: string[] = [];
      for (const login of logins) learnerIds.push(await addUser(world, { login }));
      const json = { courseIds: [course], learnerIds: learnerIds.slice(0, 12), dueDateType: 'unlimited' };
      assert.equal((await call(world, 'POST', '/enrollment', { json })).status, 201);
      const before = await state();
      // Every third of those who are enrolled gets a due date; the others of the file are new, or stay.
      const rows = logins.map((login, n) => `${login},C,${n % 3 === 0 ? '2030-01-01' : ''}`);
      const csv = ['login,course,dueDate', ...rows].join('\n');
      const answer = await call(world, 'POST', '/enrollment/import?existing=change', { csv });
      const { operationId, summary } = answer.json as { operationId: string; summary: object };
      assert.deepEqual(summary, { created: 12, changed: 4, unchanged: 8, refused: 0 });
      const imported = await state();
      const undone = await undo(operationId);
      assert.deepEqual(await state(), before);
      await undo(undone);
      assert.deepEqual(await state(), imported);
    });
  });
