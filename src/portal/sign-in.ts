import { announced, csrfField, type Frame, type Html, html, type Key, page } from '../pages/index.ts';
import { openIdLink } from './openid-pages.ts';

/** The page where people sign in. */

export interface SignInForm {
  readonly login: string;
  /** Where to go afterwards. */
  readonly next: string;
  readonly csrf: string;
  /** What is wrong: beside a field, or with the attempt as a whole. */
  readonly faults: { readonly login?: Key; readonly password?: Key; readonly form?: string };
  readonly note?: Key | undefined;
  /** Whom one may sign in with instead; null for nobody. */
  readonly provider: string | null;
}

export function signInPage(frame: Frame, { login, next, csrf, faults, note, provider }: SignInForm): Html {
  const { language } = frame;
  const first = faults.login ? 'login' : 'password';
  const field = (name: 'login' | 'password', value: string, attributes: Html): Html => {
    const fault = faults[name];
    return html`<label for="${name}">${language.say(`signIn.${name}`)}</label>
<input id="${name}" name="${name}" value="${value}" required ${attributes}${
      fault && html` aria-invalid="true" aria-describedby="${name}-fault"`
    }${fault && name === first && ' autofocus'}>
${fault && html`<p class="fault" id="${name}-fault">${language.say(fault)}</p>`}`;
  };
  return page(
    frame,
    language.say('signIn.title'),
    html`<form class="narrow" method="post" action="/sign-in" novalidate>
${note && announced(language.say(note), 'done')}
${faults.form && announced(faults.form, 'fault')}
${csrfField(csrf)}<input type="hidden" name="next" value="${next}">
${field('login', login, html`autocomplete="username" autocapitalize="none" spellcheck="false"`)}
${field('password', '', html`type="password" autocomplete="current-password"`)}
<button>${language.say('signIn.submit')}</button>
</form>
<p class="narrow after"><a href="/sign-in/forgot">${language.say('password.forgotten')}</a></p>
${provider !== null && openIdLink(language, provider, next)}`,
  );
}
