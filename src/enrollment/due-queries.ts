import { sql } from 'kysely';
import { enrollmentId } from '../kernel/ids.ts';
import { currentTerm, isDone, STATUSES, type Status } from '../progress/index.ts';
import type { ReadTx } from '../storage/index.ts';

/** All SQL that reads what a learner still has to do, and by when. */

export interface DueDate {
  readonly enrollmentId: string;
  readonly title: string;
  readonly dueAt: Date;
  readonly lockAfterDueDate: boolean;
  readonly status: Status;
}

/** What a learner is enrolled in and has not completed, if it is due at an instant or later: the next ones first. */
export async function dueDatesOf(
  tx: ReadTx,
  accountId: number,
  learnerId: string,
  { since, limit }: { since: Date; limit: number },
): Promise<DueDate[]> {
  const { rows } = await sql<{
    chunk: string;
    ordinal: number;
    title: string;
    due_at: Date;
    lock_after_due: boolean;
    status: Status;
  }>`
    select e.chunk, e.ordinal, i.title, e.due_at, e.lock_after_due, coalesce(p.status, 'not_started') as status
    from enrollment e
    join content_item i on i.account_id = e.account_id and i.item_id = e.item_id
    left join progress p on p.account_id = e.account_id and p.learner_id = e.learner_id and p.item_id = e.item_id
      and p.term = ${currentTerm(accountId, sql`e.learner_id`, sql`e.item_id`)}
    where e.account_id = ${accountId} and e.learner_id = ${learnerId} and e.due_at >= ${since}
      and coalesce(p.status, 'not_started') <> all(${STATUSES.filter(isDone)}::text[])
    order by e.due_at, e.chunk, e.ordinal limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    enrollmentId: enrollmentId({ accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal }),
    title: row.title,
    dueAt: row.due_at,
    lockAfterDueDate: row.lock_after_due,
    status: row.status,
  }));
}
