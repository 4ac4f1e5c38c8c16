import { type RawBuilder, sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { ATTRIBUTE, OPERATOR, type Rule, type Rules, type SmartGroup } from './rules.ts';

/** The SQL of smart groups: what their rules ask about people, one by one and all at once. */

/** The account's smart groups. */
export async function selectSmartGroups(tx: ReadTx, accountId: number): Promise<SmartGroup[]> {
  const { rows } = await sql<{ group_id: string; rules: Rules }>`
    select group_id, rules from user_group where account_id = ${accountId} and is_smart order by group_id`.execute(
    tx,
  );
  return rows.map((row) => ({ groupId: row.group_id, rules: row.rules }));
}

/** The rules of a smart group. */
export async function findRules(tx: ReadTx, accountId: number, groupId: string): Promise<Rules | null> {
  const { rows } = await sql<{ rules: Rules | null }>`
    select rules from user_group where account_id = ${accountId} and group_id = ${groupId}`.execute(tx);
  return rows[0]?.rules ?? null;
}

/** Those of the departments that are not there. */
export async function unknownDepartments(
  tx: ReadTx,
  accountId: number,
  departmentIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from unnest(${departmentIds}::uuid[]) as named(id)
    where not exists (select from department d where d.account_id = ${accountId} and d.department_id = named.id)`.execute(
    tx,
  );
  return new Set(rows.map((row) => row.id));
}

/** Those of the names that are no profile fields of the account's own. */
export async function unknownFields(
  tx: ReadTx,
  accountId: number,
  names: readonly string[],
): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`
    select name from unnest(${names}::text[]) as named(name)
    where not exists (select from profile_field f where f.account_id = ${accountId} and f.name = named.name)`.execute(
    tx,
  );
  return new Set(rows.map((row) => row.name));
}

/** Until the transaction ends nobody else decides about these users. */
export async function lockUsers(tx: WriteTx, accountId: number, userIds: readonly string[]): Promise<void> {
  await sql`select from users where account_id = ${accountId} and user_id = any(${userIds}::uuid[])
    order by user_id for no key update`.execute(tx);
}

export interface Person {
  readonly userId: string;
  /** null: deleted */
  readonly departmentId: string | null;
  readonly fields: Readonly<Record<string, string>>;
  /** Plain and smart */
  readonly groupIds: readonly string[];
}

/** What rules can ask about these users, and the groups they are in. */
export async function selectPeople(
  tx: ReadTx,
  accountId: number,
  userIds: readonly string[],
): Promise<Person[]> {
  const { rows } = await sql<{
    user_id: string;
    department_id: string | null;
    fields: Record<string, string>;
    group_ids: string[];
  }>`
    select u.user_id, u.department_id,
      u.fields || jsonb_build_object('LOGIN', coalesce(u.login, ''), 'EMAIL', coalesce(u.email, '')) as fields,
      array(select m.group_id from group_member m where m.account_id = u.account_id and m.user_id = u.user_id) as group_ids
    from users u where u.account_id = ${accountId} and u.user_id = any(${userIds}::uuid[])`.execute(tx);
  return rows.map((row) => ({
    userId: row.user_id,
    departmentId: row.department_id,
    fields: row.fields,
    groupIds: row.group_ids,
  }));
}

/** The users of these departments. */
export async function usersIn(
  tx: ReadTx,
  accountId: number,
  departmentIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select user_id from users where account_id = ${accountId} and department_id = any(${departmentIds}::uuid[])`.execute(
    tx,
  );
  return rows.map((row) => row.user_id);
}

/** Each department that rules name with all below it → those below, itself included. */
export type Below = ReadonlyMap<string, readonly string[]>;

function condition(rule: Rule, below: Below): RawBuilder<boolean> {
  switch (rule.attributeType) {
    case ATTRIBUTE.department:
      return rule.operator === OPERATOR.nested
        ? sql`u.department_id = any(${below.get(rule.value) ?? []}::uuid[])`
        : sql`u.department_id = ${rule.value}::uuid`;
    case ATTRIBUTE.group:
      return sql`u.user_id in (select m.user_id from group_member m
        where m.account_id = u.account_id and m.group_id = ${rule.value}::uuid)`;
    case ATTRIBUTE.profile:
      if (rule.attributeId === 'LOGIN') return sql`u.login = ${rule.value}`;
      if (rule.attributeId === 'EMAIL') return sql`u.email = ${rule.value}`;
      return sql`u.fields ->> ${rule.attributeId} = ${rule.value}`;
  }
}

/** SQL: whether the rules admit the user `u`; means what `admits` of rules.ts means. */
const admitted = (rules: Rules, below: Below): RawBuilder<boolean> =>
  sql<boolean>`${sql.join(
    rules.map(
      (alternatives) =>
        sql`(${sql.join(
          alternatives.map((rule) => condition(rule, below)),
          sql` or `,
        )})`,
    ),
    sql` and `,
  )}`;

/** Whom the rules of a group admit, in the whole account. */
export async function selectAdmitted(
  tx: ReadTx,
  accountId: number,
  group: SmartGroup,
  below: Below,
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select u.user_id from users u where u.account_id = ${accountId} and ${admitted(group.rules, below)}
    order by u.user_id`.execute(tx);
  return rows.map((row) => row.user_id);
}

/** Makes the members of a smart group those whom its rules admit, in the whole account, in one statement. */
export async function refill(tx: WriteTx, accountId: number, group: SmartGroup, below: Below): Promise<void> {
  await sql`
    with admitted as materialized (
      select u.user_id from users u where u.account_id = ${accountId} and ${admitted(group.rules, below)}),
    gone as (
      delete from group_member m where m.account_id = ${accountId} and m.group_id = ${group.groupId}
        and not exists (select from admitted a where a.user_id = m.user_id))
    insert into group_member (account_id, group_id, user_id)
    select ${accountId}, ${group.groupId}::uuid, user_id from admitted on conflict do nothing`.execute(tx);
}
