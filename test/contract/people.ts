import { addDepartment, addGroup, addUser } from '../support/people.ts';
import { call, type World } from '../support/server.ts';
import type { Refused, Row } from './runner.ts';
import type { Names } from './template.ts';

/** What the scenarios of people share: departments and users by name, and how both are answered. */

export const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

/** Sales with EMEA below it, HR; ann and eve in Sales, ben in EMEA, hank in HR; who manages Sales; a group. */
export async function setup(world: World): Promise<Names> {
  const roles = (await call(world, 'GET', '/role')).json as { roleId: string; type: string }[];
  const roleOf = (type: string): string => roles.find((role) => role.type === type)?.roleId ?? '';
  const sales = await addDepartment(world, 'Sales');
  const emea = await addDepartment(world, 'EMEA', sales);
  const hr = await addDepartment(world, 'HR');
  const ann = await addUser(world, { departmentId: sales, login: 'ann' });
  const ben = await addUser(world, { departmentId: emea, login: 'ben' });
  const eve = await addUser(world, { departmentId: sales, login: 'eve' });
  const hank = await addUser(world, { departmentId: hr, login: 'hank' });
  const boss = await addUser(world, {
    departmentId: hr,
    login: 'boss',
    role: 'department_administrator',
    manages: [sales],
  });
  const admin = await addUser(world, { departmentId: sales, login: 'admin', role: 'administrator' });
  const team = await addGroup(world, [ben], 'Team');
  return {
    ...{ sales, emea, hr, ann, ben, eve, hank, boss, admin, team },
    ownerRole: roleOf('owner'),
    adminRole: roleOf('administrator'),
    managerRole: roleOf('department_administrator'),
    authorRole: roleOf('publisher'),
    learnerRole: roleOf('learner'),
    manager: await world.tokenOf(boss),
    administrator: await world.tokenOf(admin),
    learner: await world.tokenOf(ann),
  };
}

/** `manual` with the user of that name, or another type. */
type Above = string | { readonly by: string };

function above(member: string, type: Above) {
  const supervision =
    typeof type === 'string'
      ? { subordinationType: type }
      : { subordinationType: 'manual', supervisorId: `{${type.by}}` };
  const supervisor = typeof type === 'string' ? '' : `<supervisorId>{${type.by}}</supervisorId>`;
  return {
    json: { [member]: supervision },
    xml: `<${member}><subordinationType>${supervision.subordinationType}</subordinationType>${supervisor}</${member}>`,
  };
}

export interface DepartmentParts {
  readonly parent?: string;
  readonly code?: string;
  readonly subordination?: Above;
  readonly coSubordination?: Above;
}

export function department(id: string, name: string, parts: DepartmentParts = {}) {
  const { parent, code = '', subordination = 'no_supervisor', coSubordination = 'no_supervisor' } = parts;
  const [first, second] = [above('subordination', subordination), above('coSubordination', coSubordination)];
  return {
    json: {
      departmentId: `{${id}}`,
      name,
      ...(parent ? { parentDepartmentId: `{${parent}}` } : {}),
      code,
      ...first.json,
      ...second.json,
    },
    xml: `<department>
      <departmentId>{${id}}</departmentId><name>${name}</name>
      ${parent ? `<parentDepartmentId>{${parent}}</parentDepartmentId>` : ''}
      <code>${code}</code>${first.xml}${second.xml}</department>`,
  };
}
export type Answered = ReturnType<typeof department>;

export interface PersonParts {
  readonly login?: string;
  readonly email?: string;
  readonly department?: string;
  readonly status?: number;
  /** Beside LOGIN and EMAIL; those with a name of their own come last */
  readonly fields?: Readonly<Record<string, string>>;
  /** The roles by name: learner, manager … with the departments each manages */
  readonly roles?: readonly (readonly [type: string, role: string, manages: readonly string[]])[];
  readonly groups?: readonly string[];
  readonly isSeen?: boolean;
  readonly subordination?: Above;
  readonly coSubordination?: Above;
}

const STANDARD = ['LOGIN', 'EMAIL', 'FIRST_NAME', 'LAST_NAME', 'PHONE', 'JOB_TITLE', 'COUNTRY'];
const idsInXml = (name: string, ids: readonly string[]): string =>
  `<${name}>${ids.map((id) => `<id>{${id}}</id>`).join('')}</${name}>`;
