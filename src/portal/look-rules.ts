import { sha256 } from '../kernel/hash.ts';

/** What an account may look like: colours as they are written, pictures by what they are. Pure. */

/** Of a logo: every page shows it. */
export const MAX_LOGO_BYTES = 200 * 1024;

export type LogoType = 'image/png' | 'image/jpeg' | 'image/webp';

const ENDINGS: Readonly<Record<LogoType, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
};

const startsWith = (bytes: Buffer, at: number, latin1: string): boolean =>
  bytes.toString('latin1', at, at + latin1.length) === latin1;

/** What a file is by its first bytes, whatever its name or sender says; else, why it is no logo. */
export function judgeLogo(
  bytes: Buffer,
): { readonly type: LogoType } | { readonly type: null; readonly why: string } {
  if (startsWith(bytes, 0, '\x89PNG\r\n\x1a\n')) return { type: 'image/png' };
  if (startsWith(bytes, 0, '\xff\xd8\xff')) return { type: 'image/jpeg' };
  if (startsWith(bytes, 0, 'RIFF') && startsWith(bytes, 8, 'WEBP')) return { type: 'image/webp' };
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
