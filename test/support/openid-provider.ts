import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

/** A real OpenID provider on loopback, at which people need not type anything. */
export interface OpenIdProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Who is known there, by subject, and what is said of them. */
  readonly people: Map<string, Record<string, unknown>>;
  /** Who signs in; null: whoever comes turns back. */
  subject: string | null;
  /** What it was asked, without the query. */
  readonly requests: string[];
  /** It answers 503 to paths that begin so. */
  down: string | null;
  /** Goes there as a new browser, and signs in; where it leads back to. */
  visit(address: string): Promise<URL>;
  close(): Promise<void>;
}

const MAX_STEPS = 10;
const TTL_S = 600;

export async function startOpenIdProvider(redirectUri: string): Promise<OpenIdProvider> {
  const server = http.createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [clientId, clientSecret] = ['rollbook', randomBytes(24).toString('base64')];
  const people: OpenIdProvider['people'] = new Map();
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    cookies: { keys: [randomBytes(32).toString('hex')] },
    jwks: { keys: [signingKey()] },
    claims: { email: ['email', 'email_verified'], profile: ['preferred_username'] },
    ttl: { Interaction: TTL_S, Session: TTL_S, Grant: TTL_S, AccessToken: TTL_S, IdToken: TTL_S },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    findAccount: async (_: unknown, accountId: string) => ({
      accountId,
      claims: async () => ({ sub: accountId, ...people.get(accountId) }),
    }),
  });
  const answer = provider.callback();
  const self: OpenIdProvider = {
    issuer,
    clientId,
    clientSecret,
    people,
    subject: null,
    requests: [],
    down: null,
    visit: (address) => visit(address, issuer),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    const path = request.url?.split('?')[0] ?? '';
    self.requests.push(path);
    if (self.down !== null && path.startsWith(self.down)) response.writeHead(503).end();
    else if (path.startsWith('/interaction/')) void interact(provider, request, response, self.subject);
    else void answer(request, response);
  });
  return self;
}

/** Answers both questions that it asks: who somebody is, and whether we may know. */
async function interact(
  provider: Provider,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  subject: string | null,
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (subject === null) return provider.interactionFinished(request, response, { error: 'access_denied' });
  if (prompt.name === 'login')
    return provider.interactionFinished(request, response, { login: { accountId: subject } });
  const grant = new provider.Grant({ accountId: session?.accountId ?? subject, clientId: params.client_id });
  grant.addOIDCScope('openid email profile');
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

const signingKey = (): object => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  kid: randomBytes(8).toString('hex'),
});

async function visit(address: string, issuer: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let at = new URL(address);
  for (let step = 0; at.origin === issuer; step++) {
    assert.ok(step < MAX_STEPS, 'the provider leads back');
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const text = await response.text();
    const location = response.headers.get('location');
    assert.ok(location, `${response.status} ${text}`);
    at = new URL(location, at);
  }
  return at;
}
