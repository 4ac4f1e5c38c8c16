/** What a package may be made of, and as what its files are given to a browser; pure. */

export const MAX_ENTRIES = 5_000;
/** Of all files of a package together, unpacked. */
export const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024;
/** Text packs to a tenth, rarely to a hundredth; what packs better is made to fill memory. */
const MAX_RATIO = 200;
/** Below it no ratio matters. */
const SMALL_BYTES = 1024 * 1024;
const MAX_PATH = 400;
/** Beside the files of a package, ours for it to find. */
export const OURS = '.rollbook/';

/** What an archive says of a file in it. */
export interface Listed {
  readonly fileName: string;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly compressionMethod: number;
  readonly externalFileAttributes: number;
  readonly isEncrypted: boolean;
}

const FILE_TYPE = 0o170000;
const REGULAR = new Set([0, 0o100000]);

/** Why a file cannot be part of a package; null if it can. Folders are not asked about. */
export function objectionTo(listed: Listed): string | null {
  const { fileName: name, uncompressedSize: size, compressedSize: packed } = listed;
  const what = JSON.stringify(name.slice(0, 100));
  if (
    name === '' ||
    name.length > MAX_PATH ||
    /[\u0000-\u001f\u007f\\]/.test(name) ||
    Buffer.from(name).toString() !== name
  )
    return `${what} is no name for a file`;
  if (/^\/|^[a-z]:/i.test(name) || name.split('/').some((step) => step === '..' || step === '.'))
    return `${what} leads out of it`;
  if (name.startsWith(OURS)) return `${what} has a name that is ours`;
  if (!REGULAR.has((listed.externalFileAttributes >>> 16) & FILE_TYPE))
    return `${what} is a link or a device`;
  if (listed.isEncrypted) return `${what} is encrypted`;
  if (listed.compressionMethod !== 0 && listed.compressionMethod !== 8)
    return `${what} is packed in a rare way`;
  if (size > SMALL_BYTES && size > packed * MAX_RATIO)
    return `${what} is packed more than ${MAX_RATIO} times`;
  return null;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  xhtml: 'application/xhtml+xml',
  js: 'text/javascript',
  mjs: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
  xml: 'application/xml',
  xsd: 'application/xml',
  txt: 'text/plain',
  vtt: 'text/vtt',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  webm: 'video/webm',
  ogv: 'video/ogg',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  wasm: 'application/wasm',
  pdf: 'application/pdf',
};

/** By the ending of its name, as a package expects it; what is unknown is bytes. */
export function mediaTypeOf(path: string): string {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(TYPES, extension) ? (TYPES[extension] ?? '') : 'application/octet-stream';
}

export const isMarkup = (path: string): boolean => /\.x?html?$/i.test(path);

/** A page with these scripts run before its own. The bytes of the page stay as they are, in whatever encoding. */
export function withScripts(page: Buffer, paths: readonly string[]): Buffer {
  const scripts = paths.map((path) => `<script src="${path}"></script>`).join('');
  const text = page.toString('latin1', 0, 65_536);
  const head =
    /<head(\s[^>]*)?>/i.exec(text) ?? /<html(\s[^>]*)?>/i.exec(text) ?? /<!doctype[^>]*>/i.exec(text);
  const at = head ? head.index + head[0].length : 0;
  return Buffer.concat([page.subarray(0, at), Buffer.from(scripts, 'latin1'), page.subarray(at)]);
}

/** From a file to one at the root of its package. */
export const upFrom = (path: string, target: string): string =>
  '../'.repeat(path.split('/').length - 1) + target;
