import { type RawBuilder, sql } from 'kysely';
import { type Reach, statusAt, within } from '../access/index.ts';
import type { ContentType } from '../content/index.ts';
import { type EnrollmentKey, enrollmentId } from '../kernel/ids.ts';
import { currentTerm, PROGRESS, type Progress, type ProgressRow, toProgress } from '../progress/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of results. Rows are in order of creation of their enrollments, which has an index of its own. */

/** From – until, either end open; a date-only end means that whole day. */
export interface DateRange {
  readonly from: Date | null;
  readonly until: Date | null;
}

/** Which results; null means any. `reach` is whom the caller may see. */
export interface Filter {
  readonly accountId: number;
  readonly reach: Reach;
  /** At `now` */
  readonly userStatuses: readonly number[];
  readonly now: Date;
  readonly userIds: readonly string[] | null;
  readonly courseIds: readonly string[] | null;
  readonly departmentIds: readonly string[] | null;
  readonly keys: readonly EnrollmentKey[] | null;
  readonly statuses: readonly string[] | null;
  readonly completed: DateRange;
  readonly access: DateRange;
  readonly due: DateRange;
}

export interface ModuleFilter extends Filter {
  readonly moduleIds: readonly string[] | null;
  readonly courseItemIds: readonly string[] | null;
}

/** Where a reader stands. The second id tells apart the rows of one enrollment: a track's courses, a course's modules. */
export interface Place {
  readonly chunk: bigint;
  readonly ordinal: number;
  readonly courseId: string;
  readonly moduleId: string;
}

export interface Result extends Omit<Place, 'moduleId'> {
  readonly enrollmentId: string;
  readonly userId: string;
  readonly courseTitle: string;
  readonly accessAt: Date;
  readonly dueAt: Date | null;
  readonly lockAfterDueDate: boolean;
  readonly progress: Progress;
}

export interface ModuleResult extends Omit<Result, 'courseTitle'>, Place {
  readonly moduleTitle: string;
  readonly courseItemId: string;
}

interface ResultRow extends ProgressRow {
  chunk: string;
  ordinal: number;
  learner_id: string;
  course_id: string;
  access_at: Date;
  due_at: Date | null;
  lock_after_due: boolean;
}

const toResult = (accountId: number, row: ResultRow): Omit<Result, 'courseTitle'> => {
  const chunk = BigInt(row.chunk);
  return {
    enrollmentId: enrollmentId({ accountId, chunk, ordinal: row.ordinal }),
    chunk,
    ordinal: row.ordinal,
    courseId: row.course_id,
    userId: row.learner_id,
    accessAt: row.access_at,
    dueAt: row.due_at,
    lockAfterDueDate: row.lock_after_due,
    progress: toProgress(row),
  };
};

const COLUMNS = sql`e.chunk, e.ordinal, e.learner_id, c.course_id, e.access_at, e.due_at, e.lock_after_due, ${PROGRESS}`;

const isOneOf = (column: RawBuilder<unknown>, ids: readonly string[]): RawBuilder<unknown> =>
  sql`${column} = any(${ids}::uuid[])`;

function inRange(column: RawBuilder<unknown>, { from, until }: DateRange): RawBuilder<unknown> {
  return sql`${from ? sql`and ${column} >= ${from}` : sql``} ${until ? sql`and ${column} <= ${until}` : sql``}`;
}

/** Results are looked for from a place on, and before an enrollment: null is the beginning, or the end. */
export interface Stretch {
  readonly from: Place | null;
  readonly before: Pick<Place, 'chunk' | 'ordinal'> | null;
}

/** Whether so many enrollments may be meant that a page is looked for stretch by stretch. */
export const isWide = ({ keys, userIds }: Filter): boolean => keys === null && userIds === null;

const NO_ID = '00000000-0000-0000-0000-000000000000';

