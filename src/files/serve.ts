import type { Database } from '../storage/index.ts';
import * as queries from './queries.ts';
import { type ByteRange, dispositionOf, nameOf, rangeOf, type Showing, showingOf } from './rules.ts';
import { PART_BYTES } from './store.ts';

/** A stored file as an answer to a browser, which is told to give it no power over us. */

/** What a request says of what it wants. */
export interface FileRequest {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface FileAnswer {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: AsyncIterable<Buffer> | null;
}

export interface Serving {
  /** What it is called when it has no name of its own. */
  readonly title: string;
  /** From an address of its own, where nobody is signed in; else from ours. */
  readonly isApart: boolean;
  /** To be kept, whatever a browser could show. */
  readonly isDownload?: boolean;
}

/**
 * Scripts never run. From our own address all is in a sandbox, and of an origin of its own: whatever a browser takes the
 * file for, it is nobody there. Pages may show pictures, films and styles from elsewhere and open links in new windows.
 */
const NOTHING = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";
const POLICIES: Readonly<Record<Showing, string>> = {
  page: `sandbox allow-popups allow-popups-to-escape-sandbox; ${NOTHING}; img-src https: data:; media-src https: data:; style-src https: 'unsafe-inline'; font-src https: data:`,
  image: `sandbox; ${NOTHING}; img-src 'self'; style-src 'unsafe-inline'`,
  audio: `sandbox; ${NOTHING}; media-src 'self'; style-src 'unsafe-inline'`,
  video: `sandbox; ${NOTHING}; media-src 'self'; style-src 'unsafe-inline'`,
  pdf: `sandbox; ${NOTHING}`,
  download: `sandbox; ${NOTHING}`,
  // Itself it is only kept; what is in it: package-answer.ts.
  package: `sandbox; ${NOTHING}`,
};

/** Whether a browser is given it to show: their viewers of PDF do not work within a sandbox. */
export const isShown = (mediaType: string, isApart: boolean): boolean => {
  const showing = showingOf(mediaType);
  return showing === 'pdf' ? isApart : showing !== 'download' && showing !== 'package';
};

function policyOf(mediaType: string, { isApart }: Serving): string {
  const showing = showingOf(mediaType);
  if (!isApart) return POLICIES[showing];
  // Our pages frame it from another origin; its viewer is the browser's own.
  if (showing === 'pdf') return "frame-ancestors 'none'";
  return POLICIES[showing].replace("; frame-ancestors 'self'", '');
}

/** Answers with the file, or the piece of it that is asked for. Read part by part: nothing is open while a client reads. */
export function answerWith(
  db: Database,
  accountId: number,
  file: queries.StoredFile,
  request: FileRequest,
  serving: Serving,
): FileAnswer {
  const etag = `"${file.fileId}"`;
  const isInline = !serving.isDownload && isShown(file.mediaType, serving.isApart);
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'content-security-policy': policyOf(file.mediaType, serving),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': serving.isApart ? 'cross-origin' : 'same-origin',
    'content-disposition': dispositionOf(isInline ? 'inline' : 'attachment', nameOf(file, serving.title)),
    'content-type': file.mediaType === 'text/html' ? 'text/html; charset=utf-8' : file.mediaType,
  };
  const known = request.ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  if (known.includes(etag) || known.includes('*')) return { status: 304, headers, body: null };
  const isSame = request.ifRange === undefined || request.ifRange.trim() === etag;
  const range = isSame ? rangeOf(request.range, file.size) : null;
  if (range === 'none')
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${file.size}` }, body: null };
  const { from, to } = range ?? { from: 0, to: file.size };
  return {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      'content-length': String(to - from),
      ...(range && { 'content-range': `bytes ${from}-${to - 1}/${file.size}` }),
    },
    body: bytesOf(db, accountId, file.fileId, { from, to }),
  };
}

/** Ends with an error when the file was removed meanwhile. */
export async function* bytesOf(
  db: Database,
  accountId: number,
  fileId: string,
  { from, to }: ByteRange,
): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const within = at % PART_BYTES;
    const piece = { from: within, length: Math.min(PART_BYTES - within, to - at) };
    const part = Math.floor(at / PART_BYTES);
    const bytes = await db.read((tx) => queries.readPart(tx, accountId, fileId, part, piece));
    if (!bytes || bytes.length !== piece.length) throw new Error(`The file ${fileId} is no longer whole.`);
    yield bytes;
    at += bytes.length;
  }
}
