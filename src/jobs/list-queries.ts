import { type RawBuilder, sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { queuesAfter } from './queries.ts';
import type { JobState } from './rules.ts';

/** All SQL for whoever looks at the queue: lists, the dead, figures. */

export interface JobRow {
  readonly jobId: string;
  readonly kind: string;
  readonly state: JobState;
  readonly runAt: Date;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly createdAt: Date;
}

/** Which jobs; null means any. */
export interface JobFilter {
  readonly state: JobState | null;
  readonly kind: string | null;
}

/** SQL: a job is in a state at `now`. One whose lease ran out waits to be taken again. */
const inState = (state: JobState, now: Date): RawBuilder<unknown> =>
  state === 'dead'
    ? sql`dead_at is not null`
    : state === 'running'
      ? sql`dead_at is null and lease_until is not null and lease_until > ${now}`
      : sql`dead_at is null and (lease_until is null or lease_until <= ${now})`;

const stateAt = (now: Date): RawBuilder<unknown> =>
  sql`case when ${inState('dead', now)} then 'dead' when ${inState('running', now)} then 'running' else 'waiting' end`;

/** The next jobs in order of creation. */
export async function jobsAfter(
  tx: ReadTx,
  accountId: number,
  { state, kind }: JobFilter,
  { after, limit, now }: { after: string | null; limit: number; now: Date },
): Promise<JobRow[]> {
  const conditions = [
    sql`account_id = ${accountId}`,
    ...(state ? [inState(state, now)] : []),
    ...(kind === null ? [] : [sql`kind = ${kind}`]),
    ...(after === null ? [] : [sql`job_id > ${after}::uuid`]),
  ];
  const { rows } = await sql<JobRow>`
    select job_id as "jobId", kind, run_at as "runAt", attempts, last_error as "lastError", created_at as "createdAt",
      ${stateAt(now)} as state
    from job where ${sql.join(conditions, sql` and `)} order by job_id limit ${limit}`.execute(tx);
  return rows;
}

/** Whether there is such a job, and whether it is dead; locked. */
export async function lockJob(
  tx: WriteTx,
  accountId: number,
  jobId: string,
  now: Date,
): Promise<{ state: JobState } | null> {
  const { rows } = await sql<{ state: JobState }>`
    select ${stateAt(now)} as state from job
    where account_id = ${accountId} and job_id = ${jobId} for update`.execute(tx);
  return rows[0] ?? null;
}

/** The dead job is due now, with all its attempts. Violates `job_key` if another has its key by now. */
export async function revive(tx: WriteTx, accountId: number, jobId: string, now: Date): Promise<void> {
  await sql`update job set dead_at = null, attempts = 0, run_at = ${now}
    where account_id = ${accountId} and job_id = ${jobId}`.execute(tx);
}

export async function deleteJob(tx: WriteTx, accountId: number, jobId: string): Promise<void> {
  await sql`delete from job where account_id = ${accountId} and job_id = ${jobId}`.execute(tx);
}

/** Of one kind, in all accounts. */
export interface JobCounts {
  readonly kind: string;
  /** The due ones are among them. */
  readonly waiting: number;
  readonly due: number;
  readonly running: number;
  readonly dead: number;
  readonly oldestDueAt: Date | null;
}

/** More than that in a queue are not counted: somebody asks every few seconds. */
const COUNTED_AT_MOST = 10_000;
/** More queues than any look finds. */
const ALL_QUEUES = 1_000_000;

/** How many jobs there are of each kind, for whoever runs the server; of a queue the first to be run. */
export async function countJobs(tx: ReadTx, now: Date): Promise<JobCounts[]> {
  const isWaiting = sql`(lease_until is null or lease_until <= ${now})`;
  const isDue = sql`(${isWaiting} and run_at <= ${now})`;
  const { rows } = await sql<JobCounts>`
    with ${queuesAfter(null, ALL_QUEUES)},
    alive as (
      select q.kind, sum(c.waiting) as waiting, sum(c.due) as due, sum(c.running) as running, min(c.oldest) as oldest
      from queue q cross join lateral (
        select count(*) filter (where ${isWaiting}) as waiting, count(*) filter (where ${isDue}) as due,
          count(*) filter (where not ${isWaiting}) as running, min(run_at) filter (where ${isDue}) as oldest
        from (select run_at, lease_until from job j
              where j.account_id = q.account_id and j.kind = q.kind and j.dead_at is null
              order by run_at limit ${COUNTED_AT_MOST}) first) c
      group by q.kind),
    dead as (select kind, count(*) as dead from job where dead_at is not null group by kind)
    select kind, coalesce(waiting, 0)::int as waiting, coalesce(due, 0)::int as due, coalesce(running, 0)::int as running,
      coalesce(dead, 0)::int as dead, oldest as "oldestDueAt"
    from alive full join dead using (kind) order by kind`.execute(tx);
  return rows;
}

/** In all accounts. */
export async function countDead(tx: ReadTx): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from job where dead_at is not null`.execute(tx);
  return rows[0]?.n ?? 0;
}
