import type { Assignment, Context, Reach, RoleRow } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import type { WriteTx } from '../storage/index.ts';
import { requireDepartments } from './departments.ts';
import { mayGrant, roleTypeOf } from './rules.ts';

/** Which roles a user is to hold, and over which departments; and whether the caller may give and take those. */

export interface RolesInput {
  readonly role?: string | undefined;
  readonly roleId?: string | undefined;
  readonly roles?:
    | readonly { roleId: string; manageableDepartmentIds?: readonly string[] | undefined }[]
    | undefined;
  readonly manageableDepartmentIds?: readonly string[] | undefined;
}

export const mentionsRoles = (input: RolesInput): boolean =>
  Boolean(input.roles?.length || input.roleId || input.role || input.manageableDepartmentIds);

/**
 * What a request makes of the roles held so far. `roles` wins over `roleId`, that over `role`; departments that are left
 * out stay as they are in a role that stays, and departments alone go to every role held. Refuses unknown roles (400).
 */
export function wantedAssignments(
  known: readonly RoleRow[],
  held: readonly Assignment[],
  input: RolesInput,
): Assignment[] {
  const departmentsOf = (roleId: string): readonly string[] =>
    held.find((assignment) => assignment.roleId === roleId)?.manageableDepartmentIds ?? [];
  const own = input.manageableDepartmentIds;
  if (input.roles?.length)
    return merged(
      input.roles.map(({ roleId, manageableDepartmentIds }) => [
        byId(known, roleId, 'roles').roleId,
        manageableDepartmentIds ?? departmentsOf(roleId),
      ]),
    );
  if (input.roleId || input.role) {
    const { roleId } = input.roleId ? byId(known, input.roleId, 'roleId') : byName(known, input.role ?? '');
    return merged([[roleId, own ?? departmentsOf(roleId)]]);
  }
  return merged(held.map(({ roleId, manageableDepartmentIds }) => [roleId, own ?? manageableDepartmentIds]));
}

/** A role that is named twice is held once, over the departments of both. */
function merged(given: readonly (readonly [string, readonly string[]])[]): Assignment[] {
  const byRole = new Map<string, Set<string>>();
  for (const [roleId, departments] of given)
    byRole.set(roleId, new Set([...(byRole.get(roleId) ?? []), ...departments]));
  return [...byRole].map(([roleId, departments]) => ({ roleId, manageableDepartmentIds: [...departments] }));
}

const byId = (known: readonly RoleRow[], id: string, field: string): RoleRow =>
  known.find((role) => role.roleId === id) ?? refuse('people.unknown_role', { field, ids: id });

function byName(known: readonly RoleRow[], name: string): RoleRow {
  const type = roleTypeOf(name);
  const role = type && type !== 'custom' ? known.find((candidate) => candidate.roleType === type) : undefined;
  return role ?? refuse('people.unknown_role', { field: 'role', ids: name.slice(0, 100) });
}

/**
 * Refuses a role, or more departments for one, that the caller may not give (403), and departments given that are not
 * the caller's (403) or unknown (400). What stays as it is asks for nothing; what is taken was judged by rank.
 */
export async function judgeAssignments(
  tx: WriteTx,
  ctx: Context,
  reach: Reach,
  known: readonly RoleRow[],
  before: readonly Assignment[],
  after: readonly Assignment[],
): Promise<void> {
  const gained = minus(after, before);
  for (const { roleId } of gained) {
    const role = known.find((candidate) => candidate.roleId === roleId);
    if (role && !mayGrant(ctx.caller, role.roleType))
      refuse('auth.outranked', { detail: `you may not give the role ${role.title}` });
  }
  const departments = new Set(gained.flatMap((assignment) => assignment.manageableDepartmentIds));
  await requireDepartments(tx, ctx, reach, [...departments], 'manageableDepartmentIds');
}

/** The roles, and the departments in them, that stand in `these` and not in `those`. */
function minus(these: readonly Assignment[], those: readonly Assignment[]): Assignment[] {
  return these.flatMap(({ roleId, manageableDepartmentIds }) => {
    const other = those.find((assignment) => assignment.roleId === roleId);
    const rest = manageableDepartmentIds.filter((id) => !other?.manageableDepartmentIds.includes(id));
    return other && rest.length === 0 ? [] : [{ roleId, manageableDepartmentIds: rest }];
  });
}
