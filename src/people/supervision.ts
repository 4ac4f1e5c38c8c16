import { type Context, reachOf } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import type { ReadTx } from '../storage/index.ts';
import type { SupervisionInput } from './rules.ts';
import { selectUserIds } from './user-queries.ts';

/** Who stands above users and departments: a supervisor and a co-supervisor, each by hand, inherited, or nobody. */

/**
 * Refuses `manual` without a supervisor, an unknown supervisor (400; 403 for limited callers, as if they were somebody
 * else's), and users who would stand above themselves.
 */
export async function checkSupervisors(
  tx: ReadTx,
  ctx: Context,
  input: SupervisionInput,
  userId?: string,
): Promise<void> {
  for (const field of ['subordination', 'coSubordination'] as const) {
    const { subordinationType, supervisorId } = input[field] ?? {};
    if (subordinationType !== 'manual') continue;
    const name = `${field}.supervisorId`;
    if (!supervisorId) refuse('request.invalid', { field: name, detail: 'is required with manual' });
    if (supervisorId === userId)
      refuse('request.invalid', { field: name, detail: 'nobody can be their own supervisor' });
    const reach = reachOf(ctx.caller, 'user.read');
    const filter = { accountId: ctx.caller.accountId, reach, now: ctx.now, userIds: [supervisorId] };
    if ((await selectUserIds(tx, filter)).length > 0) continue;
    if (reach === 'everyone') refuse('people.unknown_users', { field: name, ids: supervisorId });
    refuse('auth.user_scope', { ids: supervisorId });
  }
}