/** Where results of an enrollment and of all after it begin. */
export const placeOf = ({ chunk, ordinal }: Pick<Place, 'chunk' | 'ordinal'>): Place => ({
  chunk,
  ordinal,
  courseId: NO_ID,
  moduleId: NO_ID,
});

/** The enrollment that many further on, of a wide filter; null if there are not as many. */
export async function furtherOn(
  tx: ReadTx,
  filter: Filter,
  from: Place | null,
  many: number,
): Promise<Stretch['before']> {
  const { accountId, courseIds } = filter;
  const after = from
    ? sql`and (e.chunk, e.ordinal) >= (${String(from.chunk)}::int8, ${from.ordinal}::int)`
    : sql``;
  const own = sql`select e.chunk, e.ordinal from enrollment e where e.account_id = ${accountId}`;
  const those = courseIds
    ? sql`(select e.* from (${itemsOf(accountId, courseIds)}) as w(id) cross join lateral (
        ${own} and e.item_id = w.id ${after} order by e.chunk, e.ordinal limit ${many + 1}) e)`
    : sql`(${own} ${after})`;
  const { rows } = await sql<{ chunk: string; ordinal: number }>`
    select e.chunk, e.ordinal from ${those} e order by e.chunk, e.ordinal offset ${many} limit 1`.execute(tx);
  return rows[0] ? { chunk: BigInt(rows[0].chunk), ordinal: rows[0].ordinal } : null;
}

/** Courses, and the learning tracks that give them. */
const itemsOf = (accountId: number, courseIds: readonly string[]): RawBuilder<unknown> => sql`
  select id from unnest(${courseIds}::uuid[]) as w(id)
  union select t.track_id from learning_track_course t where t.account_id = ${accountId} and ${isOneOf(sql`t.course_id`, courseIds)}`;

/** Enrollments of the filter in a stretch, by the index that fits what is named. */
function enrollments(
  filter: Filter,
  { from, before }: Stretch,
  more: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const { accountId, keys, userIds, courseIds } = filter;
  const within = sql`
    ${from ? sql`and (e.chunk, e.ordinal) >= (${String(from.chunk)}::int8, ${from.ordinal}::int)` : sql``}
    ${before ? sql`and (e.chunk, e.ordinal) < (${String(before.chunk)}::int8, ${before.ordinal}::int)` : sql``}`;
  const own = sql`select e.account_id, e.chunk, e.ordinal, e.learner_id, e.item_id, e.access_at, e.due_at, e.lock_after_due`;
  const rest = sql`${within} ${more} ${inRange(sql`e.access_at`, filter.access)} ${inRange(sql`e.due_at`, filter.due)}`;
  if (keys)
    return sql`(${own} from unnest(${keys.map((key) => String(key.chunk))}::int8[], ${keys.map((key) => key.ordinal)}::int[]) as k(c, o)
      join enrollment e on e.account_id = ${accountId} and e.chunk = k.c and e.ordinal = k.o where true ${rest})`;
  if (userIds)
    return sql`(${own} from enrollment e where e.account_id = ${accountId} and ${isOneOf(sql`e.learner_id`, userIds)} ${rest} offset 0)`;
  if (courseIds)
    return sql`(${own} from enrollment e where e.account_id = ${accountId} and e.item_id in (${itemsOf(accountId, courseIds)}) ${rest})`;
  return sql`(${own} from enrollment e where e.account_id = ${accountId} ${rest})`;
}

/**
 * The enrollments with their users and courses: of a learning track each course, of anything else itself.
 *
 * Everything but the department of a limited list is looked up per enrollment: `limit 1` keeps the planner from joining
 * whole tables and sorting them, where a page is read off the index of creation.
 */
