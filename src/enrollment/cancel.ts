import type { Context } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import type { OperationRow } from '../operations/index.ts';
import type { WriteTx } from '../storage/index.ts';
import { cancelOperation, stateOf } from './bulk-queries.ts';
import { refuseBeyond, type Undoing, undoingOf } from './undo.ts';
import { markUndone } from './undo-queries.ts';

/** Cancelling an operation that is not complete: what it wrote is undone by another, accepted in the same transaction. */

/**
 * Ends the operation between two chunks, and says what is to be undone of it. An undo that is cancelled has undone
 * nothing: what it was to undo is done again. Refuses 403 (scope), and `operation.state` when it is over already.
 */
export async function cancelIn(
  tx: WriteTx,
  ctx: Context,
  { operationId, causeId }: Pick<OperationRow, 'operationId' | 'causeId'>,
): Promise<Undoing> {
  const { accountId } = ctx.caller;
  if (!(await cancelOperation(tx, accountId, operationId, ctx.now)))
    refuse('operation.state', { ids: operationId, state: await stateOf(tx, accountId, operationId) });
  if (causeId !== null) await markUndone(tx, accountId, causeId);
  const undoing = await undoingOf(tx, ctx, operationId);
  await refuseBeyond(tx, ctx.caller, undoing.chunks);
  return undoing;
}
