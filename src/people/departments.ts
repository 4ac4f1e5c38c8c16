import {
  type Context,
  changeRights,
  departmentsBelow,
  includes,
  type Reach,
  reachOf,
} from '../access/index.ts';
import { departmentsMoved } from '../groups/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { type ReadTx, violatedConstraint, type WriteTx } from '../storage/index.ts';
import * as queries from './department-queries.ts';
import type { SupervisionInput } from './rules.ts';
import { checkSupervisors } from './supervision.ts';

/**
 * The department tree. Whoever changes it raises the account's rights version first, which locks the account's row: of
 * two moves the second is judged by the tree that the first one left, so that they cannot close a circle together.
 */

export interface NewDepartment extends SupervisionInput {
  readonly name: string;
  readonly parentDepartmentId: string;
  readonly code?: string | undefined;
}

/**
 * Adds a department below another; returns it. Refuses a parent outside the caller's departments (403), an unknown
 * one (400; 403 for limited callers, as if it were somebody else's), and a taken code (409).
 */
export function addDepartment(ctx: Context, input: NewDepartment): Promise<queries.KnownDepartment> {
  const reach = reachOf(ctx.caller, 'department.write');
  const { accountId } = ctx.caller;
  const departmentId = newId();
  return refusingTakenCode(input.code, () =>
    ctx.write(async (tx) => {
      await changeRights(tx, accountId);
      await requireDepartments(tx, ctx, reach, [input.parentDepartmentId], 'parentDepartmentId');
      await checkSupervisors(tx, ctx, input);
      const { parentDepartmentId, name } = input;
      await queries.insertDepartments(tx, accountId, [
        { departmentId, parentDepartmentId, name, code: input.code || null },
      ]);
      await queries.updateSupervision(tx, accountId, { departmentId }, input);
      return loadDepartment(tx, ctx, 'everyone', departmentId);
    }),
  );
}

export interface DepartmentChanges extends SupervisionInput {
  readonly name?: string | undefined;
  readonly parentDepartmentId?: string | undefined;
  /** Empty: none */
  readonly code?: string | undefined;
}

/** Edits a department; what is left out stays. Another parent is a move, and refused as `moveDepartments` does. */
export function editDepartment(
  ctx: Context,
  departmentId: string,
  changes: DepartmentChanges,
): Promise<void> {
  const reach = reachOf(ctx.caller, 'department.write');
  const { accountId } = ctx.caller;
  return refusingTakenCode(changes.code, () =>
    ctx.write(async (tx) => {
      await changeRights(tx, accountId);
      const department = await loadDepartment(tx, ctx, reach, departmentId);
      const parentId = changes.parentDepartmentId ?? department.parentDepartmentId;
      const isMove = parentId !== null && parentId !== department.parentDepartmentId;
      if (isMove) {
        await requireDepartments(tx, ctx, reach, [parentId], 'parentDepartmentId');
        await requireMovable(tx, ctx, reach, [department], parentId);
      }
      await checkSupervisors(tx, ctx, changes);
      await queries.updateDepartment(tx, accountId, {
        departmentId,
        parentDepartmentId: parentId,
        name: changes.name ?? department.name,
        code: changes.code === undefined ? department.code : changes.code || null,
      });
      await queries.updateSupervision(tx, accountId, { departmentId }, changes);
      if (isMove) await departmentsMoved(tx, accountId, [departmentId]);
    }),
  );
}

/** Says who stands above the people of a department. */
export function setDepartmentSupervision(
  ctx: Context,
  departmentId: string,
  input: SupervisionInput,
): Promise<void> {
  const reach = reachOf(ctx.caller, 'department.write');
  return ctx.write(async (tx) => {
    await loadDepartment(tx, ctx, reach, departmentId);
    await checkSupervisors(tx, ctx, input);
    await queries.updateSupervision(tx, ctx.caller.accountId, { departmentId }, input);
  });
}

/** Deletes a department. Refuses the root, and one with users or departments in it (409). */
export function deleteDepartment(ctx: Context, departmentId: string): Promise<void> {
  const reach = reachOf(ctx.caller, 'department.write');
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    await changeRights(tx, accountId);
    const { parentDepartmentId } = await loadDepartment(tx, ctx, reach, departmentId);
    if (parentDepartmentId === null) refuse('people.root_department', { detail: 'be deleted' });
    const { users, departments } = await queries.countInside(tx, accountId, departmentId);
    if (users + departments > 0)
      refuse('people.department_not_empty', { ids: departmentId, users, departments });
    await queries.deleteDepartment(tx, accountId, departmentId);
  });
}

