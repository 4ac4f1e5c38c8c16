import { type RawBuilder, sql } from 'kysely';
import { enrollmentId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { NOT_STARTED, type Progress, type Status } from './rules.ts';

/** All SQL of progress. Certificates are in certificate-queries.ts. */

/** A learner and a course, learning track or material. */
export interface Pair {
  readonly learnerId: string;
  readonly itemId: string;
}

/** Where the progress of a pair is kept, and what it is. */
export interface Standing extends Pair {
  readonly term: number;
  readonly progress: Progress;
}

export interface ModuleStanding {
  readonly learnerId: string;
  readonly courseId: string;
  readonly term: number;
  readonly moduleId: string;
  /** The material or training that the module is made of */
  readonly courseItemId: string;
  readonly progress: Progress;
}

/** Columns of either table; null where nothing was ever reported. */
export interface ProgressRow {
  status: Status | null;
  percent: number | null;
  score: number | null;
  views: number | null;
  viewed_at: Date | null;
  completed_at: Date | null;
}

export const PROGRESS = sql`p.status, p.percent, p.score, p.views, p.viewed_at, p.completed_at`;

export const toProgress = (row: ProgressRow): Progress =>
  row.status === null
    ? NOT_STARTED
    : {
        status: row.status,
        percent: row.percent ?? 0,
        score: row.score,
        views: row.views ?? 0,
        viewedAt: row.viewed_at,
        completedAt: row.completed_at,
      };

/**
 * SQL: the term a learner is in with an item, the highest of all enrollments that give it: its own and those of the
 * learning tracks it is part of. So a course taken both ways has one progress, and re-enrolling either starts it anew.
 */
export const currentTerm = (
  accountId: number,
  learner: RawBuilder<unknown>,
  item: RawBuilder<unknown>,
): RawBuilder<number> => sql<number>`greatest(1::smallint,
  (select own.term from enrollment own
   where own.account_id = ${accountId} and own.learner_id = ${learner} and own.item_id = ${item}),
  (select max(through.term) from learning_track_course part
   join enrollment through on through.account_id = ${accountId} and through.learner_id = ${learner} and through.item_id = part.track_id
   where part.account_id = ${accountId} and part.course_id = ${item}))`;

/** Progress of one learner is written by one transaction at a time. */
export async function lockLearners(
  tx: WriteTx,
  accountId: number,
  learnerIds: readonly string[],
): Promise<void> {
  await sql`select from users where account_id = ${accountId} and user_id = any(${learnerIds}::uuid[])
    order by user_id for no key update`.execute(tx);
}

/** The standing of each pair in its current term. */
export async function standingsOf(
  tx: ReadTx,
  accountId: number,
  pairs: readonly Pair[],
): Promise<Standing[]> {
  const { rows } = await sql<ProgressRow & { learner_id: string; item_id: string; term: number }>`
    select w.learner_id, w.item_id, w.term, ${PROGRESS}
    from (select l as learner_id, i as item_id, ${currentTerm(accountId, sql`l`, sql`i`)} as term
          from unnest(${pairs.map((pair) => pair.learnerId)}::uuid[], ${pairs.map((pair) => pair.itemId)}::uuid[]) as wanted(l, i)) w
    left join progress p on p.account_id = ${accountId} and p.learner_id = w.learner_id and p.item_id = w.item_id
      and p.term = w.term`.execute(tx);
  return rows.map((row) => ({
    learnerId: row.learner_id,
    itemId: row.item_id,
    term: row.term,
    progress: toProgress(row),
  }));
}

/** A pair, and from when on work in a term of it, or a later one, counts. */
export interface Since extends Pair {
  readonly term: number;
  readonly at: Date;
}

/** The places of those pairs whose learner has done something since. What has no date counts as done since. */
export async function progressedSince(
  tx: ReadTx,
  accountId: number,
  pairs: readonly Since[],
): Promise<Set<number>> {
  const { rows } = await sql<{ no: number }>`
    select (w.no - 1)::int as no
    from unnest(${pairs.map((pair) => pair.learnerId)}::uuid[], ${pairs.map((pair) => pair.itemId)}::uuid[],
                ${pairs.map((pair) => pair.term)}::int2[], ${pairs.map((pair) => pair.at)}::timestamptz[])
      with ordinality as w(learner_id, item_id, term, since, no)
    cross join lateral (
      select 1 from progress
      where account_id = ${accountId} and learner_id = w.learner_id and item_id = w.item_id and term >= w.term
        and coalesce(greatest(viewed_at, completed_at), 'infinity') >= w.since limit 1) p`.execute(tx);
  return new Set(rows.map(({ no }) => no));
}

/** Every module of the courses, for each learner in the given term. */
export async function moduleStandingsOf(
  tx: ReadTx,
  accountId: number,
  courses: readonly Standing[],
): Promise<ModuleStanding[]> {
  const { rows } = await sql<
    ProgressRow & {
      learner_id: string;
      course_id: string;
      term: number;
      module_id: string;
      course_item_id: string;
    }
  >`
    select w.learner_id, w.course_id, w.term, m.module_id, coalesce(m.item_id, m.training_id) as course_item_id, ${PROGRESS}
    from unnest(${courses.map((course) => course.learnerId)}::uuid[], ${courses.map((course) => course.itemId)}::uuid[],
                ${courses.map((course) => course.term)}::int2[]) as w(learner_id, course_id, term)
    join course_module m on m.account_id = ${accountId} and m.course_id = w.course_id
    left join module_progress p on p.account_id = ${accountId} and p.learner_id = w.learner_id and p.course_id = w.course_id
      and p.term = w.term and p.module_id = m.module_id`.execute(tx);
  return rows.map((row) => ({
    learnerId: row.learner_id,
    courseId: row.course_id,
    term: row.term,
    moduleId: row.module_id,
    courseItemId: row.course_item_id,
    progress: toProgress(row),
  }));
}

/** The current enrollments that give each pair's learner its item, directly or through a learning track, in order of creation. */
export async function enrollmentsGiving(
  tx: ReadTx,
  accountId: number,
  pairs: readonly Pair[],
): Promise<(Pair & { enrollmentId: string })[]> {
  const { rows } = await sql<{ learner_id: string; item_id: string; chunk: string; ordinal: number }>`
    select w.learner_id, w.item_id, e.chunk, e.ordinal
    from unnest(${pairs.map((pair) => pair.learnerId)}::uuid[], ${pairs.map((pair) => pair.itemId)}::uuid[]) as w(learner_id, item_id)
    cross join lateral (
      select w.item_id as giver
      union all
      select t.track_id from learning_track_course t where t.account_id = ${accountId} and t.course_id = w.item_id) g
    join enrollment e on e.account_id = ${accountId} and e.learner_id = w.learner_id and e.item_id = g.giver
    order by e.chunk, e.ordinal`.execute(tx);
  return rows.map((row) => ({
    learnerId: row.learner_id,
    itemId: row.item_id,
    enrollmentId: enrollmentId({ accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal }),
  }));
}

/** Each learning track that gives a learner one of the courses, with the standing of every course of that track. */
export async function tracksAround(
  tx: ReadTx,
  accountId: number,
  courses: readonly Pair[],
): Promise<{ track: Pair; course: Standing }[]> {
  const { rows } = await sql<
    ProgressRow & { learner_id: string; track_id: string; course_id: string; term: number }
  >`
    select w.learner_id, w.track_id, w.course_id, w.term, ${PROGRESS}
    from (
      select distinct e.learner_id, e.item_id as track_id, c.course_id,
             ${currentTerm(accountId, sql`e.learner_id`, sql`c.course_id`)} as term
      from unnest(${courses.map((course) => course.learnerId)}::uuid[], ${courses.map((course) => course.itemId)}::uuid[])
        as changed(learner_id, course_id)
      join learning_track_course t on t.account_id = ${accountId} and t.course_id = changed.course_id
      join enrollment e on e.account_id = ${accountId} and e.learner_id = changed.learner_id and e.item_id = t.track_id
      join learning_track_course c on c.account_id = ${accountId} and c.track_id = t.track_id) w
    left join progress p on p.account_id = ${accountId} and p.learner_id = w.learner_id and p.item_id = w.course_id
      and p.term = w.term`.execute(tx);
  return rows.map((row) => ({
    track: { learnerId: row.learner_id, itemId: row.track_id },
    course: {
      learnerId: row.learner_id,
      itemId: row.course_id,
      term: row.term,
      progress: toProgress(row),
    },
  }));
}

const columnsOf = (rows: readonly { readonly progress: Progress }[]): RawBuilder<unknown> => sql`
  ${rows.map((row) => row.progress.status)}::text[], ${rows.map((row) => row.progress.percent)}::float8[],
  ${rows.map((row) => row.progress.score)}::float8[], ${rows.map((row) => row.progress.views)}::int[],
  ${rows.map((row) => row.progress.viewedAt)}::timestamptz[], ${rows.map((row) => row.progress.completedAt)}::timestamptz[]`;

const REPLACE = sql`do update set status = excluded.status, percent = excluded.percent, score = excluded.score,
  views = excluded.views, viewed_at = excluded.viewed_at, completed_at = excluded.completed_at`;

export async function save(tx: WriteTx, accountId: number, rows: readonly Standing[]): Promise<void> {
  await sql`
    insert into progress (account_id, learner_id, item_id, term, status, percent, score, views, viewed_at, completed_at)
    select ${accountId}, * from unnest(${rows.map((row) => row.learnerId)}::uuid[], ${rows.map((row) => row.itemId)}::uuid[],
      ${rows.map((row) => row.term)}::int2[], ${columnsOf(rows)})
    on conflict (account_id, learner_id, item_id, term) ${REPLACE}`.execute(tx);
}

export async function saveModules(
  tx: WriteTx,
  accountId: number,
  rows: readonly ModuleStanding[],
): Promise<void> {
  await sql`
    insert into module_progress (account_id, learner_id, course_id, term, module_id, status, percent, score, views, viewed_at, completed_at)
    select ${accountId}, * from unnest(${rows.map((row) => row.learnerId)}::uuid[], ${rows.map((row) => row.courseId)}::uuid[],
      ${rows.map((row) => row.term)}::int2[], ${rows.map((row) => row.moduleId)}::uuid[], ${columnsOf(rows)})
    on conflict (account_id, learner_id, course_id, term, module_id) ${REPLACE}`.execute(tx);
}
