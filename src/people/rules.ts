import { type Caller, ROLE_TYPES, type RoleType } from '../access/index.ts';

/** Who may be added as what, and how profile fields are named. */

/** The contract's user statuses. */
export const STATUS = { active: 1, inactive: 3, terminated: 5 } as const;

/** Newer pages of the contract call the same roles by other names. */
const ALIASES: Record<string, RoleType> = {
  account_owner: 'owner',
  account_administrators: 'administrator',
  account_administrator: 'administrator',
  department_administrators: 'department_administrator',
  course_authors: 'publisher',
  course_author: 'publisher',
  author: 'publisher',
  learners: 'learner',
};

/** The role type a name stands for, or null. */
export const roleTypeOf = (name: string): RoleType | null =>
  ROLE_TYPES.find((type) => type === name) ?? ALIASES[name] ?? null;

/** Whether the caller may give somebody a role of this type: owners any, administrators any but owner, and so on down. */
export function mayGrant(caller: Caller, type: RoleType): boolean {
  const held = caller.roles.map((role) => role.roleType);
  if (held.includes('owner')) return true;
  if (held.includes('administrator')) return type !== 'owner';
  if (held.includes('department_administrator')) return type === 'publisher' || type === 'learner';
  return type === 'learner';
}

/** v1 answers say 3 where v2 says 5. */
export const statusInV1 = (status: number): number =>
  status === STATUS.terminated ? STATUS.inactive : status;

/** How a login or e-mail is compared: case and Unicode spelling do not matter. */
export const keyOf = (text: string): string => text.trim().normalize('NFC').toLowerCase();
