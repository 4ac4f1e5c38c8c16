/** What an uploaded file is, by its first bytes and not by what its sender says; pure. */

/** How a browser may be given a file. */
export type Showing = 'image' | 'audio' | 'video' | 'page' | 'pdf' | 'package' | 'download';

/** A kind of file that can be stored. */
export interface FileType {
  readonly mediaType: string;
  /** Of its name, where the sender gave none. */
  readonly extension: string;
  readonly showing: Showing;
  /** Other names that programs give to it. */
  readonly aliases?: readonly string[];
  /** Whether a file begins like this. */
  matches(head: Buffer): boolean;
}

/** So much of a file is looked at. */
export const HEAD_BYTES = 4_096;

const at = (text: string, place = 0) => {
  const wanted = Buffer.from(text, 'latin1');
  return (head: Buffer): boolean => head.subarray(place, place + wanted.length).equals(wanted);
};
const all =
  (...tests: readonly ((head: Buffer) => boolean)[]) =>
  (head: Buffer): boolean =>
    tests.every((test) => test(head));

/** An ISO container (ISO 14496-12) whose first brand is one of these. */
const brand =
  (...brands: readonly string[]) =>
  (head: Buffer): boolean =>
    at('ftyp', 4)(head) && brands.includes(head.subarray(8, 12).toString('latin1'));
const isMatroska = at('\x1a\x45\xdf\xa3');
const isZip = at('PK\x03\x04');
const isOle = at('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1');
/** A frame of MPEG audio, layer 1 to 3; ADTS has layer 0. */
const isMpegFrame =
  (isLayer: (bits: number) => boolean) =>
  (head: Buffer): boolean =>
    head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0 && isLayer(((head[1] ?? 0) >> 1) & 3);

/** Text that begins with a tag of HTML; comments and declarations before it do not count. */
function isMarkup(head: Buffer): boolean {
  if (head.includes(0)) return false;
  let text = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  for (const [opening, closing] of [
    ['<?', '?>'],
    ['<!--', '-->'],
  ] as const)
    while (text.startsWith(opening)) {
      const end = text.indexOf(closing, opening.length);
      if (end < 0) return true;
      text = text.slice(end + closing.length).trimStart();
    }
  return /^<(!doctype\s+html|[a-z][a-z0-9-]*)[\s>/]/i.test(text);
}

const isAvif = brand('avif', 'avis');
const isIso = (head: Buffer): boolean => at('ftyp', 4)(head) && !isAvif(head) && !brand('heic', 'mif1')(head);
const type = (
  mediaType: string,
  extension: string,
  showing: Showing,
  matches: FileType['matches'],
  aliases: readonly string[] = [],
): FileType => ({ mediaType, extension, showing, matches, aliases });

const IMAGES = [
  type('image/png', 'png', 'image', at('\x89PNG\r\n\x1a\n')),
  type('image/jpeg', 'jpg', 'image', at('\xff\xd8\xff'), ['image/jpg']),
  type('image/gif', 'gif', 'image', (head) => at('GIF87a')(head) || at('GIF89a')(head)),
  type('image/webp', 'webp', 'image', all(at('RIFF'), at('WEBP', 8))),
  type('image/avif', 'avif', 'image', isAvif),
];
const AUDIO = [
  type('audio/mpeg', 'mp3', 'audio', (head) => at('ID3')(head) || isMpegFrame((bits) => bits !== 0)(head), [
    'audio/mp3',
  ]),
  type(
    'audio/aac',
    'aac',
    'audio',
    isMpegFrame((bits) => bits === 0),
  ),
  type('audio/mp4', 'm4a', 'audio', isIso, ['audio/x-m4a', 'audio/m4a']),
  type('audio/ogg', 'ogg', 'audio', at('OggS'), ['audio/opus', 'application/ogg']),
  type('audio/wav', 'wav', 'audio', all(at('RIFF'), at('WAVE', 8)), ['audio/x-wav', 'audio/wave']),
  type('audio/flac', 'flac', 'audio', at('fLaC'), ['audio/x-flac']),
  type('audio/webm', 'weba', 'audio', isMatroska),
];
const VIDEO = [
  type('video/webm', 'webm', 'video', isMatroska),
  type('video/ogg', 'ogv', 'video', at('OggS')),
  type('video/mp4', 'mp4', 'video', isIso, ['video/x-m4v', 'video/quicktime']),
];
const PDF = type('application/pdf', 'pdf', 'pdf', at('%PDF-'));
const OFFICE = 'application/vnd.openxmlformats-officedocument';

