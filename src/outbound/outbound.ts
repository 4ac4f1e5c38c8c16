import { lookup } from 'node:dns/promises';
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './targets.ts';

export interface Address {
  readonly address: string;
  readonly family: number;
}
/** The addresses of a host name. Replaced in tests, as the clock is. */
export type Resolve = (hostname: string) => Promise<readonly Address[]>;

export interface OutboundOptions {
  /** Opens private and loopback addresses: for what stands beside the server, and tests. */
  readonly allowPrivateTargets?: boolean | undefined;
  readonly resolve?: Resolve | undefined;
  /** The whole request: name, connection, answer. */
  readonly timeoutMs?: number | undefined;
}

export interface Message {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the body is all there: not cut at the limit, nor broken off. */
  readonly isWhole: boolean;
}

/** There was no answer; `reason` says why in words for whoever administers the account, without secrets of the address. */
export class Unreachable extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

const TIMEOUT_MS = 5_000;

const byDns: Resolve = (hostname) => lookup(hostname, { all: true });

/** Asks over HTTP, public addresses only, following no redirect, and never for long. */
export class Outbound {
  readonly #options: OutboundOptions;
  readonly #resolve: Resolve;

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#resolve = options.resolve ?? byDns;
  }

  /** Whether it asks any address, and not just public ones. */
  get allowsPrivateTargets(): boolean {
    return this.#options.allowPrivateTargets ?? false;
  }

  /** One attempt, with no more of the answer's body than said. Throws {@link Unreachable}. */
  async ask(url: string, message: Message, maxAnswerBytes: number): Promise<Answer> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#options.timeoutMs ?? TIMEOUT_MS);
    try {
      const target = new URL(url);
      const addresses = await before(limit.signal, this.#addressesOf(target.hostname));
      if (addresses.length === 0) throw new Unreachable('the address is not public');
      return await exchange(target, message, addresses, maxAnswerBytes, limit.signal);
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      throw new Unreachable(limit.signal.aborted ? 'no answer in time' : reasonOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The addresses that may be connected to. The connection is made to these and no other, so that a name that answers
   * differently the second time (DNS rebinding) gains nothing; there are no kept connections, so that each request
   * is judged anew.
   */
  async #addressesOf(hostname: string): Promise<readonly Address[]> {
    const literal = hostname.replace(/^\[|\]$/g, '');
    const family = isIP(literal);
    const all = family > 0 ? [{ address: literal, family }] : await this.#resolve(hostname);
    return this.allowsPrivateTargets ? all : all.filter(({ address }) => isPublicAddress(address));
  }
}

function exchange(
  target: URL,
  { method, headers, body }: Message,
  addresses: readonly Address[],
  maxAnswerBytes: number,
  signal: AbortSignal,
): Promise<Answer> {
  const toThese: LookupFunction = (_hostname, { all }, done) => {
    const [first] = addresses;
    if (all) done(null, [...addresses]);
    else done(null, first?.address ?? '', first?.family);
  };
  return new Promise((done, fail) => {
    const request = (target.protocol === 'https:' ? https : http).request(target, {
      method,
      // No kept connections: see #addressesOf.
      agent: false,
      lookup: toThese,
      signal,
      headers: {
        ...headers,
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        'user-agent': 'Rollbook',
      },
    });
    // Once the status has been said it is an answer, also where the rest breaks off, or is broken off.
    let finish: (() => void) | undefined;
    request.on('error', (error) => (finish ? finish() : fail(error)));
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let read = 0;
      finish = () =>
        done({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts),
          isWhole: response.complete && read <= maxAnswerBytes,
        });
      response.on('data', (part: Buffer) => {
        read += part.length;
        if (read > maxAnswerBytes) response.destroy();
        else parts.push(part);
      });
      response.on('error', () => undefined);
      response.on('close', finish);
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
