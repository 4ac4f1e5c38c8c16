import { accountUrlOf, type Context, requireAdministrator } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { linkUnder } from '../kernel/links.ts';
import { requireOver } from '../people/index.ts';
import { objectionToIssuer } from './issuer.ts';
import type { Providers } from './provider.ts';
import * as queries from './queries.ts';
import type { Claim } from './rules.ts';

/** Which provider an account's people may sign in with: for the owner and administrators of the whole account. */

export const CALLBACK_PATH = '/sign-in/openid/callback';

export interface Settings extends Omit<queries.Provider, 'clientSecret' | 'rank'> {
  readonly hasClientSecret: boolean;
  /** What the provider must know as an address that it may lead back to */
  readonly redirectUri: string;
}

const toSettings = ({ clientSecret, rank: _, ...rest }: queries.Provider, accountUrl: string): Settings => ({
  ...rest,
  hasClientSecret: clientSecret !== null,
  redirectUri: linkUnder(accountUrl, CALLBACK_PATH),
});

export interface Wanted {
  readonly issuer: string;
  readonly clientId: string;
  /** undefined: as it is; empty: none */
  readonly clientSecret?: string | undefined;
  readonly label: string;
  readonly claim: Claim;
}

/** Refuses 404 where there is none. */
export function readSettings(ctx: Context): Promise<Settings> {
  requireAdministrator(ctx.caller);
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    const provider = (await queries.findProvider(tx, accountId)) ?? refuse('openid.none');
    return toSettings(provider, await accountUrlOf(tx, accountId));
  });
}

/**
 * Refuses `request.invalid` with the field. A provider that does not answer is no reason to refuse: `problem` says so.
 * Whoever sets it bounds whom it signs in, as by a provider of one's own one could be anybody.
 */
export async function changeSettings(
  ctx: Context,
  providers: Providers,
  wanted: Wanted,
): Promise<Settings & { problem: string | undefined }> {
  requireAdministrator(ctx.caller);
  const { accountId, rank } = ctx.caller;
  const { issuer, clientId, clientSecret, label, claim } = wanted;
  const objection = objectionToIssuer(issuer, providers.allowsPrivateTargets);
  if (objection) refuse('request.invalid', { field: 'issuer', detail: objection });
  const { provider, settings } = await ctx.write(async (tx) => {
    const before = await queries.findProvider(tx, accountId);
    // A secret goes to nobody but whom it was given for.
    const isSame = before?.issuer === issuer && before.clientId === clientId;
    if (clientSecret === undefined && before && before.clientSecret !== null && !isSame)
      refuse('request.invalid', {
        field: 'clientSecret',
        detail: 'must be given again with another issuer or clientId',
      });
    const secret = clientSecret === undefined ? (before?.clientSecret ?? null) : clientSecret || null;
    const changed = { issuer, clientId, clientSecret: secret, label: label.trim(), claim, rank };
    await queries.writeProvider(tx, accountId, changed, ctx.now);
    const accountUrl = await accountUrlOf(tx, accountId);
    return { provider: changed, settings: toSettings(changed, accountUrl) };
  });
  const problem = await providers.problemOf(accountId, provider);
  return { ...settings, problem: problem ?? undefined };
}

/** From now on nobody signs in with a provider, and who was who there is forgotten; having none is no fault. */
export function removeSettings(ctx: Context): Promise<void> {
  requireAdministrator(ctx.caller);
  return ctx.write((tx) => queries.deleteProvider(tx, ctx.caller.accountId));
}

/** Forgets who a user is at the provider: the next sign-in tells anew. Refuses whoever is unknown or outranks the caller. */
export function forgetPerson(ctx: Context, userId: string): Promise<void> {
  requireAdministrator(ctx.caller);
  return ctx.write(async (tx) => {
    await requireOver(tx, ctx, userId);
    await queries.unbind(tx, ctx.caller.accountId, userId);
  });
}
