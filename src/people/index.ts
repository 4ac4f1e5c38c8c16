/** Accounts, the tree of departments, and the users in it. */
export {
  type AccountInput,
  type CreatedAccount,
  createAccount,
  createClientFor,
  findAccount,
  isEmpty,
  standardRole,
} from './accounts.ts';
export { assignRole, type Department, insertDepartments, insertUsers, type NewUser } from './queries.ts';
export { peopleRoutes } from './routes.ts';
