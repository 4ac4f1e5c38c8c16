import { sql } from 'kysely';
import { newId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of the queue: asking for jobs, taking them under a lease, ending an attempt. */

export type Payload = Readonly<Record<string, unknown>>;

export interface NewJob {
  readonly kind: string;
  /** However often a job of this key is asked for, it is one, until it is done or dead. */
  readonly key?: string | undefined;
  readonly runAt: Date;
  /** Ids and instants; what may change meanwhile is read when the job is run. */
  readonly payload: Payload;
}

/** Of several with one key the earliest. In order of keys, so that two transactions do not lock each other out. */
function distinct(jobs: readonly NewJob[]): NewJob[] {
  const byKey = new Map<string, NewJob>();
  for (const job of jobs) {
    const name = JSON.stringify([job.kind, job.key]);
    const known = byKey.get(name);
    if (job.key !== undefined && (!known || job.runAt < known.runAt)) byKey.set(name, job);
  }
  const keyed = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, job]) => job);
  return [...keyed, ...jobs.filter(({ key }) => key === undefined)];
}

/**
 * Asks for jobs, in the transaction that makes them necessary. One with the key of a job that waits is that job, at the
 * earlier of both times and with the payload it had; while that one is retried after a failure, its next attempt stands.
 * One with the key of a job that is being run lets it run once more afterwards: it may have seen what was before.
 * Transactions that ask for one key wait for each other from then on, so it is best asked for last.
 */
export async function enqueue(
  tx: WriteTx,
  accountId: number,
  jobs: readonly NewJob[],
  now: Date,
): Promise<void> {
  if (jobs.length === 0) return;
  const wanted = distinct(jobs);
  await sql`
    insert into job (account_id, job_id, kind, key, run_at, payload, created_at)
    select ${accountId}, w.job_id, w.kind, w.key, w.run_at, w.payload::jsonb, ${now}
    from unnest(${wanted.map(() => newId())}::uuid[], ${wanted.map(({ kind }) => kind)}::text[],
                ${wanted.map(({ key }) => key ?? null)}::text[],
                ${wanted.map(({ runAt }) => runAt.toISOString())}::timestamptz[],
                ${wanted.map(({ payload }) => JSON.stringify(payload))}::text[]) as w(job_id, kind, key, run_at, payload)
    on conflict (account_id, kind, key) where key is not null and dead_at is null do update set
      again_at = case when job.lease_until is not null then least(job.again_at, excluded.run_at) end,
      run_at = case when job.lease_until is null and job.attempts = 0 then least(job.run_at, excluded.run_at)
                    else job.run_at end`.execute(tx);
}

/**
 * Takes back jobs by their keys. One that is being run ends as it will, and is perhaps tried again: a handler asks each
 * time whether its job is still wanted. What it was asked for meanwhile is taken back.
 */
export async function unqueue(
  tx: WriteTx,
  accountId: number,
  kind: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const named = sql`account_id = ${accountId} and kind = ${kind} and key = any(${[...keys]}::text[]) and dead_at is null`;
  await sql`delete from job where ${named} and lease_until is null`.execute(tx);
  await sql`update job set again_at = null where ${named} and again_at is not null`.execute(tx);
}

/** Jobs of one kind in one account. */
export interface Queue {
  readonly accountId: number;
  readonly kind: string;
}

/** What a look at the queues finds. */
export interface QueuePage {
  readonly due: readonly Queue[];
  /** Where the next look begins; null when this was the last of them. */
  readonly next: Queue | null;
}

const FIRST_QUEUE: Queue = { accountId: 0, kind: '' };

/** SQL: so many queues `queue` of all accounts after one of them. Goes from queue to queue by the index, whatever waits in them. */
export const queuesAfter = (after: Queue | null, limit: number) => {
  const { accountId, kind } = after ?? FIRST_QUEUE;
  return sql`
    recursive chain as (
      (select account_id, kind from job where dead_at is null and (account_id, kind) > (${accountId}::int, ${kind}::text)
       order by account_id, kind limit 1)
      union all
      select next.account_id, next.kind from chain c cross join lateral (
        select j.account_id, j.kind from job j
        where j.dead_at is null and (j.account_id, j.kind) > (c.account_id, c.kind)
        order by j.account_id, j.kind limit 1) next),
    queue as materialized (select account_id, kind from chain limit ${limit})`;
};

/** Of so many queues those in which something is to be run now. */
export async function dueQueues(
  tx: ReadTx,
  kinds: readonly string[],
  { now, after, limit }: { now: Date; after: Queue | null; limit: number },
): Promise<QueuePage> {
  const { rows } = await sql<Queue & { isDue: boolean }>`
    with ${queuesAfter(after, limit)}
    select account_id as "accountId", kind, kind = any(${[...kinds]}::text[]) and exists (
      select from job j where j.account_id = q.account_id and j.kind = q.kind and j.dead_at is null and j.run_at <= ${now}
        and (j.lease_until is null or j.lease_until <= ${now})) as "isDue"
    from queue q order by account_id, kind`.execute(tx);
  const last = rows.at(-1);
  return {
    due: rows.filter(({ isDue }) => isDue),
    next: rows.length === limit && last ? { accountId: last.accountId, kind: last.kind } : null,
  };
}

