import { announced, csrfField, type Frame, type Html, html, type Key, page } from '../pages/index.ts';

/** The pages on which people get a link to set their password, set it, and change it. */

interface Field {
  readonly name: string;
  readonly label: Key;
  readonly value?: string;
  readonly attributes: Html;
  readonly fault?: Key | undefined;
  /** Where it is wrong: unless another above it is. */
  readonly hasFocus?: boolean;
}

const field = (
  { language }: Frame,
  { name, label, value = '', attributes, fault, hasFocus = true }: Field,
): Html =>
  html`<label for="${name}">${language.say(label)}</label>
<input id="${name}" name="${name}" value="${value}" required ${attributes}${
    fault && html` aria-invalid="true" aria-describedby="${name}-fault"${hasFocus && ' autofocus'}`
  }>
${fault && html`<p class="fault" id="${name}-fault">${language.say(fault)}</p>`}`;

const NEW = html`type="password" autocomplete="new-password"`;

/** For programs that keep passwords, and for whoever has several logins. */
const loginField = ({ language }: Frame, login: string): Html =>
  html`<label for="login">${language.say('signIn.login')}</label>
<input id="login" name="login" value="${login}" readonly autocomplete="username">`;

const backToSignIn = ({ language }: Frame): Html =>
  html`<p><a href="/sign-in">${language.say('password.toSignIn')}</a></p>`;

export interface AskView {
  readonly login: string;
  readonly csrf: string;
  readonly fault?: Key | undefined;
  /** What is wrong with the attempt as a whole. */
  readonly formFault?: string | undefined;
}

export function askPage(frame: Frame, { login, csrf, fault, formFault }: AskView): Html {
  const { language } = frame;
  return page(
    frame,
    language.say('password.askTitle'),
    html`<form class="narrow" method="post" action="/sign-in/forgot" novalidate>
${formFault && announced(formFault, 'fault')}
<p>${language.say('password.askText')}</p>
${csrfField(csrf)}${field(frame, {
  name: 'login',
  label: 'password.loginOrEmail',
  value: login,
  attributes: html`autocomplete="username" autocapitalize="none" spellcheck="false"`,
  fault,
})}
<button>${language.say('password.ask')}</button>
</form>
<div class="narrow after">${backToSignIn(frame)}</div>`,
  );
}

/** The same whether somebody was written to or not. */
export const askedPage = (frame: Frame): Html =>
  page(
    frame,
    frame.language.say('password.askTitle'),
    html`<div class="narrow">${announced(frame.language.say('password.asked'), 'done')}
<p>${frame.language.say('password.askedHelp')}</p>
<p><a href="/sign-in/forgot">${frame.language.say('password.askAgain')}</a></p>
${backToSignIn(frame)}</div>`,
  );

/** Where the account sends no mail. */
export const noMailPage = (frame: Frame): Html =>
  page(
    frame,
    frame.language.say('password.askTitle'),
    html`<div class="narrow"><p class="note">${frame.language.say('password.noMail', { account: frame.accountName })}</p>
${backToSignIn(frame)}</div>`,
  );

export interface SetView {
  readonly login: string;
  readonly secret: string;
  readonly csrf: string;
  readonly fault?: Key | undefined;
  readonly formFault?: string | undefined;
}

export function setPage(frame: Frame, { login, secret, csrf, fault, formFault }: SetView): Html {
  const { language } = frame;
  return page(
    frame,
    language.say('password.setTitle'),
    html`<form class="narrow" method="post" action="/sign-in/password" novalidate>
${formFault && announced(formFault, 'fault')}
${csrfField(csrf)}<input type="hidden" name="link" value="${secret}">
${loginField(frame, login)}
${field(frame, { name: 'password', label: 'password.new', attributes: NEW, fault })}
<button>${language.say('password.save')}</button>
</form>`,
  );
}

export const deadLinkPage = (frame: Frame): Html =>
  page(
    frame,
    frame.language.say('password.deadTitle'),
    html`<div class="narrow">${announced(frame.language.say('password.dead'), 'fault')}
<p><a href="/sign-in/forgot">${frame.language.say('password.askAgain')}</a></p>
${backToSignIn(frame)}</div>`,
  );

export interface ChangeView {
  readonly login: string;
  readonly csrf: string;
  readonly faults: { readonly old?: Key; readonly new?: Key; readonly form?: string };
  readonly isDone: boolean;
}

export function changePage(frame: Frame, { login, csrf, faults, isDone }: ChangeView): Html {
  const { language } = frame;
  const old = html`type="password" autocomplete="current-password"`;
  return page(
    frame,
    language.say('password.changeTitle'),
    html`<form class="narrow" method="post" action="/my/password" novalidate>
${isDone && announced(language.say('password.changed'), 'done')}
${faults.form && announced(faults.form, 'fault')}
${csrfField(csrf)}${loginField(frame, login)}
${field(frame, { name: 'old', label: 'password.old', attributes: old, fault: faults.old })}
${field(frame, { name: 'new', label: 'password.new', attributes: NEW, fault: faults.new, hasFocus: !faults.old })}
<button>${language.say('password.save')}</button>
</form>`,
  );
}

/** For who signs in otherwise. */
export const noPasswordPage = (frame: Frame): Html =>
  page(
    frame,
    frame.language.say('password.changeTitle'),
    html`<div class="narrow"><p class="note">${frame.language.say('password.none')}</p>
<p><a href="/sign-in/forgot">${frame.language.say('password.askTitle')}</a></p></div>`,
  );
