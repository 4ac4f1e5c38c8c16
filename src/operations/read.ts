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
  const own = ownOf(ctx, filter);
  return ctx.read(async (tx) =>
    own ? queries.operationsAfter(tx, ctx.caller.accountId, own, after, limit) : [],
  );
}

/** So many of them that were accepted last, in order of acceptance. */
export async function latestOperations(
  ctx: Context,
  filter: queries.OperationFilter,
  limit: number,
): Promise<queries.OperationRow[]> {
  const own = ownOf(ctx, filter);
  return ctx.read(async (tx) => (own ? queries.lastOperations(tx, ctx.caller.accountId, own, limit) : []));
}

/** What is left of a filter for this caller; null where nothing is. */
function ownOf({ caller }: Context, filter: queries.OperationFilter): queries.OperationFilter | null {
  if (caller.isAdministrator) return filter;
  // Somebody else's are filtered out, as whatever a limited caller may not see.
  if (filter.actorId !== null && filter.actorId !== caller.userId) return null;
  return { ...filter, actorId: caller.userId };
}
