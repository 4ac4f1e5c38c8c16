import { createHmac, timingSafeEqual } from 'node:crypto';

/** Pure decisions about signing in with a provider: by what name somebody is known, and whose attempt it is. */

/** What a provider says of somebody that names a user here. */
export const CLAIMS = ['email', 'preferred_username', 'sub'] as const;
export type Claim = (typeof CLAIMS)[number];

/** What a provider is asked for, so that it tells the claim. */
export const SCOPES: Readonly<Record<Claim, string>> = {
  email: 'openid email',
  preferred_username: 'openid profile',
  sub: 'openid',
};

export type Claims = Readonly<Record<string, unknown>>;

/** As long as an address may be, without what a database cannot keep. */
const NAME = /^[^\p{Cc}]{1,254}$/u;
/** As the standard limits it. */
export const isSubject = (subject: string): boolean => /^[\x20-\x7e]{1,255}$/.test(subject);

/** The name that the claims tell; null if they tell none, or an address of which the provider does not say that it is theirs. */
export function nameIn(claim: Claim, claims: Claims): string | null {
  const name = claims[claim];
  if (typeof name !== 'string' || name.trim() === '' || !NAME.test(name)) return null;
  // Some providers spell it as text.
  const isVerified = claims['email_verified'] === true || claims['email_verified'] === 'true';
  return claim === 'email' && !isVerified ? null : name;
}

/** How long somebody may take at the provider. */
const ATTEMPT_MS = 10 * 60_000;
export const ATTEMPT_S = ATTEMPT_MS / 1000;

/** One way to the provider and back, in one browser. */
export interface Attempt {
  readonly state: string;
  readonly expiresAt: Date;
  /** Where to go afterwards. */
  readonly next: string;
}

/** Whose attempt it is: it comes back to the account and the provider it was begun with, or not at all. */
export interface Key {
  readonly secret: Buffer;
  readonly issuer: string;
  readonly clientId: string;
}

const mark = ({ secret, issuer, clientId }: Key, use: string, text: string): string =>
  createHmac('sha256', secret)
    .update(JSON.stringify(['openid', use, issuer, clientId, text]))
    .digest('base64url');

/** A cookie holds no more than 4 KB. */
const MAX_NEXT = 1_000;

export const beginAttempt = (state: string, next: string, now: Date): Attempt => ({
  state,
  next: next.length > MAX_NEXT ? '/my' : next,
  expiresAt: new Date(now.getTime() + ATTEMPT_MS),
});

/** What the browser keeps of an attempt. It tells neither of the two below: they are made anew from the state. */
export function sealAttempt(key: Key, { state, expiresAt, next }: Attempt): string {
  const text = `${state}.${expiresAt.getTime()}.${Buffer.from(next).toString('base64url')}`;
  return `${text}.${mark(key, 'attempt', text)}`;
}

/** The attempt that a browser kept; null if it is none of ours with this provider, or it took too long. */
export function openAttempt(key: Key, sealed: string | undefined, now: Date): Attempt | null {
  const [, text = '', state = '', at = '', next = '', signature = ''] =
    /^(([\w-]{43})\.(\d{1,15})\.([\w-]{1,1400}))\.([\w-]{43})$/.exec(sealed ?? '') ?? [];
  if (text === '' || !timingSafeEqual(Buffer.from(signature), Buffer.from(mark(key, 'attempt', text))))
    return null;
  const expiresAt = new Date(Number(at));
  return expiresAt > now ? { state, expiresAt, next: Buffer.from(next, 'base64url').toString() } : null;
}

/** What the provider must repeat in the token of an attempt. */
export const nonceOf = (key: Key, { state }: Attempt): string => mark(key, 'nonce', state);
/** What proves to the provider that the code of an attempt is asked for by whoever began it (PKCE). */
export const verifierOf = (key: Key, { state }: Attempt): string => mark(key, 'verifier', state);