function from(filter: Filter, stretch: Stretch, more = sql``): RawBuilder<unknown> {
  const { accountId, reach, departmentIds } = filter;
  const user = sql`u.account_id = ${accountId} and u.user_id = e.learner_id and ${statusAt('u', filter.now)} = any(${filter.userStatuses}::int2[])`;
  const isLimited = reach !== 'everyone' || departmentIds !== null;
  return sql`
    from ${enrollments(filter, stretch, more)} e
    ${
      isLimited
        ? sql`join users u on ${user} and ${within(reach, sql`u.department_id`)}
            ${departmentIds ? sql`and ${isOneOf(sql`u.department_id`, departmentIds)}` : sql``}`
        : sql`cross join lateral (select from users u where ${user} limit 1) u`
    }
    cross join lateral (select i.content_type from content_item i
      where i.account_id = ${accountId} and i.item_id = e.item_id limit 1) enrolled
    cross join lateral (
      select e.item_id as course_id where enrolled.content_type <> 'LearningTrack'
      union all
      select t.course_id from learning_track_course t where t.account_id = ${accountId} and t.track_id = e.item_id
      offset 0) c
    cross join lateral (select i.title from content_item i
      where i.account_id = ${accountId} and i.item_id = c.course_id limit 1) i`;
}

/** What is asked of the row itself; without progress nothing has begun. */
const ofRow = (filter: Filter): RawBuilder<unknown> => sql`
  ${filter.courseIds ? sql`and ${isOneOf(sql`c.course_id`, filter.courseIds)}` : sql``}
  ${filter.statuses ? sql`and coalesce(p.status, 'not_started') = any(${filter.statuses}::text[])` : sql``}
  ${inRange(sql`p.completed_at`, filter.completed)}`;

/** The next results of a stretch, in order of creation. */
export async function resultsIn(
  tx: ReadTx,
  filter: Filter,
  stretch: Stretch,
  limit: number,
): Promise<Result[]> {
  const { accountId } = filter;
  const place = stretch.from;
  const { rows } = await sql<ResultRow & { title: string }>`
    select ${COLUMNS}, i.title
    ${from(filter, stretch)}
    left join lateral (select * from progress p
      where p.account_id = ${accountId} and p.learner_id = e.learner_id and p.item_id = c.course_id
        and p.term = ${currentTerm(accountId, sql`e.learner_id`, sql`c.course_id`)} limit 1) p on true
    where ${place ? sql`(e.chunk, e.ordinal, c.course_id) > (${String(place.chunk)}::int8, ${place.ordinal}::int, ${place.courseId}::uuid)` : sql`true`}
      ${ofRow(filter)}
    order by e.chunk, e.ordinal, c.course_id limit ${limit}`.execute(tx);
  return rows.map((row) => ({ ...toResult(accountId, row), courseTitle: row.title }));
}

/** Limits enrollments `e` to items that have modules. */
const hasModules = (accountId: number): RawBuilder<unknown> => sql`and e.item_id in (
  select m.course_id from course_module m where m.account_id = ${accountId}
  union select t.track_id from learning_track_course t
    join course_module m on m.account_id = t.account_id and m.course_id = t.course_id where t.account_id = ${accountId})`;

/** Whether any course of the account has a module. */
export async function anyModule(tx: ReadTx, accountId: number): Promise<boolean> {
  const { rows } = await sql`select 1 from course_module where account_id = ${accountId} limit 1`.execute(tx);
  return rows.length > 0;
}