/** The right to run a job, until somebody else holds a later epoch. */
export interface Lease {
  readonly accountId: number;
  readonly jobId: string;
  readonly epoch: bigint;
}

const holder = ({ accountId, jobId, epoch }: Lease) =>
  sql`account_id = ${accountId} and job_id = ${jobId} and lease_epoch = ${String(epoch)}::int8`;

export interface TakenJob extends Lease {
  readonly kind: string;
  readonly key: string | null;
  readonly payload: Payload;
  readonly runAt: Date;
  readonly createdAt: Date;
  /** The attempt that begins; of a lost one, that attempt. */
  readonly attempt: number;
  /** Somebody took it and never came back. */
  readonly isLost: boolean;
}

export interface Taking {
  readonly now: Date;
  readonly leaseUntil: Date;
  readonly limit: number;
  /** What this process runs: it is not lost, however far the clock was moved. */
  readonly except: readonly string[];
  /** Waits for rows that others have locked, instead of passing them over. */
  readonly isPatient?: boolean;
}

/** Takes jobs of a queue that are due, and those whose lease ran out. Others may take from it meanwhile. */
export async function take(
  tx: WriteTx,
  { accountId, kind }: Queue,
  { now, leaseUntil, limit, except, isPatient }: Taking,
): Promise<TakenJob[]> {
  const { rows } = await sql<{
    job_id: string;
    lease_epoch: string;
    key: string | null;
    payload: Payload;
    run_at: Date;
    created_at: Date;
    attempts: number;
    is_lost: boolean;
  }>`
    with due as materialized (
      select job_id, lease_until is not null as is_lost from job
      where account_id = ${accountId} and kind = ${kind} and dead_at is null and run_at <= ${now}
        and (lease_until is null or lease_until <= ${now}) and job_id <> all(${[...except]}::uuid[])
      order by run_at limit ${limit} for update ${isPatient ? sql`` : sql`skip locked`})
    update job j set lease_epoch = j.lease_epoch + 1, lease_until = ${leaseUntil},
      attempts = j.attempts + case when due.is_lost then 0 else 1 end
    from due where j.account_id = ${accountId} and j.job_id = due.job_id
    returning j.job_id, j.lease_epoch, j.key, j.payload, j.run_at, j.created_at, j.attempts, due.is_lost`.execute(
    tx,
  );
  return rows
    .map((row) => ({
      accountId,
      jobId: row.job_id,
      epoch: BigInt(row.lease_epoch),
      kind,
      key: row.key,
      payload: row.payload,
      runAt: row.run_at,
      createdAt: row.created_at,
      attempt: row.attempts,
      isLost: row.is_lost,
    }))
    .sort((a, b) => a.runAt.getTime() - b.runAt.getTime());
}

/** The job is done: it goes, or is asked for anew if it was while it ran. False if the lease is lost: nothing may be done. */
export async function finish(tx: WriteTx, lease: Lease): Promise<boolean> {
  const gone =
    await sql`delete from job where ${holder(lease)} and again_at is null returning job_id`.execute(tx);
  if (gone.rows.length > 0) return true;
  const again = await sql`
    update job set run_at = again_at, again_at = null, attempts = 0, last_error = null, lease_until = null,
      lease_epoch = lease_epoch + 1 where ${holder(lease)} returning job_id`.execute(tx);
  return again.rows.length > 0;
}

/**
 * The attempt failed: the next is at that time, or there is none and the job is dead. One that was asked for again while
 * it ran is then as if it were asked for the first time. False if the lease is lost.
 */
export async function recordFailure(
  tx: WriteTx,
  lease: Lease,
  { retryAt, reason, now }: { retryAt: Date | null; reason: string; now: Date },
): Promise<boolean> {
  const isDead = sql`(${retryAt === null} and again_at is null)`;
  const { rows } = await sql`
    update job set lease_until = null, lease_epoch = lease_epoch + 1, last_error = ${reason}, again_at = null,
      run_at = coalesce(${retryAt}, again_at, run_at),
      attempts = case when ${retryAt === null} and not ${isDead} then 0 else attempts end,
      dead_at = case when ${isDead} then ${now}::timestamptz end
    where ${holder(lease)} returning job_id`.execute(tx);
  return rows.length > 0;
}

/** The attempt counts for nothing: the job is due at that time, or as before it. */
export async function giveBack(tx: WriteTx, lease: Lease, runAt: Date | null): Promise<void> {
  await sql`update job set lease_until = null, lease_epoch = lease_epoch + 1, attempts = greatest(attempts - 1, 0),
      run_at = coalesce(${runAt}, run_at), again_at = null
    where ${holder(lease)}`.execute(tx);
}
