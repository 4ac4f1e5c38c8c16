import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { addCourse, addCustomRole, addDepartment } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** What fuzzing found, each kept under what it was. */

for (const engine of ENGINES)
  describe(`found by fuzzing (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());

    const postForm = (target: string, body: string): Promise<Response> =>
      fetch(world.url + target, {
        method: 'POST',
        headers: {
          authorization: world.token,
          'content-type': 'multipart/form-data; boundary=xyz',
          accept: 'application/json',
        },
        body,
        signal: AbortSignal.timeout(10_000),
      });

    test('a multipart body whose part has a head without an end was never answered', async () => {
      const answer = await postForm(
        '/token',
        '--xyz\r\ncontent-disposition: form-data; name="client_id"\r\n--xyz\r\ncontent-disposition: form-data; name="grant_type"\r\n\r\nx\r\n--xyz--\r\n',
      );
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /the head of a part has no end/);
    });

    test('a multipart part without a name was a fault of ours', async () => {
      const answer = await postForm(
        '/department',
        '--xyz\r\ncontent-disposition: form-data; size=3\r\n\r\nabc\r\n--xyz--\r\n',
      );
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /a part has no name/);
    });

    test('a role given twice was a fault of ours: it is held once, over the departments of both', async () => {
      const roleId = await addCustomRole(world, ['user.read']);
      const [one, other] = [await addDepartment(world, 'One'), await addDepartment(world, 'Other')];
      const created = await call(world, 'POST', '/user', {
        json: {
          departmentId: world.account.rootDepartmentId,
          fields: { login: 'twice' },
          roles: [
            { roleId, manageableDepartmentIds: [one] },
            { roleId, manageableDepartmentIds: [other, one] },
          ],
        },
      });
      assert.equal(created.status, 201, created.text);
      const user = (await call(world, 'GET', `/user/${created.json}`)).json as { userRoles: unknown[] };
      assert.deepEqual(user.userRoles, [
        { roleId, roleType: 'custom', manageableDepartmentIds: [one, other] },
      ]);
    });

    test('a content item in a folder that does not exist was a fault of ours', async () => {
      const folder_id = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
      const itemId = await addCourse(world);
      for (const [target, title] of [
        ['/content/create/Page', 'Page'],
        [`/content/${itemId}`, 'Course'],
      ] as const) {
        const answer = await call(world, 'POST', target, { json: { title, folder_id } });
        assert.equal(answer.status, 400, answer.text);
        assert.match(answer.text, /folder_id: .*3fa85f64/);
      }
    });

    test('a profile field whose name has a control character was a fault of ours', async () => {
      for (const name of ['log\u0000in', 'x\ud800']) {
        const answer = await call(world, 'POST', '/user', {
          json: {
            departmentId: world.account.rootDepartmentId,
            fields: { login: 'someone', [name]: 'x' },
          },
        });
        assert.equal(answer.status, 400, answer.text);
        assert.match(answer.text, /fields: has a name with a control character/);
      }
    });

    test('too many passwords at once were refused without Retry-After', async () => {
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          call(world, 'GET', '/user', {
            token: null,
            headers: {
              'x-auth-account-url': world.account.accountUrl,
              'x-auth-email': `nobody-${n}`,
              'x-auth-password': 'wrong',
            },
          }),
        ),
      );
      const busy = answers.filter(({ status }) => status === 503);
      assert.ok(busy.length > 0, answers.map(({ status }) => status).join(' '));
      for (const answer of busy) assert.equal(answer.headers.get('retry-after'), '1');
    });
  });
