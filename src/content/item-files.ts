import { type Context, reachOf, StaleRights } from '../access/index.ts';
import {
  discard,
  type FileType,
  findFile,
  type Incoming,
  keepPackage,
  receive,
  release,
  type StoredFile,
  showingOf,
  take,
  typeOf,
  typesFor,
} from '../files/index.ts';
import { refuse } from '../kernel/errors.ts';
import { findItem, lockItem } from './library.ts';
import * as queries from './queries.ts';

/** The file of a content item: what opens when a learner opens it. */

/**
 * Stores what comes in as the file of an item, in place of the one it had. Refuses an unknown item (404), one that has no
 * files, and a file that is not of its kind (400): then, and when the sender goes away, the item keeps what it had.
 */
export async function storeFile(ctx: Context, itemId: string, incoming: Incoming): Promise<StoredFile> {
  reachOf(ctx.caller, 'content.write');
  const { db, now } = ctx;
  const { accountId } = ctx.caller;
  const [item] = await ctx.read((tx) => queries.selectItems(tx, { accountId, itemIds: [itemId] }, null, 1));
  if (!item) return refuse('content.unknown', { ids: itemId });
  const { contentType } = item;
  const types = typesFor(contentType) ?? refuse('content.takes_no_file', { type: contentType });
  const judge = (head: Buffer): FileType =>
    typeOf(types, head) ??
    refuse('file.wrong_type', {
      type: contentType,
      types: types.map(({ mediaType }) => mediaType).join(', '),
    });
  const upload = await receive(db, accountId, incoming, { judge, now });
  try {
    if (showingOf(upload.mediaType) === 'package') await keepPackage(db, accountId, upload);
    return await asCallerIsNow(ctx, (current) =>
      current.write(async (tx) => {
        reachOf(current.caller, 'content.write');
        const { fileId: before } = await lockItem(tx, accountId, itemId);
        await take(tx, accountId, upload, now);
        await queries.setFile(tx, accountId, itemId, upload.fileId);
        if (before !== null) await release(tx, accountId, before, now);
        return (await findFile(tx, accountId, upload.fileId)) as StoredFile;
      }),
    );
  } catch (error) {
    await discard(db, accountId, upload.fileId, now);
    throw error;
  }
}

/** A file comes in once: where rights changed while it did, they are judged anew, and it is not asked for again. */
async function asCallerIsNow<T>(ctx: Context, work: (current: Context) => Promise<T>): Promise<T> {
  try {
    return await work(ctx);
  } catch (error) {
    if (!(error instanceof StaleRights) || !ctx.live) throw error;
    return ctx.live.again(work);
  }
}

/** An item that has a file, and its file. Refuses an unknown item (400), and one without a file (404). */
export async function readFile(
  ctx: Context,
  itemId: string,
): Promise<{ readonly item: queries.Item; readonly file: StoredFile }> {
  const item = await findItem(ctx, itemId);
  const { fileId } = item;
  const file = fileId && (await ctx.read((tx) => findFile(tx, ctx.caller.accountId, fileId)));
  return file ? { item, file } : refuse('content.no_file', { ids: itemId });
}

/** Takes the file of an item away; its url opens again, if it has one. Refuses an unknown item and one without a file (404). */
export function removeFile(ctx: Context, itemId: string): Promise<void> {
  reachOf(ctx.caller, 'content.write');
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    const { fileId } = await lockItem(tx, accountId, itemId);
    if (fileId === null) return refuse('content.no_file', { ids: itemId });
    await queries.setFile(tx, accountId, itemId, null);
    await release(tx, accountId, fileId, ctx.now);
  });
}
