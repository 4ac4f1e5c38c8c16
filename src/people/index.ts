/** Accounts, the tree of departments, and the users in it. */
export {
  type AccountInput,
  accountsOf,
  type CreatedAccount,
  createAccount,
  createClientFor,
  findAccount,
  isEmpty,
  ownerOf,
  standardRole,
  userNamed,
} from './accounts.ts';
export { type Department, insertDepartments } from './department-queries.ts';
export { addDepartment } from './departments.ts';
export {
  askForLink,
  changeOwnPassword,
  loginOfLink,
  PASSWORD_ASKED,
  passwordAsked,
  setPasswordByLink,
} from './passwords.ts';
export { peopleRoutes } from './routes.ts';
export { passwordFault } from './rules.ts';
export { requireOver, SEATS_FREED, setStatus } from './standing.ts';
export { supervisorsOf } from './supervisor-queries.ts';
export { assignRole, insertUsers, type NewUser } from './user-queries.ts';
export { addUser, findSelf } from './users.ts';
