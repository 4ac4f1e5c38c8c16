import { sha256 } from '../kernel/hash.ts';

/** What an account may look like: colours as they are written, pictures by what they are. Pure. */

/** Of a logo: every page shows it. */
export const MAX_LOGO_BYTES = 200 * 1024;

const ENDINGS = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' } as const;
export type LogoType = keyof typeof ENDINGS;
const isLogoType = (type: string): type is LogoType => Object.hasOwn(ENDINGS, type);

/** Whether a picture, which its first bytes say to be of this type if of any, can be a logo; else, why not. */
export function judgeLogo(
  bytes: Buffer,
  mediaType: string | null,
): { readonly type: LogoType } | { readonly type: null; readonly why: string } {
  if (mediaType !== null && isLogoType(mediaType)) return { type: mediaType };
  if (bytes.length === 0) return { type: null, why: 'the file is empty' };
  // Compressed, or in an encoding where this is not seen, it is refused all the same.
  if (/<svg[\s/>]/i.test(bytes.toString('latin1', 0, 4_096)))
    return { type: null, why: 'an SVG can hold scripts and load things from elsewhere' };
  return { type: null, why: 'the first bytes of the file are those of none of these' };
}

/** As the logo of an account is called in its address: something else as soon as it is another picture. */
export const logoName = (accountId: number, type: LogoType, bytes: Buffer): string =>
  `${accountId}-${sha256(bytes).toString('hex').slice(0, 32)}.${ENDINGS[type]}`;

/** Whose logo has that name; null if none can. */
export function accountOfLogo(name: string): number | null {
  const [, digits] = /^(\d{1,10})-[0-9a-f]{32}\.(png|jpg|webp)$/.exec(name) ?? [];
  const accountId = Number(digits ?? Number.NaN);
  return accountId <= 0x7fffffff ? accountId : null;
}

/** `#rrggbb` of six hexadecimal digits; null for what are none. */
export function readColour(text: string): string | null {
  const [, digits] = /^#?([0-9a-f]{6})$/i.exec(text.trim()) ?? [];
  return digits === undefined ? null : `#${digits.toLowerCase()}`;
}
