import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './targets.ts';

export interface Address {
  readonly address: string;
  readonly family: number;
}
/** The addresses of a host name. Replaced in tests, as the clock is. */
export type Resolve = (hostname: string) => Promise<readonly Address[]>;

export interface CourierOptions {
  /** Opens private and loopback addresses: for receivers beside the server, and tests. */
  readonly allowPrivateTargets?: boolean | undefined;
  readonly resolve?: Resolve | undefined;
  /** The whole delivery: name, connection, answer. */
  readonly timeoutMs?: number | undefined;
}

/** What became of a delivery: only the status of an answer counts. */
export type Delivery = { readonly status: number } | { readonly failure: string };

/** The body of an answer is not used; more of it than this, and the connection is closed. */
const MAX_ANSWER_BYTES = 64 * 1024;
const TIMEOUT_MS = 5_000;

const byDns: Resolve = (hostname) => lookup(hostname, { all: true });

/** Delivers messages over HTTP, to public addresses only, following no redirect, and never for long. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #resolve: Resolve;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#resolve = options.resolve ?? byDns;
  }

  /** Whether it delivers to any address, and not just to public ones. */
  get allowsPrivateTargets(): boolean {
    return this.#options.allowPrivateTargets ?? false;
  }

  /** One attempt. Never throws: a failure says why in words for the operator, without the address's secrets. */
  async post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<Delivery> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#options.timeoutMs ?? TIMEOUT_MS);
    try {
      const target = new URL(url);
      const addresses = await before(limit.signal, this.#addressesOf(target.hostname));
      if (addresses.length === 0) return { failure: 'the address is not public' };
      return { status: await send(target, body, headers, addresses, limit.signal) };
    } catch (error) {
      return { failure: limit.signal.aborted ? 'no answer in time' : reasonOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The addresses that may be connected to. The connection is made to these and no other, so that a name that answers
   * differently the second time (DNS rebinding) gains nothing; there are no kept connections, so that each delivery
   * is judged anew.
   */
  async #addressesOf(hostname: string): Promise<readonly Address[]> {
    const literal = hostname.replace(/^\[|\]$/g, '');
    const family = isIP(literal);
    const all = family > 0 ? [{ address: literal, family }] : await this.#resolve(hostname);
    return this.allowsPrivateTargets ? all : all.filter(({ address }) => isPublicAddress(address));
  }
}

function send(
  target: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<number> {
  const toThese: LookupFunction = (_hostname, { all }, done) => {
    const [first] = addresses;
    if (all) done(null, [...addresses]);
    else done(null, first?.address ?? '', first?.family);
  };
  return new Promise((done, fail) => {
    const request = (target.protocol === 'https:' ? https : http).request(target, {
      method: 'POST',
      // No kept connections: see #addressesOf.
      agent: false,
      lookup: toThese,
      signal,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Rollbook',
      },
    });
    // The status has been said: an answer that breaks off, or is broken off, counts by it.
    let status: number | undefined;
    request.on('error', (error) => (status === undefined ? fail(error) : done(status)));
    request.on('response', (response) => {
      status = response.statusCode ?? 0;
      let read = 0;
      response.on('data', (part: Buffer) => {
        read += part.length;
        if (read > MAX_ANSWER_BYTES) response.destroy();
      });
      response.on('error', () => undefined);
      response.on('close', () => done(response.statusCode ?? 0));
    });
    request.end(body);
  });
}

/** The promise's result, unless the signal comes first. */
function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((done, fail) => {
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    work.then(done, fail);
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the host is unknown',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke off',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
};

function reasonOf(error: unknown): string {
  const { code } = error as { code?: string };
  return REASONS[code ?? ''] ?? `the connection failed${code ? ` (${code})` : ''}`;
}
