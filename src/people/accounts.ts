import {
  accountKey,
  hashPassword,
  insertAssignments,
  insertClient,
  insertRole,
  listRoles,
  type Plan,
  type RoleType,
} from '../access/index.ts';
import { recordEvents, userRegistered } from '../events/index.ts';
import { refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { newClientId, newId, newSecret } from '../kernel/ids.ts';
import { type Database, type ReadTx, violatedConstraint, type WriteTx } from '../storage/index.ts';
import * as queries from './account-queries.ts';
import { insertDepartments } from './department-queries.ts';
import { insertUsers, selectUsers } from './user-queries.ts';

export interface AccountInput {
  readonly name: string;
  readonly url: string;
  readonly ownerLogin: string;
  readonly ownerEmail: string;
  readonly ownerPassword: string;
  readonly plan: Plan;
  readonly now: Date;
}

export interface CreatedAccount {
  readonly accountId: number;
  readonly accountUrl: string;
  readonly ownerId: string;
  readonly rootDepartmentId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const STANDARD_ROLES: readonly [RoleType, string][] = [
  ['owner', 'Account Owner'],
  ['administrator', 'Account Administrator'],
  ['department_administrator', 'Department Administrator'],
  ['publisher', 'Publisher'],
  ['learner', 'Learner'],
];

/**
 * Makes an account with its standard roles, its root department, its owner and an API client of the owner's, whose
 * secret is told here and nowhere else. Refuses a taken address (409) and one that is no http(s) address (400).
 */
export async function createAccount(db: Database, input: AccountInput): Promise<CreatedAccount> {
  const urlKey =
    accountKey(input.url) ??
    refuse('request.invalid', { field: 'url', detail: `is no address: ${input.url.slice(0, 100)}` });
  const passwordHash = await hashPassword(input.ownerPassword);
  const ownerId = newId();
  const rootDepartmentId = newId();
  try {
    return await db.write(async (tx) => {
      const accountId = await queries.nextAccountId(tx);
      const { name, url, plan, now } = input;
      await queries.insertAccount(tx, { accountId, name, url, urlKey, plan, rootDepartmentId, now });
      await insertDepartments(tx, accountId, [
        { departmentId: rootDepartmentId, parentDepartmentId: null, name, code: null },
      ]);
      for (const [roleType, title] of STANDARD_ROLES)
        await insertRole(tx, accountId, {
          roleId: newId(),
          roleType,
          title,
          description: '',
          permissions: [],
        });
      const owner = {
        userId: ownerId,
        departmentId: rootDepartmentId,
        status: 1,
        login: input.ownerLogin,
        email: input.ownerEmail,
      };
      await insertUsers(tx, accountId, [{ ...owner, passwordHash, fields: {} }], now);
      await recordEvents(tx, accountId, [userRegistered(owner)], now);
      const roleId = await standardRole(tx, accountId, 'owner');
      await insertAssignments(tx, accountId, ownerId, [{ roleId, manageableDepartmentIds: [] }]);
      const client = await addClient(tx, accountId, ownerId, now);
      return { accountId, accountUrl: url, ownerId, rootDepartmentId, ...client };
    });
  } catch (error) {
    if (violatedConstraint(error) === 'account_url_key_key')
      refuse('people.account_url_taken', { url: input.url });
    throw error;
  }
}

/** The id of a standard role. */
export async function standardRole(tx: WriteTx, accountId: number, type: RoleType): Promise<string> {
  const role = (await listRoles(tx, accountId)).find((candidate) => candidate.roleType === type);
  return role?.roleId ?? refuse('people.unknown_role', { field: 'role', ids: type });
}

async function addClient(
  tx: WriteTx,
  accountId: number,
  userId: string,
  now: Date,
): Promise<{ clientId: string; clientSecret: string }> {
  const clientId = newClientId(accountId);
  const clientSecret = newSecret();
  await insertClient(tx, { accountId, clientId, userId, secretHash: sha256(clientSecret), now });
  return { clientId, clientSecret };
}

/** A user as an operator names them. */
export interface UserName {
  readonly accountUrl: string;
  readonly login: string;
  readonly now: Date;
}

/** The user of that login in the account of that address; refuses when there is no such account or user. */
export const userNamed = (db: Database, name: UserName): Promise<{ accountId: number; userId: string }> =>
  db.read((tx) => findNamed(tx, name));

async function findNamed(
  tx: ReadTx,
  { accountUrl, login, now }: UserName,
): Promise<{ accountId: number; userId: string }> {
  const account = await queries.findAccount(tx, accountKey(accountUrl) ?? '');
  if (!account)
    return refuse('request.invalid', {
      field: 'account',
      detail: `there is no account with the address ${accountUrl}`,
    });
  const filter = { accountId: account.accountId, reach: 'everyone' as const, now, logins: [login] };
  const [user] = await selectUsers(tx, filter, null, 1);
  if (!user)
    return refuse('request.invalid', { field: 'login', detail: `there is no user with the login ${login}` });
  return { accountId: account.accountId, userId: user.userId };
}

/** A new API client for a user: for the operator, who needs no permission. */
export function createClientFor(
  db: Database,
  input: UserName,
): Promise<{ clientId: string; clientSecret: string }> {
  return db.write(async (tx) => {
    const { accountId, userId } = await findNamed(tx, input);
    return addClient(tx, accountId, userId, input.now);
  });
}

/** An account by its address. */
export const findAccount = (db: Database, url: string): Promise<{ accountId: number; url: string } | null> =>
  db.read((tx) => queries.findAccount(tx, accountKey(url) ?? ''));

/** Every account, or the one with this address. */
export const accountsOf = (db: Database, url: string | null): Promise<{ accountId: number; url: string }[]> =>
  db.read((tx) => queries.listAccounts(tx, url === null ? null : (accountKey(url) ?? '')));

/** Whether the installation has no account yet. */
export const isEmpty = (db: Database): Promise<boolean> =>
  db.read(async (tx) => (await queries.countAccounts(tx)) === 0);

/** The account's first owner. */
export async function ownerOf(
  db: Database,
  accountId: number,
): Promise<{ userId: string; departmentId: string }> {
  const owner = await db.read((tx) => queries.firstOwner(tx, accountId));
  if (!owner) throw new Error(`Account ${accountId} has no owner.`);
  return owner;
}
