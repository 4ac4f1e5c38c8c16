import { act, type Context, type Session, type Sessions, type Site } from '../access/index.ts';
import type { Enrollments } from '../enrollment/index.ts';
import type { PageAnswer, PageRequest, PageRoute } from '../http/page.ts';
import { Refusal, refuse } from '../kernel/errors.ts';
import { listMine, readMine } from '../learning/index.ts';
import type { MailSender } from '../mail/index.ts';
import type { OpenIdSignIn } from '../openid/index.ts';
import {
  accentSheet,
  announced,
  type Frame,
  html,
  type Key,
  Language,
  localeFor,
  PACKAGE_SCRIPT,
  PACKAGE_SCRIPT_PATH,
  page,
  STYLE,
  STYLE_PATH,
} from '../pages/index.ts';
import { linkToOwn } from '../progress/index.ts';
import { recordOwn } from '../results/index.ts';
import type { Database } from '../storage/index.ts';
import { awayPath, showAway } from './away-routes.ts';
import { enrollFromCatalogue, showCatalogue } from './catalogue-routes.ts';
import { fileRoutes, materialPath } from './file-routes.ts';
import { isSecret, isShown, masked, newSecret, secretOf } from './form-secret.ts';
import { itemPage, learningPage } from './learning-pages.ts';
import { openIdPages } from './openid-routes.ts';
import { type Guest, passwordRoutes } from './password-routes.ts';
import { PROFILE_ROUTES } from './profile-routes.ts';
import { type SeatAction, seatAnswer, showSeats } from './seat-routes.ts';
import { type SignInForm, signInPage } from './sign-in.ts';
import { askFor } from './unlock-routes.ts';
import { cookie, idOf, nextOf, readerOf, redirect, shown, type Visit } from './visit.ts';

/** The addresses of the portal. Every page of a learner begins with their session; every form with its secret. */

export interface PortalParts {
  readonly db: Database;
  readonly sessions: Sessions;
  readonly openId: OpenIdSignIn;
  readonly enrollments: Enrollments;
  readonly mail: MailSender;
  /** The origin of what users upload; null: within a sandbox on ours. */
  readonly contentUrl: string | null;
  readonly clock: () => Date;
}

const SESSION_COOKIE = 'rollbook_session';
/** Before there is a session: what a form must bring along, too, so that nobody is signed in by another site. */
const FORM_COOKIE = 'rollbook_form';

export class Portal {
  readonly #parts: PortalParts;

  constructor(parts: PortalParts) {
    this.#parts = parts;
  }

