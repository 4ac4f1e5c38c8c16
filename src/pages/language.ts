import { directionOf, type LanguageCode, languageOf, localeOf } from '../kernel/languages.ts';
import { daysBetween } from '../kernel/local-time.ts';
import { de } from './words/de.ts';
import { en, type Key, type Text, type Words } from './words/en.ts';
import { es } from './words/es.ts';
import { fr } from './words/fr.ts';
import { ru } from './words/ru.ts';

/** The languages of the pages: texts, and dates as they are written there. */

const WORDS = { en, de, ru, es, fr } as const satisfies Record<LanguageCode, Words>;

/** What each language calls itself. */
export const LANGUAGE_NAMES: Readonly<Record<LanguageCode, string>> = {
  en: 'English',
  de: 'Deutsch',
  ru: 'Русский',
  es: 'Español',
  fr: 'Français',
};

/** Of an `Accept-Language` header, the best first. */
const wishesOf = (acceptLanguage: string): string[] =>
  acceptLanguage
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const quality = parameters.map((text) => text.trim()).find((text) => text.startsWith('q='));
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .map(({ tag }) => tag);

/**
 * The best of ours for the wishes of a person: what they chose, else what their browser asks for; whatever is malformed
 * is passed over. Who chose a language alone has their dates as the browser has them in that language.
 */
export function localeFor(chosen: string | null, acceptLanguage: string | undefined): string {
  const wishes = wishesOf(acceptLanguage ?? '').map(localeOf);
  const best = [localeOf(chosen), ...wishes].find((locale) => locale !== null) ?? 'en';
  return best.includes('-') ? best : (wishes.find((locale) => languageOf(locale) === best) ?? best);
}

export type Values = Readonly<Record<string, string | number>>;

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Of days; the largest of which there are two. */
const LONG_UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365],
  ['month', 30],
  ['week', 7],
];

/** How a page speaks to one person: their language, dates as their region writes them, their time zone. */
export class Language {
  readonly locale: string;
  readonly timeZone: string;
  readonly #words: Words;
  readonly #formats: Formats;

  constructor(locale: string, timeZone: string) {
    this.locale = localeOf(locale) ?? 'en';
    this.timeZone = timeZone;
    this.#words = WORDS[languageOf(this.locale) ?? 'en'];
    this.#formats = formatsOf(this.locale, timeZone);
  }

  get direction(): 'ltr' | 'rtl' {
    return directionOf(this.locale);
  }

  /** The text of a key, with `{name}` filled in; `n` chooses the plural form. */
  say(key: Key, values: Values = {}): string {
    const text: Text = this.#words[key];
    const formOf = (forms: Exclude<Text, string>): string =>
      forms[this.#formats.plurals.select(Number(values['n']))] ?? forms.other ?? '';
    const chosen = typeof text === 'string' ? text : formOf(text);
    return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  }

  /** `Thursday, 5 March 2026 at 14:00`, as the language writes it, in the person's zone. */
  exact(at: Date): string {
    return this.#formats.instants.format(at);
  }

  /** From an instant on, for so many seconds: `5 March 2026, 14:00 – 16:00`. */
  range(from: Date, seconds: number): string {
    return this.#formats.instants.formatRange(from, new Date(from.getTime() + seconds * 1000));
  }

  /** The same in another zone, where that says something else; null where it is the same. */
  exactIn(at: Date, timeZone: string): string | null {
    if (timeZone === this.timeZone) return null;
    const there = formatsOf(this.locale, timeZone).instants.format(at);
    return there === this.exact(at) ? null : there;
  }

  /**
   * `in 3 days`, `yesterday`, as calendars have days in the person's zone; hours and minutes on the same day, and where
   * it is less than an hour.
   */
  relative(at: Date, now: Date): string {
    const { relative } = this.#formats;
    const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
    const size = Math.abs(seconds);
    if (size < MINUTE) return relative.format(seconds, 'second');
    if (size < HOUR) return relative.format(Math.trunc(seconds / MINUTE), 'minute');
    const days = daysBetween(now, at, this.timeZone);
    if (days === 0) return relative.format(Math.trunc(seconds / HOUR), 'hour');
    const [unit, length] = LONG_UNITS.find(([, long]) => Math.abs(days) >= 2 * long) ?? ['day', 1];
    return relative.format(Math.trunc(days / length), unit);
  }
}

interface Formats {
  readonly plurals: Intl.PluralRules;
  readonly instants: Intl.DateTimeFormat;
  readonly relative: Intl.RelativeTimeFormat;
}

const formats = new Map<string, Formats>();
/** Regions are what browsers say: whoever makes many up must not fill the memory. */
const MOST_FORMATS = 500;

/** Making formats costs more than a page; there are as many as locales and zones in use. */
function formatsOf(locale: string, timeZone: string): Formats {
  const key = `${locale} ${timeZone}`;
  const known = formats.get(key);
  if (known) return known;
  const made = {
    plurals: new Intl.PluralRules(locale),
    instants: new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short', timeZone }),
    relative: new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }),
  };
  if (formats.size >= MOST_FORMATS) formats.clear();
  formats.set(key, made);
  return made;
}
