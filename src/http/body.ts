import type { IncomingMessage } from 'node:http';
import { refuse } from '../kernel/errors.ts';
import { type Pairs, readPairs, splitUrlEncoded } from './form.ts';
import { readJson } from './json.ts';
import { fileOf, splitMultipart } from './multipart.ts';
import type { Shape } from './wire.ts';
import { readXml } from './xml.ts';

/** How a body is written. `unnamed` is decided by its first byte. */
export type BodyKind = 'json' | 'xml' | 'urlencoded' | 'multipart' | 'unnamed';

/** The caller hung up while sending: there is nobody to answer, and nothing was begun. */
export class ClientGone extends Error {}

/** What can be read unless a route is for files. */
const READABLE = 'application/json, application/xml or a form';

const typeOf = (contentType: string | undefined): string =>
  contentType?.split(';')[0]?.trim().toLowerCase() ?? '';

const refuseType = (type: string, readable: string): never =>
  refuse('request.unsupported_type', { type: type.slice(0, 100), readable });

/** Of a body that is a file of one of these types (`image/*` is all of them), or a form with such a file; refuses like {@link kindOf}. */
export function kindOfFile(contentType: string | undefined, types: readonly string[]): 'file' | 'multipart' {
  const type = typeOf(contentType);
  if (type === 'multipart/form-data') return 'multipart';
  const names = ['', 'application/octet-stream', ...types];
  if (names.includes(type) || names.includes(type.replace(/\/.*/, '/*'))) return 'file';
  return refuseType(type, `${types.join(' or ')}, or a form with a file`);
}

/** From Content-Type; refuses `request.unsupported_type` only for a named type that cannot be read. */
export function kindOf(contentType: string | undefined): BodyKind {
  const type = typeOf(contentType);
  if (type === '') return 'unnamed';
  if (type === 'application/json' || type === 'text/json' || /^application\/[\w.-]+\+json$/.test(type))
    return 'json';
  if (type === 'application/xml' || type === 'text/xml' || /^application\/[\w.-]+\+xml$/.test(type))
    return 'xml';
  if (type === 'application/x-www-form-urlencoded') return 'urlencoded';
  if (type === 'multipart/form-data') return 'multipart';
  return refuseType(type, READABLE);
}

/** Memory that bodies being read and decoded may take together; more is told to come back. */
const SHARED_BYTES = 256 * 1024 * 1024;
let sharedBytes = 0;

/** Takes of that memory; what is returned gives it back. Refuses `server.busy`. */
export function reserve(bytes: number): () => void {
  if (sharedBytes + bytes > SHARED_BYTES) refuse('server.busy', { seconds: 1 });
  sharedBytes += bytes;
  let isGivenBack = false;
  return () => {
    if (!isGivenBack) sharedBytes -= bytes;
    isGivenBack = true;
  };
}

/** A body as it came, and what it takes of the shared memory, to be given back. */
export interface Taken {
  readonly parts: readonly Buffer[];
  release(): void;
}

/**
 * The bytes in memory of their own, so that they can be given to another thread. Done part by part as they come: all at
 * once, the copies of a large body would hold the event loop.
 */
export const owning = (part: Buffer): Buffer =>
  part.byteLength === part.buffer.byteLength ? part : Buffer.from(Uint8Array.from(part).buffer);

/** Slow bodies of 64 MB must fit; a client that sends nothing for long must not hold a socket. */
const BODY_TIMEOUT_MS = 300_000;

/** Reads a body to its end. Refuses `request.too_large` beyond the limit, announced or not, and `server.busy`. */
export async function readBody(message: IncomingMessage, limit: number): Promise<Taken> {
  const announced = Number(message.headers['content-length'] ?? 0);
  if (announced > limit) refuse('request.too_large', { limit });
  let taken = 0;
  const release = (): void => {
    sharedBytes -= taken;
    taken = 0;
  };
  const parts: Buffer[] = [];
  const late = setTimeout(() => message.destroy(), BODY_TIMEOUT_MS);
  try {
    // What is refused midway is answered: the connection must outlive the reading.
    for await (const part of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      taken += part.length;
      sharedBytes += part.length;
      if (taken > limit) refuse('request.too_large', { limit });
      if (sharedBytes > SHARED_BYTES) refuse('server.busy', { seconds: 1 });
      parts.push(parts.length === 0 ? part : owning(part));
    }
  } catch (error) {
    release();
    if (message.errored || (message.destroyed && !message.complete)) throw new ClientGone();
    throw error;
  } finally {
    clearTimeout(late);
  }
  if (!message.complete) {
    release();
    throw new ClientGone();
  }
  return { parts, release };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** A file as it was sent, and what was said of its letters. */
export interface Upload {
  readonly bytes: Buffer;
  /** The charset of its Content-Type. */
  readonly charset: string | undefined;
}

/** The body, or the one file of a form. Refuses `request.malformed_form`. */
export function uploadOf(parts: readonly Buffer[], kind: 'file' | 'multipart', contentType: string): Upload {
  const bytes = whole(parts);
  if (kind === 'file') return { bytes, charset: charsetOf(contentType) };
  const file = fileOf(bytes, contentType, textOf);
  return { bytes: file.bytes, charset: charsetOf(file.contentType) };
}

const charsetOf = (contentType: string): string | undefined =>
  /;\s*charset=(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType)?.slice(1).find(Boolean);

export const whole = (parts: readonly Buffer[]): Buffer =>
  parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);

function textOf(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse('request.not_utf8');
  }
}

const LESS_THAN = 0x3c;
const BRACES = new Set([0x7b, 0x5b]);

function firstByte(bytes: Buffer): number | undefined {
  const from = bytes.length >= 3 && bytes.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
  return bytes.subarray(from, from + 1_000).find((byte) => byte > 0x20);
}

/**
 * The one decoder: a body of any kind → plain value of the shape. Forms and unnamed bodies that begin with `<` or `{`
 * are what they begin like, as some clients name no type or the wrong one.
 */
export async function decodeBody(
  shape: Shape,
  bytes: Buffer,
  kind: BodyKind,
  contentType: string,
  formDefaults: Readonly<Record<string, string>>,
): Promise<unknown> {
  const first = firstByte(bytes);
  if (first === undefined) return {};
  if (kind !== 'json' && kind !== 'xml') {
    if (first === LESS_THAN) return readXml(shape, textOf(bytes));
    if (BRACES.has(first) && kind !== 'multipart') return readJson(shape, textOf(bytes));
  }
  switch (kind) {
    case 'json':
      return readJson(shape, textOf(bytes));
    case 'xml':
      return readXml(shape, textOf(bytes));
    case 'multipart':
      return readForm(shape, splitMultipart(bytes, contentType, textOf), formDefaults);
    default:
      return readForm(shape, splitUrlEncoded(textOf(bytes)), formDefaults);
  }
}

function readForm(shape: Shape, pairs: Pairs, defaults: Readonly<Record<string, string>>): unknown {
  const given = [...pairs];
  const missing = Object.entries(defaults).filter(([name]) => !given.some(([key]) => key === name));
  return readPairs(shape, [...given, ...missing], { commaSeparated: false });
}
