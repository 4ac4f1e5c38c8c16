import type { WriteTx } from '../storage/index.ts';
import { issue } from './certificate-queries.ts';
import * as queries from './queries.ts';
import { advance, gather, isDone, type Progress, type Report } from './rules.ts';
import { type Change, tell } from './tell.ts';

/** What became known about a learner in a material or a course, as a whole or in one of its modules. */
export interface Achievement extends queries.Pair {
  readonly moduleId: string | null;
  readonly report: Report;
}

const keyOf = (pair: queries.Pair): string => `${pair.learnerId} ${pair.itemId}`;
const moduleKey = (learnerId: string, moduleId: string): string => `${learnerId} ${moduleId}`;

/**
 * Records any number of achievements: the modules, what follows for their courses, what follows for the learning tracks
 * around those, the certificates that are due, and the events that tell of it. The number of statements does not depend
 * on how many there are.
 */
export async function recordAchievements(
  tx: WriteTx,
  accountId: number,
  achievements: readonly Achievement[],
  now: Date,
): Promise<void> {
  await tell(tx, accountId, await loadAchievements(tx, accountId, achievements, now), now);
}

/** The same without telling anybody, for made-up learners by the thousand; what became of whom. */
export async function loadAchievements(
  tx: WriteTx,
  accountId: number,
  achievements: readonly Achievement[],
  now: Date,
): Promise<Change[]> {
  if (achievements.length === 0) return [];
  await queries.lockLearners(tx, accountId, [...new Set(achievements.map((one) => one.learnerId))]);
  const before = await loadStandings(tx, accountId, achievements);
  const { after, changes } = await recordModules(
    tx,
    accountId,
    achievements.filter((one) => one.moduleId !== null),
    before,
    now,
  );
  for (const one of achievements)
    if (one.moduleId === null)
      update(after, keyOf(one), (standing) => advance(standing.progress, one.report, now));
  const courses = await save(tx, accountId, before, after, now);
  const tracks = await gatherTracks(tx, accountId, [...after.values()], now);
  return [...changes, ...courses, ...(await save(tx, accountId, tracks.before, tracks.after, now))];
}

type Standings = Map<string, queries.Standing>;

const update = (
  standings: Standings,
  key: string,
  change: (standing: queries.Standing) => Progress,
): void => {
  const standing = standings.get(key);
  if (standing) standings.set(key, { ...standing, progress: change(standing) });
};

async function loadStandings(
  tx: WriteTx,
  accountId: number,
  pairs: readonly queries.Pair[],
): Promise<Standings> {
  const distinct = [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()];
  const standings = await queries.standingsOf(tx, accountId, distinct);
  return new Map(standings.map((standing) => [keyOf(standing), standing]));
}

/** Writes module progress; returns the standings with what follows for the courses, and what became of the modules. */
async function recordModules(
  tx: WriteTx,
  accountId: number,
  achievements: readonly Achievement[],
  before: Standings,
  now: Date,
): Promise<{ after: Standings; changes: Change[] }> {
  const after = new Map(before);
  if (achievements.length === 0) return { after, changes: [] };
  const courseKeys = new Set(achievements.map(keyOf));
  const courses = [...before].filter(([key]) => courseKeys.has(key)).map(([, course]) => course);
  const known = new Map(
    (await queries.moduleStandingsOf(tx, accountId, courses)).map((module) => [
      moduleKey(module.learnerId, module.moduleId),
      module,
    ]),
  );
  const modules = new Map(known);
  for (const one of achievements) {
    const key = moduleKey(one.learnerId, one.moduleId ?? '');
    const module = modules.get(key);
    if (!module) continue;
    modules.set(key, { ...module, progress: advance(module.progress, one.report, now) });
  }
  const changes: Change[] = [];
  const changed: queries.ModuleStanding[] = [];
  for (const [key, before] of known) {
    const module = modules.get(key) ?? before;
    if (module === before) continue;
    changed.push(module);
    const { learnerId, courseId: itemId, courseItemId, progress } = module;
    changes.push({ learnerId, itemId, courseItemId, before: before.progress, after: progress });
  }
  await queries.saveModules(tx, accountId, changed);
  const parts = grouped([...modules.values()], (module) =>
    keyOf({ learnerId: module.learnerId, itemId: module.courseId }),
  );
  for (const [key, own] of parts) update(after, key, (course) => gather(course.progress, own, now));
  return { after, changes };
}

/** The progress of the rows by key. */
function grouped<T extends { readonly progress: Progress }>(
  rows: readonly T[],
  keyed: (row: T) => string,
): Map<string, Progress[]> {
  const groups = new Map<string, Progress[]>();
  for (const row of rows) {
    const group = groups.get(keyed(row));
    if (group) group.push(row.progress);
    else groups.set(keyed(row), [row.progress]);
  }
  return groups;
}

/** The learning tracks around the courses, as they were and as they follow from their courses. */
async function gatherTracks(
  tx: WriteTx,
  accountId: number,
  courses: readonly queries.Pair[],
  now: Date,
): Promise<{ before: Standings; after: Standings }> {
  const around = await queries.tracksAround(tx, accountId, courses);
  if (around.length === 0) return { before: new Map(), after: new Map() };
  const before = await loadStandings(
    tx,
    accountId,
    around.map((row) => row.track),
  );
  const after = new Map(before);
  const parts = grouped(
    around.map((row) => ({ ...row.track, progress: row.course.progress })),
    keyOf,
  );
  for (const [key, own] of parts) update(after, key, (track) => gather(track.progress, own, now));
  return { before, after };
}

/** Writes and returns what changed, and issues the certificates of what is done and has none yet. */
async function save(
  tx: WriteTx,
  accountId: number,
  before: Standings,
  after: Standings,
  now: Date,
): Promise<Change[]> {
  const changed = [...after].flatMap(([key, standing]) => {
    const { progress } = before.get(key) ?? standing;
    return progress === standing.progress ? [] : [{ standing, before: progress }];
  });
  if (changed.length === 0) return [];
  const standings = changed.map(({ standing }) => standing);
  await queries.save(tx, accountId, standings);
  const done = standings.filter(({ progress }) => isDone(progress.status));
  if (done.length > 0) await issue(tx, accountId, done, now);
  return changed.map(({ standing: { learnerId, itemId, progress }, before: earlier }) => ({
    learnerId,
    itemId,
    courseItemId: null,
    before: earlier,
    after: progress,
  }));
}
