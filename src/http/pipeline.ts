import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal, refuse } from '../kernel/errors.ts';
import type { Live } from '../kernel/live.ts';
import type { Retries } from '../kernel/retries.ts';
import {
  type BodyKind,
  ClientGone,
  kindOf,
  kindOfFile,
  readBody,
  type Taken,
  type Upload,
  uploadOf,
} from './body.ts';
import { validate } from './decode.ts';
import type { Decoder } from './decoder.ts';
import { readPairs, splitUrlEncoded } from './form.ts';
import { completeFromHeaders } from './header-members.ts';
import { drain, type IncomingFile, isDrained, openFile } from './incoming.ts';
import { type Format, negotiate, negotiateOrDefault } from './negotiate.ts';
import { type Preferences, readPreferences } from './preferences.ts';
import { prepare, readyRefusal, send } from './ready.ts';
import { answerOnce, keyedRequestOf } from './retry.ts';
import { type Input, type Route, takesKey } from './route.ts';

/** What the pipeline is told about a request before it knows the caller. */
export interface RequestFacts<Ctx> {
  readonly id: string;
  readonly now: Date;
  readonly headers: IncomingHttpHeaders;
  readonly preferences: Preferences;
  readonly live: Live<Ctx>;
}

export interface PipelineOptions<Caller, Ctx> {
  authenticate(headers: IncomingHttpHeaders, remoteAddress: string): Promise<Caller>;
  /** Throws a refusal if the caller may not use a route that asks for `may`. */
  authorize(caller: Caller, may: string): void;
  context(caller: Caller | null, request: RequestFacts<Ctx>): Ctx;
  /** Whether what `run` threw means that the caller must be established anew. */
  isStale(error: unknown): boolean;
  forget(caller: Caller): void;
  /** Where answers to requests with an Idempotency-Key are kept. */
  readonly retries: Retries<Ctx>;
  readonly clock: () => Date;
  readonly maxBodyBytes: number;
  /** Of a file that is read while it comes in. */
  readonly maxFileBytes: number;
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
  let taken = NOTHING_TAKEN;
  let incoming = NO_INCOMING;
  try {
    const caller = await stages.time('authenticate', () => callerOf(route, options, request));
    if (caller !== null) options.authorize(caller, route.may);
    const { format, kind, limit } = negotiateAll(route, options, request);
    if (route.isStreamed)
      incoming = await stages.time('read', () => openFile(request.raw, request.sentType ?? '', limit));
    else if (route.body || route.upload)
      taken = await stages.time('read', () => readBody(request.raw, limit));
    const body = await stages.time('decode', () => bodyOf(route, options.decoder, request, kind, taken));
    // Of a value nothing is left in memory but what was read out of it; a file is kept as it is.
    if (!route.upload) taken.release();
    const input = stages.timeNow('validate', () => validateAll(route, request, body, format, incoming));
    const preferences = readPreferences(headers['prefer']?.toString());
    const facts = { id, now, headers, preferences, live: new LiveRequest(route, options, request, reply) };
    const keyed = takesKey(route) ? keyedRequestOf(route, input, request.headers) : null;
    const withRights = renewingRights(route, options, request, facts, caller);
    const run = async (ctx: Ctx) => prepare(route, await route.run(ctx, input), format);
    const { rebuild } = route;
    const ready = await stages.time('run', () => {
      if (keyed === null) return withRights(run);
      return answerOnce(options.retries, keyed, {
        withRights,
        run,
        rebuild: rebuild && (async (ctx, id) => prepare(route, await rebuild(ctx, id, input), format)),
        refused: (refusal) => readyRefusal(refusal, request.headers.accept, route.prefersJson),
        unkept: (error) => request.log.error({ err: error, requestId: request.id }, 'answer not kept'),
      });
    });
    stages.timeNow('encode', () => send(reply, ready));
  } catch (error) {
    if (error instanceof ClientGone) request.raw.destroy();
    else {
      // Who is still sending reads the answer only if somebody takes what they send.
      if (route.isStreamed || request.raw.readableDidRead) drain(request.raw);
      sendError(request, reply, error, request.log, route.prefersJson);
    }
  } finally {
    taken.release();
    incoming.release();
  }
  options.observe?.(route, reply.statusCode, stages.all);
}

/** For the few answers that go on after `run` has begun to wait; costs the others nothing. */
class LiveRequest<Caller, Ctx> implements Live<Ctx> {
  readonly #route: Route<Ctx>;
  readonly #options: PipelineOptions<Caller, Ctx>;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;

