import { sql } from 'kysely';
import type { ContentType } from '../content/index.ts';
import type { EnrollmentKey } from '../kernel/ids.ts';
import { currentTerm, PROGRESS, type Progress, type ProgressRow, toProgress } from '../progress/index.ts';
import type { ReadTx } from '../storage/index.ts';

/** All SQL of what a learner sees: their own current enrollments, and what is within them. */

export interface Learning {
  readonly chunk: bigint;
  readonly ordinal: number;
  readonly itemId: string;
  readonly contentType: ContentType;
  readonly title: string;
  readonly description: string;
  readonly url: string | null;
  /** Of the file that opens instead, if there is one. */
  readonly fileId: string | null;
  readonly accessAt: Date;
  readonly dueAt: Date | null;
  readonly lockAfterDueDate: boolean;
  /** Of its progress. */
  readonly term: number;
  readonly progress: Progress;
}

interface LearningRow extends ProgressRow {
  chunk: string;
  ordinal: number;
  item_id: string;
  content_type: ContentType;
  title: string;
  description: string;
  url: string | null;
  file_id: string | null;
  access_at: Date;
  due_at: Date | null;
  lock_after_due: boolean;
  now_term: number;
}

/** Everything that somebody is enrolled in now, or the one enrollment with a key; with their progress in its current term. */
export async function learningOf(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  key: EnrollmentKey | null = null,
): Promise<Learning[]> {
  const one = key ? sql`and e.chunk = ${String(key.chunk)}::int8 and e.ordinal = ${key.ordinal}` : sql``;
  const { rows } = await sql<LearningRow>`
    select e.chunk, e.ordinal, e.item_id, i.content_type, i.title, i.description, i.url, i.file_id, e.access_at, e.due_at,
           e.lock_after_due, e.now_term, ${PROGRESS}
    from (select *, ${currentTerm(accountId, sql`mine.learner_id`, sql`mine.item_id`)} as now_term from enrollment mine
          where mine.account_id = ${accountId} and mine.learner_id = ${learnerId} offset 0) e
    join content_item i on i.account_id = ${accountId} and i.item_id = e.item_id
    left join progress p on p.account_id = ${accountId} and p.learner_id = e.learner_id and p.item_id = e.item_id
      and p.term = e.now_term
    where true ${one}`.execute(tx);
  return rows.map((row) => ({
    chunk: BigInt(row.chunk),
    ordinal: row.ordinal,
    itemId: row.item_id,
    contentType: row.content_type,
    title: row.title,
    description: row.description,
    url: row.url,
    fileId: row.file_id,
    accessAt: row.access_at,
    dueAt: row.due_at,
    lockAfterDueDate: row.lock_after_due,
    term: row.now_term,
    progress: toProgress(row),
  }));
}

/** A module of a course: a material, or a training of which a session is to be chosen. */
export interface Module {
  readonly moduleId: string;
  readonly title: string;
  readonly itemId: string | null;
  readonly trainingId: string | null;
  readonly contentType: ContentType | null;
  readonly url: string | null;
  /** Of the file that opens instead, if there is one. */
  readonly fileId: string | null;
  readonly progress: Progress;
}

/** The modules of a course in order, with somebody's progress in the current term. */
export async function modulesOf(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  courseId: string,
): Promise<Module[]> {
  const { rows } = await sql<
    ProgressRow & {
      module_id: string;
      title: string;
      item_id: string | null;
      training_id: string | null;
      content_type: ContentType | null;
      url: string | null;
      file_id: string | null;
    }
  >`
    select m.module_id, m.title, m.item_id, m.training_id, i.content_type, i.url, i.file_id, ${PROGRESS}
    from course_module m
    left join content_item i on i.account_id = m.account_id and i.item_id = m.item_id
    left join module_progress p on p.account_id = m.account_id and p.learner_id = ${learnerId}
      and p.course_id = m.course_id and p.module_id = m.module_id
      and p.term = (select ${currentTerm(accountId, sql`${learnerId}::uuid`, sql`${courseId}::uuid`)})
    where m.account_id = ${accountId} and m.course_id = ${courseId}
    order by m.sequential_number, m.module_id`.execute(tx);
  return rows.map((row) => ({
    moduleId: row.module_id,
    title: row.title,
    itemId: row.item_id,
    trainingId: row.training_id,
    contentType: row.content_type,
    url: row.url,
    fileId: row.file_id,
    progress: toProgress(row),
  }));
}

