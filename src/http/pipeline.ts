import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal, refuse } from '../kernel/errors.ts';
import { type BodyKind, ClientGone, kindOf, readBody } from './body.ts';
import { validate } from './decode.ts';
import type { Decoder } from './decoder.ts';
import { CONTENT_TYPE } from './encode.ts';
import { readPairs, splitUrlEncoded } from './form.ts';
import { completeFromHeaders } from './header-members.ts';
import { type Format, negotiate, negotiateOrDefault } from './negotiate.ts';
import { type Preferences, readPreferences } from './preferences.ts';
import { renderRefusal } from './refusal.ts';
import { type Answer, Reply, type Route } from './route.ts';

/** What the pipeline is told about a request before it knows the caller. */
export interface RequestFacts {
  readonly id: string;
  readonly now: Date;
  readonly headers: IncomingHttpHeaders;
  readonly preferences: Preferences;
}

export interface PipelineOptions<Caller, Ctx> {
  authenticate(headers: IncomingHttpHeaders, remoteAddress: string): Promise<Caller>;
  /** Throws a refusal if the caller may not use a route that asks for `may`. */
  authorize(caller: Caller, may: string): void;
  context(caller: Caller | null, request: RequestFacts): Ctx;
  /** Whether what `run` threw means that the caller must be established anew. */
  isStale(error: unknown): boolean;
  forget(caller: Caller): void;
  readonly clock: () => Date;
  readonly maxBodyBytes: number;
  readonly decoder: Decoder;
  /** Told when a request was answered: milliseconds per stage. */
  observe?(route: Route<Ctx>, status: number, stages: Readonly<Record<string, number>>): void;
}

/** Larger bodies are for the routes that say so. */
const SMALL_BODY_BYTES = 1024 * 1024;
/** While many change rights at once, each makes the others ask again; beyond this the caller is told to come back. */
const MAX_STALE = 20;

/**
 * How every request travels: authenticate → authorize → negotiate → read → decode → validate → run → encode → send.
 * Each stage is timed, each may refuse, and what it refuses is rendered here alone.
 */
export async function answer<Caller, Ctx>(
  route: Route<Ctx>,
  options: PipelineOptions<Caller, Ctx>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const stages = new Stages();
  const { id, headers } = request;
  const now = options.clock();
  try {
    let caller = await stages.time('authenticate', () => callerOf(route, options, request));
    if (caller !== null) options.authorize(caller, route.may);
    const { format, kind, limit } = negotiateAll(route, options, request);
    const plain = await stages.time('decode', () => bodyOf(route, options.decoder, request, kind, limit));
    const input = stages.timeNow('validate', () => validateAll(route, request, plain));
    const facts = { id, now, headers, preferences: readPreferences(headers['prefer']?.toString()) };
    const ready = await stages.time('run', async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await prepare(route, await route.run(options.context(caller, facts), input), format);
        } catch (error) {
          if (caller === null || !options.isStale(error)) throw error;
          if (attempt >= MAX_STALE) refuse('server.busy', { seconds: 1 });
          options.forget(caller);
          caller = await options.authenticate(request.headers, request.ip);
          options.authorize(caller, route.may);
        }
      }
    });
    stages.timeNow('encode', () => send(reply, ready));
  } catch (error) {
    if (error instanceof ClientGone) request.raw.destroy();
    else sendError(request, reply, error, request.log, route.prefersJson);
  }
  options.observe?.(route, reply.statusCode, stages.all);
}

/** Milliseconds per stage. */
class Stages {
  readonly all: Record<string, number> = {};

  async time<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.all[stage] = performance.now() - from;
    }
  }

  timeNow<T>(stage: string, work: () => T): T {
    const from = performance.now();
    try {
      return work();
    } finally {
      this.all[stage] = performance.now() - from;
    }
  }
}

async function callerOf<Caller, Ctx>(
  route: Route<Ctx>,
  options: PipelineOptions<Caller, Ctx>,
  request: FastifyRequest,
): Promise<Caller | null> {
  return route.may === 'public' ? null : options.authenticate(request.headers, request.ip);
}

