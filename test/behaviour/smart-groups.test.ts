import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { loadGroups } from '../../src/cli/demo-groups.ts';
import { evaluateFully, makeGroups, usersChanged } from '../../src/groups/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { insertDepartments, insertUsers } from '../../src/people/index.ts';
import type { ReadTx } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { addDepartment, addGroup, addSmartGroup, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** Smart groups follow people whatever endpoint changes them, and a changed person costs what one person costs. */

const PEOPLE = 4_000;
const DEPARTMENTS = 1_000;
const GROUPS = 50;

/** Rows read and written per table, as the transaction's connection has counted them. */
async function rowsTouched(tx: ReadTx): Promise<Map<string, { read: number; written: number }>> {
  const { rows } = await sql<{ relname: string; read: number; written: number }>`
    select relname, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as read,
      (n_tup_ins + n_tup_upd + n_tup_del)::int as written
    from pg_stat_xact_user_tables where relname in ('users', 'department', 'group_member')`.execute(tx);
  return new Map(rows.map((row) => [row.relname, row]));
}

for (const engine of ENGINES)
  describe(`smart groups (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());

    const membersOf = async (groupId: string): Promise<string[]> =>
      ((await call(world, 'GET', `/group/${groupId}`)).json as { userIds: string[] }).userIds;
    const groupIds = async (): Promise<string[]> =>
      ((await call(world, 'GET', '/group')).json as { groupId: string }[]).map((group) => group.groupId);
    const change = async (path: string, json: Record<string, unknown>): Promise<void> => {
      const answer = await call(world, 'POST', path, { json });
      assert.ok(answer.status === 200 || answer.status === 204, `${path}: ${answer.status} ${answer.text}`);
    };

    test('members come and go with each way of changing people', async () => {
      const [sales, hr] = [await addDepartment(world, 'Sales'), await addDepartment(world, 'HR')];
      const emea = await addDepartment(world, 'EMEA', sales);
      const drivers = await addGroup(world, []);
      const group = await addSmartGroup(world, [
        [{ attributeType: 1, operator: 2, value: sales }],
        [
          { attributeType: 2, operator: 1, value: drivers },
          { attributeType: 3, attributeId: 'country', operator: 1, value: 'LV' },
        ],
      ]);
      const ann = await addUser(world, { departmentId: emea });
      const isMember = async (): Promise<boolean> => (await membersOf(group)).includes(ann);
      assert.equal(await isMember(), false, 'neither a driver nor in Latvia');
      await change(`/user/${ann}`, { fields: { country: 'LV' } });
      assert.equal(await isMember(), true, 'a field');
      await change(`/user/${ann}`, { fields: { country: 'lv' } });
      assert.equal(await isMember(), false, 'fields are compared letter by letter');
      await change(`/user/${ann}`, { groupIds: [drivers] });
      assert.equal(await isMember(), true, 'a group of hers');
      await change(`/user/${ann}/status`, { status: 3 });
      assert.equal(await isMember(), true, 'who is inactive keeps department and groups');
      await change(`/user/${ann}`, { departmentId: hr });
      assert.equal(await isMember(), false, 'her department');
      await change(`/department/${sales}/user/move`, { userIds: [ann] });
      assert.equal(await isMember(), true, 'moved with others');
      await change(`/department/${emea}/user/move`, { userIds: [ann] });
      await change(`/department/${hr}/department/move`, { departmentIds: [emea] });
      assert.equal(await isMember(), false, 'the department above hers');
      await change(`/department/${emea}`, { name: 'EMEA', parentDepartmentId: sales });
      assert.equal(await isMember(), true, 'and back');
      await change(`/user/${ann}/groups/remove`, { groupIds: [drivers] });
      assert.equal(await isMember(), false, 'taken out of a group');
      await change(`/group/${drivers}/members`, { userIds: [ann] });
      assert.equal(await isMember(), true, 'a group filled anew');
      const deleted = await call(world, 'DELETE', `/user/${ann}`);
      assert.equal(deleted.status, 204);
      assert.equal(await isMember(), false, 'deleted');
      assert.deepEqual(await membersOf(drivers), []);
    });

    test('users show the groups they are in, and are found by them', async () => {
      const department = await addDepartment(world, 'Found');
      const smart = await addSmartGroup(world, [[{ attributeType: 1, operator: 1, value: department }]]);
      const ben = await addUser(world, { departmentId: department });
      const plain = await addGroup(world, [ben]);
      for (const groupId of [smart, plain]) {
        const found = (await call(world, 'GET', `/user?groups[]=${groupId}`)).json as {
          userId: string;
          groups: string[];
        }[];
        assert.deepEqual(
          found.map(({ userId, groups }) => ({ userId, groups })),
          [{ userId: ben, groups: [smart, plain].sort() }],
        );
      }
    });

    test('groups made up to try sizes: every tenth is smart, and holds whom its rules admit', async () => {
      const { accountId } = world.account;
      const departmentIds = [await addDepartment(world, 'Up'), await addDepartment(world, 'Down')];
      const learnerIds = await Promise.all(
        departmentIds.flatMap((departmentId) =>
          Array.from({ length: 3 }, () => addUser(world, { departmentId })),
        ),
      );
      const before = new Set(await groupIds());
      await loadGroups(world.db, accountId, { learnerIds, departmentIds }, 40, world.clock.now);
      const made = (await groupIds()).filter((id) => !before.has(id));
      const full = await world.db.read((tx) => evaluateFully(tx, accountId));
      const smart = made.filter((id) => full.has(id));
      assert.deepEqual([made.length, smart.length], [40, 4]);
      for (const id of smart) assert.deepEqual(await membersOf(id), full.get(id));
      for (const id of made.filter((other) => !full.has(other)))
        assert.notEqual((await membersOf(id)).length, 0);
    });

    test(`one of ${PEOPLE} people changes: a fixed number of statements, and no row of anybody else`, async () => {
      const { accountId, rootDepartmentId: root } = world.account;
      const departments = Array.from({ length: DEPARTMENTS }, () => newId());
      const users = Array.from({ length: PEOPLE }, (_, n) => ({
        userId: newId(),
        departmentId: departments[n % DEPARTMENTS] ?? root,
        status: 1,
        login: `many-${n}`,
        email: '',
        passwordHash: null,
        fields: { JOB_TITLE: `Job ${n % 10}` },
      }));
      const groups = Array.from({ length: GROUPS }, (_, n) => ({
        groupId: newId(),
        name: `Many ${n}`,
        rules: [
          [
            { attributeType: 1, attributeId: null, operator: 2, value: departments[n * 3] ?? root },
            { attributeType: 3, attributeId: 'JOB_TITLE', operator: 1, value: `Job ${n}` },
          ],
        ] as const,
      }));
      await world.db.write(async (tx) => {
        const rows = departments.map((departmentId) => ({
          departmentId,
          parentDepartmentId: root,
          name: 'Many',
          code: null,
        }));
        await insertDepartments(tx, accountId, rows);
        await insertUsers(tx, accountId, users, world.clock.now);
        await makeGroups(tx, accountId, groups, world.clock.now);
      });
      await world.db.writeOnce(sql`analyze`);
      const [one] = users;
      assert.ok(one);

      const before = world.statements.length;
      const touched = await world.db.write(async (tx) => {
        // The connection's counters may still hold an earlier transaction's work: only the difference is this one's.
        const earlier = await rowsTouched(tx);
        await sql`update users set department_id = ${departments[3]}::uuid, fields = '{"JOB_TITLE":"Job 7"}'
          where account_id = ${accountId} and user_id = ${one.userId}`.execute(tx);
        await usersChanged(tx, accountId, [one.userId]);
        const now = await rowsTouched(tx);
        return (table: string) => ({
          read: (now.get(table)?.read ?? 0) - (earlier.get(table)?.read ?? 0),
          written: (now.get(table)?.written ?? 0) - (earlier.get(table)?.written ?? 0),
        });
      });
      const statements = world.statements
        .slice(before)
        .filter((text) => /\b(account|users|user_group|group_member|department)\b/.test(text));
      // Three of them are this test's own: the change, and twice the question what it cost.
      assert.equal(statements.length - 3, 7, statements.join('\n'));
      for (const table of ['users', 'department', 'group_member'])
        assert.ok(touched(table).read <= 10, `${table}: ${touched(table).read} rows read`);
      assert.ok(touched('users').read > 0, 'the counters count');
      assert.equal(touched('group_member').written, 3, 'left one group, joined two');
      const { rows } = await world.db.read((tx) =>
        sql<{ name: string }>`
          select g.name from group_member m join user_group g on g.account_id = m.account_id and g.group_id = m.group_id
          where m.account_id = ${accountId} and m.user_id = ${one.userId} order by g.name`.execute(tx),
      );
      assert.deepEqual(
        rows.map((row) => row.name),
        ['Many 1', 'Many 7'],
      );
    });
  });
