import { refuse } from '../kernel/errors.ts';

/** Where multipart/form-data is read. The body is in memory, so a part is a slice of it, and nothing is waited for. */

const BOUNDARY = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i;
/** RFC 2046 allows 70 characters. */
const MAX_BOUNDARY = 200;
export const END_OF_HEAD = Buffer.from('\r\n\r\n');
const DISPOSITION = /^content-disposition:\s*form-data\s*;(.*)$/im;
const NAME = /(?:^|[;\s])name=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i;
const CONTENT_TYPE = /^content-type:(.*)$/im;
const IS_FILE = /(?:^|[;\s])filename\*?=/i;
const FILE_NAME = /(?:^|[;\s])filename=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i;
/** Of RFC 5987. */
const EXTENDED_NAME = /(?:^|[;\s])filename\*=utf-8'[^']*'([^\s;"]+)/i;

export const broken = (detail: string): never => refuse('request.malformed_form', { detail });

export type TextOf = (bytes: Buffer) => string;

/** A form's pairs; files are left out. Refuses `request.malformed_form`, and what `textOf` refuses. */
export function* splitMultipart(
  bytes: Buffer,
  contentType: string,
  textOf: TextOf,
): Generator<readonly [string, string]> {
  for (const { name, isFile, content } of fieldsOf(bytes, contentType, textOf))
    if (!isFile) yield [name, textOf(content)];
}

/** The one file of a form, and its type. Refuses like {@link splitMultipart}, also when there is none or another. */
export function fileOf(
  bytes: Buffer,
  contentType: string,
  textOf: TextOf,
): { readonly bytes: Buffer; readonly contentType: string } {
  const [file, other] = [...fieldsOf(bytes, contentType, textOf)].filter(({ isFile }) => isFile);
  if (!file) return broken('it has no file');
  if (other) broken('it has more than one file');
  return { bytes: file.content, contentType: CONTENT_TYPE.exec(file.head)?.[1]?.trim() ?? '' };
}

interface Field {
  readonly name: string;
  readonly isFile: boolean;
  readonly head: string;
  readonly content: Buffer;
}

function* fieldsOf(bytes: Buffer, contentType: string, textOf: TextOf): Generator<Field> {
  for (const part of partsOf(bytes, boundaryOf(contentType))) {
    const end = part.indexOf(END_OF_HEAD);
    if (end < 0) broken('the head of a part has no end');
    const head = textOf(part.subarray(0, end));
    const { name, isFile } = readHead(head);
    yield { name, isFile, head, content: part.subarray(end + END_OF_HEAD.length) };
  }
}

/** What the head of a part says of it. Refuses `request.malformed_form`. */
export function readHead(head: string): {
  readonly name: string;
  readonly isFile: boolean;
  /** Null where it has none, or an empty one. */
  readonly fileName: string | null;
} {
  const disposition = DISPOSITION.exec(head)?.[1] ?? broken('a part is no form-data');
  const name = NAME.exec(disposition) ?? broken('a part has no name');
  return {
    name: name[1]?.replace(/\\(.)/g, '$1') ?? name[2] ?? '',
    isFile: IS_FILE.test(disposition),
    fileName: fileNameOf(disposition) || null,
  };
}

function fileNameOf(disposition: string): string | undefined {
  const extended = EXTENDED_NAME.exec(disposition)?.[1];
  try {
    if (extended !== undefined) return decodeURIComponent(extended);
  } catch {}
  const plain = FILE_NAME.exec(disposition);
  // Browsers write three signs like this, and no others.
  return (plain?.[1]?.replace(/\\(["\\])/g, '$1') ?? plain?.[2])?.replace(/%(22|0D|0A)/gi, (sign) =>
    decodeURIComponent(sign),
  );
}

export function boundaryOf(contentType: string): string {
  const match = BOUNDARY.exec(contentType);
  const boundary = match?.[1] ?? match?.[2] ?? broken('its Content-Type names no boundary');
  return boundary.length > MAX_BOUNDARY ? broken('its boundary is too long') : boundary;
}

/** What stands between the delimiters. What stands before the first or after the last is nobody's. */
function* partsOf(bytes: Buffer, boundary: string): Generator<Buffer> {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const isFirstLine = bytes.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2));
  const start = isFirstLine ? -2 : bytes.indexOf(delimiter);
  if (start === -1) broken('its boundary does not occur');
  let at = start + delimiter.length;
  for (;;) {
    if (bytes.subarray(at, at + 2).toString('latin1') === '--') return;
    const from = bytes.indexOf('\r\n', at);
    const to = from < 0 ? -1 : bytes.indexOf(delimiter, from);
    if (to < 0) broken('it ends before its last boundary');
    yield bytes.subarray(from + 2, to);
    at = to + delimiter.length;
  }
}
