import { actAs } from '../access/index.ts';
import { ConfigError, DATABASE_OPTIONS } from '../config.ts';
import { insertItems } from '../content/index.ts';
import { Enrollments } from '../enrollment/index.ts';
import { usersChanged } from '../groups/index.ts';
import { newId } from '../kernel/ids.ts';
import {
  assignRole,
  findAccount,
  insertDepartments,
  insertUsers,
  ownerOf,
  standardRole,
} from '../people/index.ts';
import { loadAchievements, type Report } from '../progress/index.ts';
import { type Database, takeStatistics } from '../storage/index.ts';
import { loadGroups } from './demo-groups.ts';
import type { Command } from './main.ts';
import { configOf, count, print, required, withDatabase } from './support.ts';

const text = { type: 'string' } as const;
const OPTIONS = {
  ...DATABASE_OPTIONS,
  account: text,
  learners: text,
  courses: text,
  departments: text,
  groups: text,
  enrollments: text,
  results: text,
};

/** Rows of one statement. */
const AT_ONCE = 5_000;

export interface Sizes {
  readonly learners: number;
  readonly courses: number;
  readonly departments: number;
  readonly groups: number;
  readonly enrollments: number;
  readonly results: number;
}

export const demoLoad: Command = {
  name: 'demo load',
  summary:
    'Fill an account with made-up departments, learners, groups, courses and enrollments, to try sizes.',
  usage:
    '--account URL --learners N --courses N [--departments N] [--groups N] [--enrollments N] [--results N]',
  run: async (argv) => {
    const { flags, config } = configOf(argv, OPTIONS);
    const sizes = {
      learners: count(flags, 'learners', 10_000_000),
      courses: count(flags, 'courses', 1_000_000),
      departments: count(flags, 'departments', 1_000_000),
      groups: count(flags, 'groups', 100_000),
      enrollments: count(flags, 'enrollments'),
      results: count(flags, 'results'),
    };
    const possible = Math.min(sizes.enrollments, sizes.learners * sizes.courses);
    if (sizes.results > possible)
      throw new ConfigError(
        `--results: ${sizes.results} are more than the ${possible} enrollments of this load.`,
      );
    const url = required(flags, 'account');
    print(flags, await withDatabase(config, (db) => loadAccount(db, url, sizes, config.maxPairs)));
  },
};

/** Fills the account at an address; what was made, by the names of the flags. */
export async function loadAccount(
  db: Database,
  url: string,
  sizes: Sizes,
  maxPairs: number,
): Promise<Record<string, unknown>> {
  const account = await findAccount(db, url);
  if (!account) throw new ConfigError(`--account: there is no account with the address ${url}.`);
  const { accountId } = account;
  const owner = await ownerOf(db, accountId);
  const now = new Date();
  const departmentIds = await loadDepartments(db, accountId, owner.departmentId, sizes.departments);
  const learnerIds = await loadLearners(db, accountId, departmentIds, sizes.learners, now);
  await loadGroups(db, accountId, { learnerIds, departmentIds }, sizes.groups, now);
  const courseIds = await loadCourses(db, accountId, owner.userId, sizes.courses, now);
  const enrollments = await enrollAll(
    db,
    { accountId, userId: owner.userId, now },
    learnerIds,
    courseIds,
    sizes.enrollments,
    maxPairs,
  );
  await recordAll(db, accountId, learnerIds, courseIds, sizes.results, now);
  await takeStatistics(db);
  return {
    learners: learnerIds.length,
    courses: courseIds.length,
    departments: sizes.departments,
    groups: sizes.groups,
    enrollments,
    results: sizes.results,
  };
}

/** Numbers from 0, as many at once as one statement takes. */
function* portions(total: number): Generator<number[]> {
  for (let from = 0; from < total; from += AT_ONCE)
    yield Array.from({ length: Math.min(AT_ONCE, total - from) }, (_, place) => from + place);
}

