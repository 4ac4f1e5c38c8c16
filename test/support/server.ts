import type { AddressInfo } from 'node:net';
import type { Plan } from '../../src/access/index.ts';
import { type App, type AppConfig, buildApp } from '../../src/app.ts';
import type { WriteLimits } from '../../src/enrollment/index.ts';
import type { OutboundOptions } from '../../src/outbound/index.ts';
import { type CreatedAccount, createAccount, createClientFor } from '../../src/people/index.ts';
import type { Database } from '../../src/storage/index.ts';
import { type Engine, freshDatabase } from './database.ts';
import { assertDocumented } from './openapi.ts';

/** A real server on loopback over a real database, with one account. Only the clock is ours. */
export interface World {
  readonly app: App;
  readonly db: Database;
  readonly url: string;
  /** Set `now` to move the server's time. */
  readonly clock: { now: Date };
  readonly account: CreatedAccount;
  /** Every SQL text that ran. */
  readonly statements: string[];
  /** An access token for a user, through the real token endpoint. */
  tokenOf(userId: string): Promise<string>;
  /** The owner's token. */
  readonly token: string;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly plan?: Plan;
  /** Where the server's clock stands at the start. */
  readonly now?: Date;
  readonly maxPairs?: number;
  readonly maxBodyBytes?: number;
  readonly limits?: Partial<WriteLimits>;
  /** Receivers of webhooks and providers of identities are on loopback: open, unless a test says otherwise. */
  readonly courier?: OutboundOptions;
  readonly files?: Pick<AppConfig, 'maxFileBytes' | 'contentUrl'>;
  /** There is no mail server unless a test has one. */
  readonly mail?: NonNullable<AppConfig['mail']>;
}

export const ACCOUNT_URL = 'https://academy.example';
export const OWNER = { login: 'owner', password: 'the owner’s password' } as const;

export async function startWorld(engine: Engine, options: WorldOptions = {}): Promise<World> {
  const statements: string[] = [];
  const db = await freshDatabase(engine, (text) => {
    if (statements.length < 100_000) statements.push(text);
  });
  return startWorldOver(db, statements, options);
}

/** Of the recorded statements those that requests ran: what was written is sealed a moment later, beside whatever comes. */
export const requestStatements = ({ statements }: Pick<World, 'statements'>): string[] =>
  statements.filter(
    (text) =>
      !/^(begin|commit|rollback)\b|\bfrom seal\b|\bupdate seal\b|\boperation_chunk where\b.*\bposition is null|\bfrom event where\b.*\bnumber is null|\bupdate event e set number\b/s.test(
        text,
      ),
  );

/** A world over a database that is open already. */
export async function startWorldOver(
  db: Database,
  statements: string[],
  options: WorldOptions = {},
): Promise<World> {
  const clock = { now: options.now ?? new Date() };
  const account = await createAccount(db, {
    name: 'Academy',
    url: ACCOUNT_URL,
    ownerLogin: OWNER.login,
    ownerEmail: 'owner@academy.example',
    ownerPassword: OWNER.password,
    plan: options.plan ?? 'business',
    now: clock.now,
  });
  const config = {
    logLevel: process.env['ROLLBOOK_TEST_LOG'] ?? 'silent',
    maxBodyBytes: options.maxBodyBytes ?? 64 * 1024 * 1024,
    maxPairs: options.maxPairs ?? 5_000_000,
    version: '0.0.0',
    ...(options.courier ?? { allowPrivateTargets: true }),
    ...(options.limits ? { limits: options.limits } : {}),
    ...options.files,
    ...(options.mail ? { mail: options.mail } : {}),
  };
  const app = await buildApp(db, config, () => clock.now);
  await app.server.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.server.address() as AddressInfo).port}`;
  const token = await requestToken(url, account.clientId, account.clientSecret);
  return {
    app,
    db,
    url,
    clock,
    account,
    statements,
    token,
    tokenOf: (userId) => tokenFor(db, url, clock.now, userId),
    close: async () => {
      await app.stop();
      await db.close();
    },
  };
}

async function tokenFor(db: Database, url: string, now: Date, userId: string): Promise<string> {
  const { loginOf } = await import('./people.ts');
  const client = await createClientFor(db, {
    accountUrl: ACCOUNT_URL,
    login: await loginOf(db, userId),
    now,
  });
  return requestToken(url, client.clientId, client.clientSecret);
}

export async function requestToken(url: string, clientId: string, clientSecret: string): Promise<string> {
  const body = new URLSearchParams({
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'client_credentials',
  });
  const response = await fetch(`${url}/api/v3/token`, { method: 'POST', body });
  if (response.status !== 200) throw new Error(`token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

/** How bodies are written; a test that says nothing else runs in each. */
export const FORMATS = ['json', 'xml'] as const;
export type BodyFormat = (typeof FORMATS)[number];

export interface CallOptions {
  /** The owner's unless given; null for none. */
  readonly token?: string | null;
  readonly json?: unknown;
  readonly xml?: string;
  readonly form?: Record<string, string>;
  /** A file as the body; multipart/form-data where it is a form. */
  readonly csv?: string | Uint8Array<ArrayBuffer> | FormData;
  readonly headers?: Record<string, string>;
  /** application/json unless given; null for no Accept header at all. */
  readonly accept?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body parsed as JSON; undefined if it is none. */
  readonly json: unknown;
  /** Our own code of a refusal. */
  readonly code: string | null;
}

/** Sends a request; what comes back must be what the OpenAPI document says can come back. */
export async function call(
  world: Pick<World, 'url' | 'token'>,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const headers = new Headers(options.headers);
  const token = options.token === undefined ? world.token : options.token;
  if (token !== null && !headers.has('authorization')) headers.set('authorization', `Bearer ${token}`);
  if (options.accept !== null) headers.set('accept', options.accept ?? 'application/json');
  let body: NonNullable<CallOptions['csv']> | URLSearchParams | null = null;
  if (options.json !== undefined) {
    body = JSON.stringify(options.json);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  } else if (options.xml !== undefined) {
    body = options.xml;
    if (!headers.has('content-type')) headers.set('content-type', 'application/xml');
  } else if (options.form) body = new URLSearchParams(options.form);
  else if (options.csv !== undefined) {
    body = options.csv;
    if (!headers.has('content-type') && !(body instanceof FormData)) headers.set('content-type', 'text/csv');
  }
  const response = await fetch(world.url + path, { method, headers, body });
  const text = await response.text();
  assertDocumented(method, path, { status: response.status, headers: response.headers, text });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return {
    status: response.status,
    headers: response.headers,
    text,
    json,
    code: response.headers.get('rollbook-error'),
  };
}

const escapeXml = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? c);

/** The same body as XML in the contract's spelling: `{courseIds: […]}` → `<request><courseIds><id>…</id></courseIds></request>`. */
export function toXmlBody(value: Record<string, unknown>, root = 'request'): string {
  const content = (inner: unknown): string => {
    if (Array.isArray(inner)) return inner.map((entry) => `<id>${content(entry)}</id>`).join('');
    if (typeof inner === 'object' && inner !== null)
      return Object.entries(inner)
        .filter(([, member]) => member !== undefined && member !== null)
        .map(([name, member]) => `<${name}>${content(member)}</${name}>`)
        .join('');
    return escapeXml(String(inner));
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${content(value)}</${root}>`;
}
