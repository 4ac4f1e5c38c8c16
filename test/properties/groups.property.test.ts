import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { actAs, type Context } from '../../src/access/index.ts';
import { deleteGroup, setMembers } from '../../src/groups/groups.ts';
import {
  addToGroups,
  departmentsMoved,
  evaluateFully,
  makeGroups,
  removeFromGroups,
  setGroups,
  usersChanged,
} from '../../src/groups/index.ts';
import { addSmartGroup, editSmartGroup } from '../../src/groups/smart.ts';
import { Refusal } from '../../src/kernel/errors.ts';
import { newId } from '../../src/kernel/ids.ts';
import { insertDepartments, insertUsers, type NewUser } from '../../src/people/index.ts';
import type { WriteTx } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { count, SEED } from '../support/random.ts';
import { startWorld, type World } from '../support/server.ts';
import {
  type And,
  allMembers,
  type Change,
  changes,
  dependsOn,
  FIELDS,
  isBelow,
  type Model,
  pickFrom,
  type RuleSpec,
  ruleSpecs,
  toRules,
  VALUES,
} from './groups-model.ts';

/** What is stored of smart groups always equals what their rules say: by the model, by rules.ts one by one, and by SQL for all at once. */

const RUNS = Number(process.env['ROLLBOOK_RUNS'] ?? count(120, 2_000));

/** A company to begin with: `trees[n]` lies below one of those before it. */
interface Start {
  readonly trees: readonly number[];
  readonly users: readonly { readonly to: number; readonly value: number }[];
  readonly plain: readonly (readonly number[])[];
  readonly smart: readonly And<RuleSpec>[];
}
const nat = fc.nat({ max: 1_000 });
const starts: fc.Arbitrary<Start> = fc.record({
  trees: fc.array(nat, { minLength: 2, maxLength: 6 }),
  users: fc.array(fc.record({ to: nat, value: nat }), { minLength: 2, maxLength: 6 }),
  plain: fc.array(fc.array(nat, { maxLength: 4 }), { minLength: 1, maxLength: 2 }),
  smart: fc.array(ruleSpecs, { minLength: 1, maxLength: 4 }),
});

