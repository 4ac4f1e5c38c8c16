import { FailureLimit, loadUser, rankOf, type Sessions, type Site, signingKeyOf } from '../access/index.ts';
import { Refusal } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { newSecret } from '../kernel/ids.ts';
import { linkUnder } from '../kernel/links.ts';
import { keyOf } from '../kernel/names.ts';
import type { Database, WriteTx } from '../storage/index.ts';
import { type Arrival, NoArrival, type Providers } from './provider.ts';
import * as queries from './queries.ts';
import * as rules from './rules.ts';
import { CALLBACK_PATH } from './settings.ts';

/** Why somebody is not signed in. */
export type Fault =
  | NoArrival['fault']
  /** The provider tells no name, or has not verified the address. */
  | 'untold'
  | 'unknown'
  | 'inactive'
  /** The user is somebody else at the provider, by an earlier sign-in. */
  | 'other'
  /** Whoever set up the provider ranks lower. */
  | 'outranked'
  | 'tooMany';

export interface Failed {
  readonly fault: Fault;
  /** What the provider is called. */
  readonly label: string;
  /** What somebody is called there, where that is nobody here. */
  readonly name?: string;
  readonly next: string;
}

export interface SignInParts {
  readonly db: Database;
  readonly sessions: Sessions;
  readonly providers: Providers;
  readonly clock: () => Date;
  readonly log: (facts: object, text: string) => void;
}

/** To the provider, and back as a user of the account. */
export class OpenIdSignIn {
  readonly #parts: SignInParts;
  readonly #failures: FailureLimit;

  constructor(parts: SignInParts) {
    this.#parts = parts;
    this.#failures = new FailureLimit(parts.clock);
  }

  /** What an account's provider is called; null if it has none. */
  async labelOf({ accountId }: Site): Promise<string | null> {
    const provider = await this.#parts.db.read((tx) => queries.findProvider(tx, accountId));
    return provider?.label ?? null;
  }

  /** Where to send somebody, and what their browser keeps meanwhile; null where the account has no provider. */
  async begin(site: Site, next: string): Promise<{ url: string; attempt: string } | Failed | null> {
    const { db, providers, clock } = this.#parts;
    const { accountId } = site;
    const provider = await db.read((tx) => queries.findProvider(tx, accountId));
    if (!provider) return null;
    const key = await this.#keyOf(accountId, provider);
    const attempt = rules.beginAttempt(newSecret(), next, clock());
    const address = linkUnder(site.url, CALLBACK_PATH);
    try {
      const url = await providers.entranceOf(accountId, provider, address, expectedOf(key, attempt));
      return { url, attempt: rules.sealAttempt(key, attempt) };
    } catch (error) {
      return { ...this.#failed(error, accountId), label: provider.label, next };
    }
  }

  /** What somebody came back with: a new session if it says who they are. Each attempt comes back once. */
  async finish(
    site: Site,
    kept: string | undefined,
    query: URLSearchParams,
    remoteAddress: string,
  ): Promise<{ token: string; next: string } | Failed | null> {
    const { db, sessions, providers, clock } = this.#parts;
    const { accountId } = site;
    const provider = await db.read((tx) => queries.findProvider(tx, accountId));
    if (!provider) return null;
    const { label } = provider;
    const key = await this.#keyOf(accountId, provider);
    const attempt = rules.openAttempt(key, kept, clock());
    if (!attempt || query.get('state') !== attempt.state) return { fault: 'stale', label, next: '/my' };
    const { next } = attempt;
    if (this.#isTooMuch(remoteAddress)) return { fault: 'tooMany', label, next };
    const isFirst = await db.write((tx) =>
      queries.spendState(tx, accountId, sha256(attempt.state), attempt.expiresAt, clock()),
    );
    if (!isFirst) return { fault: 'stale', label, next };
    const address = new URL(linkUnder(site.url, CALLBACK_PATH));
    address.search = query.toString();
    try {
      const arrival = await providers.arrival(accountId, provider, address, expectedOf(key, attempt));
      const who = await db.write((tx) => identify(tx, accountId, provider, arrival, clock()));
      if ('fault' in who) return { ...who, label, next };
      return { token: await sessions.open(site, who.userId), next };
    } catch (error) {
      this.#failures.add(attempt.state, remoteAddress);
      return { ...this.#failed(error, accountId), label, next };
    }
  }

  async #keyOf(accountId: number, { issuer, clientId }: queries.Provider): Promise<rules.Key> {
    return { secret: await signingKeyOf(this.#parts.db, accountId), issuer, clientId };
  }

  /** Each attempt asks the provider: nobody makes us ask it without end. */
  #isTooMuch(remoteAddress: string): boolean {
    try {
      this.#failures.check('', remoteAddress);
      return false;
    } catch (error) {
      if (error instanceof Refusal) return true;
      throw error;
    }
  }

  #failed(error: unknown, accountId: number): { fault: Fault } {
    if (!(error instanceof NoArrival)) throw error;
    const { fault, reason } = error;
    if (fault === 'down' || fault === 'refused')
      this.#parts.log({ accountId, reason }, 'an OpenID provider could not be used');
    return { fault };
  }
}

const expectedOf = (key: rules.Key, attempt: rules.Attempt) => ({
  state: attempt.state,
  nonce: rules.nonceOf(key, attempt),
  verifier: rules.verifierOf(key, attempt),
});

/**
 * Which user somebody is: the one they were the first time, whatever they are called by now; the first time, the one whom
 * they are called like. Nobody is created.
 */
async function identify(
  tx: WriteTx,
  accountId: number,
  asked: queries.Provider,
  arrival: Arrival,
  now: Date,
): Promise<{ userId: string } | { fault: Fault; name?: string }> {
  // Whatever was set while the provider was asked holds at once.
  const provider = await queries.findProvider(tx, accountId);
  if (provider?.issuer !== asked.issuer || provider.clientId !== asked.clientId) return { fault: 'stale' };
  const { claim, rank } = provider;
  const bound = await queries.findBound(tx, accountId, arrival, now);
  const name = rules.nameIn(claim, arrival.claims);
  if (!bound && name === null) return { fault: 'untold' };
  const person = bound ?? (await queries.findNamed(tx, accountId, claim, keyOf(name ?? ''), now));
  if (!person) return { fault: 'unknown', name: name ?? '' };
  if (!person.isActive) return { fault: 'inactive' };
  const { userId } = person;
  const user = await loadUser(tx, accountId, userId, now);
  if (!user || rankOf(user.roles.map((role) => role.roleType)) > rank) return { fault: 'outranked' };
  if (!bound && !(await queries.bind(tx, accountId, arrival, userId, now))) return { fault: 'other' };
  return { userId };
}
