import type { Site } from '../access/index.ts';
import type { PageAnswer, PageRequest, PageRoute } from '../http/page.ts';
import { ATTEMPT_S, type Failed, type OpenIdSignIn } from '../openid/index.ts';
import type { Language } from '../pages/index.ts';
import { reasonFor, statusOf } from './openid-pages.ts';
import { cookie, nextOf, redirect } from './visit.ts';

/** The way to the provider, and back. */

interface OpenIdPages {
  readonly openId: OpenIdSignIn;
  siteOf(request: PageRequest): Promise<Site>;
  isSignedIn(request: PageRequest, site: Site): Promise<boolean>;
  /** The cookies of a session that has just begun. */
  signedIn(site: Site, token: string): readonly string[];
  /** The page where people sign in, which says what went wrong. */
  again(
    request: PageRequest,
    site: Site,
    next: string,
    fault: (language: Language) => string,
    status: number,
  ): Promise<PageAnswer>;
}

const ATTEMPT_COOKIE = 'rollbook_openid';

export function openIdPages(pages: OpenIdPages): readonly PageRoute[] {
  const { openId } = pages;
  const failed = (request: PageRequest, site: Site, fault: Failed): Promise<PageAnswer> =>
    pages.again(request, site, nextOf(fault.next), (language) => reasonFor(language, fault), statusOf(fault));
  return [
    {
      method: 'GET',
      path: '/sign-in/openid',
      run: async (request) => {
        const site = await pages.siteOf(request);
        const next = nextOf(request.query.get('next'));
        if (await pages.isSignedIn(request, site)) return redirect(next);
        const begun = await openId.begin(site, next);
        if (begun === null) return redirect('/sign-in');
        if ('fault' in begun) return failed(request, site, begun);
        return redirect(begun.url, cookie(ATTEMPT_COOKIE, begun.attempt, site, ATTEMPT_S));
      },
    },
    {
      method: 'GET',
      path: '/sign-in/openid/callback',
      run: async (request) => {
        const site = await pages.siteOf(request);
        const { query, cookies, remoteAddress } = request;
        const done = await openId.finish(site, cookies.get(ATTEMPT_COOKIE), query, remoteAddress);
        if (done === null) return redirect('/sign-in');
        if ('fault' in done) return failed(request, site, done);
        return redirect(nextOf(done.next), [
          ...pages.signedIn(site, done.token),
          ...cookie(ATTEMPT_COOKIE, '', site, 0),
        ]);
      },
    },
  ];
}
