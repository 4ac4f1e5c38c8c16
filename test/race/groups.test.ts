import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { evaluateFully } from '../../src/groups/index.ts';
import { ENGINES } from '../support/database.ts';
import {
  addDepartment,
  addGroup,
  addSmartGroup,
  addUser,
  type SentRule,
  toSentRules,
} from '../support/people.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** People, plain groups, rules and the department tree change at the same time: no decision is lost or rests on what was. */
if (ENGINES.includes('postgresql'))
  describe('smart groups in races, on PostgreSQL', () => {
    const random = randomFrom(SEED);
    const pick = <T>(all: readonly T[]): T => {
      const value = all[random(all.length)];
      assert.ok(value !== undefined);
      return value;
    };
    const some = <T>(all: readonly T[]): T[] => all.filter(() => random(2) === 0);
    let world: World;
    /** The last two stand now below the first, now below the second. */
    let departments: string[];
    let users: string[];
    let plain: string[];
    let smart: string[];

    before(async () => {
      world = await startWorld('postgresql');
      const [north, south] = [await addDepartment(world, 'North'), await addDepartment(world, 'South')];
      departments = [
        north,
        south,
        await addDepartment(world, 'A', north),
        await addDepartment(world, 'B', south),
      ];
      users = await Promise.all(
        Array.from({ length: 12 }, () => addUser(world, { departmentId: pick(departments) })),
      );
      plain = [await addGroup(world, users.slice(0, 6)), await addGroup(world, users.slice(4))];
      smart = [];
      // Each may refer to those before it, so that no change of rules makes a circle.
      for (let n = 0; n < 4; n++) smart.push(await addSmartGroup(world, rulesFor(n)));
    });
    after(() => world.close());

    const ruleFor = (n: number): SentRule => {
      const kinds: (() => SentRule)[] = [
        () => ({ attributeType: 1, operator: 1 + random(2), value: pick(departments) }),
        () => ({ attributeType: 2, operator: 1, value: pick([...plain, ...smart.slice(0, n)]) }),
        () => ({ attributeType: 3, attributeId: 'COUNTRY', operator: 1, value: pick(['LV', 'BR']) }),
      ];
      return pick(kinds)();
    };
    const rulesFor = (n: number): SentRule[][] =>
      Array.from({ length: 1 + random(2) }, () => Array.from({ length: 1 + random(2) }, () => ruleFor(n)));

    const CHANGES: readonly (() => [path: string, json: Record<string, unknown>])[] = [
      () => [`/user/${pick(users)}`, { departmentId: pick(departments) }],
      () => [`/user/${pick(users)}`, { fields: { country: pick(['LV', 'BR']) } }],
      () => [`/user/${pick(users)}/groups/remove`, { groupIds: [pick(plain)] }],
      () => [`/group/${pick(plain)}/members`, { userIds: some(users) }],
      () => [
        `/department/${pick(departments.slice(0, 2))}/department/move`,
        { departmentIds: [pick(departments.slice(2))] },
      ],
      () => [`/department/${pick(departments)}/user/move`, { userIds: [...some(users), pick(users)] }],
      () => {
        const n = random(smart.length);
        return [`/group/smart/${smart[n]}`, { rules: toSentRules(rulesFor(n)) }];
      },
    ];

    test(`what is stored is what a full evaluation says (seed ${SEED})`, async () => {
      const { accountId } = world.account;
      for (let round = 0; round < count(25, 400); round++) {
        const requests = Array.from({ length: 12 }, () => pick(CHANGES)());
        const answers = await Promise.all(
          requests.map(([path, json]) => call(world, 'POST', path, { json })),
        );
        // Rights that change with each of many moves of departments may leave a request without a turn: it says so.
        for (const [place, answer] of answers.entries())
          assert.match(`${answer.status}`, /^(200|204|503)$/, `${requests[place]?.[0]}: ${answer.text}`);
        const { rows } = await world.db.read((tx) =>
          sql<{ group_id: string; members: string[] }>`
            select g.group_id, array(select m.user_id from group_member m
              where m.account_id = g.account_id and m.group_id = g.group_id order by m.user_id) as members
            from user_group g where g.account_id = ${accountId} and g.is_smart`.execute(tx),
        );
        const full = await world.db.read((tx) => evaluateFully(tx, accountId));
        for (const row of rows)
          assert.deepEqual(
            row.members,
            full.get(row.group_id),
            `round ${round}: ${JSON.stringify(requests)}`,
          );
      }
    });
  });
