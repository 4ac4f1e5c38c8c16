import { sql } from 'kysely';
import type { Database } from '../../src/storage/index.ts';
import { call, type World } from './server.ts';

/** Makes what a test needs, through the API, as the owner. */

let counter = 0;
const unique = (): string => `${process.pid}-${++counter}`;

async function created(world: World, path: string, json: Record<string, unknown>): Promise<string> {
  const answer = await call(world, 'POST', path, { json });
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.json as string;
}

export const addDepartment = (
  world: World,
  name: string,
  parentId = world.account.rootDepartmentId,
): Promise<string> => created(world, '/department', { name, parentDepartmentId: parentId });

export interface UserOptions {
  readonly departmentId?: string;
  readonly login?: string;
  readonly name?: readonly [first: string, last: string];
  readonly role?: string;
  readonly roleId?: string;
  readonly manages?: readonly string[];
  readonly status?: 1 | 3 | 5;
  readonly password?: string;
}

export async function addUser(world: World, options: UserOptions = {}): Promise<string> {
  const login = options.login ?? `user-${unique()}`;
  const userId = await created(world, '/user', {
    departmentId: options.departmentId ?? world.account.rootDepartmentId,
    fields: { login, ...(options.name && { FIRST_NAME: options.name[0], LAST_NAME: options.name[1] }) },
    email: `${login}@academy.example`,
    ...(options.password ? { password: options.password } : {}),
    ...(options.roleId ? { roleId: options.roleId } : { role: options.role ?? 'learner' }),
    ...(options.manages ? { manageableDepartmentIds: options.manages } : {}),
  });
  if (options.status && options.status !== 1) {
    const answer = await call(world, 'POST', `/user/${userId}/status`, { json: { status: options.status } });
    if (answer.status !== 200) throw new Error(`status: ${answer.status} ${answer.text}`);
  }
  return userId;
}

export const addCourse = (
  world: World,
  contentType = 'Course',
  more: Record<string, unknown> = {},
): Promise<string> =>
  created(world, `/content/create/${contentType}`, { title: `${contentType} ${unique()}`, ...more });

export const addTraining = (world: World, more: Record<string, unknown> = {}): Promise<string> =>
  created(world, '/training', { title: `Training ${unique()}`, ...more });

export const addFolder = (world: World, title: string, parentId?: string): Promise<string> =>
  created(world, '/folder', { title, parentId });

export const addModule = (
  world: World,
  course: string,
  itemId: string,
  more: Record<string, unknown> = {},
): Promise<string> => created(world, `/course/${course}/modules`, { itemId, ...more });

/** A session of a training, with one day unless others are given. */
export const addSession = (
  world: World,
  training: string,
  more: Record<string, unknown> = {},
): Promise<string> =>
  created(world, `/training/${training}/sessions`, {
    title: `Session ${unique()}`,
    days: [{ startTime: '2027-01-01 10:00:00', duration: 3600 }],
    ...more,
  });

export const daysOf = async (world: World, session: string): Promise<string[]> =>
  ((await call(world, 'GET', `/training/session/${session}`)).json as { dayIds: string[] }).dayIds;

export const addCustomRole = (world: World, permissions: readonly string[]): Promise<string> =>
  created(world, '/role', { title: `Role ${unique()}`, permissions });

export const addGroup = (
  world: World,
  userIds: readonly string[],
  name = `Group ${unique()}`,
): Promise<string> => created(world, '/group', { name, userIds });

/** A rule of a smart group, as it is sent. */
export interface SentRule {
  readonly attributeType: number;
  readonly attributeId?: string;
  readonly operator: number;
  readonly value: string;
}

/** Rules as they are sent: all of the lists, in each one of its rules. */
export const toSentRules = (rules: readonly (readonly SentRule[])[]) => ({
  and: rules.map((alternatives) => ({ or: alternatives.map((rule) => ({ rule })) })),
});

export const addSmartGroup = (
  world: World,
  rules: readonly (readonly SentRule[])[],
  name = `Group ${unique()}`,
): Promise<string> => created(world, '/group/smart', { name, rules: toSentRules(rules) });

/** A user's login, whatever the account. */
export async function loginOf(db: Database, userId: string): Promise<string> {
  const { rows } = await db.read((tx) =>
    sql<{ login: string }>`select login from users where user_id = ${userId}`.execute(tx),
  );
  const login = rows[0]?.login;
  if (login === undefined) throw new Error(`no user ${userId}`);
  return login;
}

/** Every row of every table but schema_migration, as one text: equal texts mean that nothing changed. */
export async function everything(db: Database, except: readonly string[] = []): Promise<string> {
  const tables = await db.read((tx) =>
    sql<{
      name: string;
    }>`select tablename as name from pg_tables where schemaname = 'public' order by 1`.execute(tx),
  );
  const parts: string[] = [];
  for (const { name } of tables.rows) {
    if (name === 'schema_migration' || except.includes(name)) continue;
    // What has happened gets its number a moment later.
    const row = name === 'event' ? sql`(to_jsonb(t) - 'number' - 'position')::text` : sql`t::text`;
    const { rows } = await db.read((tx) =>
      sql<{ digest: string | null; n: string }>`
        select md5(string_agg(md5(${row}), '' order by md5(${row}))) as digest, count(*) as n from ${sql.table(name)} t`.execute(
        tx,
      ),
    );
    parts.push(`${name} ${rows[0]?.n} ${rows[0]?.digest}`);
  }
  return parts.join('\n');
}
