import { type Context, requireAdministrator } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { violatedConstraint, type WriteTx } from '../storage/index.ts';
import * as queries from './list-queries.ts';

/** The queue of an account, for its owner and administrators: what waits, what died, and what is to become of that. */

export function listJobs(
  ctx: Context,
  filter: queries.JobFilter,
  after: string | null,
  limit: number,
): Promise<queries.JobRow[]> {
  requireAdministrator(ctx.caller);
  return ctx.read((tx) =>
    queries.jobsAfter(tx, ctx.caller.accountId, filter, { after, limit, now: ctx.now }),
  );
}

/** Runs `work` with the dead job locked. Refuses an unknown one, and one that is not dead. */
function withDead(ctx: Context, jobId: string, work: (tx: WriteTx) => Promise<void>): Promise<void> {
  requireAdministrator(ctx.caller);
  return ctx.write(async (tx) => {
    const job = await queries.lockJob(tx, ctx.caller.accountId, jobId, ctx.now);
    if (!job) refuse('job.unknown', { ids: jobId });
    if (job.state !== 'dead') refuse('job.state', { ids: jobId, state: job.state });
    await work(tx);
  });
}

/** The dead job is due now, as if it had never been tried. Refuses one that was asked for again since it died. */
export async function retryJob(ctx: Context, jobId: string): Promise<void> {
  try {
    await withDead(ctx, jobId, (tx) => queries.revive(tx, ctx.caller.accountId, jobId, ctx.now));
  } catch (error) {
    if (violatedConstraint(error) === 'job_key') refuse('job.replaced', { ids: jobId });
    throw error;
  }
}

export function removeJob(ctx: Context, jobId: string): Promise<void> {
  return withDead(ctx, jobId, (tx) => queries.deleteJob(tx, ctx.caller.accountId, jobId));
}
