import assert from 'node:assert/strict';
import { type Engine, freshFolder, freshPostgresql } from './database.ts';
import { run } from './process.ts';
import { call } from './server.ts';

/** Data for the program in a process of its own. */

/** Where a server's data is: the arguments that name it, how a test opens it. */
export interface Place {
  readonly args: string[];
  readonly where: { url: string } | { directory: string };
  remove(): Promise<void>;
}

/** An empty migrated database or folder. */
export async function placeOf(engine: Engine): Promise<Place> {
  if (engine === 'embedded') {
    const directory = await freshFolder();
    return { args: ['--data', directory], where: { directory }, remove: async () => undefined };
  }
  const { url, remove } = await freshPostgresql();
  return { args: ['--database-url', url], where: { url }, remove };
}

const ACCOUNT = 'https://loaded.example';

/** What an account is filled with besides learners and courses. */
export interface More {
  readonly departments?: number;
  readonly groups?: number;
  readonly enrollments?: number;
  readonly results?: number;
}

/** Makes an account with people and courses through the command line; the API client of its owner. */
export async function loaded(
  place: Place,
  learners: number,
  courses: number,
  { departments = 11, ...more }: More = {},
): Promise<{ clientId: string; clientSecret: string }> {
  const owner = { name: 'Loaded', url: ACCOUNT, 'owner-login': 'owner', 'owner-email': 'o@x.example' };
  const made = await run([
    ...['account', 'create', '--json'],
    ...flags({ ...owner, 'owner-password': 'p' }),
    ...place.args,
  ]);
  assert.equal(made.code, 0, made.err);
  const sizes = { learners, courses, departments, ...more };
  const filled = await run([
    ...['demo', 'load', '--json'],
    ...flags({ account: ACCOUNT, ...sizes }),
    ...place.args,
  ]);
  assert.equal(filled.code, 0, filled.err);
  const told = JSON.parse(filled.out) as Record<string, number>;
  for (const [name, size] of Object.entries(sizes)) assert.equal(told[name], size, name);
  return JSON.parse(made.out) as { clientId: string; clientSecret: string };
}

const flags = (values: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);

/** Everybody who can be enrolled, and everything there is to be enrolled in. */
export async function idsOf(server: {
  url: string;
  token: string;
}): Promise<{ learnerIds: string[]; courseIds: string[] }> {
  const users = (await call(server, 'GET', '/user')).json as { userId: string; role: string }[];
  const items = (await call(server, 'GET', '/content')).json as { contentItemId: string }[];
  return {
    learnerIds: users.filter((user) => user.role === 'learner').map((user) => user.userId),
    courseIds: items.map((item) => item.contentItemId),
  };
}