/** The next of a stretch, one row per learner and module. */
export async function moduleResultsIn(
  tx: ReadTx,
  filter: ModuleFilter,
  stretch: Stretch,
  limit: number,
): Promise<ModuleResult[]> {
  const { accountId, moduleIds, courseItemIds } = filter;
  const place = stretch.from;
  const { rows } = await sql<ResultRow & { module_id: string; title: string; course_item_id: string }>`
    select ${COLUMNS}, m.module_id, m.title, m.course_item_id
    ${from(filter, stretch, hasModules(accountId))}
    cross join lateral (
      select m.module_id, m.title, coalesce(m.item_id, m.training_id) as course_item_id from course_module m
      where m.account_id = ${accountId} and m.course_id = c.course_id
        ${moduleIds ? sql`and ${isOneOf(sql`m.module_id`, moduleIds)}` : sql``}
        ${courseItemIds ? sql`and ${isOneOf(sql`coalesce(m.item_id, m.training_id)`, courseItemIds)}` : sql``}
      offset 0) m
    left join lateral (select * from module_progress p
      where p.account_id = ${accountId} and p.learner_id = e.learner_id and p.course_id = c.course_id
        and p.term = ${currentTerm(accountId, sql`e.learner_id`, sql`c.course_id`)} and p.module_id = m.module_id limit 1) p on true
    where ${place ? sql`(e.chunk, e.ordinal, c.course_id, m.module_id) > (${String(place.chunk)}::int8, ${place.ordinal}::int, ${place.courseId}::uuid, ${place.moduleId}::uuid)` : sql`true`}
      ${ofRow(filter)}
    order by e.chunk, e.ordinal, c.course_id, m.module_id limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    ...toResult(accountId, row),
    moduleId: row.module_id,
    moduleTitle: row.title,
    courseItemId: row.course_item_id,
  }));
}

/** What the ids of a filter must name, by the parameter that carries them. */
export type Named = Readonly<
  Record<'userIds' | 'departmentIds' | 'courseIds' | 'moduleIds' | 'courseItemIds', readonly string[]>
>;

/** Which ids name nothing in this account, by parameter. */
export async function unknownIds(
  tx: ReadTx,
  accountId: number,
  named: Named,
): Promise<{ field: keyof Named; id: string }[]> {
  const missing = (field: keyof Named, known: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    select ${field}::text as field, w.id from unnest(${named[field]}::uuid[]) as w(id) where not exists (${known})`;
  const { rows } = await sql<{ field: keyof Named; id: string }>`
    ${missing('userIds', sql`select from users where account_id = ${accountId} and user_id = w.id and deleted_at is null`)}
    union all
    ${missing('departmentIds', sql`select from department where account_id = ${accountId} and department_id = w.id`)}
    union all
    ${missing('courseIds', sql`select from content_item where account_id = ${accountId} and item_id = w.id`)}
    union all
    ${missing('moduleIds', sql`select from course_module where account_id = ${accountId} and module_id = w.id`)}
    union all
    ${missing(
      'courseItemIds',
      sql`select from content_item where account_id = ${accountId} and item_id = w.id
          union all select from training where account_id = ${accountId} and training_id = w.id`,
    )}`.execute(tx);
  return rows;
}

/** Which of these are no current enrollments. */
export async function endedOf(
  tx: ReadTx,
  accountId: number,
  keys: readonly EnrollmentKey[],
): Promise<string[]> {
  const { rows } = await sql<{ chunk: string; ordinal: number }>`
    select k.c as chunk, k.o as ordinal
    from unnest(${keys.map((key) => String(key.chunk))}::int8[], ${keys.map((key) => key.ordinal)}::int[]) as k(c, o)
    where not exists (select from enrollment e where e.account_id = ${accountId} and e.chunk = k.c and e.ordinal = k.o)`.execute(
    tx,
  );
  return rows.map((row) => enrollmentId({ accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal }));
}

/** An enrollment as recording needs it. */
export interface Recordable {
  readonly learnerId: string;
  readonly itemId: string;
  readonly contentType: string;
  readonly accessAt: Date;
  readonly dueAt: Date | null;
  readonly lockAfterDueDate: boolean;
}

