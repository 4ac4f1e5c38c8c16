import { isLoopbackHost, objectionToUrl } from '../outbound/index.ts';

/** Why an address cannot be that of a provider, or null: https, and http on this machine where private addresses are open. */
export function objectionToIssuer(text: string, allowsPrivateTargets: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHere = allowsPrivateTargets && url?.protocol === 'http:' && isLoopbackHost(url.hostname);
  if (!url || (url.protocol !== 'https:' && !isHere)) return 'must be an https address';
  if (url.search || url.hash) return 'must have no query and no fragment';
  if (url.pathname.includes('/.well-known/'))
    return 'must be the issuer, without /.well-known and what follows';
  return objectionToUrl(text, allowsPrivateTargets);
}
