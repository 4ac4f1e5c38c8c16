/**
 * Signing in with an OpenID provider: which one an account has, the way there and back, and who is who. What a session
 * is, and what it opens, is decided elsewhere.
 */
export { Providers } from './provider.ts';
export { openIdRoutes } from './routes.ts';
export { ATTEMPT_S } from './rules.ts';
export { type Failed, type Fault, OpenIdSignIn } from './sign-in.ts';