async function loadDepartments(
  db: Database,
  accountId: number,
  rootId: string,
  total: number,
): Promise<string[]> {
  const ids: string[] = [];
  for (const numbers of portions(total)) {
    const rows = numbers.map((n) => {
      const departmentId = newId();
      // A tree of tens: the first ten lie below the root, the next hundred below those.
      const parentDepartmentId = n < 10 ? rootId : (ids[Math.floor((n - 10) / 10)] ?? rootId);
      ids.push(departmentId);
      return { departmentId, parentDepartmentId, name: `Department ${n + 1}`, code: null };
    });
    await db.write((tx) => insertDepartments(tx, accountId, rows));
  }
  return ids.length > 0 ? ids : [rootId];
}

async function loadLearners(
  db: Database,
  accountId: number,
  departmentIds: readonly string[],
  total: number,
  now: Date,
): Promise<string[]> {
  const ids: string[] = [];
  const mark = Date.now().toString(36);
  for (const numbers of portions(total)) {
    const users = numbers.map((n) => ({
      userId: newId(),
      departmentId: departmentIds[n % departmentIds.length] ?? '',
      status: 1,
      login: `load-${mark}-${n + 1}`,
      email: `load-${mark}-${n + 1}@demo.example`,
      passwordHash: null,
      fields: { FIRST_NAME: 'Learner', LAST_NAME: String(n + 1) },
    }));
    await db.write(async (tx) => {
      await insertUsers(tx, accountId, users, now);
      const roleId = await standardRole(tx, accountId, 'learner');
      await assignRole(
        tx,
        accountId,
        users.map((user) => user.userId),
        roleId,
      );
      await usersChanged(
        tx,
        accountId,
        users.map((user) => user.userId),
      );
    });
    ids.push(...users.map((user) => user.userId));
  }
  return ids;
}

async function loadCourses(
  db: Database,
  accountId: number,
  authorId: string,
  total: number,
  now: Date,
): Promise<string[]> {
  const ids: string[] = [];
  for (const numbers of portions(total)) {
    const items = numbers.map((n) => ({
      itemId: newId(),
      contentType: 'Course' as const,
      title: `Course ${n + 1}`,
      subtitle: '',
      description: '',
      code: null,
      folderId: null,
      url: null,
      authorId,
      addedAt: now,
      defaultDueType: 'unlimited' as const,
      defaultDueAt: null,
      defaultDuePeriodHours: null,
      defaultLock: false,
      selfEnrollment: false,
      courseFields: [],
    }));
    await db.write((tx) => insertItems(tx, accountId, items));
    ids.push(...items.map((item) => item.itemId));
  }
  return ids;
}

/** Whole courses, one after another, through the one way in; returns how many pairs were asked for. */
async function enrollAll(
  db: Database,
  who: { accountId: number; userId: string; now: Date },
  learnerIds: readonly string[],
  courseIds: readonly string[],
  total: number,
  maxPairs: number,
): Promise<number> {
  const wanted = Math.min(total, learnerIds.length * courseIds.length);
  const enrollments = new Enrollments(db, { maxPairs, onWritten: () => undefined });
  const terms = { accessAt: null, due: { type: 'unlimited' as const }, lock: null };
  let done = 0;
  for (const courseId of courseIds) {
    const some = learnerIds.slice(0, wanted - done);
    if (some.length === 0) break;
    await actAs(db, { ...who, source: 'cli' }, (ctx) =>
      enrollments.enroll(ctx, { learnerIds: some, courseIds: [courseId], terms }),
    );
    done += some.length;
  }
  await enrollments.stop();
  return done;
}

/** How far made-up learners are, one after another. */
const REPORTS: readonly Report[] = [
  { percent: 30, isView: true },
  { status: 'passed', score: 85, isView: true },
  { status: 'failed', percent: 100, score: 40, isView: true },
  { status: 'complete', isView: true },
];

/** Results of the first enrollments, in the order in which they were made, with the certificates that are due. */
async function recordAll(
  db: Database,
  accountId: number,
  learnerIds: readonly string[],
  courseIds: readonly string[],
  total: number,
  now: Date,
): Promise<void> {
  for (const numbers of portions(total)) {
    const achievements = numbers.map((n) => ({
      learnerId: learnerIds[n % learnerIds.length] ?? '',
      itemId: courseIds[Math.floor(n / learnerIds.length)] ?? '',
      moduleId: null,
      report: REPORTS[n % REPORTS.length] as Report,
    }));
    await db.write((tx) => loadAchievements(tx, accountId, achievements, now));
  }
}
