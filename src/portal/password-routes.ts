import { FailureLimit, PASSWORD_LINK_PATH, type Sessions, type Site } from '../access/index.ts';
import type { PageAnswer, PageRequest, PageRoute } from '../http/page.ts';
import { Refusal } from '../kernel/errors.ts';
import type { MailSender } from '../mail/index.ts';
import type { Frame, Key, Language } from '../pages/index.ts';
import {
  askForLink,
  changeOwnPassword,
  loginOfLink,
  passwordFault,
  setPasswordByLink,
} from '../people/index.ts';
import type { Database } from '../storage/index.ts';
import {
  askedPage,
  askPage,
  type ChangeView,
  changePage,
  deadLinkPage,
  noMailPage,
  noPasswordPage,
  setPage,
} from './password-pages.ts';
import { redirect, shown, type Visit } from './visit.ts';

/** Getting a link to set a password, setting it, and changing it. Nothing here tells whether somebody has a login. */

export interface PasswordParts {
  readonly db: Database;
  readonly sessions: Sessions;
  readonly mail: MailSender;
  readonly clock: () => Date;
}

/** Whoever comes, signed in or not, for one request. */
export interface Guest {
  readonly request: PageRequest;
  readonly site: Site;
  readonly frame: Frame;
  /** Of forms. */
  readonly csrf: string;
  /** Of what was sent: it does not come from a page that was shown to this browser lately. */
  readonly isStale: boolean;
}

/** How the portal makes a page of either kind. */
interface Doors {
  guest(method: 'GET' | 'POST', path: string, answer: (guest: Guest) => Promise<PageAnswer>): PageRoute;
  visited(method: 'GET' | 'POST', path: string, answer: (visit: Visit) => Promise<PageAnswer>): PageRoute;
}

export function passwordRoutes(parts: PasswordParts, { guest, visited }: Doors): readonly PageRoute[] {
  // As many may be asked for as sign-ins may fail.
  const limit = new FailureLimit(parts.clock);
  return [
    guest('GET', '/sign-in/forgot', (one) => showAsking(parts, one)),
    guest('POST', '/sign-in/forgot', (one) => ask(parts, limit, one)),
    guest('GET', PASSWORD_LINK_PATH, async () => redirect('/sign-in/forgot')),
    guest('GET', `${PASSWORD_LINK_PATH}/{secret}`, (one) => showLink(parts, one)),
    guest('POST', PASSWORD_LINK_PATH, (one) => setByLink(parts, one)),
    visited('GET', '/my/password', (visit) =>
      changeAnswer(parts, visit, { isDone: visit.request.query.has('changed') }),
    ),
    visited('POST', '/my/password', (visit) => change(parts, visit)),
  ];
}

const sendsMail = ({ db, mail }: PasswordParts, { accountId }: Site): Promise<boolean> =>
  db.read((tx) => mail.isSentBy(tx, accountId));

async function showAsking(parts: PasswordParts, { request, site, frame, csrf }: Guest): Promise<PageAnswer> {
  if (!(await sendsMail(parts, site))) return shown(noMailPage(frame));
  return shown(request.query.has('sent') ? askedPage(frame) : askPage(frame, { login: '', csrf }));
}

async function ask(parts: PasswordParts, limit: FailureLimit, guest: Guest): Promise<PageAnswer> {
  const { request, site, frame, csrf, isStale } = guest;
  if (!(await sendsMail(parts, site))) return shown(noMailPage(frame));
  const login = request.form.get('login')?.trim() ?? '';
  const again = (faults: { fault?: Key; formFault?: string }, status: number): PageAnswer =>
    shown(askPage(frame, { login, csrf, ...faults }), status);
  if (isStale) return again({ formFault: frame.language.say('signIn.stale') }, 403);
  if (login === '') return again({ fault: 'signIn.required' }, 400);
  try {
    const name = `${site.key} ${login.toLowerCase()}`;
    limit.check(name, request.remoteAddress);
    limit.add(name, request.remoteAddress);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return again({ formFault: tooManyText(frame.language, error) }, error.status);
  }
  await askForLink(parts.db, site.accountId, login, parts.clock());
  return redirect('/sign-in/forgot?sent=1');
}

