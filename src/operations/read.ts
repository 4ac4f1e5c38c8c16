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

/** One page of operations in order of acceptance: everybody's for callers who see the whole account, for others their own. */
export async function listOperations(
  ctx: Context,
  filter: queries.OperationFilter,
  after: queries.OperationPlace | null,
  limit: number,
): Promise<queries.OperationRow[]> {
  const { accountId, userId, isAdministrator } = ctx.caller;
  // Somebody else's are filtered out, as whatever a limited caller may not see.
  if (!isAdministrator && filter.actorId !== null && filter.actorId !== userId)
    return ctx.read(async () => []);
  const own = isAdministrator ? filter : { ...filter, actorId: userId };
  return ctx.read((tx) => queries.operationsAfter(tx, accountId, own, after, limit));
}
