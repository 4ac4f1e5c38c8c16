import { OPERATIONS, type Operations } from './api.ts';

export interface ClientOptions {
  /** Where the server is: https://learn.example.org */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Another fetch: to record, to limit, to use a proxy. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** X-Target-Locale, X-Return-Object and the like. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Any answer but success. */
export class RollbookError extends Error {
  override readonly name = 'RollbookError';
  readonly status: number;
  /** Which refusal it is, as docs/errors.md lists them; null if the answer did not come from Rollbook. */
  readonly code: string | null;
  /** Finds the request in the server's log. */
  readonly requestId: string | null;

  constructor(status: number, code: string | null, message: string, requestId: string | null) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

type Name = keyof Operations;
type Input<N extends Name> = Omit<Operations[N], 'answer'>;
type Answer<N extends Name> = Operations[N]['answer'];
/** Operations that take nothing that must be given may be called without input. */
type Arguments<N extends Name> =
  Record<never, never> extends Input<N>
    ? [input?: Input<N>, options?: CallOptions]
    : [input: Input<N>, options?: CallOptions];

type Paged = {
  [N in Name]: (typeof OPERATIONS)[N] extends { readonly entries: string } ? N : never;
}[Name];
type Entry<N extends Paged> = (typeof OPERATIONS)[N] extends { readonly entries: infer K extends string }
  ? Answer<N> extends { [E in K]: (infer T)[] }
    ? T
    : never
  : never;

export interface Page<T> {
  readonly entries: T[];
  readonly nextPageToken: string | undefined;
  /** Where to go on another day, also after the last page: only lists of enrollments tell. */
  readonly resumeToken: string | null;
}

interface AnyInput {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** A token is renewed this long before it ends. */
const MARGIN_MS = 60_000;

export class Client {
  readonly #options: ClientOptions;
  readonly #fetch: typeof fetch;
  #token: { readonly value: Promise<string>; endsAt: number } | undefined;

  constructor(options: ClientOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') };
    this.#fetch = options.fetch ?? fetch;
  }

  /** One operation; throws `RollbookError` unless it succeeds. */
  async call<N extends Name>(name: N, ...[input, options]: Arguments<N>): Promise<Answer<N>> {
    const response = await this.#send(name, (input ?? {}) as AnyInput, options ?? {});
    return (await bodyOf(response)) as Answer<N>;
  }

  /** Page after page, from `pageToken` on if one is given, in the query or in the body. */
  async *pages<N extends Paged>(
    name: N,
    ...[input, options]: Arguments<N>
  ): AsyncGenerator<Page<Entry<N>>, void> {
    const { entries, method } = OPERATIONS[name];
    const place = method === 'GET' ? 'query' : 'body';
    let next = (input ?? {}) as AnyInput;
    for (;;) {
      const response = await this.#send(name, next, options ?? {});
      const body = (await bodyOf(response)) as Record<string, unknown>;
      const nextPageToken = body['nextPageToken'] as string | undefined;
      yield {
        entries: body[entries] as Entry<N>[],
        nextPageToken,
        resumeToken: response.headers.get('rollbook-resume-token'),
      };
      if (nextPageToken === undefined) return;
      next = { ...next, [place]: { ...(next[place] as object | undefined), pageToken: nextPageToken } };
    }
  }

  /** Every entry of every page. */
  async *entries<N extends Paged>(name: N, ...args: Arguments<N>): AsyncGenerator<Entry<N>, void> {
    for await (const page of this.pages(name, ...args)) yield* page.entries;
  }

  async #send(name: Name, input: AnyInput, options: CallOptions): Promise<Response> {
    const { method, path } = OPERATIONS[name];
    const url = this.#options.url + fill(path, input.path ?? {}) + queryText(input.query ?? {});
    const attempt = async (): Promise<Response> =>
      this.#fetch(url, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${await this.#currentToken()}`,
          ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
        ...(options.signal ? { signal: options.signal } : {}),
      });
    let response = await attempt();
    if (response.status === 401) {
      // The token ended early: the client was changed, or the server's clock differs. Nothing was done, so try again, once.
      await response.body?.cancel();
      this.#token = undefined;
      response = await attempt();
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  /** One request for a token, however many calls wait for it. */
  #currentToken(): Promise<string> {
    if (!this.#token || this.#token.endsAt <= Date.now()) {
      const token = { value: this.#requestToken((endsAt) => (token.endsAt = endsAt)), endsAt: Infinity };
      token.value.catch(() => {
        if (this.#token === token) this.#token = undefined;
      });
      this.#token = token;
    }
    return this.#token.value;
  }

  async #requestToken(onEnd: (endsAt: number) => void): Promise<string> {
    const { url, clientId, clientSecret } = this.#options;
    const response = await this.#fetch(`${url}/api/v3/token`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
      }),
    });
    if (!response.ok) throw await errorOf(response);
    const { access_token, expires_in } = (await response.json()) as {
      access_token: string;
      expires_in: number;
    };
    onEnd(Date.now() + expires_in * 1000 - MARGIN_MS);
    return access_token;
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

async function errorOf(response: Response): Promise<RollbookError> {
  const text = await response.text();
  let message = `${response.status} ${response.statusText}`;
  try {
    message = (JSON.parse(text) as { message: string }).message;
  } catch {
    // Something between us and the server answered.
  }
  const { headers, status } = response;
  return new RollbookError(status, headers.get('rollbook-error'), message, headers.get('x-request-id'));
}

const fill = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));

/** Lists as name[]=a&name[]=b, ranges as name[startDate]=…; what is undefined is left out. */
function queryText(query: Readonly<Record<string, unknown>>): string {
  const pairs: [string, string][] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const entry of value) pairs.push([`${name}[]`, String(entry)]);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value))
        if (inner !== undefined) pairs.push([`${name}[${key}]`, String(inner)]);
        else continue;
    else pairs.push([name, String(value)]);
  }
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}
