/** Who may do what: pure decisions about roles, permissions and reach. */

export const PERMISSIONS = [
  'enrollment.read',
  'enrollment.write',
  'user.read',
  'user.write',
  'department.read',
  'department.write',
  'group.read',
  'group.write',
  'content.read',
  'content.write',
  'training.read',
  'training.write',
  'result.read',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLE_TYPES = [
  'owner',
  'administrator',
  'department_administrator',
  'publisher',
  'custom',
  'learner',
] as const;
export type RoleType = (typeof ROLE_TYPES)[number];

/** What the standard roles may do; a custom role carries its own list. */
const STANDARD_PERMISSIONS: Record<RoleType, readonly Permission[]> = {
  owner: PERMISSIONS,
  administrator: PERMISSIONS,
  department_administrator: [
    'enrollment.read',
    'enrollment.write',
    'user.read',
    'user.write',
    'department.read',
    'department.write',
    'group.read',
    'group.write',
    'content.read',
    'training.read',
    'result.read',
  ],
  // Manages no departments: sees which groups there are, and nobody in them.
  publisher: ['content.read', 'content.write', 'training.read', 'training.write', 'group.read'],
  custom: [],
  learner: [],
};

/** Who outranks whom when someone's password, status, roles or clients are changed. */
const RANK: Record<RoleType, number> = {
  owner: 5,
  administrator: 4,
  department_administrator: 3,
  custom: 2,
  publisher: 2,
  learner: 1,
};

/** A role as somebody holds it. `manages` is already expanded to the departments below. */
export interface HeldRole {
  readonly roleId: string;
  readonly roleType: RoleType;
  readonly permissions: readonly Permission[];
  readonly manages: ReadonlySet<string>;
}

/** Whom a permission reaches: the whole account, or the people of these departments. */
export type Reach = 'everyone' | ReadonlySet<string>;

const isAccountWide = (type: RoleType): boolean => type === 'owner' || type === 'administrator';
/** Content and trainings belong to the account, not to a department. */
const hasNoDepartment = (permission: Permission): boolean => /^(content|training)\./.test(permission);

export const permissionsOf = (role: {
  roleType: RoleType;
  permissions: readonly Permission[];
}): readonly Permission[] =>
  role.roleType === 'custom' ? role.permissions : STANDARD_PERMISSIONS[role.roleType];

export const rankOf = (types: readonly RoleType[]): number => Math.max(0, ...types.map((type) => RANK[type]));

/** The union of what all held roles allow, permission by permission. */
export function reachOfRoles(roles: readonly HeldRole[]): Map<Permission, Reach> {
  const reach = new Map<Permission, Reach>();
  for (const role of roles) {
    for (const permission of permissionsOf(role)) {
      const before = reach.get(permission);
      if (before === 'everyone') continue;
      if (isAccountWide(role.roleType) || hasNoDepartment(permission)) reach.set(permission, 'everyone');
      else reach.set(permission, new Set([...(before ?? []), ...role.manages]));
    }
  }
  return reach;
}

/** Whether a reach includes somebody of this department (null: nobody known, hence never for a limited caller). */
export const includes = (reach: Reach, departmentId: string | null | undefined): boolean =>
  reach === 'everyone' || (typeof departmentId === 'string' && reach.has(departmentId));

/** The inside of `outer`: whether everything `inner` reaches, `outer` reaches too. */
export const covers = (outer: Reach | undefined, inner: Reach): boolean =>
  outer === 'everyone' ||
  (outer !== undefined &&
    inner !== 'everyone' &&
    [...inner].every((departmentId) => outer.has(departmentId)));
