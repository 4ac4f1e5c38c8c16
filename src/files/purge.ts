import { enqueue, type TransactionHandler } from '../jobs/index.ts';
import { deletePackage } from './package-queries.ts';
import * as queries from './queries.ts';

/** Removing files that nobody has any more, bit by bit. */

export const PURGE_FILE = 'files.purge';

/** Parts of one transaction: a fraction of a second. */
const PARTS_AT_ONCE = 32;

/** The job that removes a file, and asks for itself again while there is more of it. One that somebody has is left alone. */
export const purgeFile: TransactionHandler = {
  concurrency: 1,
  maxAttempts: 20,
  backoff: { firstMs: 1_000, longestMs: 600_000 },
  runIn: async (tx, { accountId, payload }, now) => {
    const { fileId } = payload as { fileId: string };
    if (!(await queries.giveUp(tx, accountId, fileId, now))) return;
    const removed = await queries.deleteParts(tx, accountId, fileId, PARTS_AT_ONCE);
    if (removed < PARTS_AT_ONCE) {
      await deletePackage(tx, accountId, fileId);
      await queries.deleteFile(tx, accountId, fileId);
    } else
      await enqueue(tx, accountId, [{ kind: PURGE_FILE, key: fileId, runAt: now, payload: { fileId } }], now);
  },
};
