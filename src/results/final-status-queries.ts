import { sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import { currentTerm, PROGRESS, type Progress, type ProgressRow, toProgress } from '../progress/index.ts';
import type { ReadTx } from '../storage/index.ts';

/** All SQL of final statuses: where every learner of one content item stands. */

export interface FinalStatus {
  readonly userId: string;
  readonly chunk: bigint;
  readonly ordinal: number;
  readonly progress: Progress;
}

/** What may give a learner the item: itself, then each learning track that has it. Null for an unknown item. */
export async function waysTo(tx: ReadTx, accountId: number, itemId: string): Promise<string[] | null> {
  const { rows } = await sql<{ track_ids: string[] }>`
    select array(select t.track_id from learning_track_course t
                 where t.account_id = i.account_id and t.course_id = i.item_id order by t.track_id) as track_ids
    from content_item i where i.account_id = ${accountId} and i.item_id = ${itemId}`.execute(tx);
  return rows[0] ? [itemId, ...rows[0].track_ids] : null;
}

/**
 * Learners enrolled in `way` who have none of the `earlier` ways, so that each is told once; in order of creation, by
 * the index of the item's enrollments.
 */
export async function finalStatusesAfter(
  tx: ReadTx,
  about: { accountId: number; reach: Reach; itemId: string; way: string; earlier: readonly string[] },
  after: { chunk: bigint; ordinal: number } | null,
  limit: number,
): Promise<FinalStatus[]> {
  const { accountId, reach, itemId, way, earlier } = about;
  const { rows } = await sql<ProgressRow & { learner_id: string; chunk: string; ordinal: number }>`
    select e.learner_id, e.chunk, e.ordinal, ${PROGRESS}
    from (
      select e.learner_id, e.chunk, e.ordinal, ${currentTerm(accountId, sql`e.learner_id`, sql`${itemId}::uuid`)} as term
      from enrollment e join users u on u.account_id = e.account_id and u.user_id = e.learner_id
      where e.account_id = ${accountId} and e.item_id = ${way} and ${within(reach, sql`u.department_id`)}
        ${after ? sql`and (e.chunk, e.ordinal) > (${String(after.chunk)}::int8, ${after.ordinal}::int)` : sql``}
        and not exists (select from enrollment other where other.account_id = ${accountId} and other.learner_id = e.learner_id
                        and other.item_id = any(${earlier}::uuid[]))
      order by e.chunk, e.ordinal limit ${limit}) e
    left join progress p on p.account_id = ${accountId} and p.learner_id = e.learner_id and p.item_id = ${itemId}
      and p.term = e.term
    order by e.chunk, e.ordinal`.execute(tx);
  return rows.map((row) => ({
    userId: row.learner_id,
    chunk: BigInt(row.chunk),
    ordinal: row.ordinal,
    progress: toProgress(row),
  }));
}
