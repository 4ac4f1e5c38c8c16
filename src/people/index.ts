/** Accounts, the tree of departments, and the users in it. */
export {
  type AccountInput,
  type CreatedAccount,
  createAccount,
  createClientFor,
  findAccount,
  isEmpty,
  ownerOf,
  standardRole,
} from './accounts.ts';
export { addDepartment } from './departments.ts';
export { assignRole, type Department, insertDepartments, insertUsers, type NewUser } from './queries.ts';
export { peopleRoutes } from './routes.ts';
export { addUser, setStatus } from './users.ts';