  get routes(): readonly PageRoute[] {
    return [
      sheet(STYLE_PATH, () => STYLE),
      sheet(PACKAGE_SCRIPT_PATH, () => PACKAGE_SCRIPT, 'text/javascript'),
      sheet('/pages/{accent}', ({ params }) => {
        const hex = /^accent-([0-9a-f]{6})\.css$/.exec(params['accent'] ?? '')?.[1];
        return hex === undefined ? null : accentSheet(hex);
      }),
      { method: 'GET', path: '/sign-in', run: (request) => this.#showSignIn(request) },
      { method: 'POST', path: '/sign-in', run: (request) => this.#signIn(request) },
      ...openIdPages({
        openId: this.#parts.openId,
        siteOf: (request) => this.#siteOf(request),
        isSignedIn: async (request, site) => (await this.#sessionOf(request, site)) !== null,
        signedIn: (site, token) => cookie(SESSION_COOKIE, token, site, null),
        again: (request, site, next, fault, status) => {
          const form = fault(frameOf(request, site, null).language);
          return this.#signInAnswer(request, site, { login: '', next, faults: { form } }, status);
        },
      }),
      this.#visited('POST', '/sign-out', async ({ session }) => {
        await this.#parts.sessions.end(session);
        return redirect('/sign-in?ended=1', cookie(SESSION_COOKIE, '', session.site, 0));
      }),
      this.#visited('GET', '/my', async (visit) => {
        const all = await visit.run((ctx) => listMine(ctx));
        return shown(learningPage(readerOf(visit), all));
      }),
      this.#visited('GET', '/my/learning/{enrollmentId}', (visit) => this.#showItem(visit)),
      this.#visited('GET', '/my/learning/{enrollmentId}/{courseId}', (visit) => this.#showItem(visit)),
      this.#visited('POST', '/my/learning/{enrollmentId}/open', (visit) => this.#open(visit)),
      this.#visited('GET', '/my/learning/{enrollmentId}/away', showAway),
      this.#visited('POST', '/my/learning/{enrollmentId}/done', async (visit) => {
        const enrollmentId = idOf(visit.request.params['enrollmentId']);
        const { moduleId, courseId } = formIds(visit.request.form);
        await visit.run((ctx) => recordOwn(ctx, enrollmentId, { moduleId, status: 'complete' }));
        return redirect(`/my/learning/${enrollmentId}${courseId ? `/${courseId}` : ''}?saved=1`);
      }),
      ...fileRoutes(this.#parts, this.#visited.bind(this)),
      this.#visited('POST', '/my/learning/{enrollmentId}/unlock', askFor),
      this.#visited('GET', '/my/learning/{enrollmentId}/training/{moduleId}', showSeats),
      ...(['choose', 'leave', 'wait', 'stop-waiting'] as const satisfies readonly SeatAction[]).map(
        (action) =>
          this.#visited('POST', `/my/learning/{enrollmentId}/training/{moduleId}/${action}`, (visit) =>
            seatAnswer(visit, action),
          ),
      ),
      this.#visited('GET', '/my/certificate/{certificateId}', async (visit) => {
        const certificateId = idOf(visit.request.params['certificateId']);
        const link = await visit.run((ctx) => linkToOwn(ctx, certificateId));
        // Where the visitor is, whatever address the account has.
        const { pathname, search } = new URL(link);
        return redirect(pathname + search);
      }),
      this.#visited('GET', '/my/catalogue', showCatalogue),
      this.#visited('POST', '/my/catalogue/{itemId}', (visit) =>
        enrollFromCatalogue(visit, this.#parts.enrollments),
      ),
      ...PROFILE_ROUTES.map(([method, path, answer]) => this.#visited(method, path, answer)),
      ...passwordRoutes(this.#parts, {
        guest: (...door) => this.#guest(...door),
        visited: (...door) => this.#visited(...door),
      }),
      this.#visited('GET', '/my/*', () => refuse('learning.unknown')),
    ];
  }

  /** What a page threw, as a page. */
  async failed(request: PageRequest, error: unknown): Promise<PageAnswer> {
    const { sessions } = this.#parts;
    const site = await sessions.siteOf(request.headers.host).catch(() => null);
    const session = site && (await this.#sessionOf(request, site).catch(() => null));
    const frame = frameOf(request, site, session);
    const refusal = error instanceof Refusal ? error : null;
    const status = refusal?.status ?? 500;
    const isClosed = refusal?.code === 'progress.not_open' || refusal?.code === 'progress.locked';
    const texts: [Key, Key] =
      status === 404
        ? site
          ? ['error.notFound', 'error.notFoundText']
          : ['error.title', 'error.noAccount']
        : status === 403
          ? ['error.title', 'error.notAllowed']
          : ['error.title', isClosed ? 'error.closed' : status >= 500 ? 'error.server' : 'error.refused'];
    return errorAnswer(frame, texts, status);
  }

  async #showItem(visit: Visit): Promise<PageAnswer> {
    const { params, query } = visit.request;
    const courseId = params['courseId'] === undefined ? null : idOf(params['courseId']);
    const item = await visit.run((ctx) => readMine(ctx, idOf(params['enrollmentId']), courseId));
    return shown(itemPage(readerOf(visit), item, noteOf(query)));
  }

  /** Records the view first: what is not open is not opened, and what is opened is known. */
  async #open(visit: Visit): Promise<PageAnswer> {
    const enrollmentId = idOf(visit.request.params['enrollmentId']);
    const { moduleId, courseId } = formIds(visit.request.form);
    const item = await visit.run((ctx) => readMine(ctx, enrollmentId, courseId ?? null));
    const part =
      moduleId === undefined ? item.learning : item.modules.find((module) => module.moduleId === moduleId);
    const target = part?.fileId ? materialPath({ enrollmentId, moduleId: moduleId ?? null }) : part?.url;
    if (!target) return refuse('learning.unknown');
    await visit.run((ctx) => recordOwn(ctx, enrollmentId, { moduleId, status: 'in_progress' }));
    return redirect(part?.fileId ? target : awayPath({ enrollmentId, moduleId, courseId }));
  }

  async #showSignIn(request: PageRequest): Promise<PageAnswer> {
    const site = await this.#siteOf(request);
    const next = nextOf(request.query.get('next'));
    if (await this.#sessionOf(request, site)) return redirect(next);
    const { query } = request;
    const note = query.has('ended') ? 'signIn.ended' : query.has('set') ? 'password.set' : undefined;
    return this.#signInAnswer(request, site, { login: '', next, faults: {}, note });
  }

  async #signIn(request: PageRequest): Promise<PageAnswer> {
    const site = await this.#siteOf(request);
    const { form } = request;
    const login = form.get('login')?.trim() ?? '';
    const password = form.get('password') ?? '';
    const typed = { login, next: nextOf(form.get('next')) };
    const again = (faults: SignInForm['faults'], status: number) =>
      this.#signInAnswer(request, site, { ...typed, faults }, status);
    const frame = frameOf(request, site, null);
    if (!isShown(form.get('csrf'), request.cookies.get(FORM_COOKIE)))
      return again({ form: frame.language.say('signIn.stale') }, 403);
    if (login === '' || password === '')
      return again(
        {
          ...(login === '' && { login: 'signIn.required' as const }),
          ...(password === '' && { password: 'signIn.required' as const }),
        },
        400,
      );
    try {
      const token = await this.#parts.sessions.signIn(site, login, password, request.remoteAddress);
      return redirect(typed.next, [
        ...cookie(SESSION_COOKIE, token, site, null),
        ...cookie(FORM_COOKIE, '', site, 0),
      ]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return again({ form: attemptFault(frame.language, error) }, error.status);
    }
  }

  async #signInAnswer(
    request: PageRequest,
    site: Site,
    form: Omit<SignInForm, 'csrf' | 'provider'>,
    status = 200,
  ): Promise<PageAnswer> {
    const known = request.cookies.get(FORM_COOKIE);
    const secret = isSecret(known) ? known : newSecret();
    const provider = await this.#parts.openId.labelOf(site);
    const filled = { ...form, csrf: masked(secret), provider };
    const answer = shown(signInPage(frameOf(request, site, null), filled), status);
    return {
      ...answer,
      headers: { ...answer.headers, 'set-cookie': cookie(FORM_COOKIE, secret, site, null) },
    };
  }

  async #siteOf(request: PageRequest): Promise<Site> {
    return (await this.#parts.sessions.siteOf(request.headers.host)) ?? refuse('learning.unknown');
  }

  async #sessionOf(request: PageRequest, site: Site): Promise<Session | null> {
    const token = request.cookies.get(SESSION_COOKIE);
    return token === undefined ? null : this.#parts.sessions.find(site, token);
  }

  /** A page for whoever comes; its forms bring the browser's own secret. */
  #guest(method: 'GET' | 'POST', path: string, answer: (guest: Guest) => Promise<PageAnswer>): PageRoute {
    return {
      method,
      path,
      run: async (request) => {
        const site = await this.#siteOf(request);
        const known = request.cookies.get(FORM_COOKIE);
        const secret = isSecret(known) ? known : newSecret();
        const csrf = masked(secret);
        const isStale = method === 'POST' && !isShown(request.form.get('csrf'), known);
        const frame = frameOf(request, site, null);
        const { headers, ...rest } = await answer({ request, site, frame, csrf, isStale });
        return { ...rest, headers: { ...headers, 'set-cookie': cookie(FORM_COOKIE, secret, site, null) } };
      },
    };
  }

  /** A page for who is signed in; everybody else signs in first, and comes back. */
  #visited(
    method: 'GET' | 'POST',
    path: string,
    answer: (visit: Visit) => Promise<PageAnswer> | PageAnswer,
    maxFormBytes?: number,
  ): PageRoute {
    return {
      ...(maxFormBytes !== undefined && { maxFormBytes }),
      method,
      path,
      run: async (request) => {
        const site = await this.#siteOf(request);
        const session = await this.#sessionOf(request, site);
        if (!session) {
          const back = method === 'GET' ? request.url : '/my';
          return redirect(`/sign-in?next=${encodeURIComponent(back)}`);
        }
        const frame = frameOf(request, site, session);
        if (method === 'POST') {
          if (isForeign(request)) return refuse('auth.role');
          if (!isShown(request.form.get('csrf'), secretOf(session)))
            return errorAnswer(frame, ['error.title', 'error.stale'], 403);
        }
        const now = this.#parts.clock();
        const run = <T>(work: (ctx: Context) => Promise<T>) => this.#run(request, session, now, work);
        const csrf = frame.signedIn?.csrf ?? '';
        return answer({ request, session, language: frame.language, frame, csrf, now, run });
      },
    };
  }

  #run<T>(request: PageRequest, first: Session, now: Date, work: (ctx: Context) => Promise<T>): Promise<T> {
    let known: Session | null = first;
    const establish = async () => {
      const session = known ?? (await this.#parts.sessions.find(first.site, first.token));
      // What it says of rights is good for one attempt.
      known = null;
      return session?.caller ?? refuse('learning.unknown');
    };
    return act(this.#parts.db, { source: 'portal', now, requestId: request.id, establish }, work);
  }
}