/** A course of a learning track. */
export interface TrackCourse {
  readonly courseId: string;
  readonly title: string;
  readonly description: string;
  /** Of its progress. */
  readonly term: number;
  readonly progress: Progress;
}

/** The courses of a learning track in order, with somebody's progress in the current term. */
export async function coursesOf(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  trackId: string,
): Promise<TrackCourse[]> {
  const { rows } = await sql<
    ProgressRow & { course_id: string; title: string; description: string; term: number }
  >`
    select t.course_id, t.title, t.description, t.term, ${PROGRESS}
    from (select c.course_id, c.place, i.title, i.description,
                 ${currentTerm(accountId, sql`${learnerId}::uuid`, sql`c.course_id`)} as term
          from learning_track_course c
          join content_item i on i.account_id = c.account_id and i.item_id = c.course_id
          where c.account_id = ${accountId} and c.track_id = ${trackId}) t
    left join progress p on p.account_id = ${accountId} and p.learner_id = ${learnerId} and p.item_id = t.course_id
      and p.term = t.term
    order by t.place`.execute(tx);
  return rows.map((row) => ({
    courseId: row.course_id,
    title: row.title,
    description: row.description,
    term: row.term,
    progress: toProgress(row),
  }));
}

/** When somebody's own enrollment is open. */
export interface OwnWindow {
  readonly itemId: string;
  readonly accessAt: Date;
  readonly dueAt: Date | null;
  readonly lockAfterDueDate: boolean;
}

/** Null if it is no current enrollment of theirs. Held: it does not end or change before the transaction does. */
export async function findWindow(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  key: EnrollmentKey,
  isHeld: boolean,
): Promise<OwnWindow | null> {
  const { rows } = await sql<{
    item_id: string;
    access_at: Date;
    due_at: Date | null;
    lock_after_due: boolean;
  }>`
    select item_id, access_at, due_at, lock_after_due from enrollment
    where account_id = ${accountId} and chunk = ${String(key.chunk)}::int8 and ordinal = ${key.ordinal}
      and learner_id = ${learnerId} ${isHeld ? sql`for share` : sql``}`.execute(tx);
  const row = rows[0];
  return row
    ? {
        itemId: row.item_id,
        accessAt: row.access_at,
        dueAt: row.due_at,
        lockAfterDueDate: row.lock_after_due,
      }
    : null;
}

/** A module that has a file. */
export interface FilePart {
  readonly courseId: string;
  readonly title: string;
  readonly contentType: ContentType;
  readonly fileId: string;
  readonly progress: Progress;
}

/** The material behind a module of a course, or of a course of a learning track, as {@link modulesOf}; null if it has no file. */
export async function findFilePart(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  itemId: string,
  moduleId: string,
): Promise<FilePart | null> {
  const { rows } = await sql<
    ProgressRow & { course_id: string; title: string; content_type: ContentType; file_id: string }
  >`
    select m.course_id, m.title, i.content_type, i.file_id, ${PROGRESS}
    from course_module m
    join content_item i on i.account_id = m.account_id and i.item_id = m.item_id and i.file_id is not null
    left join module_progress p on p.account_id = m.account_id and p.learner_id = ${learnerId}
      and p.course_id = m.course_id and p.module_id = m.module_id
      and p.term = (select ${currentTerm(accountId, sql`${learnerId}::uuid`, sql`m.course_id`)})
    where m.account_id = ${accountId} and m.module_id = ${moduleId} and (m.course_id = ${itemId} or exists (
      select from learning_track_course t
      where t.account_id = ${accountId} and t.track_id = ${itemId} and t.course_id = m.course_id))`.execute(
    tx,
  );
  const row = rows[0];
  return row
    ? {
        courseId: row.course_id,
        title: row.title,
        contentType: row.content_type,
        fileId: row.file_id,
        progress: toProgress(row),
      }
    : null;
}

