import { de } from './words/de.ts';
import { en, type Key, type Text, type Words } from './words/en.ts';
import { es } from './words/es.ts';
import { fr } from './words/fr.ts';
import { ru } from './words/ru.ts';

/** The languages of the pages: texts, and dates as they are written there. */

const WORDS = { en, de, ru, es, fr } as const satisfies Record<string, Words>;
export type Locale = keyof typeof WORDS;
export const LOCALES = Object.keys(WORDS) as Locale[];

const isLocale = (text: string | undefined): text is Locale =>
  text !== undefined && Object.hasOwn(WORDS, text);

/** What each language calls itself. */
export const LANGUAGE_NAMES: Readonly<Record<Locale, string>> = {
  en: 'English',
  de: 'Deutsch',
  ru: 'Русский',
  es: 'Español',
  fr: 'Français',
};

/** The best of ours for the wishes of a person: what they chose, else what their browser asks for. */
export function localeFor(chosen: string | null, acceptLanguage: string | undefined): Locale {
  const wishes = (acceptLanguage ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const quality = parameters.map((text) => text.trim()).find((text) => text.startsWith('q='));
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .map(({ tag }) => tag);
  return [chosen ?? '', ...wishes].map((tag) => tag.toLowerCase().split('-')[0]).find(isLocale) ?? 'en';
}

export type Values = Readonly<Record<string, string | number>>;

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** How a page speaks to one person: their language and time zone. */
export class Language {
  readonly locale: Locale;
  readonly timeZone: string;
  readonly #plurals: Intl.PluralRules;
  readonly #instants: Intl.DateTimeFormat;
  readonly #relative: Intl.RelativeTimeFormat;

  constructor(locale: Locale, timeZone: string) {
    this.locale = locale;
    this.timeZone = timeZone;
    this.#plurals = new Intl.PluralRules(locale);
    this.#instants = instantsOf(locale, timeZone);
    this.#relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  }

  get direction(): 'ltr' | 'rtl' {
    return /^(ar|fa|he|ur)$/.test(this.locale) ? 'rtl' : 'ltr';
  }

  /** The text of a key, with `{name}` filled in; `n` chooses the plural form. */
  say(key: Key, values: Values = {}): string {
    const text: Text = WORDS[this.locale][key];
    const chosen =
      typeof text === 'string' ? text : (text[this.#plurals.select(Number(values['n']))] ?? text.other ?? '');
    return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  }

  /** `Thursday, 5 March 2026 at 14:00`, as the language writes it, in the person's zone. */
  exact(at: Date): string {
    return this.#instants.format(at);
  }

  /** From an instant on, for so many seconds: `5 March 2026, 14:00 – 16:00`. */
  range(from: Date, seconds: number): string {
    return this.#instants.formatRange(from, new Date(from.getTime() + seconds * 1000));
  }

  /** The same in another zone, where that says something else; null where it is the same. */
  exactIn(at: Date, timeZone: string): string | null {
    const there = instantsOf(this.locale, timeZone).format(at);
    return there === this.exact(at) ? null : there;
  }

  /** `in 3 days`, `yesterday`: the largest unit that fits. */
  relative(at: Date, now: Date): string {
    const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
    const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
    return this.#relative.format(Math.trunc(seconds / size), unit);
  }
}

const instants = new Map<string, Intl.DateTimeFormat>();

/** Making a format costs more than a page; there are as many as languages and zones in use. */
function instantsOf(locale: Locale, timeZone: string): Intl.DateTimeFormat {
  const key = `${locale} ${timeZone}`;
  const known = instants.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short', timeZone });
  instants.set(key, made);
  return made;
}
