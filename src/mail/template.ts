import { type Html, html } from '../pages/index.ts';

/** Texts with holes, filled as text or as HTML. Pure. */

/** A name or title in the direction of its own script, whatever stands around it. */
export const named = (text: string): Html => html`<bdi>${text}</bdi>`;

const HOLE = /\{(\w+)\}/g;

/** `Hello {name},` with its holes filled. */
export const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(HOLE, (_, name: string) => values[name] ?? '');

/** The same as HTML; values are set apart as names. */
export const fillHtml = (template: string, values: Readonly<Record<string, string>>): Html =>
  html`${template.split(HOLE).map((part, place) => (place % 2 === 0 ? part : named(values[part] ?? '')))}`;

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
