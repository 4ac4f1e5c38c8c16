import { sql } from 'kysely';
import type { ReadTx } from '../storage/index.ts';

/**
 * Who stands above learners: supervisor and co-supervisor of each, their own or those of the nearest department that says
 * who it is. Nobody stands above themselves.
 */
export async function supervisorsOf(
  tx: ReadTx,
  accountId: number,
  learnerIds: readonly string[],
): Promise<Map<string, string[]>> {
  const supervisors = new Map<string, string[]>();
  if (learnerIds.length === 0) return supervisors;
  const { rows } = await sql<{ user_id: string; supervisor_id: string }>`
    with recursive above as (
      select u.user_id, v.is_co, v.type, v.supervisor_id, u.department_id
      from users u cross join lateral (
        values (false, u.subordination, u.supervisor_id), (true, u.co_subordination, u.co_supervisor_id)) v(is_co, type, supervisor_id)
      where u.account_id = ${accountId} and u.user_id = any(${[...new Set(learnerIds)]}::uuid[])
      union all
      select a.user_id, a.is_co, case when a.is_co then d.co_subordination else d.subordination end,
        case when a.is_co then d.co_supervisor_id else d.supervisor_id end, d.parent_department_id
      from above a join department d on d.account_id = ${accountId} and d.department_id = a.department_id
      where a.type = 'inherit')
    select distinct user_id, supervisor_id from above
    where type = 'manual' and supervisor_id <> user_id order by user_id, supervisor_id`.execute(tx);
  for (const { user_id, supervisor_id } of rows)
    supervisors.set(user_id, [...(supervisors.get(user_id) ?? []), supervisor_id]);
  return supervisors;
}