/** Keeps a current enrollment from ending or changing while progress is written; null if there is none within reach. */
export async function lockEnrollment(
  tx: WriteTx,
  key: EnrollmentKey,
  reach: Reach,
): Promise<Recordable | null> {
  const { rows } = await sql<{
    learner_id: string;
    item_id: string;
    content_type: string;
    access_at: Date;
    due_at: Date | null;
    lock_after_due: boolean;
  }>`
    select e.learner_id, e.item_id, i.content_type, e.access_at, e.due_at, e.lock_after_due
    from enrollment e
    join users u on u.account_id = e.account_id and u.user_id = e.learner_id
    join content_item i on i.account_id = e.account_id and i.item_id = e.item_id
    where e.account_id = ${key.accountId} and e.chunk = ${String(key.chunk)}::int8 and e.ordinal = ${key.ordinal}
      and ${within(reach, sql`u.department_id`)}
    for share of e`.execute(tx);
  const row = rows[0];
  return row
    ? {
        learnerId: row.learner_id,
        itemId: row.item_id,
        contentType: row.content_type,
        accessAt: row.access_at,
        dueAt: row.due_at,
        lockAfterDueDate: row.lock_after_due,
      }
    : null;
}

/** What a part is: the type of its content, null for a training; and whether it is a course with modules. */
export async function natureOf(
  tx: ReadTx,
  accountId: number,
  { itemId, moduleId }: { itemId: string; moduleId: string | null },
): Promise<{ contentType: ContentType | null; hasModules: boolean }> {
  const { rows } = await sql<{ content_type: ContentType | null; has_modules: boolean }>`
    select i.content_type, exists (
        select from course_module c where c.account_id = ${accountId} and c.course_id = i.item_id) as has_modules
    from (select ${
      moduleId === null
        ? sql`${itemId}::uuid`
        : sql`(
        select item_id from course_module where account_id = ${accountId} and module_id = ${moduleId})`
    } as item_id) w
    left join content_item i on i.account_id = ${accountId} and i.item_id = w.item_id`.execute(tx);
  return { contentType: rows[0]?.content_type ?? null, hasModules: rows[0]?.has_modules ?? false };
}

/** What an id means within a course or a learning track: a module of the course, of a course of the track, or such a course as a whole. */
export async function findPart(
  tx: ReadTx,
  accountId: number,
  itemId: string,
  partId: string,
): Promise<{ courseId: string; moduleId: string | null } | null> {
  const { rows } = await sql<{ course_id: string; module_id: string | null }>`
    select m.course_id, m.module_id from course_module m
    where m.account_id = ${accountId} and m.module_id = ${partId} and (m.course_id = ${itemId} or exists (
      select from learning_track_course t where t.account_id = ${accountId} and t.track_id = ${itemId} and t.course_id = m.course_id))
    union all
    select t.course_id, null from learning_track_course t
    where t.account_id = ${accountId} and t.track_id = ${itemId} and t.course_id = ${partId}`.execute(tx);
  const row = rows[0];
  return row ? { courseId: row.course_id, moduleId: row.module_id } : null;
}

/** The modules that a training is for these learners: in courses they are enrolled in, directly or through a learning track. */
export async function trainingModulesOf(
  tx: ReadTx,
  accountId: number,
  trainingId: string,
  learnerIds: readonly string[],
): Promise<{ learnerId: string; itemId: string; moduleId: string }[]> {
  const { rows } = await sql<{ learner_id: string; course_id: string; module_id: string }>`
    select l.id as learner_id, m.course_id, m.module_id
    from course_module m cross join unnest(${learnerIds}::uuid[]) as l(id)
    where m.account_id = ${accountId} and m.training_id = ${trainingId}
      and (exists (select from enrollment e where e.account_id = ${accountId} and e.learner_id = l.id and e.item_id = m.course_id)
        or exists (select from learning_track_course t
             join enrollment e on e.account_id = ${accountId} and e.learner_id = l.id and e.item_id = t.track_id
             where t.account_id = ${accountId} and t.course_id = m.course_id))`.execute(tx);
  return rows.map((row) => ({
    learnerId: row.learner_id,
    itemId: row.course_id,
    moduleId: row.module_id,
  }));
}
