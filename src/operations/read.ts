import type { Context } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import * as queries from './queries.ts';

/**
 * An operation, for its actor and for callers who see the whole account.
 * Refuses `operation.unknown` alike when there is none and when it is somebody else's.
 */
export async function readOperation(ctx: Context, operationId: string): Promise<queries.OperationRow> {
  const operation = await ctx.read((tx) => queries.findOperation(tx, ctx.caller.accountId, operationId));
  const isVisible = operation && (ctx.caller.isAdministrator || operation.actorId === ctx.caller.userId);
  return isVisible ? operation : refuse('operation.unknown', { ids: operationId });
}
