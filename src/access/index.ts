/**
 * Who is calling, what their roles allow, and whom that reaches. Everything that asks "may they?" asks here;
 * the department tree is walked nowhere else.
 */
export { accountKey } from './account-url.ts';
export { act, actAs } from './act-as.ts';
export { Authenticator, TOKEN_LIFETIME_S, toCaller } from './authenticate.ts';
export {
  type Caller,
  type Context,
  changeRights,
  createContext,
  type Plan,
  reachOf,
  requireAdministrator,
  type Source,
  StaleRights,
  within,
} from './caller.ts';
export { createClient, createRole } from './clients.ts';
export { FailureLimit } from './failure-limit.ts';
export { deleteLinksOf, deleteLinksOfInactive } from './password-link-queries.ts';
export {
  type LinkPurpose,
  newPasswordLink,
  ownerOfLink,
  PASSWORD_LINK_PATH,
  type PasswordLink,
} from './password-links.ts';
export { hashPassword, MAX_PASSWORD_BYTES, newPassword } from './passwords.ts';
export {
  type Assignment,
  accountUrlOf,
  deleteTokensOf,
  departmentsAbove,
  departmentsBelow,
  insertAssignments,
  insertClient,
  insertRole,
  listRoles,
  loadUser,
  type RoleRow,
  replaceAssignments,
} from './queries.ts';
export { whoReach } from './reach-queries.ts';
export { accessRoutes } from './routes.ts';
export {
  covers,
  includes,
  PERMISSIONS,
  type Permission,
  permissionsOf,
  type Reach,
  ROLE_TYPES,
  type RoleType,
  rankOf,
} from './rules.ts';
export type { Site } from './session-queries.ts';
export { type Session, Sessions } from './sessions.ts';
export { signingKeyOf } from './signing-key.ts';
export { findSigningKey } from './signing-queries.ts';
export { isActiveAt, statusAt } from './standing-queries.ts';
