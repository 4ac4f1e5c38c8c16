import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { accountOfClientId, accountOfToken, isUuid, newToken } from '../kernel/ids.ts';
import { keyOf } from '../kernel/names.ts';
import type { Database } from '../storage/index.ts';
import { accountKey } from './account-url.ts';
import type { Caller } from './caller.ts';
import { FailureLimit } from './failure-limit.ts';
import { verifyPassword } from './passwords.ts';
import * as queries from './queries.ts';
import { rankOf, reachOfRoles } from './rules.ts';

/** Seconds an access token lives (contract). */
export const TOKEN_LIFETIME_S = 1800;
/** A verified password is believed for this long before argon2 runs again. */
const CREDENTIALS_CACHE_MS = 5 * 60_000;
/** Callers kept in memory; some 1 kB each. */
const MAX_CACHED = 10_000;

interface Cached {
  readonly caller: Caller;
  readonly until: number;
}

/**
 * Establishes who calls, from an access token (bare or Bearer) or the X-Auth-* headers.
 * What it established is cached until the token expires; every read and write checks the account's rights
 * version again (see caller.ts), so a cached caller never outlives a revocation.
 */
export class Authenticator {
  readonly #db: Database;
  readonly #clock: () => Date;
  readonly #cache = new Map<string, Cached>();
  readonly #keysOf = new WeakMap<Caller, string>();
  readonly #hmacKey = randomBytes(32);
  readonly #failures: FailureLimit;

  constructor(db: Database, clock: () => Date) {
    this.#db = db;
    this.#clock = clock;
    this.#failures = new FailureLimit(clock);
  }

  /** The caller; refuses 401, 429 (too many failures) or 503 (too many passwords at once). */
  async authenticate(headers: IncomingHttpHeaders, remoteAddress: string): Promise<Caller> {
    const authorization = headers.authorization?.trim();
    if (authorization) return this.#byToken(authorization.replace(/^bearer\s+/i, ''));
    const url = text(headers['x-auth-account-url']);
    const login = text(headers['x-auth-email']);
    const password = text(headers['x-auth-password']);
    if (url === undefined && login === undefined && password === undefined) refuse('auth.missing');
    return this.#byPassword(url ?? '', login ?? '', password ?? '', remoteAddress);
  }

  /** Forgets what was cached about a caller whose rights changed. */
  forget(caller: Caller): void {
    const key = this.#keysOf.get(caller);
    if (key !== undefined) this.#cache.delete(key);
  }

  /**
   * A new access token for an API client; earlier ones stay valid.
   * Refuses `token.bad_client` alike for an unknown client, a wrong secret and an inactive user.
   */
  async issueToken(clientId: string, secret: string): Promise<string> {
    if (!isUuid(clientId)) refuse('token.bad_client');
    const accountId = accountOfClientId(clientId);
    if (accountId > 0x7fffffff) refuse('token.bad_client');
    const now = this.#clock();
    const client = await this.#db.read((tx) => queries.findClient(tx, accountId, clientId, now));
    const fits = timingSafeEqual(client?.secretHash ?? sha256(this.#hmacKey.toString('hex')), sha256(secret));
    if (!client || !fits || !client.isUserActive) refuse('token.bad_client');
    const token = newToken(accountId);
    const expiresAt = new Date(now.getTime() + TOKEN_LIFETIME_S * 1000);
    await this.#db.write((tx) =>
      queries.insertToken(tx, {
        accountId,
        tokenHash: sha256(token),
        clientId,
        userId: client.userId,
        expiresAt,
        now,
      }),
    );
    return token;
  }

  async #byToken(token: string): Promise<Caller> {
    const accountId = accountOfToken(token);
    if (accountId === null || accountId > 0x7fffffff) refuse('auth.bad_token');
    const tokenHash = sha256(token);
    const key = tokenHash.toString('base64');
    const cached = this.#cached(key);
    if (cached) return cached;
    const now = this.#clock();
    const found = await this.#db.read(async (tx) => {
      const owner = await queries.findToken(tx, accountId, tokenHash);
      if (!owner || owner.expiresAt <= now) return null;
      return { owner, user: await queries.loadUser(tx, accountId, owner.userId, now) };
    });
    if (!found?.user?.isActive) refuse('auth.bad_token');
    return this.#remember(key, found.user, found.owner.clientId, found.owner.expiresAt);
  }

  async #byPassword(url: string, login: string, password: string, remoteAddress: string): Promise<Caller> {
    const [site, name] = [accountKey(url), keyOf(login)];
    const key = createHmac('sha256', this.#hmacKey)
      .update(JSON.stringify([site, name, password]))
      .digest('base64');
    const cached = this.#cached(key);
    if (cached) return cached;
    const now = this.#clock();
    const row = await this.verifyLogin(site, name, password, remoteAddress);
    const user = await this.#db.read((tx) => queries.loadUser(tx, row.accountId, row.userId, now));
    if (!user?.isActive) refuse('auth.bad_login');
    await this.#db.write((tx) => queries.noteLogin(tx, row.accountId, row.userId, now));
    return this.#remember(key, user, null, new Date(now.getTime() + CREDENTIALS_CACHE_MS));
  }

  /**
   * Whose login and password these are, at an account's address. Refuses `auth.bad_login` alike for an unknown login, a
   * wrong password and an inactive user; `request.too_many`, `access.busy`.
   */
  async verifyLogin(
    site: string | null,
    login: string,
    password: string,
    remoteAddress: string,
  ): Promise<Pick<queries.LoginRow, 'accountId' | 'userId'>> {
    const name = keyOf(login);
    this.#failures.check(`${site} ${name}`, remoteAddress);
    const now = this.#clock();
    const row = site === null ? null : await this.#db.read((tx) => queries.findLogin(tx, site, name, now));
    const fits = await verifyPassword(row?.passwordHash ?? null, password);
    if (row && fits && row.isActive) return row;
    this.#failures.add(`${site} ${name}`, remoteAddress);
    return refuse('auth.bad_login');
  }

  #cached(key: string): Caller | null {
    const entry = this.#cache.get(key);
    if (!entry) return null;
    if (entry.until > this.#clock().getTime()) return entry.caller;
    this.#cache.delete(key);
    return null;
  }

  /** Until the credentials expire or the user's scheduled end comes, whichever is first. */
  #remember(key: string, user: queries.KnownUser, clientId: string | null, expiresAt: Date): Caller {
    const caller = toCaller(user, clientId);
    const until = Math.min(expiresAt.getTime(), user.activeUntil?.getTime() ?? Number.POSITIVE_INFINITY);
    if (this.#cache.size >= MAX_CACHED) {
      const oldest = this.#cache.keys().next().value;
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    this.#cache.set(key, { caller, until });
    this.#keysOf.set(caller, key);
    return caller;
  }
}

const text = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

/** A caller with what the user's roles allow. */
export function toCaller(user: queries.KnownUser, clientId: string | null): Caller {
  const types = user.roles.map((role) => role.roleType);
  return {
    accountId: user.accountId,
    userId: user.userId,
    clientId,
    plan: user.plan,
    rightsVersion: user.rightsVersion,
    rank: rankOf(types),
    roles: user.roles,
    reach: reachOfRoles(user.roles),
    isAdministrator: types.includes('owner') || types.includes('administrator'),
  };
}
