/** What pages are made of: templates that escape, languages, colours, the frame around every page. Knows no word of the field. */
export { type Content, Html, html } from './html.ts';
export { LANGUAGE_NAMES, Language, localeFor } from './language.ts';
export {
  accentSheet,
  announced,
  csrfField,
  type Frame,
  logoPath,
  PACKAGE_SCRIPT,
  PACKAGE_SCRIPT_PATH,
  PAGE_HEADERS,
  page,
  STYLE,
  STYLE_PATH,
} from './layout.ts';
export type { Key } from './words/en.ts';