/** By content type of an item: what its file may be. */
const BY_CONTENT_TYPE: Readonly<Record<string, readonly FileType[]>> = {
  Image: IMAGES,
  Audio: AUDIO,
  Video: VIDEO,
  PDFDocument: [PDF],
  Page: [type('text/html', 'html', 'page', isMarkup)],
  Book: [
    type('application/epub+zip', 'epub', 'download', all(isZip, at('mimetypeapplication/epub+zip', 30))),
    PDF,
  ],
  SCORM: [type('application/zip', 'zip', 'package', isZip, ['application/x-zip-compressed'])],
  WordDocument: [
    type(`${OFFICE}.wordprocessingml.document`, 'docx', 'download', isZip),
    type('application/msword', 'doc', 'download', isOle),
  ],
  PowerPointPresentation: [
    type(`${OFFICE}.presentationml.presentation`, 'pptx', 'download', isZip),
    type('application/vnd.ms-powerpoint', 'ppt', 'download', isOle),
  ],
  ExcelSpreadsheet: [
    type(`${OFFICE}.spreadsheetml.sheet`, 'xlsx', 'download', isZip),
    type('application/vnd.ms-excel', 'xls', 'download', isOle),
  ],
};

const ALL = Object.values(BY_CONTENT_TYPE).flat();

/** Every media type that an upload may call itself by. */
export const UPLOAD_TYPES: readonly string[] = [
  ...new Set(ALL.flatMap(({ mediaType, aliases = [] }) => [mediaType, ...aliases])),
].sort();

/** What files an item of a content type takes; null if none. */
export const typesFor = (contentType: string): readonly FileType[] | null =>
  (Object.hasOwn(BY_CONTENT_TYPE, contentType) && BY_CONTENT_TYPE[contentType]) || null;

/** Which of these a file is; null if it is none. */
export const typeOf = (types: readonly FileType[], head: Buffer): FileType | null =>
  types.find(({ matches }) => matches(head)) ?? null;

/** How a browser may be given a file of a media type; what is unknown is only ever downloaded. */
export const showingOf = (mediaType: string): Showing =>
  ALL.find((known) => known.mediaType === mediaType)?.showing ?? 'download';

const MAX_NAME = 200;

/** Half a sign is none. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

/** The last step of a path, without what is no letter, in a length that every system takes; null if nothing is left. */
export function cleanName(given: string | null): string | null {
  const last =
    wellFormed(given ?? '')
      .split(/[/\\]/)
      .at(-1) ?? '';
  const clean = last
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .trim();
  return clean.replace(/^\.+$/, '') === '' ? null : [...clean].slice(-MAX_NAME).join('');
}

/** What a file is called when it is kept: as its sender called it, or as the item is. */
export function nameOf(
  { name, mediaType }: { readonly name: string | null; readonly mediaType: string },
  title: string,
): string {
  if (name !== null) return name;
  const extension = ALL.find((known) => known.mediaType === mediaType)?.extension ?? 'bin';
  return `${cleanName(title.replace(/[/\\]/g, '-')) ?? 'file'}.${extension}`;
}

/** Of RFC 6266: a name in ASCII for the old, the true one for the others. */
export function dispositionOf(kind: 'inline' | 'attachment', name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_');
  const encoded = encodeURIComponent(wellFormed(name)).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** Bytes of a file, from the first to before the last. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * What a Range header asks of a file (RFC 9110): null for all of it, as for a header that cannot be read or that asks
 * for several pieces; `none` where the file has no such bytes.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'none' | null {
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [first = '', last = ''] = match.slice(1);
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'none' : { from: size - length, to: size };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return null;
  if (from >= size) return 'none';
  return { from, to: last === '' ? size : Math.min(Number(last) + 1, size) };
}
