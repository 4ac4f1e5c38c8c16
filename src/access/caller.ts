import { type RawBuilder, sql } from 'kysely';
import { refuse } from '../kernel/errors.ts';
import type { Live } from '../kernel/live.ts';
import type { Database, ReadTx, WriteTx } from '../storage/index.ts';
import type { HeldRole, Permission, Reach } from './rules.ts';

export type Plan = 'starter' | 'business' | 'enterprise';
export type Source = 'api' | 'console' | 'portal' | 'cli' | 'import' | 'rule' | 'job';

/** Who is calling, and what the account's rights version was when that was established. */
export interface Caller {
  readonly accountId: number;
  readonly userId: string;
  readonly clientId: string | null;
  readonly plan: Plan;
  readonly rightsVersion: bigint;
  readonly rank: number;
  readonly roles: readonly HeldRole[];
  readonly reach: ReadonlyMap<Permission, Reach>;
  /** Owner or administrator: sees the whole account. */
  readonly isAdministrator: boolean;
}

/** The caller's rights changed since they were established: establish them again and repeat. */
export class StaleRights extends Error {}

/** What every use case is given. */
export interface Context {
  readonly db: Database;
  readonly now: Date;
  readonly caller: Caller;
  readonly requestId: string;
  readonly source: Source;
  readonly locale: string | null;
  /** X-Return-Object: answer a creation with the object instead of its id. */
  readonly wantsObject: boolean;
  /** Prefer (RFC 7240): what the caller would like, by name. A use case honours those it knows. */
  readonly preferences: ReadonlyMap<string, string>;
  /** What the operation that the request becomes is to be called; absent: whatever. */
  readonly operationId?: string;
  /** Of a request whose answer may go on for long; absent where nobody is connected. */
  readonly live?: Live<Context>;
  /** `db.read`; the first checks, on the same connection, that the caller's rights still hold. Throws StaleRights. */
  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T>;
  /** `db.write` after the same check inside the transaction. */
  write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T>;
}

export type ContextParts = Omit<Context, 'read' | 'write' | 'operationId'>;

/** A context whose reads and writes check the caller's rights first. */
export function createContext(parts: ContextParts): Context {
  const { db, caller, now, requestId, source, locale, wantsObject, preferences, live } = parts;
  // A long list is judged once, when it begins: a change of rights while it is written must not tear it.
  let isJudged = false;
  // Member by member: every request makes one, and a spread that then gets more members is many times slower.
  return {
    db,
    now,
    caller,
    requestId,
    source,
    locale,
    wantsObject,
    preferences,
    ...(live ? { live } : {}),
    read: (work) =>
      db.read(async (tx) => {
        if (!isJudged) await checkRights(tx, caller);
        isJudged = true;
        return work(tx);
      }),
    write: (work) =>
      db.write(async (tx) => {
        await checkRights(tx, caller);
        return work(tx);
      }),
  };
}

async function checkRights(tx: ReadTx, caller: Caller): Promise<void> {
  const { rows } = await sql<{ rights_version: string }>`
    select rights_version from account where account_id = ${caller.accountId}`.execute(tx);
  if (BigInt(rows[0]?.rights_version ?? -1) !== caller.rightsVersion) throw new StaleRights();
}

/**
 * To be called in every transaction that changes roles, statuses, credentials, departments or the plan, and called first
 * where the change depends on others: it locks the account's row, so that each sees what the one before it left.
 */
export async function changeRights(tx: WriteTx, accountId: number): Promise<void> {
  await sql`update account set rights_version = rights_version + 1 where account_id = ${accountId}`.execute(
    tx,
  );
}

/** Whom the caller reaches with a permission; refuses `auth.role` if not even that. */
export function reachOf(caller: Caller, permission: Permission): Reach {
  return caller.reach.get(permission) ?? refuse('auth.role');
}

/** Refuses everybody but the owner and administrators: what concerns the whole account. */
export function requireAdministrator(caller: Caller): void {
  if (!caller.isAdministrator) refuse('auth.role');
}

/** SQL: whether a department column lies within a reach. Deleted users are in no department, and in nobody's reach. */
export const within = (reach: Reach, column: RawBuilder<unknown>): RawBuilder<boolean> =>
  reach === 'everyone'
    ? sql<boolean>`${column} is not null`
    : sql<boolean>`${column} = any(${[...reach]}::uuid[])`;
