import { type RawBuilder, sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { ContentType } from './rules.ts';

/** All SQL of folders, and of the tree that they and the items in them are. */

export interface Folder {
  readonly folderId: string;
  readonly parentId: string | null;
  readonly title: string;
  readonly description: string;
  readonly addedAt: Date;
}

export async function insertFolder(tx: WriteTx, accountId: number, folder: Folder): Promise<void> {
  await sql`
    insert into content_folder (account_id, folder_id, parent_id, title, description, added_at)
    values (${accountId}, ${folder.folderId}, ${folder.parentId}, ${folder.title}, ${folder.description}, ${folder.addedAt})`.execute(
    tx,
  );
}

/** False when there is no such folder. */
export async function deleteFolder(tx: WriteTx, accountId: number, folderId: string): Promise<boolean> {
  const { rows } = await sql`
    delete from content_folder where account_id = ${accountId} and folder_id = ${folderId} returning folder_id`.execute(
    tx,
  );
  return rows.length > 0;
}

/** A folder or an item, and the folder it lies in. */
export interface TreeNode {
  readonly id: string;
  readonly parentId: string | null;
  readonly type: ContentType | 'Folder';
  readonly title: string;
  readonly description: string;
  readonly addedAt: Date;
  readonly accountUrl: string;
}

/** Folders and items in order of creation; without retired items unless they are named. */
export async function treeAfter(
  tx: ReadTx,
  filter: { accountId: number; ids?: readonly string[] | undefined },
  after: string | null,
  limit: number,
): Promise<TreeNode[]> {
  const { accountId, ids } = filter;
  const among = (id: RawBuilder<unknown>) => sql`
    ${ids ? sql`and ${id} = any(${ids}::uuid[])` : sql``} ${after ? sql`and ${id} > ${after}::uuid` : sql``}
    order by ${id} limit ${limit}`;
  const { rows } = await sql<{
    id: string;
    parent_id: string | null;
    type: ContentType | 'Folder';
    title: string;
    description: string;
    added_at: Date;
    account_url: string;
  }>`
    select n.*, a.url as account_url from account a, (
      (select f.folder_id as id, f.parent_id, 'Folder' as type, f.title, f.description, f.added_at
       from content_folder f where f.account_id = ${accountId} ${among(sql`f.folder_id`)})
      union all
      (select i.item_id, i.folder_id, i.content_type, i.title, i.description, i.added_at
       from content_item i where i.account_id = ${accountId} ${ids ? sql`` : sql`and i.retired_at is null`}
       ${among(sql`i.item_id`)})) n
    where a.account_id = ${accountId} order by n.id limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    id: row.id,
    parentId: row.parent_id,
    type: row.type,
    title: row.title,
    description: row.description,
    addedAt: row.added_at,
    accountUrl: row.account_url,
  }));
}

/** Which of these ids name neither a folder nor an item. */
export async function unknownNodes(tx: ReadTx, accountId: number, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select w.id from unnest(${ids}::uuid[]) as w(id)
    where not exists (select from content_item i where i.account_id = ${accountId} and i.item_id = w.id)
      and not exists (select from content_folder f where f.account_id = ${accountId} and f.folder_id = w.id)`.execute(
    tx,
  );
  return rows.map((row) => row.id);
}