const named = (ids: readonly string[]): string[] => ids.map((id) => `{${id}}`);

/** A user as answered; `element` is what XML calls it. */
export function person(id: string, parts: PersonParts = {}, element = 'userProfile') {
  const { login = id, roles = [['learner', 'learnerRole', []]], groups = [] } = parts;
  const texts: Record<string, string> = {
    LOGIN: login,
    EMAIL: parts.email ?? `${login}@academy.example`,
    ...parts.fields,
  };
  const own = Object.keys(texts).filter((name) => !STANDARD.includes(name));
  const fields = [...STANDARD, ...own].map((name) => ({ name, value: texts[name] ?? '' }));
  const manages = roles.flatMap(([, , departments]) => departments);
  const [first, second] = [
    above('subordination', parts.subordination ?? 'no_supervisor'),
    above('coSubordination', parts.coSubordination ?? 'no_supervisor'),
  ];
  const [[role, roleId] = ['', '']] = roles;
  const [departmentId, status] = [`{${parts.department ?? 'sales'}}`, parts.status ?? 1];
  return {
    json: {
      userId: `{${id}}`,
      role,
      roleId: `{${roleId}}`,
      departmentId,
      status,
      fields,
      addedDate: '2026-03-02',
      ...(parts.isSeen ? { lastLoginDate: '2026-03-02' } : {}),
      manageableDepartmentIds: named(manages),
      userRoles: roles.map(([roleType, of, departments]) => ({
        roleId: `{${of}}`,
        roleType,
        manageableDepartmentIds: named(departments),
      })),
      groups: named(groups),
      ...first.json,
      ...second.json,
    },
    xml: `<${element}>
      <userId>{${id}}</userId><role>${role}</role><roleId>{${roleId}}</roleId>
      <departmentId>${departmentId}</departmentId><status>${status}</status>
      <fields>${fields.map(({ name, value }) => `<field><name>${name}</name><value>${value}</value></field>`).join('')}</fields>
      <addedDate>2026-03-02</addedDate>${parts.isSeen ? '<lastLoginDate>2026-03-02</lastLoginDate>' : ''}
      ${idsInXml('manageableDepartmentIds', manages)}
      <userRoles>${roles
        .map(
          ([type, of, departments]) =>
            `<userRole><roleId>{${of}}</roleId><roleType>${type}</roleType>${idsInXml('manageableDepartmentIds', departments)}</userRole>`,
        )
        .join('')}</userRoles>
      ${idsInXml('groups', groups)}${first.xml}${second.xml}</${element}>`,
  };
}

/** One object, bare in JSON. */
export const one = ({ json, xml }: { json: unknown; xml: string }, status = 200): Row['expect'] => ({
  status,
  json,
  xml: `<response>${xml}</response>`,
});
/** A whole list. */
export const all = (items: readonly { json: unknown; xml: string }[]): Row['expect'] => ({
  status: 200,
  json: items.map(({ json }) => json),
  xml: items.length === 0 ? '<response/>' : `<response>${items.map(({ xml }) => xml).join('')}</response>`,
});
/** A page of one. */
export const page = (
  key: string,
  items: readonly { json: unknown; xml: string }[],
  hasNext = false,
): Row['expect'] => ({
  status: 200,
  json: { [key]: items.map(({ json }) => json), ...(hasNext ? { nextPageToken: '{*token}' } : {}) },
  xml: `<response><${key}>${items.map(({ xml }) => xml).join('')}</${key}>${hasNext ? '<nextPageToken>{*token}</nextPageToken>' : ''}</response>`,
});
export const created: Row['expect'] = {
  status: 201,
  json: '{*uuid}',
  xml: '<response>{*uuid}</response>',
};
export const refused = (code: string, status: number, message: string): Refused => ({
  refused: code,
  status,
  message,
});

export const get = (path: string, as?: string): Pick<Row, 'method' | 'path' | 'as'> => ({
  method: 'GET',
  path,
  ...(as ? { as } : {}),
});
export const post = (
  path: string,
  body?: Record<string, unknown>,
  as?: string,
): Pick<Row, 'method' | 'path' | 'body' | 'as'> => ({
  method: 'POST',
  path,
  ...(body ? { body } : {}),
  ...(as ? { as } : {}),
});
export const remove = (path: string, as?: string): Pick<Row, 'method' | 'path' | 'as'> => ({
  method: 'DELETE',
  path,
  ...(as ? { as } : {}),
});
