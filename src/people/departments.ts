import { type Context, changeRights, includes, reachOf } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import * as queries from './queries.ts';

const UNIQUE_VIOLATION = '23505';

/**
 * Adds a department below another; returns its id. Refuses a parent outside the caller's departments (403), an unknown
 * one (400; 403 for limited callers, as if it were somebody else's), and a taken code (409).
 */
export async function addDepartment(
  ctx: Context,
  input: { name: string; parentDepartmentId: string; code?: string | undefined },
): Promise<queries.Department> {
  const reach = reachOf(ctx.caller, 'department.write');
  if (!includes(reach, input.parentDepartmentId))
    refuse('auth.department_scope', { ids: input.parentDepartmentId });
  const { accountId } = ctx.caller;
  const department = {
    departmentId: newId(),
    parentDepartmentId: input.parentDepartmentId,
    name: input.name,
    code: input.code || null,
  };
  try {
    return await ctx.write(async (tx) => {
      const [parent] = await queries.selectDepartments(
        tx,
        { accountId, reach, departmentIds: [input.parentDepartmentId] },
        null,
        1,
      );
      if (!parent)
        refuse('people.unknown_department', { field: 'parentDepartmentId', ids: input.parentDepartmentId });
      await queries.insertDepartments(tx, accountId, [department]);
      await changeRights(tx, accountId);
      return department;
    });
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string };
    if (code === UNIQUE_VIOLATION && constraint === 'department_code')
      refuse('people.department_code_taken', { code: input.code ?? '' });
    throw error;
  }
}

/** Departments the caller reaches, after a place. */
export function listDepartments(
  ctx: Context,
  code: string | undefined,
  after: string | null,
  limit: number,
): Promise<queries.Department[]> {
  const reach = reachOf(ctx.caller, 'department.read');
  return ctx.read((tx) =>
    queries.selectDepartments(tx, { accountId: ctx.caller.accountId, reach, code }, after, limit),
  );
}

/** One department; unknown is 404 for callers who see the whole account, and 403 like a foreign one for others. */
export async function findDepartment(ctx: Context, departmentId: string): Promise<queries.Department> {
  const reach = reachOf(ctx.caller, 'department.read');
  const filter = { accountId: ctx.caller.accountId, reach, departmentIds: [departmentId] };
  const [department] = await ctx.read((tx) => queries.selectDepartments(tx, filter, null, 1));
  return (
    department ??
    refuse(reach === 'everyone' ? 'people.department_not_found' : 'auth.department_scope', {
      ids: departmentId,
    })
  );
}
