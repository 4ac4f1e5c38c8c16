import { LANGUAGES, languageOf } from '../kernel/languages.ts';
import { announced, csrfField, type Html, html, type Key, LANGUAGE_NAMES, page } from '../pages/index.ts';
import type { Reader } from './learning-pages.ts';

/** The page on which people see who they are here, and choose their language and time zone. */

/** Those that browsers and servers know by name. */
export const TIME_ZONES: readonly string[] = [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC'])];

export interface ProfileForm {
  /** Empty: as the browser says. */
  readonly locale: string;
  /** Empty: the account's. */
  readonly timeZone: string;
  readonly faults: { readonly locale?: Key; readonly timeZone?: Key };
}

export interface ProfileView {
  readonly user: {
    readonly login: string;
    readonly email: string;
    readonly fields: Readonly<Record<string, string>>;
  };
  /** The language that is saved, which may have a region. */
  readonly chosen: string | null;
  readonly form: ProfileForm;
  readonly accountZone: string;
  readonly isSaved: boolean;
}

export function profilePage(reader: Reader, view: ProfileView): Html {
  const { frame, now, csrf } = reader;
  const { language, accountName } = frame;
  const { user, form, accountZone, isSaved } = view;
  const name = [user.fields['FIRST_NAME'], user.fields['LAST_NAME']].filter(Boolean).join(' ');
  const known: [Key, string][] = [
    ['profile.name', name],
    ['profile.login', user.login],
    ['profile.email', user.email],
  ];
  return page(
    frame,
    language.say('profile.title'),
    html`${isSaved && announced(language.say('profile.saved'), 'done')}
<dl class="known">${known
      .filter(([, text]) => text !== '')
      .map(([key, text]) => html`<dt>${language.say(key)}</dt><dd dir="auto">${text}</dd>`)}</dl>
<form class="short" method="post" action="/my/profile" novalidate>${csrfField(csrf)}
<label for="locale">${language.say('profile.language')}</label>
<select id="locale" name="locale"${described(form, 'locale', [])}>
<option value="">${language.say('profile.browserLanguage')}</option>
${languagesOf(view)}
</select>
${faultOf(reader, form, 'locale')}
<label for="timeZone">${language.say('profile.timeZone')}</label>
<input id="timeZone" name="timeZone" value="${form.timeZone}" list="zones" maxlength="100" autocomplete="off" autocapitalize="none" spellcheck="false"${described(form, 'timeZone', ['timeZone-hint'])}>
<datalist id="zones">${TIME_ZONES.map((zone) => html`<option value="${zone}"></option>`)}</datalist>
<p class="hint" id="timeZone-hint">${language.say('profile.timeZoneHint', { account: accountName, zone: accountZone })}</p>
${faultOf(reader, form, 'timeZone')}
<p class="hint">${language.say('profile.now', { date: language.exact(now) })}</p>
<button>${language.say('profile.save')}</button>
</form>
<p><a href="/my/password">${language.say('password.changeTitle')}</a></p>
<h2>${language.say('calendar.title')}</h2>
<p>${language.say('calendar.about')}</p>
<p><a href="/my/calendar">${language.say('calendar.lead')}</a></p>`,
  );
}

function languagesOf({ chosen, form }: ProfileView): Html[] {
  const saved = languageOf(chosen);
  return LANGUAGES.map((locale) => {
    // A region that was chosen elsewhere stays.
    const value = locale === saved && chosen ? chosen : locale;
    return html`<option value="${value}" lang="${locale}"${value === form.locale && html` selected`}>${LANGUAGE_NAMES[locale]}</option>`;
  });
}

function described({ faults }: ProfileForm, field: keyof ProfileForm['faults'], hints: string[]): Html {
  const ids = [...hints, ...(faults[field] ? [`${field}-fault`] : [])].join(' ');
  return html`${faults[field] && html` aria-invalid="true"`}${ids !== '' && html` aria-describedby="${ids}"`}${faults[field] && ' autofocus'}`;
}

function faultOf(
  { frame: { language } }: Reader,
  { faults }: ProfileForm,
  field: keyof ProfileForm['faults'],
) {
  const fault = faults[field];
  return fault && html`<p class="fault" id="${field}-fault" role="alert">${language.say(fault)}</p>`;
}