const tooManyText = (language: Language, { details }: Refusal): string =>
  language.say('signIn.tooMany', { n: Math.max(1, Math.ceil(Number(details['seconds']) / 60)) });

/** Programs that look at mail open its links: nothing is used up before the form is sent. */
async function showLink({ db, clock }: PasswordParts, guest: Guest): Promise<PageAnswer> {
  const { request, site, frame, csrf } = guest;
  const secret = request.params['secret'] ?? '';
  const login = await loginOfLink(db, site.accountId, secret, clock());
  return unlisted(
    login === null ? shown(deadLinkPage(frame), 404) : shown(setPage(frame, { login, secret, csrf })),
  );
}

async function setByLink({ db, clock }: PasswordParts, guest: Guest): Promise<PageAnswer> {
  const { request, site, frame, csrf, isStale } = guest;
  const secret = request.form.get('link') ?? '';
  const password = request.form.get('password') ?? '';
  const now = clock();
  const login = await loginOfLink(db, site.accountId, secret, now);
  const dead = (): PageAnswer => unlisted(shown(deadLinkPage(frame), 404));
  if (login === null) return dead();
  const again = (faults: { fault?: Key; formFault?: string }, status: number): PageAnswer =>
    unlisted(shown(setPage(frame, { login, secret, csrf, ...faults }), status));
  if (isStale) return again({ formFault: frame.language.say('signIn.stale') }, 403);
  const fault = faultOf(password);
  if (fault) return again({ fault }, 400);
  const isSet = await setPasswordByLink(db, site.accountId, { secret, password }, now);
  return isSet ? redirect('/sign-in?set=1') : dead();
}

/** Whose address is a secret. */
const unlisted = (answer: PageAnswer): PageAnswer => ({
  ...answer,
  headers: { ...answer.headers, 'x-robots-tag': 'noindex, nofollow' },
});

const faultOf = (password: string): Key | null =>
  password === '' ? 'signIn.required' : passwordFault(password) === null ? null : 'password.tooLong';

async function change(parts: PasswordParts, visit: Visit): Promise<PageAnswer> {
  const { form, remoteAddress } = visit.request;
  const [old, password] = [form.get('old') ?? '', form.get('new') ?? ''];
  const fault = faultOf(password);
  if (old === '' || fault)
    return changeAnswer(
      parts,
      visit,
      { faults: { ...(old === '' && { old: 'signIn.required' as const }), ...(fault && { new: fault }) } },
      400,
    );
  try {
    await parts.sessions.confirm(visit.session, old, remoteAddress);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return changeAnswer(parts, visit, { faults: attemptFaults(visit.language, error) }, error.status);
  }
  await visit.run((ctx) => changeOwnPassword(ctx, password, visit.session.token));
  return redirect('/my/password?changed=1');
}

function attemptFaults(language: Language, refusal: Refusal): ChangeView['faults'] {
  if (refusal.code === 'request.too_many') return { form: tooManyText(language, refusal) };
  return refusal.code === 'access.busy' ? { form: language.say('signIn.busy') } : { old: 'password.wrong' };
}

async function changeAnswer(
  { sessions }: PasswordParts,
  { session, frame, csrf }: Visit,
  { faults = {}, isDone = false }: Partial<Pick<ChangeView, 'faults' | 'isDone'>>,
  status = 200,
): Promise<PageAnswer> {
  const { login, hasPassword } = await sessions.loginOf(session);
  if (!hasPassword) return shown(noPasswordPage(frame));
  return shown(changePage(frame, { login, csrf, faults, isDone }), status);
}
