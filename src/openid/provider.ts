import * as client from 'openid-client';
import { type Outbound, Unreachable } from '../outbound/index.ts';
import type { Provider } from './queries.ts';
import { type Claims, isSubject, nameIn, SCOPES } from './rules.ts';

/** Talking to a provider. The protocol is the library's; which addresses are asked, for how long and for how much, is ours. */

/** What a provider says of itself is believed for so long; that it does not answer, for a moment. */
const KNOWN_MS = 10 * 60_000;
const FAILED_MS = 10_000;
/** Accounts whose provider is kept in memory; some 10 kB each. */
const MAX_KNOWN = 200;
/** Keys of a large provider are some 20 kB. */
const MAX_ANSWER_BYTES = 256 * 1024;

interface Known {
  /** The settings it was asked with */
  readonly settings: string;
  readonly configuration: Promise<client.Configuration>;
  until: number;
}

/** Who came back from a provider: there and nowhere else the subject means just them. */
export interface Arrival {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Claims;
}

/** What came back is none: `down` as the provider does not answer, `stale` as it is too late, `cancelled` by the person. */
export class NoArrival extends Error {
  readonly fault: 'down' | 'refused' | 'stale' | 'cancelled';
  /** For whoever administers the account */
  readonly reason: string;
  constructor(fault: NoArrival['fault'], reason: string) {
    super(reason);
    this.fault = fault;
    this.reason = reason;
  }
}

export interface Expected {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export class Providers {
  readonly #outbound: Outbound;
  readonly #clock: () => Date;
  readonly #known = new Map<number, Known>();

  constructor(outbound: Outbound, clock: () => Date) {
    this.#outbound = outbound;
    this.#clock = clock;
  }

  get allowsPrivateTargets(): boolean {
    return this.#outbound.allowsPrivateTargets;
  }

  /** Asks a provider anew. Why it cannot be used as it is; null if it describes itself well. */
  async problemOf(accountId: number, provider: Provider): Promise<string | null> {
    this.#known.delete(accountId);
    try {
      await this.#configurationOf(accountId, provider);
      return null;
    } catch (error) {
      return toNoArrival(error).reason;
    }
  }

  /** Where the provider asks somebody who they are. Throws {@link NoArrival}. */
  async entranceOf(
    accountId: number,
    provider: Provider,
    redirectUri: string,
    { state, nonce, verifier }: Expected,
  ): Promise<string> {
    try {
      const configuration = await this.#configurationOf(accountId, provider);
      const parameters = {
        redirect_uri: redirectUri,
        scope: SCOPES[provider.claim],
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      };
      return client.buildAuthorizationUrl(configuration, parameters).href;
    } catch (error) {
      throw toNoArrival(error);
    }
  }

  /** Who came back to an address with what is in its query. Throws {@link NoArrival}. */
  async arrival(accountId: number, provider: Provider, address: URL, expected: Expected): Promise<Arrival> {
    try {
      const configuration = await this.#configurationOf(accountId, provider);
      const tokens = await client.authorizationCodeGrant(configuration, address, {
        expectedState: expected.state,
        expectedNonce: expected.nonce,
        pkceCodeVerifier: expected.verifier,
        idTokenExpected: true,
      });
      const told = tokens.claims();
      if (!told) throw new NoArrival('refused', 'the answer has no ID token');
      if (!isSubject(told.sub)) throw new NoArrival('refused', 'the subject is none');
      // Many providers tell it with the token, others only when they are asked.
      const claims =
        nameIn(provider.claim, told) === null
          ? await userInfo(configuration, tokens.access_token, told.sub)
          : told;
      return { issuer: configuration.serverMetadata().issuer, subject: told.sub, claims };
    } catch (error) {
      throw toNoArrival(error);
    }
  }

