import { isUtf8 } from 'node:buffer';
import { refuse } from '../kernel/errors.ts';

/** Which letters the bytes of a file stand for. */

export const BOM = '\ufeff';

/** In what files are written. With a mark at the front, spreadsheets know UTF-8 when they see it; programs may trip over it. */
export const OUTPUT_ENCODINGS = ['utf-8', 'utf-8-bom', 'utf-16le'] as const;
export type OutputEncoding = (typeof OUTPUT_ENCODINGS)[number];

export const encoderFor = (encoding: OutputEncoding): ((text: string) => Buffer) =>
  encoding === 'utf-16le' ? (text) => Buffer.from(text, 'utf16le') : (text) => Buffer.from(text, 'utf8');

const MARKS = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
] as const;

/** How much is looked at to tell encodings without a mark apart. */
const LOOKED_AT = 1024 * 1024;

/** What the file says of itself, what the caller says of it, or what it looks like. Refuses an unknown name. */
export function encodingOf(bytes: Buffer, named: string | undefined): string {
  const marked = MARKS.find((mark) => mark.bytes.every((byte, place) => bytes[place] === byte));
  if (marked) return marked.encoding;
  if (named !== undefined) return labelOf(named);
  const part = bytes.subarray(0, LOOKED_AT);
  return wideEncodingOf(part) ?? (isUtf8(bytes) ? 'utf-8' : codePageOf(part));
}

function labelOf(named: string): string {
  try {
    return new TextDecoder(named).encoding;
  } catch {
    return refuse('request.invalid', {
      field: 'encoding',
      detail: `${JSON.stringify(named.slice(0, 50))} is none that is known; name one as utf-8, windows-1252 or windows-1251`,
    });
  }
}

/** Two bytes a letter, without a mark: every other byte of plain letters and digits is zero. */
function wideEncodingOf(part: Buffer): string | null {
  const zeros = [0, 0];
  part.forEach((byte, place) => {
    if (byte === 0) zeros[place % 2] = (zeros[place % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = zeros;
  const many = part.length * 0.2;
  if (odd > many && even < odd / 10) return 'utf-16le';
  return even > many && odd < even / 10 ? 'utf-16be' : null;
}

/**
 * Of the old code pages the two that are met most: Western (1252) has its few letters beyond ASCII among plain ones,
 * Cyrillic (1251) has words of nothing else. Whoever has another one names it.
 */
function codePageOf(part: Buffer): string {
  let letters = 0;
  let neighbours = 0;
  for (let place = 1; place < part.length; place++) {
    if ((part[place] ?? 0) < 0xc0) continue;
    letters++;
    if ((part[place - 1] ?? 0) >= 0xc0) neighbours++;
  }
  return neighbours > letters / 2 ? 'windows-1251' : 'windows-1252';
}

/** What a text cannot have. In a file it means that it is no text, or that its encoding is another. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Bytes decoded between two turns of the event loop: parsing so much takes some milliseconds. */
const AT_ONCE = 64 * 1024;

/** The text, part by part, without its mark. Refuses `table.not_text`. */
export async function* decode(bytes: Buffer, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  for (let at = 0; at < bytes.length; at += AT_ONCE) {
    if (at > 0) await new Promise((done) => setImmediate(done));
    const isLast = at + AT_ONCE >= bytes.length;
    let text: string;
    try {
      text = decoder.decode(bytes.subarray(at, at + AT_ONCE), { stream: !isLast });
    } catch {
      return refuse('table.not_text', { detail: `its bytes are not ${encoding}` });
    }
    const control = CONTROL.exec(text)?.[0];
    if (control !== undefined)
      refuse('table.not_text', {
        detail: `read as ${encoding} it has the control character U+${control.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`,
      });
    yield text;
  }
}

const KINDS = [
  { begins: 'PK\u0003\u0004', what: 'a workbook of a spreadsheet (.xlsx, .ods) or another archive' },
  { begins: '\u00d0\u00cf\u0011\u00e0', what: 'an old workbook of a spreadsheet (.xls)' },
  { begins: '%PDF', what: 'a PDF document' },
] as const;

/** Refuses what is known to be another kind of file, by its name. */
export function refuseOtherKinds(bytes: Buffer): void {
  const start = bytes.toString('latin1', 0, 4);
  const kind = KINDS.find(({ begins }) => start === begins);
  if (kind) refuse('table.not_text', { detail: `it is ${kind.what}; save the sheet as CSV` });
}
