import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuse } from '../kernel/errors.ts';
import { readBody } from './body.ts';

/** Pages for people: addresses that answer HTML to a browser, and forms that it sends. */

export interface PageRequest {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** With the query. */
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Of a form; empty otherwise. */
  readonly form: URLSearchParams;
  readonly cookies: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
}

export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** A file is written while it is read. */
  readonly body: string | AsyncIterable<Buffer>;
}

export interface PageRoute {
  readonly method: 'GET' | 'POST';
  /** Parameters in braces, as in routes of the API. */
  readonly path: string;
  /** Where forms are longer than most. */
  readonly maxFormBytes?: number;
  run(request: PageRequest): Promise<PageAnswer>;
}

/** Forms are short. */
const MAX_FORM_BYTES = 64 * 1024;

/** Mounts pages; `failed` renders what a page throws, and logs what is no refusal through `log`. */
export function mountPages(
  server: FastifyInstance,
  routes: readonly PageRoute[],
  failed: (request: PageRequest, error: unknown) => Promise<PageAnswer>,
): void {
  for (const { method, path, run, maxFormBytes = MAX_FORM_BYTES } of routes)
    server.route({
      method,
      url: path.replace(/\{(\w+)\}/g, ':$1'),
      handler: async (request, reply) => {
        let read = withoutForm(request);
        let answer: PageAnswer;
        try {
          if (method === 'POST') read = { ...read, form: await formOf(request, maxFormBytes) };
          answer = await run(read);
        } catch (error) {
          answer = await failed(read, error);
          if (answer.status >= 500) request.log.error({ err: error, requestId: request.id }, 'page failed');
        }
        reply.code(answer.status).headers(answer.headers);
        if (typeof answer.body !== 'string') return reply.send(bodyOf(request, answer));
        const packed = await compressed(answer.body, request.headers['accept-encoding']);
        if (packed) reply.header('content-encoding', packed.encoding);
        return reply.header('vary', 'accept-encoding').send(packed?.bytes ?? answer.body);
      },
    });
}

/** Of a file nothing is read for who asks for its headers alone. */
const bodyOf = ({ method }: FastifyRequest, { body }: PageAnswer): string | Readable =>
  typeof body === 'string' ? body : Readable.from(method === 'HEAD' ? [] : body, { objectMode: false });

const withoutForm = (request: FastifyRequest): PageRequest => ({
  id: request.id,
  method: request.method === 'POST' ? 'POST' : 'GET',
  url: request.url,
  params: (request.params ?? {}) as Record<string, string>,
  query: fieldsOf(request.url.split('?')[1] ?? ''),
  form: new URLSearchParams(),
  cookies: cookiesOf(request.headers.cookie),
  headers: request.headers,
  remoteAddress: request.ip,
});

/** Without the character that no text in the database may have, and that nobody types. */
const fieldsOf = (encoded: string): URLSearchParams => new URLSearchParams(encoded.replace(/%00|\0/g, ''));

async function formOf(request: FastifyRequest, maxBytes: number): Promise<URLSearchParams> {
  const type = request.sentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== '' && type !== 'application/x-www-form-urlencoded')
    refuse('request.unsupported_type', { type: type.slice(0, 100), readable: 'a form' });
  const taken = await readBody(request.raw, maxBytes);
  try {
    return fieldsOf(Buffer.concat([...taken.parts]).toString('utf8'));
  } finally {
    taken.release();
  }
}

/** By name; the first of a name counts, as it is of the narrower path. */
export function cookiesOf(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim();
    if (!cookies.has(name)) cookies.set(name, part.slice(equals + 1).trim());
  }
  return cookies;
}

/** Less is not worth it. */
const COMPRESSED_FROM_BYTES = 800;

type Compress = (text: string) => Promise<Buffer>;

/** In order of preference, each as far as it costs about a millisecond for a long page. */
const ENCODINGS: Readonly<Record<string, Compress>> = {
  br: (text) =>
    promisify(brotliCompress)(text, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 4,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      },
    }),
  gzip: (text) => promisify(gzip)(text, { level: 5 }),
};

/** A text as a browser accepts it; null where it stays as it is. */
async function compressed(
  text: string,
  accepted: string | string[] | undefined,
): Promise<{ encoding: string; bytes: Buffer } | null> {
  if (text.length < COMPRESSED_FROM_BYTES) return null;
  const wishes = String(accepted ?? '')
    .toLowerCase()
    .split(',')
    .filter((wish) => !/;\s*q=0(\.0*)?\s*$/.test(wish))
    .map((wish) => wish.split(';')[0]?.trim());
  for (const [encoding, compress] of Object.entries(ENCODINGS))
    if (wishes.includes(encoding)) return { encoding, bytes: await compress(text) };
  return null;
}
