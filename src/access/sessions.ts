import { HOUR_MS } from '../kernel/dates.ts';
import { sha256 } from '../kernel/hash.ts';
import { accountOfToken, newToken } from '../kernel/ids.ts';
import type { Database } from '../storage/index.ts';
import { accountKey } from './account-url.ts';
import { type Authenticator, toCaller } from './authenticate.ts';
import type { Caller } from './caller.ts';
import { loadUser, noteLogin } from './queries.ts';
import * as queries from './session-queries.ts';

/** A session ends when it is not used for so long, */
const IDLE_MS = 12 * HOUR_MS;
/** and however much it is used. */
const LONGEST_MS = 30 * 24 * HOUR_MS;
/** How much of its time must be gone before it is put off: one write an hour, not one a page. */
const PROLONG_AFTER_MS = HOUR_MS;

/** Whoever uses pages, for one request. */
export interface Session {
  readonly token: string;
  readonly caller: Caller;
  readonly site: queries.Site;
  /** What the person chose; null: as the account, and as their browser asks. */
  readonly locale: string | null;
  readonly timeZone: string | null;
}

/**
 * Who uses pages: signed in with login and password, or with a provider, known by a cookie. A session is bound to its account, and is looked
 * up anew for every page, so that whoever is deactivated or whose password changed is out at once. The API knows no sessions.
 */
export class Sessions {
  readonly #db: Database;
  readonly #authenticator: Authenticator;
  readonly #clock: () => Date;

  constructor(db: Database, authenticator: Authenticator, clock: () => Date) {
    this.#db = db;
    this.#authenticator = authenticator;
    this.#clock = clock;
  }

  /** The account that is meant by the host of a request; null if there is none, or it cannot be told. */
  siteOf(host: string | undefined): Promise<queries.Site | null> {
    const key = accountKey(`http://${host ?? ''}`);
    return key === null ? Promise.resolve(null) : this.#db.read((tx) => queries.findSite(tx, key));
  }

  /** A new session; refuses `auth.bad_login`, `request.too_many`, `access.busy`. */
  async signIn(site: queries.Site, login: string, password: string, remoteAddress: string): Promise<string> {
    const { userId } = await this.#authenticator.verifyLogin(site.key, login, password, remoteAddress);
    return this.open(site, userId);
  }

  /** A new session of an active user who has proved who they are. */
  async open({ accountId }: queries.Site, userId: string): Promise<string> {
    const token = newToken(accountId);
    const createdAt = this.#clock();
    const expiresAt = new Date(createdAt.getTime() + IDLE_MS);
    await this.#db.write(async (tx) => {
      await queries.insertSession(tx, {
        accountId,
        sessionHash: sha256(token),
        userId,
        createdAt,
        expiresAt,
      });
      await noteLogin(tx, accountId, userId, createdAt);
    });
    return token;
  }

  /** The session of a token at a site; null if there is none any more. */
  async find(site: queries.Site, token: string): Promise<Session | null> {
    const { accountId } = site;
    if (accountOfToken(token) !== accountId) return null;
    const now = this.#clock();
    const sessionHash = sha256(token);
    const found = await this.#load(accountId, sessionHash, now);
    if (!found) return null;
    const { createdAt, expiresAt } = found.row;
    const until = new Date(Math.min(now.getTime() + IDLE_MS, createdAt.getTime() + LONGEST_MS));
    if (until.getTime() - expiresAt.getTime() > PROLONG_AFTER_MS)
      await this.#db.write((tx) => queries.prolongSession(tx, accountId, sessionHash, until));
    const { locale, timeZone } = found.row;
    return { token, site, caller: toCaller(found.user, null), locale, timeZone };
  }

  /** The login of whoever's session it is, and whether they have a password. */
  loginOf({ caller }: Session): Promise<queries.OwnLogin> {
    return this.#db.read((tx) => queries.findOwnLogin(tx, caller.accountId, caller.userId));
  }

  /** Makes sure that it is still who signed in; refuses `auth.bad_login`, `request.too_many`, `access.busy`. */
  async confirm(session: Session, password: string, remoteAddress: string): Promise<void> {
    const { login } = await this.loginOf(session);
    await this.#authenticator.verifyLogin(session.site.key, login, password, remoteAddress);
  }

  /** Who has the session of a hash; null if there is none any more. It is not put off by that. */
  async callerOf(accountId: number, sessionHash: Buffer): Promise<Caller | null> {
    const found = await this.#load(accountId, sessionHash, this.#clock());
    return found && toCaller(found.user, null);
  }

  #load(accountId: number, sessionHash: Buffer, now: Date) {
    return this.#db.read(async (tx) => {
      const row = await queries.findSession(tx, accountId, sessionHash);
      if (!row || row.expiresAt <= now) return null;
      const user = await loadUser(tx, accountId, row.userId, now);
      return user?.isActive ? { row, user } : null;
    });
  }

  async end({ token, site }: Session): Promise<void> {
    await this.#db.write((tx) => queries.deleteSession(tx, site.accountId, sha256(token)));
  }
}
