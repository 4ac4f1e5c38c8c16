import { directionOf, type LanguageCode, languageOf, localeOf } from '../kernel/languages.ts';
import { de } from './texts/de.ts';
import { en } from './texts/en.ts';
import { es } from './texts/es.ts';
import { fr } from './texts/fr.ts';
import { ru } from './texts/ru.ts';
import type { Texts } from './texts/texts.ts';

/** The languages that messages are written in. Pure. */

export const TEXTS = { en, de, ru, es, fr } as const satisfies Record<LanguageCode, object>;

/** How somebody is written to: texts, forms of numbers and dates, direction. */
export interface Voice {
  readonly locale: string;
  readonly direction: 'ltr' | 'rtl';
  readonly texts: Texts;
  /** The form for a number, with `{n}` filled in. */
  count(forms: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>, n: number): string;
  dateTime(at: Date): string;
  /** From–to, as short as the language has it. */
  span(from: Date, to: Date): string;
}

/** The first of these locales that we have a language for; dates as the region has them, in this time zone. */
export function voiceFor(locales: readonly (string | null)[], timeZone: string): Voice {
  const locale = locales.map(localeOf).find((known) => known !== null) ?? 'en';
  const language = languageOf(locale) ?? 'en';
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(locale);
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone });
  return {
    locale,
    direction: directionOf(locale),
    texts: TEXTS[language] as Texts,
    count: (forms, n) => (forms[plural.select(n)] ?? forms.other ?? '').replaceAll('{n}', number.format(n)),
    dateTime: (at) => dateTime.format(at),
    span: (from, to) => dateTime.formatRange(from, to),
  };
}