  /** Several who ask at once are answered by one request. */
  #configurationOf(accountId: number, provider: Provider): Promise<client.Configuration> {
    const now = this.#clock().getTime();
    const settings = JSON.stringify([provider.issuer, provider.clientId, provider.clientSecret]);
    const known = this.#known.get(accountId);
    if (known && known.settings === settings && known.until > now) return known.configuration;
    const configuration = this.#discover(provider);
    const entry: Known = { settings, configuration, until: now + KNOWN_MS };
    configuration.catch(() => {
      entry.until = now + FAILED_MS;
    });
    this.#known.delete(accountId);
    if (this.#known.size >= MAX_KNOWN) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(accountId, entry);
    return configuration;
  }

  async #discover({ issuer, clientId, clientSecret }: Provider): Promise<client.Configuration> {
    const url = new URL(issuer);
    const execute = [client.enableNonRepudiationChecks];
    // Settings admit http on this machine only.
    if (url.protocol === 'http:') execute.push(client.allowInsecureRequests);
    const configuration = await client.discovery(url, clientId, undefined, authenticationBy(clientSecret), {
      [client.customFetch]: (address, message) => this.#fetch(address, message),
      execute,
    });
    const { issuer: named } = configuration.serverMetadata();
    // The library lets this pass for a provider whose one address speaks for everybody's tenants: any of them could then
    // name our users.
    if (new URL(named).href !== url.href) throw otherwise(named);
    return configuration;
  }

  async #fetch(address: string, { method, headers, body }: client.CustomFetchOptions): Promise<Response> {
    const message = { method, headers, body: body === undefined || body === null ? undefined : String(body) };
    const answer = await this.#outbound.ask(address, message, MAX_ANSWER_BYTES);
    if (!answer.isWhole) throw new Unreachable('the answer broke off, or is too large');
    const kept = new Headers();
    for (const name of ['content-type', 'www-authenticate', 'dpop-nonce'] as const) {
      const value = answer.headers[name];
      if (typeof value === 'string') kept.set(name, value);
    }
    const hasBody = ![204, 205, 304].includes(answer.status);
    return new Response(hasBody ? new Uint8Array(answer.body) : null, {
      status: answer.status,
      headers: kept,
    });
  }
}

/** As every provider must take it; as it says where it does not. */
function authenticationBy(secret: string | null): client.ClientAuth {
  if (secret === null) return client.None();
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const isBasic = !methods || methods.includes('client_secret_basic');
    return (isBasic ? basic : post)(server, ...rest);
  };
}

async function userInfo(
  configuration: client.Configuration,
  accessToken: string,
  subject: string,
): Promise<Claims> {
  if (!configuration.serverMetadata().userinfo_endpoint) return {};
  return client.fetchUserInfo(configuration, accessToken, subject);
}

const otherwise = (issuer: string): NoArrival =>
  new NoArrival(
    'refused',
    `the provider calls itself ${URL.canParse(issuer) ? new URL(issuer).href.slice(0, 200) : 'what is no address'}`,
  );

/** What the library throws, in our words; only codes are taken over, as texts may hold secrets. */
function toNoArrival(error: unknown): NoArrival {
  if (error instanceof NoArrival) return error;
  const { cause, code, name } = error as { cause?: unknown; code?: string; name?: string };
  const unreachable = [error, cause].find((each) => each instanceof Unreachable);
  if (unreachable) return new NoArrival('down', unreachable.reason);
  if (error instanceof client.AuthorizationResponseError)
    return new NoArrival(error.error === 'access_denied' ? 'cancelled' : 'refused', codeOf(error.error));
  if (error instanceof client.ResponseBodyError)
    // A code that is used, too old, or not of this attempt.
    return new NoArrival(error.error === 'invalid_grant' ? 'stale' : 'refused', codeOf(error.error));
  if (error instanceof client.WWWAuthenticateChallengeError)
    return new NoArrival('refused', `the provider answered ${error.status}`);
  const named = (cause as { body?: { issuer?: unknown } } | undefined)?.body?.issuer;
  if (typeof named === 'string') return otherwise(named);
  if (cause instanceof Response)
    return new NoArrival(cause.status >= 500 ? 'down' : 'refused', `the provider answered ${cause.status}`);
  return new NoArrival('refused', `the answer cannot be used (${codeOf(code ?? name ?? 'unknown')})`);
}

const codeOf = (text: string): string => text.replace(/[^\w.-]/g, '').slice(0, 60);
