import { type RawBuilder, sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Subordination, SubordinationType, Supervision, SupervisionInput } from './rules.ts';

/** All SQL of departments. */

export interface Department {
  readonly departmentId: string;
  readonly parentDepartmentId: string | null;
  readonly name: string;
  readonly code: string | null;
}

/** Any number of departments in one statement; a parent stands before its children. */
export async function insertDepartments(
  tx: WriteTx,
  accountId: number,
  departments: readonly Department[],
): Promise<void> {
  await sql`
    insert into department (account_id, department_id, parent_department_id, name, code)
    select ${accountId}, * from unnest(${departments.map((d) => d.departmentId)}::uuid[],
      ${departments.map((d) => d.parentDepartmentId)}::uuid[], ${departments.map((d) => d.name)}::text[],
      ${departments.map((d) => d.code)}::text[])`.execute(tx);
}

export interface KnownDepartment extends Department, Supervision {}

export interface DepartmentFilter {
  readonly accountId: number;
  readonly reach: Reach;
  readonly code?: string | undefined;
  readonly departmentIds?: readonly string[] | undefined;
}

/** How who stands above is stored, of departments and users alike. */
export interface SupervisionRow {
  subordination: SubordinationType;
  supervisor_id: string | null;
  co_subordination: SubordinationType;
  co_supervisor_id: string | null;
}
export const toSupervision = (row: SupervisionRow): Supervision => ({
  subordination: { subordinationType: row.subordination, supervisorId: row.supervisor_id ?? undefined },
  coSubordination: {
    subordinationType: row.co_subordination,
    supervisorId: row.co_supervisor_id ?? undefined,
  },
});

/** Departments the caller reaches, in order of creation. */
export async function selectDepartments(
  tx: ReadTx,
  filter: DepartmentFilter,
  after: string | null,
  limit: number,
): Promise<KnownDepartment[]> {
  const conditions: RawBuilder<unknown>[] = [within(filter.reach, sql`d.department_id`)];
  if (filter.code !== undefined) conditions.push(sql`d.code = ${filter.code}`);
  if (filter.departmentIds) conditions.push(sql`d.department_id = any(${filter.departmentIds}::uuid[])`);
  if (after) conditions.push(sql`d.department_id > ${after}::uuid`);
  const { rows } = await sql<
    SupervisionRow & {
      department_id: string;
      parent_department_id: string | null;
      name: string;
      code: string | null;
    }
  >`
    select d.department_id, d.parent_department_id, d.name, d.code, d.subordination, d.supervisor_id,
           d.co_subordination, d.co_supervisor_id
    from department d where d.account_id = ${filter.accountId} and ${sql.join(conditions, sql` and `)}
    order by d.department_id limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    departmentId: row.department_id,
    parentDepartmentId: row.parent_department_id,
    name: row.name,
    code: row.code,
    ...toSupervision(row),
  }));
}

/** Those of the departments that are there and reached; none of them can be deleted until the transaction ends. */
export async function holdDepartments(
  tx: WriteTx,
  accountId: number,
  reach: Reach,
  departmentIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ department_id: string }>`
    select d.department_id from department d
    where d.account_id = ${accountId} and d.department_id = any(${departmentIds}::uuid[])
      and ${within(reach, sql`d.department_id`)} for key share`.execute(tx);
  return rows.map((row) => row.department_id);
}

/** Gives a department the name, parent and code it is to have. */
export async function updateDepartment(
  tx: WriteTx,
  accountId: number,
  department: Department,
): Promise<void> {
  await sql`
    update department set name = ${department.name}, parent_department_id = ${department.parentDepartmentId},
                          code = ${department.code}
    where account_id = ${accountId} and department_id = ${department.departmentId}`.execute(tx);
}

export async function moveBelow(
  tx: WriteTx,
  accountId: number,
  departmentIds: readonly string[],
  parentId: string,
): Promise<void> {
  await sql`update department set parent_department_id = ${parentId}
    where account_id = ${accountId} and department_id = any(${departmentIds}::uuid[])`.execute(tx);
}

/** Who stands above a department or a user; what is not said stays. */
export async function updateSupervision(
  tx: WriteTx,
  accountId: number,
  whose: { departmentId: string } | { userId: string },
  { subordination, coSubordination }: SupervisionInput,
): Promise<void> {
  const set = (type: string, supervisor: string, { subordinationType, supervisorId }: Subordination) =>
    sql`${sql.ref(type)} = ${subordinationType},
        ${sql.ref(supervisor)} = ${subordinationType === 'manual' ? supervisorId : null}::uuid`;
  const changes = [
    ...(subordination ? [set('subordination', 'supervisor_id', subordination)] : []),
    ...(coSubordination ? [set('co_subordination', 'co_supervisor_id', coSubordination)] : []),
  ];
  if (changes.length === 0) return;
  const [table, key, id] =
    'userId' in whose
      ? (['users', 'user_id', whose.userId] as const)
      : (['department', 'department_id', whose.departmentId] as const);
  await sql`update ${sql.table(table)} set ${sql.join(changes)}
    where account_id = ${accountId} and ${sql.ref(key)} = ${id}`.execute(tx);
}

/** How many users and departments stand directly in a department. Until the transaction ends nobody is added to it. */
export async function countInside(
  tx: WriteTx,
  accountId: number,
  departmentId: string,
): Promise<{ users: number; departments: number }> {
  await sql`select from department where account_id = ${accountId} and department_id = ${departmentId}
    for update`.execute(tx);
  const { rows } = await sql<{ users: number; departments: number }>`
    select (select count(*)::int from users where account_id = ${accountId} and department_id = ${departmentId}) as users,
           (select count(*)::int from department where account_id = ${accountId}
              and parent_department_id = ${departmentId}) as departments`.execute(tx);
  return rows[0] ?? { users: 0, departments: 0 };
}

/** Removes an empty department, also from what people manage. */
export async function deleteDepartment(tx: WriteTx, accountId: number, departmentId: string): Promise<void> {
  await sql`update user_role set manageable_department_ids = array_remove(manageable_department_ids, ${departmentId}::uuid)
    where account_id = ${accountId} and manageable_department_ids @> array[${departmentId}::uuid]`.execute(
    tx,
  );
  await sql`delete from department where account_id = ${accountId} and department_id = ${departmentId}`.execute(
    tx,
  );
}