/** A module that is a training. */
export interface TrainingPart {
  readonly courseId: string;
  readonly trainingId: string;
  readonly title: string;
}

/** The training behind a module of a course, or of a course of a learning track; null if there is none. */
export async function findTrainingPart(
  tx: ReadTx,
  accountId: number,
  itemId: string,
  moduleId: string,
): Promise<TrainingPart | null> {
  const { rows } = await sql<{ course_id: string; training_id: string; title: string }>`
    select m.course_id, m.training_id, m.title from course_module m
    where m.account_id = ${accountId} and m.module_id = ${moduleId} and m.training_id is not null
      and (m.course_id = ${itemId} or exists (
        select from learning_track_course t
        where t.account_id = ${accountId} and t.track_id = ${itemId} and t.course_id = m.course_id))`.execute(
    tx,
  );
  const row = rows[0];
  return row ? { courseId: row.course_id, trainingId: row.training_id, title: row.title } : null;
}

/** Which of some items somebody is enrolled in, by item. */
export async function ownIn(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  itemIds: readonly string[],
): Promise<Map<string, EnrollmentKey>> {
  const { rows } = await sql<{ item_id: string; chunk: string; ordinal: number }>`
    select item_id, chunk, ordinal from enrollment
    where account_id = ${accountId} and learner_id = ${learnerId} and item_id = any(${[...itemIds]}::uuid[])`.execute(
    tx,
  );
  return new Map(
    rows.map((row) => [row.item_id, { accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal }]),
  );
}

/** What was assigned to somebody, and has opened, between two instants: when, by item. */
export async function assignedAfter(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  since: Date,
  now: Date,
): Promise<Map<string, Date>> {
  const { rows } = await sql<{ item_id: string; at: Date }>`
    select item_id, at from (
      select e.item_id, greatest(e.access_at, case when e.version_chunk = e.chunk then e.recorded_at else (
          select min(p.recorded_at) from enrollment_past p
          where p.account_id = e.account_id and p.chunk = e.chunk and p.ordinal = e.ordinal) end) as at
      from enrollment e
      where e.account_id = ${accountId} and e.learner_id = ${learnerId} and e.type_group = 0) a
    where at >= ${since} and at <= ${now}`.execute(tx);
  return new Map(rows.map((row) => [row.item_id, row.at]));
}

/** Somebody's seat in a session. */
export interface Seat {
  readonly trainingId: string;
  readonly sessionId: string;
  readonly takenAt: Date;
}

export async function seatsOf(tx: ReadTx, accountId: number, userId: string): Promise<Seat[]> {
  const { rows } = await sql<Seat>`
    select training_id as "trainingId", session_id as "sessionId", taken_at as "takenAt" from training_seat
    where account_id = ${accountId} and user_id = ${userId}`.execute(tx);
  return rows;
}

/** The first of somebody's enrollments that has each of these trainings in it, directly or through a learning track. */
export async function enrollmentsWith(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  trainingIds: readonly string[],
): Promise<Map<string, EnrollmentKey>> {
  if (trainingIds.length === 0) return new Map();
  const { rows } = await sql<{ training_id: string; chunk: string; ordinal: number }>`
    select distinct on (m.training_id) m.training_id, e.chunk, e.ordinal
    from course_module m
    join enrollment e on e.account_id = m.account_id and e.learner_id = ${learnerId} and (e.item_id = m.course_id or exists (
      select from learning_track_course t
      where t.account_id = m.account_id and t.track_id = e.item_id and t.course_id = m.course_id))
    where m.account_id = ${accountId} and m.training_id = any(${[...trainingIds]}::uuid[])
    order by m.training_id, e.chunk, e.ordinal`.execute(tx);
  return new Map(
    rows.map((row) => [row.training_id, { accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal }]),
  );
}
