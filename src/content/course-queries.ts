import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of what courses and learning tracks are made of. */

export interface Module {
  readonly moduleId: string;
  readonly courseId: string;
  readonly itemId: string | null;
  readonly trainingId: string | null;
  /** What kind of training it is; empty for a material. */
  readonly trainingType: string;
  readonly title: string;
  readonly description: string;
  readonly authorId: string | null;
  readonly addedAt: Date;
  readonly sequentialNumber: number;
  readonly accountUrl: string;
}

interface ModuleRow {
  module_id: string;
  course_id: string;
  item_id: string | null;
  training_id: string | null;
  training_type: string | null;
  title: string;
  description: string | null;
  author_id: string | null;
  added_at: Date;
  sequential_number: number;
  account_url: string;
}

const MODULE = sql`
  select m.module_id, m.course_id, m.item_id, m.training_id, t.training_type, m.title, i.description, i.author_id, m.added_at, m.sequential_number, a.url as account_url
  from course_module m join account a on a.account_id = m.account_id
  left join content_item i on i.account_id = m.account_id and i.item_id = m.item_id
  left join training t on t.account_id = m.account_id and t.training_id = m.training_id`;

const toModule = (row: ModuleRow): Module => ({
  moduleId: row.module_id,
  courseId: row.course_id,
  itemId: row.item_id,
  trainingId: row.training_id,
  trainingType: row.training_type ?? '',
  title: row.title,
  description: row.description ?? '',
  authorId: row.author_id,
  addedAt: row.added_at,
  sequentialNumber: row.sequential_number,
  accountUrl: row.account_url,
});

/** The modules of a course, in their order. */
export async function modulesOf(tx: ReadTx, accountId: number, courseId: string): Promise<Module[]> {
  const { rows } = await sql<ModuleRow>`${MODULE}
    where m.account_id = ${accountId} and m.course_id = ${courseId} order by m.sequential_number, m.module_id`.execute(
    tx,
  );
  return rows.map(toModule);
}

/** Modules that are materials, of the named courses or of all, by id. */
export async function materialModules(
  tx: ReadTx,
  accountId: number,
  courseIds: readonly string[],
  after: string | null,
  limit: number,
): Promise<Module[]> {
  const { rows } = await sql<ModuleRow>`${MODULE}
    where m.account_id = ${accountId} and m.item_id is not null
      ${courseIds.length > 0 ? sql`and m.course_id = any(${courseIds}::uuid[])` : sql``}
      ${after ? sql`and m.module_id > ${after}::uuid` : sql``}
    order by m.module_id limit ${limit}`.execute(tx);
  return rows.map(toModule);
}

/** Adds a module; without a number it comes last. The course is locked by the caller. */
export async function insertModule(
  tx: WriteTx,
  accountId: number,
  module: Omit<Module, 'trainingType' | 'description' | 'authorId' | 'sequentialNumber' | 'accountUrl'> & {
    sequentialNumber: number | null;
  },
): Promise<void> {
  await sql`
    insert into course_module (account_id, module_id, course_id, item_id, training_id, title, sequential_number, added_at)
    values (${accountId}, ${module.moduleId}, ${module.courseId}, ${module.itemId}, ${module.trainingId}, ${module.title},
      coalesce(${module.sequentialNumber}::int, (select coalesce(max(sequential_number), 0) + 1 from course_module
        where account_id = ${accountId} and course_id = ${module.courseId})), ${module.addedAt})`.execute(tx);
}

/** Which courses each track has, in their order. */
export async function coursesOfTracks(
  tx: ReadTx,
  accountId: number,
  trackIds: readonly string[],
): Promise<{ learningTrackId: string; courseId: string }[]> {
  const { rows } = await sql<{ track_id: string; course_id: string }>`
    select track_id, course_id from learning_track_course
    where account_id = ${accountId} and track_id = any(${trackIds}::uuid[]) order by track_id, place`.execute(
    tx,
  );
  return rows.map((row) => ({ learningTrackId: row.track_id, courseId: row.course_id }));
}

export async function replaceTrackCourses(
  tx: WriteTx,
  accountId: number,
  trackId: string,
  courseIds: readonly string[],
): Promise<void> {
  await sql`delete from learning_track_course where account_id = ${accountId} and track_id = ${trackId}`.execute(
    tx,
  );
  await sql`
    insert into learning_track_course (account_id, track_id, course_id, place)
    select ${accountId}, ${trackId}, id, place from unnest(${courseIds}::uuid[]) with ordinality as c(id, place)`.execute(
    tx,
  );
}

/** False when the course has no such module. */
export async function deleteModule(
  tx: WriteTx,
  accountId: number,
  courseId: string,
  moduleId: string,
): Promise<boolean> {
  const { rows } = await sql`
    delete from course_module
    where account_id = ${accountId} and course_id = ${courseId} and module_id = ${moduleId} returning module_id`.execute(
    tx,
  );
  return rows.length > 0;
}

/** The trainings among the modules of items: of a course its own, of a learning track those of its courses. */
export async function trainingsWithin(
  tx: ReadTx,
  accountId: number,
  itemIds: readonly string[],
): Promise<{ itemId: string; trainingId: string }[]> {
  const { rows } = await sql<{ itemId: string; trainingId: string }>`
    with wanted as (select id from unnest(${[...itemIds]}::uuid[]) as w(id)),
    course as (
      select id, id as course_id from wanted
      union all
      select w.id, t.course_id from wanted w
      join learning_track_course t on t.account_id = ${accountId} and t.track_id = w.id)
    select distinct c.id as "itemId", m.training_id as "trainingId" from course c
    join course_module m on m.account_id = ${accountId} and m.course_id = c.course_id
    where m.training_id is not null order by 1, 2`.execute(tx);
  return rows;
}