/** What can be read (415), what will be written (406), how much is taken (413); before a byte of the body is read. */
function negotiateAll<Caller, Ctx>(
  route: Route<Ctx>,
  options: PipelineOptions<Caller, Ctx>,
  request: FastifyRequest,
): { format: Format; kind: BodyKind; limit: number } {
  const kind = route.body ? kindOf(request.sentType) : 'unnamed';
  const coding = request.headers['content-encoding']?.trim().toLowerCase();
  if (route.body && coding && coding !== 'identity')
    refuse('request.unsupported_encoding', { encoding: coding.slice(0, 50) });
  const choose = route.answer.contentType ? negotiateOrDefault : negotiate;
  const format = choose(request.headers.accept, route.prefersJson, route.answer.files);
  const limit =
    route.bodySize === 'bulk' ? options.maxBodyBytes : Math.min(SMALL_BODY_BYTES, options.maxBodyBytes);
  if (route.body && Number(request.headers['content-length'] ?? 0) > limit)
    refuse('request.too_large', { limit });
  return { format, kind, limit };
}

async function bodyOf<Ctx>(
  route: Route<Ctx>,
  decoder: Decoder,
  request: FastifyRequest,
  kind: BodyKind,
  limit: number,
): Promise<unknown> {
  if (!route.body) return undefined;
  const taken = await readBody(request.raw, limit);
  try {
    const { shape } = route.body;
    const contentType = request.sentType ?? '';
    const plain = await decoder.decode(shape, taken.bytes, kind, contentType, route.formDefaults);
    return completeFromHeaders(shape, plain, route.headerMembers, request.headers);
  } finally {
    taken.release();
  }
}

function validateAll<Ctx>(
  route: Route<Ctx>,
  request: FastifyRequest,
  plain: unknown,
): { params: never; query: never; body: never } {
  const mark = request.url.indexOf('?');
  const search = mark < 0 ? '' : request.url.slice(mark + 1);
  const params = Object.entries((request.params ?? {}) as Record<string, string>);
  return {
    params: (route.params &&
      validate(route.params, readPairs(route.params.shape, params, { commaSeparated: false }))) as never,
    query: (route.query &&
      validate(
        route.query,
        readPairs(route.query.shape, splitUrlEncoded(search), { commaSeparated: true }),
      )) as never,
    body: (route.body && validate(route.body, plain)) as never,
  };
}

interface Ready {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** null: no body */
  readonly body: string | Buffer | Readable | null;
}

/** The answer, up to its first part: what that throws can still be refused, or tried again with fresh rights. */
async function prepare<Ctx>(route: Route<Ctx>, result: unknown, format: Format): Promise<Ready> {
  const isReply = result instanceof Reply;
  const chosen = ((isReply ? result.answer : null) ?? route.answer) as Answer<unknown>;
  const ready = {
    status: chosen.status,
    headers: isReply ? result.headers : {},
    contentType: chosen.contentType ?? CONTENT_TYPE[format],
  };
  if (chosen.bodies.length === 0 && !chosen.contentType) return { ...ready, body: null };
  const encoded = chosen.encode(isReply ? result.value : result, format);
  if (typeof encoded === 'string' || Buffer.isBuffer(encoded)) return { ...ready, body: encoded };
  const parts = encoded[Symbol.asyncIterator]();
  const first = await parts.next();
  const whole = async function* () {
    if (!first.done) yield first.value;
    yield* { [Symbol.asyncIterator]: () => parts };
  };
  return { ...ready, body: Readable.from(whole(), { objectMode: false }) };
}

function send(reply: FastifyReply, ready: Ready): void {
  reply.code(ready.status).headers(ready.headers);
  if (ready.body === null) reply.send();
  else reply.header('content-type', ready.contentType).send(ready.body);
}

/** Renders any error in the caller's format; one that is no refusal is ours, and is logged, not shown. */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  log: FastifyBaseLogger,
  prefersJson = false,
): void {
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  const refusal = error instanceof Refusal ? error : new Refusal('server.bug', { requestId: request.id });
  if (refusal !== error) log.error({ err: error, requestId: request.id }, 'unexpected error');
  const format = negotiateOrDefault(request.headers.accept, prefersJson);
  const { headers, body } = renderRefusal(refusal, format, prefersJson);
  // A body that was not read to its end would be taken for the next request.
  if (!request.raw.complete) reply.header('connection', 'close');
  reply.code(refusal.status).headers(headers).header('content-type', CONTENT_TYPE[format]).send(body);
}
