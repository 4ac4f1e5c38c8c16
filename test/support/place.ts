import assert from 'node:assert/strict';
import { loadAccount, type Sizes } from '../../src/cli/demo-load.ts';
import { createAccount } from '../../src/people/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { type Engine, freshFolder, freshPostgresql } from './database.ts';
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
const MAX_PAIRS = 5_000_000;

/** What an account is filled with besides learners and courses. */
export type More = Partial<Omit<Sizes, 'learners' | 'courses'>>;

/** Makes an account with people and courses, as the commands do; the API client of its owner. */
export async function loaded(
  place: Place,
  learners: number,
  courses: number,
  more: More = {},
): Promise<{ clientId: string; clientSecret: string }> {
  const db = await openDatabase(place.where);
  try {
    const owner = { name: 'Loaded', url: ACCOUNT, ownerLogin: 'owner', ownerEmail: 'o@x.example' };
    const client = await createAccount(db, {
      ...owner,
      ownerPassword: 'p',
      plan: 'business',
      now: new Date(),
    });
    const sizes = { learners, courses, departments: 11, groups: 0, enrollments: 0, results: 0, ...more };
    assert.deepEqual(await loadAccount(db, ACCOUNT, sizes, MAX_PAIRS), sizes);
    return client;
  } finally {
    await db.close();
  }
}

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
