/** Text cut into pieces that one font prints, in the order in which they stand on the page. Pure. */

export const FONTS = ['latin', 'arabic', 'hebrew', 'chinese', 'korean'] as const;
export type Font = (typeof FONTS)[number];

export interface Piece {
  readonly font: Font;
  readonly text: string;
}

/** By script; what stands in none of these lists is printed in the first font: Latin, Cyrillic, Greek, Devanagari. */
const SCRIPTS: readonly (readonly [Font, RegExp])[] = [
  ['arabic', /[\p{Script=Arabic}]/u],
  ['hebrew', /[\p{Script=Hebrew}]/u],
  ['korean', /[\p{Script=Hangul}]/u],
  ['chinese', /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}]/u],
];
/** Letters of no script of their own, which go with what stands before them. */
const SHARED = /[\p{Script=Common}\p{Script=Inherited}]/u;

const isRightToLeft = (font: Font): boolean => font === 'arabic' || font === 'hebrew';

/**
 * Cut wherever the script changes. Spaces, signs and accents stay with the letters before them. A text that begins
 * right-to-left has its pieces in that order; inside a piece the font's own shaping orders the letters.
 */
export function piecesOf(text: string): Piece[] {
  const pieces: { font: Font; text: string }[] = [];
  for (const letter of text.normalize('NFC')) {
    const last = pieces.at(-1);
    const font =
      last && SHARED.test(letter)
        ? last.font
        : (SCRIPTS.find(([, script]) => script.test(letter))?.[0] ?? 'latin');
    if (last?.font === font) last.text += letter;
    else pieces.push({ font, text: letter });
  }
  return pieces[0] && isRightToLeft(pieces[0].font) ? pieces.reverse() : pieces;
}

/** Lines no wider than `width`, broken at spaces, or within a word that alone is too wide. */
export function linesOf(text: string, width: number, measure: (line: string) => number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(/(?<=\s)/)) {
    if (measure((line + word).trimEnd()) <= width) line += word;
    else {
      if (line !== '') lines.push(line.trimEnd());
      line = '';
      for (const letter of word) {
        if (line !== '' && measure((line + letter).trimEnd()) > width) {
          lines.push(line.trimEnd());
          line = '';
        }
        line += letter;
      }
    }
  }
  return [...lines, line.trimEnd()];
}
