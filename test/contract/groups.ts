import { addDepartment, addGroup, addSmartGroup, addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import type { Refused, Row } from './runner.ts';
import type { Names } from './template.ts';

/** What the scenarios of groups share: people in three departments, a plain group and two smart ones; how groups are answered. */

export const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

export async function setup(world: World): Promise<Names> {
  const sales = await addDepartment(world, 'Sales');
  const emea = await addDepartment(world, 'EMEA', sales);
  const hr = await addDepartment(world, 'HR');
  const ann = await addUser(world, { departmentId: sales, login: 'ann' });
  const ben = await addUser(world, { departmentId: emea, login: 'ben' });
  const eve = await addUser(world, { departmentId: hr, login: 'eve' });
  const manager = await addUser(world, {
    departmentId: hr,
    role: 'department_administrator',
    manages: [sales],
  });
  const author = await addUser(world, { departmentId: hr, role: 'publisher' });
  const newcomers = await addGroup(world, [ann, eve], 'Newcomers');
  const sellers = await addSmartGroup(world, [[{ attributeType: 1, operator: 2, value: sales }]], 'Sellers');
  const newSellers = await addSmartGroup(
    world,
    [
      [{ attributeType: 2, operator: 1, value: sellers }],
      [{ attributeType: 2, operator: 1, value: newcomers }],
    ],
    'New <sellers>',
  );
  return {
    ...{ sales, emea, hr, ann, ben, eve, newcomers, sellers, newSellers },
    manager: await world.tokenOf(manager),
    author: await world.tokenOf(author),
    learner: await world.tokenOf(ann),
  };
}

export const group = (id: string, name: string, isSmart: boolean) => ({
  json: { groupId: `{${id}}`, name, isSmart },
  xml: `<groupId>{${id}}</groupId><name>${name.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</name><isSmart>${isSmart ? 1 : 0}</isSmart>`,
});
type Group = ReturnType<typeof group>;
export const newcomers = group('newcomers', 'Newcomers', false);
export const sellers = group('sellers', 'Sellers', true);
export const newSellers = group('newSellers', 'New <sellers>', true);

export const items = (groups: Group[]): string => groups.map(({ xml }) => `<group>${xml}</group>`).join('');
export const page = (groups: Group[], hasNext: boolean): Row['expect'] => ({
  status: 200,
  json: { groups: groups.map(({ json }) => json), ...(hasNext ? { nextPageToken: '{*token}' } : {}) },
  xml: `<response><groups>${items(groups)}</groups>${hasNext ? '<nextPageToken>{*token}</nextPageToken>' : ''}</response>`,
});
/** `users` left out: not shown at all. */
export const detailed = (of: Group, usersCount: number, users?: string[], status = 200): Row['expect'] => ({
  status,
  json: { usersCount, ...(users ? { userIds: users.map((user) => `{${user}}`) } : {}), ...of.json },
  xml: `<response><group>
    <usersCount>${usersCount}</usersCount>
    ${users ? `<userIds>${users.map((user) => `<id>{${user}}</id>`).join('')}</userIds>` : ''}
    ${of.xml}
  </group></response>`,
});

export const created: Row['expect'] = { status: 201, json: '{*uuid}', xml: '<response>{*uuid}</response>' };
export const refused = (code: string, status: number, message: string): Refused => ({
  refused: code,
  status,
  message,
});
export const notFound = refused('group.unknown', 404, `Group not found: ${UNKNOWN}.`);

export const read = (id: string): Pick<Row, 'method' | 'path'> => ({ method: 'GET', path: `/group/{${id}}` });
/** The members of a group afterwards. */
export const members = (id: string, name: string, isSmart: boolean, ...users: string[]) => ({
  ...read(id),
  expect: detailed(group(id, name, isSmart), users.length, users),
});

/** A group of this row's own. */
export const given = (make: (world: World, names: Names) => Promise<string>): Pick<Row, 'given'> => ({
  given: async ({ world, names }) => ({ made: await make(world, names) }),
});
export const plainOf = (...users: string[]) =>
  given((world, names) =>
    addGroup(
      world,
      users.map((user) => names[user] ?? ''),
      'Made',
    ),
  );
