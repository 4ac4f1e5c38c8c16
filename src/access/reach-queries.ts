import { sql } from 'kysely';
import type { ReadTx } from '../storage/index.ts';
import { departmentsAbove } from './queries.ts';
import { type Permission, permissionsOf, ROLE_TYPES } from './rules.ts';
import { isActiveAt } from './standing-queries.ts';

/** SQL of who reaches somebody: the other way round from everything else here. */

/** The most people who are told of one thing. */
const MOST = 50;

/**
 * Who may do something to the people of a department and can be written to, besides one of them: whoever manages it or one
 * above it; where nobody does, the owner and administrators.
 */
export async function whoReach(
  tx: ReadTx,
  accountId: number,
  permission: Permission,
  departmentId: string,
  now: Date,
  besides: string,
): Promise<string[]> {
  const above = (await departmentsAbove(tx, accountId, [departmentId])).get(departmentId) ?? [];
  const types = ROLE_TYPES.filter((roleType) =>
    permissionsOf({ roleType, permissions: [] }).includes(permission),
  );
  const { rows } = await sql<{ user_id: string; is_limited: boolean }>`
    select u.user_id, bool_or(r.role_type not in ('owner', 'administrator')) as is_limited
    from role r
    join user_role h on h.account_id = r.account_id and h.role_id = r.role_id
    join users u on u.account_id = h.account_id and u.user_id = h.user_id
    where r.account_id = ${accountId} and u.deleted_at is null and u.user_id <> ${besides}
      and ${isActiveAt('u', now)} and coalesce(u.email, '') <> ''
      and (r.role_type = any(${types}::text[]) or (r.role_type = 'custom' and ${permission} = any(r.permissions)))
      and (r.role_type in ('owner', 'administrator') or h.manageable_department_ids && ${above}::uuid[])
    group by u.user_id order by u.user_id`.execute(tx);
  const managers = rows.filter((row) => row.is_limited);
  return (managers.length > 0 ? managers : rows).slice(0, MOST).map((row) => row.user_id);
}
