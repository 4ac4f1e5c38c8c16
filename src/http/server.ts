import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { Refusal } from '../kernel/errors.ts';
import { Decoder } from './decoder.ts';
import { addDocs } from './docs.ts';
import { CONTENT_TYPE } from './encode.ts';
import { toOpenApi } from './openapi.ts';
import { answer, type PipelineOptions, sendError } from './pipeline.ts';
import { renderRefusal } from './refusal.ts';
import type { Route } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Content-Type as it was sent; the framework is kept from judging it before the caller is known. */
    sentType: string | undefined;
  }
}

/** Every route answers under each of these: programs for the vendor's hosts use all four. */
export const PREFIXES = ['', '/api/v2', '/api/v3', '/index.php/api/v2'] as const;

/** For a large file over a slow line. Other bodies have less time (body.ts), and headers a minute. */
const REQUEST_TIMEOUT_MS = 2 * 3_600_000;
const KEEP_ALIVE_MS = 72_000;
const MAX_PARAMETER_LENGTH = 500;
/** A request that was on its way when a stop began comes within that. */
const DROP_SILENT_AFTER_MS = 1_000;
const CLOSE_IDLE_EVERY_MS = 100;
/** Where what users upload is found on a host of its own. */
export const CONTENT_PATH = '/file/';

export interface ServerOptions<Caller, Ctx> extends Omit<PipelineOptions<Caller, Ctx>, 'decoder'> {
  readonly logLevel: string;
  readonly version: string;
  /** The host of what users upload: nothing else is answered there. */
  readonly contentHost: string | null;
}

/** A request in the log, whoever logs it, is the pattern of its route: an address may have a secret in it. */
export const LOGGED = {
  req: (request: FastifyRequest) => ({ method: request.method, route: request.routeOptions.url ?? null }),
};

/** The HTTP server over a table of routes. */
export async function buildServer<Caller, Ctx>(
  routes: readonly Route<Ctx>[],
  options: ServerOptions<Caller, Ctx>,
): Promise<FastifyInstance> {
  const app = Fastify({
    logger: options.logLevel === 'silent' ? false : { level: options.logLevel, serializers: LOGGED },
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    genReqId: () => randomUUID(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAMETER_LENGTH },
    frameworkErrors: (error, request, reply) => frameworkError(error, request, reply as FastifyReply),
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(rawBadRequest());
    },
  });
  dropSilentConnections(app);
  // Bodies are read by the pipeline, after the caller is known.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.decorateRequest('sentType', undefined);
  app.addHook('onRequest', async (request, reply) => {
    request.sentType = request.headers['content-type'];
    delete request.raw.headers['content-type'];
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    if (options.contentHost === request.headers.host?.toLowerCase() && !request.url.startsWith(CONTENT_PATH))
      throw new Refusal('request.no_such_endpoint', {
        method: request.method,
        path: request.url.slice(0, 200),
      });
  });
  app.setErrorHandler((error, request, reply) => frameworkError(error, request, reply));
  const decoder = new Decoder();
  app.addHook('onClose', () => decoder.close());
  for (const prefix of PREFIXES) mount(app, prefix, routes, { ...options, decoder });
  app.setNotFoundHandler((request, reply) => notFound(routes, request, reply));
  await addDocs(app, toOpenApi(routes, { version: options.version, title: 'Rollbook' }));
  return app;
}

/**
 * A stop waits for no connection that nobody uses: those that fall idle meanwhile, and those on which nothing was ever
 * asked. Clients open spare ones, and Node would wait more than a minute for their first headers.
 */
function dropSilentConnections(app: FastifyInstance): void {
  const silent = new Set<Socket>();
  app.server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  app.server.on('request', ({ socket }) => silent.delete(socket));
  let idle: NodeJS.Timeout | undefined;
  let late: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    idle = setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS).unref();
    late = setTimeout(() => {
      for (const socket of silent) socket.destroy();
    }, DROP_SILENT_AFTER_MS).unref();
  });
  app.addHook('onClose', async () => {
    clearInterval(idle);
    clearTimeout(late);
  });
}

function mount<Caller, Ctx>(
  app: FastifyInstance,
  prefix: string,
  routes: readonly Route<Ctx>[],
  options: PipelineOptions<Caller, Ctx>,
): void {
  // Clients probe the root of the API with HEAD.
  if (prefix !== '')
    app.route({
      method: ['GET', 'HEAD'],
      url: prefix,
      handler: async (_request, reply) => reply.code(204).send(),
    });
  for (const route of routes) {
    app.route({
      method: route.method,
      url: prefix + route.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => {
        void answer(route, options, request, reply);
        return reply;
      },
    });
  }
}

const withoutPrefix = (url: string): string => {
  const path = (url.split('?')[0] ?? '').replace(/\/+$/, '');
  const prefix =
    [...PREFIXES].reverse().find((candidate) => candidate !== '' && path.startsWith(`${candidate}/`)) ?? '';
  return path.slice(prefix.length);
};

/** 405 with Allow where the path exists with another method, else 404. */
function notFound<Ctx>(routes: readonly Route<Ctx>[], request: FastifyRequest, reply: FastifyReply): void {
  const path = withoutPrefix(request.url);
  const methods = routes
    .filter((route) => new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path))
    .map((route) => route.method);
  const details = { method: request.method, path: request.url.slice(0, 200) };
  const refusal =
    methods.length > 0
      ? new Refusal('request.method_not_allowed', { ...details, allow: [...new Set(methods)].join(', ') })
      : new Refusal('request.no_such_endpoint', details);
  sendError(request, reply, refusal, request.log);
}

/** What the framework refuses before or outside the pipeline: a broken URL, a media type it cannot parse. */
function frameworkError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  const isTheirs = status >= 400 && status < 500;
  const detail = error instanceof Error ? error.message : 'cannot be read';
  sendError(
    request,
    reply,
    isTheirs ? new Refusal('request.invalid', { field: 'request', detail }) : error,
    request.log,
  );
}

function rawBadRequest(): string {
  const refusal = new Refusal('request.invalid', {
    field: 'request',
    detail: 'is not HTTP that this server reads',
  });
  const { body } = renderRefusal(refusal, 'xml', false);
  return `HTTP/1.1 400 Bad Request\r\ncontent-type: ${CONTENT_TYPE.xml}\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
