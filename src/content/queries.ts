import { type RawBuilder, sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { ContentType, DueDefaults } from './rules.ts';

/** All SQL of content. */

export interface Item extends DueDefaults {
  readonly itemId: string;
  readonly contentType: ContentType;
  readonly title: string;
  readonly subtitle: string;
  readonly description: string;
  readonly code: string | null;
  readonly folderId: string | null;
  readonly url: string | null;
  readonly authorId: string;
  readonly addedAt: Date;
  readonly selfEnrollment: boolean;
  readonly isRetired: boolean;
  readonly accountUrl: string;
}

interface ItemRow {
  item_id: string;
  content_type: ContentType;
  title: string;
  subtitle: string;
  description: string;
  code: string | null;
  folder_id: string | null;
  url: string | null;
  author_id: string;
  added_at: Date;
  default_due_type: DueDefaults['defaultDueType'];
  default_due_at: Date | null;
  default_due_period_hours: number | null;
  default_lock: boolean;
  self_enrollment: boolean;
  retired_at: Date | null;
  account_url: string;
}

const toItem = (row: ItemRow): Item => ({
  itemId: row.item_id,
  contentType: row.content_type,
  title: row.title,
  subtitle: row.subtitle,
  description: row.description,
  code: row.code,
  folderId: row.folder_id,
  url: row.url,
  authorId: row.author_id,
  addedAt: row.added_at,
  defaultDueType: row.default_due_type,
  defaultDueAt: row.default_due_at,
  defaultDuePeriodHours: row.default_due_period_hours,
  defaultLock: row.default_lock,
  selfEnrollment: row.self_enrollment,
  isRetired: row.retired_at !== null,
  accountUrl: row.account_url,
});

export interface ItemFilter {
  readonly accountId: number;
  readonly itemIds?: readonly string[] | undefined;
  readonly contentTypes?: readonly string[] | undefined;
}

/** Items in order of creation, without retired ones unless they are named. */
export async function selectItems(
  tx: ReadTx,
  filter: ItemFilter,
  after: string | null,
  limit: number,
): Promise<Item[]> {
  const conditions: RawBuilder<unknown>[] = [];
  if (filter.itemIds?.length) conditions.push(sql`and i.item_id = any(${filter.itemIds}::uuid[])`);
  else conditions.push(sql`and i.retired_at is null`);
  if (filter.contentTypes?.length)
    conditions.push(sql`and i.content_type = any(${filter.contentTypes}::text[])`);
  if (after) conditions.push(sql`and i.item_id > ${after}::uuid`);
  const { rows } = await sql<ItemRow>`
    select i.*, a.url as account_url from content_item i join account a on a.account_id = i.account_id
    where i.account_id = ${filter.accountId} ${sql.join(conditions, sql` `)}
    order by i.item_id limit ${limit}`.execute(tx);
  return rows.map(toItem);
}

export type NewItem = Omit<Item, 'isRetired' | 'accountUrl'>;

/** Any number of items in one statement. */
export async function insertItems(tx: WriteTx, accountId: number, items: readonly NewItem[]): Promise<void> {
  const column = <T>(pick: (item: NewItem) => T): T[] => items.map(pick);
  await sql`
    insert into content_item (account_id, item_id, content_type, title, subtitle, description, code, folder_id, url, author_id,
      added_at, default_due_type, default_due_at, default_due_period_hours, default_lock, self_enrollment)
    select ${accountId}, * from unnest(${column((i) => i.itemId)}::uuid[], ${column((i) => i.contentType)}::text[],
      ${column((i) => i.title)}::text[], ${column((i) => i.subtitle)}::text[], ${column((i) => i.description)}::text[],
      ${column((i) => i.code)}::text[], ${column((i) => i.folderId)}::uuid[], ${column((i) => i.url)}::text[],
      ${column((i) => i.authorId)}::uuid[], ${column((i) => i.addedAt)}::timestamptz[],
      ${column((i) => i.defaultDueType)}::text[], ${column((i) => i.defaultDueAt)}::timestamptz[],
      ${column((i) => i.defaultDuePeriodHours)}::int[], ${column((i) => i.defaultLock)}::boolean[],
      ${column((i) => i.selfEnrollment)}::boolean[])`.execute(tx);
}

export async function updateItem(tx: WriteTx, accountId: number, item: Item): Promise<void> {
  await sql`
    update content_item set title = ${item.title}, subtitle = ${item.subtitle}, description = ${item.description}, code = ${item.code},
      folder_id = ${item.folderId}, url = ${item.url}, default_due_type = ${item.defaultDueType},
      default_due_at = ${item.defaultDueAt}, default_due_period_hours = ${item.defaultDuePeriodHours},
      default_lock = ${item.defaultLock}, self_enrollment = ${item.selfEnrollment}
    where account_id = ${accountId} and item_id = ${item.itemId}`.execute(tx);
}

export async function retireItem(tx: WriteTx, accountId: number, itemId: string, now: Date): Promise<void> {
  await sql`update content_item set retired_at = coalesce(retired_at, ${now})
    where account_id = ${accountId} and item_id = ${itemId}`.execute(tx);
}

/**
 * Locks an item against other editors, or also against enrollments in it: then those being written are waited for, and
 * later ones meet what was decided. Null when there is none.
 */
export async function lockItem(
  tx: WriteTx,
  accountId: number,
  itemId: string,
  against: 'editors' | 'enrollments' = 'editors',
): Promise<Item | null> {
  const { rows } = await sql<ItemRow>`
    select i.*, '' as account_url from content_item i
    where i.account_id = ${accountId} and i.item_id = ${itemId}
    ${against === 'editors' ? sql`for no key update` : sql`for update`}`.execute(tx);
  return rows[0] ? toItem(rows[0]) : null;
}

/** Whether an item is a module of a course or part of a track. */
export async function isInUse(tx: ReadTx, accountId: number, itemId: string): Promise<boolean> {
  const { rows } = await sql<{ used: boolean }>`
    select exists(select from course_module m where m.account_id = ${accountId} and m.item_id = ${itemId})
        or exists(select from learning_track_course t where t.account_id = ${accountId} and t.course_id = ${itemId}) as used`.execute(
    tx,
  );
  return rows[0]?.used ?? false;
}

export interface Module {
  readonly moduleId: string;
  readonly courseId: string;
  readonly itemId: string | null;
  readonly trainingId: string | null;
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
  title: string;
  description: string | null;
  author_id: string | null;
  added_at: Date;
  sequential_number: number;
  account_url: string;
}

const MODULE = sql`
  select m.module_id, m.course_id, m.item_id, m.training_id, m.title, i.description, i.author_id, m.added_at, m.sequential_number, a.url as account_url
  from course_module m join account a on a.account_id = m.account_id
  left join content_item i on i.account_id = m.account_id and i.item_id = m.item_id`;

const toModule = (row: ModuleRow): Module => ({
  moduleId: row.module_id,
  courseId: row.course_id,
  itemId: row.item_id,
  trainingId: row.training_id,
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
  module: Omit<Module, 'description' | 'authorId' | 'sequentialNumber' | 'accountUrl'> & {
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
