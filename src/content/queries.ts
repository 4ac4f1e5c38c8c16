import { type RawBuilder, sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { ContentType, DueDefaults } from './rules.ts';

/** All SQL of items. Modules and tracks are in course-queries.ts, folders in folder-queries.ts. */

/** A field that the account gave its content, and what it says of one item. */
export interface CourseField {
  readonly fieldId: string;
  readonly fieldValue: string;
}

export interface Item extends DueDefaults {
  readonly itemId: string;
  readonly contentType: ContentType;
  readonly title: string;
  readonly subtitle: string;
  readonly description: string;
  readonly code: string | null;
  readonly folderId: string | null;
  readonly url: string | null;
  /** Of the file that was uploaded for it. */
  readonly fileId: string | null;
  readonly authorId: string;
  readonly addedAt: Date;
  readonly selfEnrollment: boolean;
  readonly courseFields: readonly CourseField[];
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
  file_id: string | null;
  author_id: string;
  added_at: Date;
  default_due_type: DueDefaults['defaultDueType'];
  default_due_at: Date | null;
  default_due_period_hours: number | null;
  default_lock: boolean;
  self_enrollment: boolean;
  course_fields: CourseField[];
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
  fileId: row.file_id,
  authorId: row.author_id,
  addedAt: row.added_at,
  defaultDueType: row.default_due_type,
  defaultDueAt: row.default_due_at,
  defaultDuePeriodHours: row.default_due_period_hours,
  defaultLock: row.default_lock,
  selfEnrollment: row.self_enrollment,
  courseFields: row.course_fields,
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

export type NewItem = Omit<Item, 'isRetired' | 'accountUrl' | 'fileId'>;

/** Any number of items in one statement. */
export async function insertItems(tx: WriteTx, accountId: number, items: readonly NewItem[]): Promise<void> {
  const column = <T>(pick: (item: NewItem) => T): T[] => items.map(pick);
  await sql`
    insert into content_item (account_id, item_id, content_type, title, subtitle, description, code, folder_id, url, author_id,
      added_at, default_due_type, default_due_at, default_due_period_hours, default_lock, self_enrollment, course_fields)
    select ${accountId}, * from unnest(${column((i) => i.itemId)}::uuid[], ${column((i) => i.contentType)}::text[],
      ${column((i) => i.title)}::text[], ${column((i) => i.subtitle)}::text[], ${column((i) => i.description)}::text[],
      ${column((i) => i.code)}::text[], ${column((i) => i.folderId)}::uuid[], ${column((i) => i.url)}::text[],
      ${column((i) => i.authorId)}::uuid[], ${column((i) => i.addedAt)}::timestamptz[],
      ${column((i) => i.defaultDueType)}::text[], ${column((i) => i.defaultDueAt)}::timestamptz[],
      ${column((i) => i.defaultDuePeriodHours)}::int[], ${column((i) => i.defaultLock)}::boolean[],
      ${column((i) => i.selfEnrollment)}::boolean[], ${column((i) => JSON.stringify(i.courseFields))}::jsonb[])`.execute(
    tx,
  );
}

export async function updateItem(tx: WriteTx, accountId: number, item: Item): Promise<void> {
  await sql`
    update content_item set title = ${item.title}, subtitle = ${item.subtitle}, description = ${item.description}, code = ${item.code},
      folder_id = ${item.folderId}, url = ${item.url}, default_due_type = ${item.defaultDueType},
      default_due_at = ${item.defaultDueAt}, default_due_period_hours = ${item.defaultDuePeriodHours},
      default_lock = ${item.defaultLock}, self_enrollment = ${item.selfEnrollment},
      course_fields = ${JSON.stringify(item.courseFields)}::jsonb
    where account_id = ${accountId} and item_id = ${item.itemId}`.execute(tx);
}

/** Gives an item another file, or none. */
export async function setFile(
  tx: WriteTx,
  accountId: number,
  itemId: string,
  fileId: string | null,
): Promise<void> {
  await sql`update content_item set file_id = ${fileId} where account_id = ${accountId} and item_id = ${itemId}`.execute(
    tx,
  );
}

export async function retireItem(tx: WriteTx, accountId: number, itemId: string, now: Date): Promise<void> {
  await sql`update content_item set retired_at = coalesce(retired_at, ${now})
    where account_id = ${accountId} and item_id = ${itemId}`.execute(tx);
}

/** Whom a lock on items keeps out: other editors, or also enrollments in them. */
export type LockAgainst = 'editors' | 'enrollments';

/**
 * Locks items, in order of id; unknown ones are missing from the answer. Against enrollments, those being written are
 * waited for, and later ones meet what was decided.
 */
export async function lockItems(
  tx: WriteTx,
  accountId: number,
  itemIds: readonly string[],
  against: LockAgainst = 'editors',
): Promise<Map<string, Item>> {
  const { rows } = await sql<ItemRow>`
    select i.*, '' as account_url from content_item i
    where i.account_id = ${accountId} and i.item_id = any(${itemIds}::uuid[]) order by i.item_id
    ${against === 'editors' ? sql`for no key update` : sql`for update`}`.execute(tx);
  return new Map(rows.map((row) => [row.item_id, toItem(row)]));
}

/** Which of these ids name no item. */
export async function unknownItems(
  tx: ReadTx,
  accountId: number,
  itemIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select w.id from unnest(${itemIds}::uuid[]) as w(id)
    where not exists (select from content_item i where i.account_id = ${accountId} and i.item_id = w.id)`.execute(
    tx,
  );
  return rows.map((row) => row.id);
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

/** Whether learners may enroll themselves in an item. */
export async function isOffered(tx: ReadTx, accountId: number, itemId: string): Promise<boolean> {
  const { rows } = await sql`select from content_item
    where account_id = ${accountId} and item_id = ${itemId} and self_enrollment and retired_at is null`.execute(
    tx,
  );
  return rows.length > 0;
}

/** An item that learners may enroll themselves in. */
export interface OfferedItem {
  readonly itemId: string;
  readonly contentType: ContentType;
  readonly title: string;
  readonly description: string;
}

/** The next of them after a title and id, in order of titles; those whose title or description has the words. */
export async function offeredAfter(
  tx: ReadTx,
  accountId: number,
  words: string,
  after: Pick<OfferedItem, 'title' | 'itemId'> | null,
  limit: number,
): Promise<OfferedItem[]> {
  const patterns = words
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => `%${word.replace(/[\\%_]/g, (character) => `\\${character}`)}%`);
  const { rows } = await sql<{
    item_id: string;
    content_type: ContentType;
    title: string;
    description: string;
  }>`
    select item_id, content_type, title, description from content_item
    where account_id = ${accountId} and self_enrollment and retired_at is null
      ${patterns.length === 0 ? sql`` : sql`and (title || ' ' || description) ilike all(${patterns}::text[])`}
      ${after ? sql`and (title, item_id) > (${after.title}, ${after.itemId}::uuid)` : sql``}
    order by title, item_id limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    itemId: row.item_id,
    contentType: row.content_type,
    title: row.title,
    description: row.description,
  }));
}