/** A page of nothing but what went wrong: its title, what it says. */
function errorAnswer(frame: Frame, [title, text]: readonly [Key, Key], status: number): PageAnswer {
  const { language } = frame;
  const content = html`${announced(language.say(text), 'fault')}
${frame.accountName && html`<p><a href="/my">${language.say('item.back')}</a></p>`}`;
  return shown(page(frame, language.say(title), content), status);
}

const sheet = (
  path: string,
  text: (request: PageRequest) => string | null,
  type = 'text/css',
): PageRoute => ({
  method: 'GET',
  path,
  run: async (request) => {
    const body = text(request) ?? refuse('learning.unknown');
    const headers = {
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'public, max-age=31536000, immutable',
    };
    return { status: 200, headers, body };
  },
});

/** A browser that says where a form was says so truly. */
const isForeign = ({ headers }: PageRequest): boolean => {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
};

/** What has just been done, by the word in the address. */
const NOTES: readonly (readonly [string, Key])[] = [
  ['saved', 'item.saved'],
  ['enrolled', 'catalogue.done'],
  ['asked', 'unlock.sent'],
  ['unlocked', 'unlock.open'],
];
const noteOf = (query: URLSearchParams): Key | null => NOTES.find(([name]) => query.has(name))?.[1] ?? null;

const formIds = (form: URLSearchParams): { moduleId: string | undefined; courseId: string | undefined } => ({
  moduleId: form.has('moduleId') ? idOf(form.get('moduleId') ?? '') : undefined,
  courseId: form.has('courseId') ? idOf(form.get('courseId') ?? '') : undefined,
});

function attemptFault(language: Language, { code, details }: Refusal): string {
  if (code === 'request.too_many')
    return language.say('signIn.tooMany', { n: Math.max(1, Math.ceil(Number(details['seconds']) / 60)) });
  return language.say(code === 'access.busy' ? 'signIn.busy' : 'signIn.wrong');
}

const frameOf = (request: PageRequest, site: Site | null, session: Session | null): Frame => ({
  language: new Language(
    localeFor(session?.locale ?? null, request.headers['accept-language']),
    session?.timeZone ?? site?.timeZone ?? 'UTC',
  ),
  accountName: site?.name ?? '',
  accent: site?.accentColor ?? null,
  logo: site?.logo ?? null,
  signedIn: session && { csrf: masked(secretOf(session)) },
});
