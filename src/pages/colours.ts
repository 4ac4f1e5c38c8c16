/** An account may pick any accent colour; what is written in it or on it stays readable (WCAG 2.2: 4.5 to 1). */

type Colour = readonly [red: number, green: number, blue: number];

export const OUR_ACCENT = '#1d4ed8';
/** The backgrounds of style.css, the less contrasting of each theme. */
export const LIGHT_GROUND = '#f3f4f6';
export const DARK_GROUND = '#1f2937';
const ENOUGH = 4.5;

const parse = (hex: string): Colour =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as never;
const spell = (colour: Colour): string =>
  `#${colour.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** 1 to 21. */
export function contrast(one: string, other: string): number {
  const [lighter, darker] = [luminance(parse(one)), luminance(parse(other))].sort((a, b) => b - a) as [
    number,
    number,
  ];
  return (lighter + 0.05) / (darker + 0.05);
}

const mixed = (colour: Colour, towards: Colour, share: number): Colour =>
  colour.map((part, at) => part + ((towards[at] ?? 0) - part) * share) as never;

/** The colour, moved towards black or white just as far as it takes to be readable on a ground. */
function readableOn(ground: string, hex: string, towards: Colour): string {
  for (let share = 0; share < 1; share += 0.05) {
    const candidate = spell(mixed(parse(hex), towards, share));
    if (contrast(candidate, ground) >= ENOUGH) return candidate;
  }
  return spell(towards);
}

const BLACK: Colour = [0, 0, 0];
const WHITE: Colour = [255, 255, 255];

export interface Accent {
  /** Links and marks. */
  readonly text: string;
  /** Filled buttons, and what is written on them. */
  readonly fill: string;
  readonly onFill: string;
}

/** The accent as it is used on light and on dark pages. */
export function accentsOf(hex: string): { light: Accent; dark: Accent } {
  const of = (ground: string, towards: Colour): Accent => {
    const text = readableOn(ground, hex, towards);
    const onFill = contrast(text, '#ffffff') >= ENOUGH ? '#ffffff' : '#000000';
    return { text, fill: text, onFill };
  };
  return { light: of(LIGHT_GROUND, BLACK), dark: of(DARK_GROUND, WHITE) };
}

/** The style sheet of an accent. */
export function accentStyle(hex: string): string {
  const { light, dark } = accentsOf(hex);
  const pair = (name: string, key: keyof Accent): string =>
    `--${name}: light-dark(${light[key]}, ${dark[key]});`;
  return `:root { ${pair('accent', 'text')} ${pair('fill', 'fill')} ${pair('on-fill', 'onFill')} }\n`;
}
