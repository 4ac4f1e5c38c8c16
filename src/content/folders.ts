import { type Context, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { violatedConstraint } from '../storage/index.ts';
import * as queries from './folder-queries.ts';

/** Folders put content in order; they are no content themselves: nobody is enrolled in one. */

/** What holds a folder in its parent, and items in a folder. */
const PARENT = 'content_folder_account_id_parent_id_fkey';
const HOLDERS = [PARENT, 'content_item_folder'];

/** Makes a folder, in another one or at the top; returns its id. Refuses an unknown parent (400). */
export async function createFolder(
  ctx: Context,
  input: { title: string; description?: string | undefined; parentId?: string | undefined },
): Promise<string> {
  reachOf(ctx.caller, 'content.write');
  const folder = {
    folderId: newId(),
    parentId: input.parentId ?? null,
    title: input.title,
    description: input.description ?? '',
    addedAt: ctx.now,
  };
  try {
    await ctx.write((tx) => queries.insertFolder(tx, ctx.caller.accountId, folder));
  } catch (error) {
    if (violatedConstraint(error) === PARENT)
      refuse('content.unknown_folder', { field: 'parentId', ids: folder.parentId ?? '' });
    throw error;
  }
  return folder.folderId;
}

/** Removes a folder; refuses one that is not there (404) or has something in it (409). */
export async function deleteFolder(ctx: Context, folderId: string): Promise<void> {
  reachOf(ctx.caller, 'content.write');
  try {
    const wasThere = await ctx.write((tx) => queries.deleteFolder(tx, ctx.caller.accountId, folderId));
    if (!wasThere) refuse('content.folder_not_found', { ids: folderId });
  } catch (error) {
    if (HOLDERS.includes(violatedConstraint(error) ?? '')) refuse('content.folder_in_use', { ids: folderId });
    throw error;
  }
}

/** Folders and items after a place, or those of them that are named; refuses unknown ids (400). */
export function listTree(
  ctx: Context,
  ids: readonly string[] | undefined,
  after: string | null,
  limit: number,
): Promise<queries.TreeNode[]> {
  reachOf(ctx.caller, 'content.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    const unknown = ids ? await queries.unknownNodes(tx, accountId, ids) : [];
    if (unknown.length > 0) refuse('content.unknown_ids', { field: 'contentItemIds', ids: listIds(unknown) });
    return queries.treeAfter(tx, { accountId, ids }, after, limit);
  });
}
