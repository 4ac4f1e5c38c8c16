/** Text and HTML without a template language: what is put in is escaped unless it is HTML of our own. Pure. */

/** HTML that was made here. */
export class Html {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c);

type Piece = string | Html | null | readonly (Html | null)[];

const sourceOf = (piece: Piece): string => {
  if (piece === null) return '';
  if (typeof piece === 'string') return escapeHtml(piece);
  return piece instanceof Html ? piece.source : piece.map(sourceOf).join('\n');
};

/** html`<p>${text}</p>` */
export const html = (strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html =>
  new Html(strings.map((string, place) => string + sourceOf(pieces[place] ?? null)).join(''));

/** A name or title in the direction of its own script, whatever stands around it. */
export const named = (text: string): Html => html`<bdi>${text}</bdi>`;

const HOLE = /\{(\w+)\}/g;

/** `Hello {name},` with its holes filled. */
export const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(HOLE, (_, name: string) => values[name] ?? '');

/** The same as HTML; values are set apart as names. */
export const fillHtml = (template: string, values: Readonly<Record<string, string>>): Html =>
  new Html(
    template
      .split(HOLE)
      .map((part, place) => (place % 2 === 0 ? escapeHtml(part) : named(values[part] ?? '').source))
      .join(''),
  );

/**
 * What a header may hold: one line, without control characters and without marks that turn the direction of what
 * follows; not longer than a subject should be.
 */
export function oneLine(text: string, max = 200): string {
  const line = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]/g, '')
    .trim();
  const letters = [...line];
  return letters.length > max ? `${letters.slice(0, max - 1).join('')}…` : line;
}