  constructor(
    route: Route<Ctx>,
    options: PipelineOptions<Caller, Ctx>,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    this.#route = route;
    this.#options = options;
    this.#request = request;
    this.#reply = reply;
  }

  async again<T>(work: (ctx: Ctx) => Promise<T>): Promise<T> {
    const [route, options, request] = [this.#route, this.#options, this.#request];
    const caller = await callerOf(route, options, request);
    if (caller !== null) options.authorize(caller, route.may);
    const { id, headers } = request;
    const preferences = readPreferences(headers['prefer']?.toString());
    const facts = { id, now: options.clock(), headers, preferences, live: this };
    return renewingRights(route, options, request, facts, caller)(work);
  }

  whenGone(then: () => void): () => void {
    const { raw } = this.#reply;
    if (raw.destroyed) queueMicrotask(then);
    else raw.once('close', then);
    return () => raw.off('close', then);
  }

  hangUp(): void {
    this.#reply.raw.destroy();
  }
}

/** Runs work for the caller, who is established anew when their rights turn out to have changed. */
function renewingRights<Caller, Ctx>(
  route: Route<Ctx>,
  options: PipelineOptions<Caller, Ctx>,
  request: FastifyRequest,
  facts: RequestFacts<Ctx>,
  established: Caller | null,
): <T>(work: (ctx: Ctx) => Promise<T>) => Promise<T> {
  let caller = established;
  return async (work) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(options.context(caller, facts));
      } catch (error) {
        if (caller === null || !options.isStale(error)) throw error;
        if (attempt >= MAX_STALE) refuse('server.busy', { seconds: 1 });
        options.forget(caller);
        caller = await options.authenticate(request.headers, request.ip);
        options.authorize(caller, route.may);
      }
    }
  };
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
): { format: Format; kind: BodyKind | 'file'; limit: number } {
  const kind = route.upload
    ? kindOfFile(request.sentType, route.upload)
    : route.body
      ? kindOf(request.sentType)
      : 'unnamed';
  const hasBody = route.body !== null || route.upload !== null;
  const coding = request.headers['content-encoding']?.trim().toLowerCase();
  if (hasBody && coding && coding !== 'identity')
    refuse('request.unsupported_encoding', { encoding: coding.slice(0, 50) });
  const choose = route.answer.contentType ? negotiateOrDefault : negotiate;
  const format = choose(request.headers.accept, route.prefersJson, route.answer.files);
  if (route.isStreamed) return { format, kind, limit: options.maxFileBytes };
  const limit =
    route.bodySize === 'bulk' ? options.maxBodyBytes : Math.min(SMALL_BODY_BYTES, options.maxBodyBytes);
  if (hasBody && Number(request.headers['content-length'] ?? 0) > limit)
    refuse('request.too_large', { limit });
  return { format, kind, limit };
}

const NOTHING_TAKEN: Taken = { parts: [], release: () => undefined };
const NO_INCOMING: IncomingFile = { name: null, bytes: Readable.from([]), release: () => undefined };
const NO_FILE: Upload = { bytes: Buffer.alloc(0), charset: undefined };

interface ReadBody {
  /** A value in the shape of the route's body, not yet validated. */
  readonly plain: unknown;
  readonly file: Upload;
}

async function bodyOf<Ctx>(
  route: Route<Ctx>,
  decoder: Decoder,
  request: FastifyRequest,
  kind: BodyKind | 'file',
  { parts }: Taken,
): Promise<ReadBody> {
  const contentType = request.sentType ?? '';
  if (route.isStreamed) return { plain: undefined, file: NO_FILE };
  if (kind === 'file' || (route.upload && kind === 'multipart'))
    return { plain: undefined, file: uploadOf(parts, kind, contentType) };
  if (!route.body) return { plain: undefined, file: NO_FILE };
  const { shape } = route.body;
  const plain = await decoder.decode(shape, parts, kind, contentType, route.formDefaults);
  return {
    plain: completeFromHeaders(shape, plain, route.headerMembers, request.headers),
    file: NO_FILE,
  };
}

function validateAll<Ctx>(
  route: Route<Ctx>,
  request: FastifyRequest,
  { plain, file }: ReadBody,
  format: Format,
  incoming: IncomingFile,
): Input {
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
    file,
    incoming,
    format,
    headers: Object.fromEntries(
      Object.keys(route.takesHeaders).map((name) => [name, request.headers[name.toLowerCase()]?.toString()]),
    ),
  };
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
  // A body that was not read to its end would be taken for the next request.
  if (!request.raw.complete && !isDrained(request.raw)) reply.header('connection', 'close');
  send(reply, readyRefusal(refusal, request.headers.accept, prefersJson));
}
