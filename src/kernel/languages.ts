/** The languages that people are spoken to in: pages, messages, calendars. Texts stand with those who speak. */

export const LANGUAGES = ['en', 'de', 'ru', 'es', 'fr'] as const;
export type LanguageCode = (typeof LANGUAGES)[number];

const isOurs = (language: string): language is LanguageCode =>
  (LANGUAGES as readonly string[]).includes(language);

/**
 * Language and region of a tag (BCP 47, `_` is read as `-`), as `Intl` takes them; null for what is malformed or in no
 * language of ours. Whatever else a tag asks for, such as another calendar, is left out.
 */
export function localeOf(tag: string | null | undefined): string | null {
  if (!tag) return null;
  try {
    const { language, region } = new Intl.Locale(tag.trim().replaceAll('_', '-'));
    if (!language || !isOurs(language)) return null;
    return region ? `${language}-${region}` : language;
  } catch {
    return null;
  }
}

/** The language of ours that a tag names, whatever region follows. */
export function languageOf(tag: string | null | undefined): LanguageCode | null {
  const [language = ''] = localeOf(tag)?.split('-') ?? [];
  return isOurs(language) ? language : null;
}

/** Whether a tag is well formed and names a language of ours. */
export function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1 && languageOf(tag) !== null;
  } catch {
    return false;
  }
}

const RIGHT_TO_LEFT = /^(ar|fa|he|ur|ps|yi)(-|$)/;

/** In which direction the language of a tag is written. */
export const directionOf = (tag: string): 'ltr' | 'rtl' => (RIGHT_TO_LEFT.test(tag) ? 'rtl' : 'ltr');
