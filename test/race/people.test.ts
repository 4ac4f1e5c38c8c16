import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { buildApp } from '../../src/app.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES, freshPostgresql } from '../support/database.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { call, startWorldOver, type World } from '../support/server.ts';

/** Races over people, on the engine that has them, on two servers that share the database. */
if (ENGINES.includes('postgresql'))
  describe('races over people on PostgreSQL', () => {
    let world: World;
    let second: { url: string; token: string };
    let close: () => Promise<void>;
    before(async () => {
      const { url, remove } = await freshPostgresql();
      world = await startWorldOver(await openDatabase({ url }), []);
      const db = await openDatabase({ url });
      const app = await buildApp(db, {
        logLevel: 'silent',
        maxBodyBytes: 64 * 1024 * 1024,
        maxPairs: 5_000_000,
        version: '0',
      });
      second = { url: await app.server.listen({ host: '127.0.0.1', port: 0 }), token: world.token };
      close = async () => {
        await app.stop();
        await db.close();
        await world.close();
        await remove();
      };
    });
    after(() => close());

    const server = (n: number) => (n % 2 === 0 ? world : second);
    const statuses = async (requests: Promise<{ status: number }>[]): Promise<number[]> =>
      (await Promise.all(requests)).map(({ status }) => status).sort();

    test('of many who add the same login one wins, the others are told who has it', async () => {
      for (const login of ['one', 'two', 'three']) {
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, n) =>
            call(server(n), 'POST', '/user', {
              json: { departmentId: world.account.rootDepartmentId, fields: { login } },
            }),
          ),
        );
        const [winner, ...others] = answers.filter(({ status }) => status === 201);
        assert.ok(winner);
        assert.deepEqual(others, []);
        for (const { status, json } of answers.filter((answer) => answer !== winner)) {
          assert.equal(status, 409);
          assert.ok((json as { message: string }).message.endsWith(winner.json as string));
        }
      }
    });

    test('two departments moved below each other: no circle, one is refused', async () => {
      for (let round = 0; round < 10; round++) {
        const [a, b] = [await addDepartment(world, 'A'), await addDepartment(world, 'B')];
        const inB = await addDepartment(world, 'In B', b);
        const move = (n: number, what: string, to: string) =>
          n < 2
            ? call(server(n), 'POST', `/department/${to}/department/move`, {
                json: { departmentIds: [what] },
              })
            : call(server(n), 'POST', `/department/${what}`, { json: { parentDepartmentId: to } });
        const two = round % 3;
        assert.deepEqual(await statuses([move(two, a, inB), move(two + 1, b, a)]), [204, 409]);
        const tree = (await call(world, 'GET', '/department')).json as {
          departmentId: string;
          parentDepartmentId?: string;
        }[];
        const parents = new Map(tree.map((one) => [one.departmentId, one.parentDepartmentId]));
        for (const start of parents.keys()) {
          let steps = 0;
          for (let at: string | undefined = start; at; at = parents.get(at))
            assert.ok(steps++ < 100, 'a circle');
        }
      }
    });

    test('a department deleted beside a user or a department that is put into it: nothing is lost, no server errs', async () => {
      for (let round = 0; round < 10; round++) {
        const department = await addDepartment(world, 'Fleeting');
        const into =
          round % 2 === 0
            ? call(second, 'POST', '/user', {
                json: { departmentId: department, fields: { login: `fleeting-${round}` } },
              })
            : call(second, 'POST', '/department', {
                json: { name: 'Inner', parentDepartmentId: department },
              });
        const [gone, put] = await Promise.all([call(world, 'DELETE', `/department/${department}`), into]);
        assert.ok(
          (gone.status === 204 && put.status === 400) || (gone.status === 409 && put.status === 201),
          `${gone.status} ${put.status} ${gone.text} ${put.text}`,
        );
      }
    });

    test('of two owners who remove each other one stays, however they do it', async () => {
      const ways: readonly ((
        server: { url: string; token: string },
        id: string,
      ) => ReturnType<typeof call>)[] = [
        (at, id) => call(at, 'POST', `/user/${id}/status`, { json: { status: 3 } }),
        (at, id) => call(at, 'POST', `/user/${id}`, { json: { role: 'learner' } }),
        (at, id) => call(at, 'DELETE', `/user/${id}`),
        (at, id) => call(at, 'POST', `/user/${id}/scheduled_termination`, { json: { date: '2999-01-01' } }),
        (at, id) => call(at, 'POST', '/users/terminate', { json: { userIds: [id] } }),
      ];
      const first = world.account.ownerId;
      for (let round = 0; round < 10; round++) {
        const owners = await Promise.all(
          [0, 1].map(async (n) => {
            const id = await addUser(world, { role: 'owner' });
            return { id, at: { url: server(n).url, token: await world.tokenOf(id) } };
          }),
        );
        const [a, b] = owners;
        assert.ok(a && b);
        // The account's first owner steps back, so that these two are the last.
        assert.equal((await call(a.at, 'POST', `/user/${first}`, { json: { role: 'learner' } })).status, 200);
        const [one, other] = [ways[round % ways.length], ways[(round + 1 + (round % 2)) % ways.length]];
        assert.ok(one && other);
        const answers = await Promise.all([one(a.at, b.id), other(b.at, a.id)]);
        const seen = answers.map(({ status, code }) => `${status} ${code}`).join(', ');
        assert.equal(answers.filter(({ status }) => status < 300).length, 1, seen);
        const survivor = (answers[0]?.status ?? 500) < 300 ? a : b;
        const restored = await call(survivor.at, 'POST', `/user/${first}`, { json: { role: 'owner' } });
        assert.equal(restored.status, 200, `${seen}: ${restored.text}`);
        for (const { id } of owners) await call(world, 'DELETE', `/user/${id}`);
      }
    });

    test('a user deleted beside requests that enroll them: no enrollment is left', async () => {
      const course = await addCourse(world);
      for (let round = 0; round < 10; round++) {
        const learner = await addUser(world);
        const enrolling = Array.from({ length: 4 }, (_, n) =>
          call(server(n), 'POST', '/enrollment', {
            json: { courseIds: [course], learnerIds: [learner], dueDateType: 'unlimited' },
          }),
        );
        const deleting = call(second, 'DELETE', `/user/${learner}`);
        const seen = await statuses([...enrolling, deleting]);
        assert.ok(
          seen.every((status) => [201, 204, 400].includes(status)),
          seen.join(' '),
        );
        assert.deepEqual((await call(world, 'GET', `/enrollment?courseIds[]=${course}`)).json, []);
      }
    });

    test('thirty users are changed at once: rights change thirty times, and nobody is turned away', async () => {
      const users = await Promise.all(Array.from({ length: 30 }, () => addUser(world)));
      const done = await statuses(
        users.map((id, n) => call(server(n), 'POST', `/user/${id}/status`, { json: { status: 3 } })),
      );
      assert.deepEqual([...new Set(done)], [200]);
    });
  });
