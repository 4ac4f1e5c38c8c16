import { type Caller, MAX_PASSWORD_BYTES, ROLE_TYPES, type RoleType } from '../access/index.ts';
import { endOfDay } from '../kernel/dates.ts';

/** Who may be given which role, who stands above whom, and how profile fields are named. */

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
  supervisor: 'learner',
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

export const SUBORDINATION_TYPES = ['manual', 'inherit', 'no_supervisor'] as const;
export type SubordinationType = (typeof SUBORDINATION_TYPES)[number];

export interface Subordination {
  readonly subordinationType: SubordinationType;
  /** With `manual` only */
  readonly supervisorId?: string | undefined;
}

/** Who stands above a user, or above the users of a department. */
export interface Supervision {
  readonly subordination: Subordination;
  readonly coSubordination: Subordination;
}
/** What may be said of it; undefined leaves it as it is. */
export type SupervisionInput = { readonly [K in keyof Supervision]?: Subordination | undefined };

/** What is wrong with a password, or null. */
export function passwordFault(password: string): string | null {
  if (password === '') return 'must not be empty';
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES)
    return `must not be longer than ${MAX_PASSWORD_BYTES} bytes`;
  return null;
}

/** Whether a date lies on a day that is over: today may still be named, and holds at once. */
export const isTooEarly = (at: Date, now: Date): boolean => endOfDay(at) < now;

/** Which invitation text is missing, or null: whoever asks for a message to be sent says what it is to say. */
export function missingInvitation(input: {
  readonly sendLoginEmail?: boolean | undefined;
  readonly invitationMessage?: string | undefined;
  readonly sendLoginSMS?: boolean | undefined;
  readonly invitationSMSMessage?: string | undefined;
}): { readonly field: string; readonly detail: string } | null {
  if (input.sendLoginEmail && !input.invitationMessage?.trim())
    return { field: 'invitationMessage', detail: 'is required with sendLoginEmail' };
  if (input.sendLoginSMS && !input.invitationSMSMessage?.trim())
    return { field: 'invitationSMSMessage', detail: 'is required with sendLoginSMS' };
  return null;
}

/** FIRST_NAME → First name */
export const labelOf = (name: string): string =>
  name.charAt(0) + name.slice(1).toLowerCase().replaceAll('_', ' ');

/** v1 answers say 3 where v2 says 5. */
export const statusInV1 = (status: number): number =>
  status === STATUS.terminated ? STATUS.inactive : status;