for (const engine of ENGINES)
  describe(`smart groups (${engine}, ${RUNS} cases)`, () => {
    let world: World;
    let accountId: number;
    before(async () => {
      world = await startWorld(engine);
      accountId = world.account.accountId;
      await write((tx) =>
        sql`insert into profile_field (account_id, field_id, name, label)
          values (${accountId}, ${newId()}, 'CITY', 'City')`.execute(tx),
      );
    });
    after(() => world.close());

    const write = (work: (tx: WriteTx) => Promise<unknown>): Promise<unknown> => world.db.write(work);
    const asOwner = <T>(work: (ctx: Context) => Promise<T>): Promise<T> =>
      actAs(
        world.db,
        { accountId, userId: world.account.ownerId, source: 'api', now: world.clock.now },
        work,
      );

    async function begin(start: Start): Promise<Model> {
      const { rootDepartmentId: root, ownerId } = world.account;
      const model: Model = {
        parents: new Map([[root, null]]),
        users: new Map([[ownerId, { departmentId: root, login: 'owner', fields: {} }]]),
        plain: new Map(),
        smart: new Map(),
      };
      for (const tree of start.trees) model.parents.set(newId(), pickFrom([...model.parents.keys()], tree));
      const users = start.users.map(({ to, value }) =>
        newUser(pickFrom([...model.parents.keys()], to), value),
      );
      for (const user of users) model.users.set(user.userId, user);
      for (const members of start.plain)
        model.plain.set(newId(), new Set(members.map((place) => pickFrom([...model.users.keys()], place))));
      await write(async (tx) => {
        await sql`delete from user_group where account_id = ${accountId}`.execute(tx);
        await sql`update users set department_id = ${root}, login = 'owner', login_key = 'owner', fields = '{}'
          where account_id = ${accountId} and user_id = ${ownerId}`.execute(tx);
        await sql`delete from users where account_id = ${accountId} and user_id <> ${ownerId}`.execute(tx);
        await sql`delete from department where account_id = ${accountId} and department_id <> ${root}`.execute(
          tx,
        );
        const departments = [...model.parents].filter(([id]) => id !== root);
        await insertDepartments(
          tx,
          accountId,
          departments.map(([departmentId, parentDepartmentId]) => {
            return { departmentId, parentDepartmentId, name: 'D', code: null };
          }),
        );
        await insertUsers(tx, accountId, users, world.clock.now);
        const groups = [...model.plain.keys()].map((groupId) => ({ groupId, name: 'P', rules: null }));
        await makeGroups(tx, accountId, groups, world.clock.now);
        for (const [groupId, members] of model.plain)
          await addToGroups(tx, accountId, [...members], [groupId]);
      });
      for (const rules of start.smart) await apply(model, { what: 'add smart group', rules });
      return model;
    }

    /** The change, in the database and in the model. */
    async function apply(model: Model, change: Change): Promise<void> {
      const userAt = (place: number): string => pickFrom([...model.users.keys()], place);
      const departmentAt = (place: number): string => pickFrom([...model.parents.keys()], place);
      const plainAt = (place: number): string => pickFrom([...model.plain.keys()], place);
      const usersAt = (places: readonly number[]): string[] => [...new Set(places.map(userAt))];
      switch (change.what) {
        case 'move users': {
          const [ids, departmentId] = [usersAt(change.users), departmentAt(change.to)];
          for (const id of ids) Object.assign(model.users.get(id) ?? {}, { departmentId });
          await write(async (tx) => {
            await sql`update users set department_id = ${departmentId}
              where account_id = ${accountId} and user_id = any(${ids}::uuid[])`.execute(tx);
            await usersChanged(tx, accountId, ids);
          });
          return;
        }
        case 'move department': {
          const [moved, above] = [departmentAt(change.one), departmentAt(change.other)];
          if (isBelow(model, above, moved)) return;
          model.parents.set(moved, above);
          await write(async (tx) => {
            await sql`update department set parent_department_id = ${above}
              where account_id = ${accountId} and department_id = ${moved}`.execute(tx);
            await departmentsMoved(tx, accountId, [moved]);
          });
          return;
        }
        case 'edit field': {
          const [id, field] = [userAt(change.one), pickFrom(FIELDS, change.field)];
          const user = model.users.get(id);
          const fields = { ...user?.fields };
          if (change.value === null) delete fields[field];
          else fields[field] = pickFrom(VALUES, change.value);
          Object.assign(user ?? {}, { fields });
          await write(async (tx) => {
            await sql`update users set fields = ${JSON.stringify(fields)}::jsonb
              where account_id = ${accountId} and user_id = ${id}`.execute(tx);
            await usersChanged(tx, accountId, [id]);
          });
          return;
        }
        case 'rename login': {
          const [id, login] = [userAt(change.one), `login-${newId()}`];
          Object.assign(model.users.get(id) ?? {}, { login });
          await write(async (tx) => {
            await sql`update users set login = ${login}, login_key = ${login}
              where account_id = ${accountId} and user_id = ${id}`.execute(tx);
            await usersChanged(tx, accountId, [id]);
          });
          return;
        }
        case 'set status':
          await write(async (tx) => {
            const id = userAt(change.one);
            await sql`update users set status = case status when 1 then 3 else 1 end
              where account_id = ${accountId} and user_id = ${id} and user_id <> ${world.account.ownerId}`.execute(
              tx,
            );
            await usersChanged(tx, accountId, [id]);
          });
          return;
        case 'add user': {
          const user = newUser(departmentAt(change.to), change.value);
          model.users.set(user.userId, user);
          await write(async (tx) => {
            await insertUsers(tx, accountId, [user], world.clock.now);
            await usersChanged(tx, accountId, [user.userId]);
          });
          return;
        }
        case 'remove user': {
          const id = userAt(change.one);
          if (id === world.account.ownerId) return;
          model.users.delete(id);
          for (const members of model.plain.values()) members.delete(id);
          await write((tx) =>
            sql`delete from users where account_id = ${accountId} and user_id = ${id}`.execute(tx),
          );
          return;
        }
        case 'set groups':
        case 'leave group': {
          if (model.plain.size === 0) return;
          const [id, groupId] = [userAt(change.one), plainAt(change.other)];
          const isSet = change.what === 'set groups';
          for (const [plainId, members] of model.plain)
            if (plainId === groupId && isSet) members.add(id);
            else if (plainId === groupId || isSet) members.delete(id);
          await write((tx) => (isSet ? setGroups : removeFromGroups)(tx, accountId, id, [groupId]));
          return;
        }
        case 'set members':
        case 'join groups': {
          if (model.plain.size === 0) return;
          const [groupId, ids] = [plainAt(change.one), usersAt(change.users)];
          const isSet = change.what === 'set members';
          model.plain.set(groupId, new Set([...(isSet ? [] : (model.plain.get(groupId) ?? [])), ...ids]));
          if (isSet) await asOwner((ctx) => setMembers(ctx, groupId, ids));
          else await write((tx) => addToGroups(tx, accountId, ids, [groupId]));
          return;
        }
        case 'add smart group': {
          const hasGroups = model.plain.size + model.smart.size > 0;
          if (!hasGroups) return;
          const rules = toRules(model, change.rules);
          const groupId = await asOwner((ctx) => addSmartGroup(ctx, { name: 'S', rules }));
          model.smart.set(groupId, rules);
          return;
        }
        case 'edit rules': {
          if (model.smart.size === 0) return;
          const groupId = pickFrom([...model.smart.keys()], change.one);
          const rules = toRules(model, change.rules);
          const isCircle = dependsOn(model, rules, groupId);
          const code = await codeOf(asOwner((ctx) => editSmartGroup(ctx, groupId, { rules })));
          assert.equal(code, isCircle ? 'group.cycle' : null);
          if (!isCircle) model.smart.set(groupId, rules);
          return;
        }
        case 'delete group': {
          const all = [...model.plain.keys(), ...model.smart.keys()];
          if (all.length === 0) return;
          const groupId = pickFrom(all, change.one);
          const isUsed = [...model.smart.values()]
            .flat(2)
            .some((rule) => rule.attributeType === 2 && rule.value === groupId);
          const code = await codeOf(asOwner((ctx) => deleteGroup(ctx, groupId)));
          assert.equal(code, isUsed ? 'group.in_use' : null);
          if (isUsed) return;
          model.plain.delete(groupId);
          model.smart.delete(groupId);
        }
      }
    }

    async function stored(): Promise<Record<string, string[]>> {
      const { rows } = await world.db.read((tx) =>
        sql<{ group_id: string; members: string[] }>`
          select g.group_id, array(select m.user_id from group_member m
            where m.account_id = g.account_id and m.group_id = g.group_id order by m.user_id) as members
          from user_group g where g.account_id = ${accountId} order by g.group_id`.execute(tx),
      );
      return Object.fromEntries(rows.map((row) => [row.group_id, row.members]));
    }

    async function assertEqual(model: Model, what: string): Promise<void> {
      const members = await stored();
      assert.deepEqual(members, allMembers(model), `stored, after ${what}`);
      const full = await world.db.read((tx) => evaluateFully(tx, accountId));
      for (const groupId of model.smart.keys())
        assert.deepEqual(full.get(groupId), members[groupId], `full evaluation, after ${what}`);
    }

    test('after every change the stored members are those of a full evaluation', () =>
      fc.assert(
        fc.asyncProperty(
          starts,
          fc.array(changes, { minLength: 1, maxLength: 6 }),
          async (start, happened) => {
            const model = await begin(start);
            await assertEqual(model, 'the beginning');
            for (const change of happened) {
              await apply(model, change);
              await assertEqual(model, JSON.stringify(change));
            }
          },
        ),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      ));
  });

function newUser(departmentId: string, value: number): NewUser {
  const userId = newId();
  const fields = { [pickFrom(FIELDS, value)]: pickFrom(VALUES, value) };
  return { userId, departmentId, login: `login-${userId}`, email: '', status: 1, passwordHash: null, fields };
}

/** The code of the refusal, or null if there was none. */
async function codeOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}
