import { type LanguageCode, languageOf } from '../kernel/languages.ts';

/** The few words of a calendar, in every language. */

const WORDS = {
  en: {
    due: (title: string) => `Due: ${title}`,
    status: 'Status',
    locks: 'Closes after the due date.',
    time: 'Time',
    instructor: 'Instructor',
    organizer: 'Organizer',
  },
  de: {
    due: (title: string) => `Fällig: ${title}`,
    status: 'Status',
    locks: 'Nach dem Termin geschlossen.',
    time: 'Zeit',
    instructor: 'Trainer',
    organizer: 'Organisation',
  },
  ru: {
    due: (title: string) => `Срок: ${title}`,
    status: 'Статус',
    locks: 'После этого срока доступ закрыт.',
    time: 'Время',
    instructor: 'Ведущий',
    organizer: 'Организатор',
  },
  es: {
    due: (title: string) => `Vence: ${title}`,
    status: 'Estado',
    locks: 'Se cierra después de esta fecha.',
    time: 'Hora',
    instructor: 'Instructor',
    organizer: 'Organización',
  },
  fr: {
    due: (title: string) => `Échéance : ${title}`,
    status: 'État',
    locks: 'Fermé après l’échéance.',
    time: 'Heure',
    instructor: 'Formateur',
    organizer: 'Organisation',
  },
} as const satisfies Record<LanguageCode, object>;

/** As content/display.ts spells them, for the words of statuses. */
const LOCALES = { en: 'en-US', de: 'de-DE', ru: 'ru-RU', es: 'es-ES', fr: 'fr-FR' } as const;

/** The words of the first locale for whose language there are any, else English; and the locale of what else is said. */
export function wordsOf(
  locales: readonly (string | null)[],
): (typeof WORDS)[LanguageCode] & { readonly locale: string } {
  const language = locales.map(languageOf).find((known) => known !== null) ?? 'en';
  return { ...WORDS[language], locale: LOCALES[language] };
}
