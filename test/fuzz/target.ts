import type { CreatedAccount } from '../../src/people/index.ts';
import { createAccount, createClientFor } from '../../src/people/index.ts';
import { type Engine, freshDatabase } from '../support/database.ts';
import { addCourse, addCustomRole, addDepartment, addTraining, addUser, loginOf } from '../support/people.ts';
import { call, requestToken, startWorldOver, type World } from '../support/server.ts';

/** The server that is fuzzed, in a process of its own so that its memory is its own. Told what to do by messages. */

/** An account to be fuzzed: tokens, and ids by the word that names what they are. */
export interface Prey {
  readonly url: string;
  readonly accountUrl: string;
  readonly tokens: { readonly owner: string; readonly others: readonly string[] };
  readonly client: { readonly id: string; readonly secret: string };
  readonly ids: Record<string, string[]>;
}

export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

export type Ask = 'prey' | 'memory' | 'end';
export type Told = { readonly prey: Prey } | { readonly memory: Memory };

const engine = process.argv[2] as Engine;
// A world that remembers no statements: they would look like a leak.
const world = await startWorldOver(await freshDatabase(engine), [], {
  maxPairs: 50_000,
  limits: { smallPairs: 500, chunkPairs: 200 },
});
let accounts = 0;

async function prey(): Promise<Prey> {
  const accountUrl = `https://prey-${++accounts}.example`;
  const account = await createAccount(world.db, {
    name: 'Prey',
    url: accountUrl,
    ownerLogin: 'owner',
    ownerEmail: 'owner@prey.example',
    ownerPassword: 'prey',
    plan: 'business',
    now: new Date(),
  });
  const own: World = {
    ...world,
    account,
    token: await requestToken(world.url, account.clientId, account.clientSecret),
  };
  const ids = await furnish(own, account);
  const others: string[] = [];
  for (const role of ['administrator', 'department_administrator', 'publisher', 'learner']) {
    const userId = await addUser(own, {
      role,
      ...(role === 'department_administrator' ? { manages: [account.rootDepartmentId] } : {}),
    });
    const client = await createClientFor(world.db, {
      accountUrl,
      login: await loginOf(world.db, userId),
      now: new Date(),
    });
    others.push(await requestToken(world.url, client.clientId, client.clientSecret));
  }
  return {
    url: world.url,
    accountUrl,
    tokens: { owner: own.token, others },
    client: { id: account.clientId, secret: account.clientSecret },
    ids,
  };
}

const times = async (n: number, make: () => Promise<string>): Promise<string[]> => {
  const made: string[] = [];
  for (let i = 0; i < n; i++) made.push(await make());
  return made;
};

/** Some of everything; what is not made here the fuzzer learns from answers. */
async function furnish(own: World, account: CreatedAccount): Promise<Record<string, string[]>> {
  const departments = await times(3, () => addDepartment(own, `Department ${Math.random()}`));
  const users = await times(20, () => addUser(own, { departmentId: departments[0] ?? '' }));
  const courses = await times(8, () => addCourse(own));
  const answer = await call(own, 'POST', '/enrollment', {
    json: { courseIds: courses.slice(0, 4), learnerIds: users.slice(0, 10), dueDateType: 'unlimited' },
  });
  const listed = (await call(own, 'GET', '/enrollment')).json as { enrollmentId: string }[];
  return {
    user: users,
    learner: users,
    department: [account.rootDepartmentId, ...departments],
    course: courses,
    content: [...courses, ...(await times(4, () => addCourse(own, 'Page')))],
    item: await times(4, () => addCourse(own, 'Page')),
    track: await times(2, () => addCourse(own, 'LearningTrack')),
    training: await times(2, () => addTraining(own)),
    role: [await addCustomRole(own, ['enrollment.read', 'enrollment.write'])],
    enrollment: listed.map((entry) => entry.enrollmentId),
    operation: [answer.headers.get('location')?.split('/').at(-1) ?? ''],
  };
}

async function memory(): Promise<Memory> {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (!collect) throw new Error('to be started with --expose-gc');
  for (let n = 0; n < 3; n++) {
    collect();
    await new Promise((done) => setTimeout(done, 100));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

process.on('message', async (ask: Ask) => {
  if (ask === 'end') {
    await world.close();
    process.disconnect();
  } else process.send?.(ask === 'prey' ? { prey: await prey() } : { memory: await memory() });
});
// Whoever fuzzes is gone, whatever ended it.
process.once('disconnect', () => process.exit());