/**
 * Moves departments, each with what is below it, directly below a parent. Refuses an unknown parent (404) or department
 * (400), the root, a parent that lies in or below what is moved (409), and whatever a limited caller does not manage
 * (403), the departments from which others are taken included.
 */
export function moveDepartments(
  ctx: Context,
  parentId: string,
  departmentIds: readonly string[],
): Promise<void> {
  const reach = reachOf(ctx.caller, 'department.write');
  const { accountId } = ctx.caller;
  const ids = [...new Set(departmentIds)];
  return ctx.write(async (tx) => {
    await changeRights(tx, accountId);
    await loadDepartment(tx, ctx, reach, parentId);
    await requireDepartments(tx, ctx, reach, ids, 'departmentIds');
    const filter = { accountId, reach, departmentIds: ids };
    const departments = await queries.selectDepartments(tx, filter, null, ids.length);
    await requireMovable(tx, ctx, reach, departments, parentId);
    await queries.moveBelow(tx, accountId, ids, parentId);
    await departmentsMoved(tx, accountId, ids);
  });
}

/** Departments the caller reaches, after a place. */
export function listDepartments(
  ctx: Context,
  code: string | undefined,
  after: string | null,
  limit: number,
): Promise<queries.KnownDepartment[]> {
  const reach = reachOf(ctx.caller, 'department.read');
  return ctx.read((tx) =>
    queries.selectDepartments(tx, { accountId: ctx.caller.accountId, reach, code }, after, limit),
  );
}

/** One department; unknown is 404 for callers who see the whole account, and 403 like a foreign one for others. */
export function findDepartment(ctx: Context, departmentId: string): Promise<queries.KnownDepartment> {
  const reach = reachOf(ctx.caller, 'department.read');
  return ctx.read((tx) => loadDepartment(tx, ctx, reach, departmentId));
}

/** One of the departments reached; refuses as `findDepartment` says. */
export async function loadDepartment(
  tx: ReadTx,
  ctx: Context,
  reach: Reach,
  departmentId: string,
): Promise<queries.KnownDepartment> {
  const filter = { accountId: ctx.caller.accountId, reach, departmentIds: [departmentId] };
  const [department] = await queries.selectDepartments(tx, filter, null, 1);
  return (
    department ??
    refuse(reach === 'everyone' ? 'people.department_not_found' : 'auth.department_scope', {
      ids: departmentId,
    })
  );
}

/** Refuses what is not among the caller's departments (403). */
export function requireReached(reach: Reach, departmentIds: readonly string[]): void {
  const outside = departmentIds.filter((id) => !includes(reach, id));
  if (outside.length > 0) refuse('auth.department_scope', { ids: listIds(outside) });
}

/**
 * Refuses departments that are not the caller's (403) or not there (400), naming the member they stand in. The others
 * stay until the transaction ends.
 */
export async function requireDepartments(
  tx: WriteTx,
  ctx: Context,
  reach: Reach,
  ids: readonly string[],
  field: string,
): Promise<void> {
  if (ids.length === 0) return;
  requireReached(reach, ids);
  refuseMissing(ids, await queries.holdDepartments(tx, ctx.caller.accountId, reach, ids), field);
}

/** Refuses ids in a filter that name no department (400). */
export async function refuseUnknownDepartments(
  tx: ReadTx,
  ctx: Context,
  ids: readonly string[],
  field: string,
): Promise<void> {
  if (ids.length === 0) return;
  const filter = { accountId: ctx.caller.accountId, reach: 'everyone' as const, departmentIds: ids };
  const found = await queries.selectDepartments(tx, filter, null, ids.length);
  refuseMissing(
    ids,
    found.map((department) => department.departmentId),
    field,
  );
}

function refuseMissing(ids: readonly string[], found: readonly string[], field: string): void {
  const known = new Set(found);
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) refuse('people.unknown_department', { field, ids: listIds(unknown) });
}

/** Refuses the root, a parent inside what is moved, and taking from a department that the caller does not manage. */
async function requireMovable(
  tx: WriteTx,
  ctx: Context,
  reach: Reach,
  departments: readonly queries.Department[],
  parentId: string,
): Promise<void> {
  const from = departments.map((department) => department.parentDepartmentId);
  if (from.includes(null)) refuse('people.root_department', { detail: 'be moved' });
  const ids = departments.map((department) => department.departmentId);
  const below = await departmentsBelow(tx, ctx.caller.accountId, ids);
  const around = ids.filter((id) => below.get(id)?.includes(parentId));
  if (around.length > 0) refuse('people.department_cycle', { ids: listIds(around), parent: parentId });
  requireReached(reach, from as string[]);
}

async function refusingTakenCode<T>(code: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (violatedConstraint(error) === 'department_code')
      refuse('people.department_code_taken', { code: code ?? '' });
    throw error;
  }
}
