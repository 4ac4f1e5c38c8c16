import type { FastifyInstance } from 'fastify';
import {
  Authenticator,
  type Caller,
  type Context,
  createContext,
  type Permission,
  Sessions,
  StaleRights,
} from './access/index.ts';
import { type Config, DEFAULT_FILE_BYTES, DEFAULT_RETENTION_DAYS, type MailConfig } from './config.ts';
import { Enrollments, type WriteLimits } from './enrollment/index.ts';
import { EventRetention, FeedWatch, FORGET_EVENTS } from './feed/index.ts';
import { PURGE_FILE, purgeFile } from './files/index.ts';
import { mountPages } from './http/page.ts';
import type { RequestFacts } from './http/pipeline.ts';
import { buildServer } from './http/server.ts';
import {
  countDead,
  countJobs,
  type Ending,
  type Job,
  JobFailure,
  type JobHandlers,
  JobRunner,
  reasonOf,
} from './jobs/index.ts';
import { refuse } from './kernel/errors.ts';
import { DEFAULT_MAX_AGE_HOURS, MAIL_JOB, type MailOptions, MailSender } from './mail/index.ts';
import { Metrics } from './metrics.ts';
import { holds, Notifier, planNotices } from './notices/index.ts';
import { OpenIdSignIn, Providers } from './openid/index.ts';
import { BackgroundSealer } from './operations/index.ts';
import { Outbound, type OutboundOptions } from './outbound/index.ts';
import { PASSWORD_ASKED, passwordAsked, SEATS_FREED } from './people/index.ts';
import { Portal } from './portal/index.ts';
import { retries } from './retries/index.ts';
import { allRoutes } from './routes.ts';
import type { Database } from './storage/index.ts';
import { seatsFreed } from './training/index.ts';
import { Courier, countSubscribers, countWaiting, Dispatcher, toldToAll } from './webhooks/index.ts';

/** The program, wired: the only place that knows every module. */
export interface App {
  readonly server: FastifyInstance;
  readonly enrollments: Enrollments;
  readonly dispatcher: Dispatcher;
  readonly jobs: JobRunner;
  readonly retention: EventRetention;
  readonly mail: MailSender;
  readonly notifier: Notifier;
  readonly db: Database;
  /** Finishes what was begun, then lets go. The database stays open. */
  stop(): Promise<void>;
}

export type AppConfig = Pick<Config, 'logLevel' | 'maxBodyBytes' | 'maxPairs'> &
  OutboundOptions & {
    readonly version: string;
    readonly limits?: Partial<WriteLimits>;
    readonly eventRetentionDays?: number;
    readonly maxFileBytes?: number;
    readonly contentUrl?: string | null;
    /** With another opinion on what still holds, if it has one. */
    readonly mail?: MailConfig & Partial<Pick<MailOptions, 'holds'>>;
  };

const NO_MAIL: MailConfig = { target: null, connections: 1, maxAgeHours: DEFAULT_MAX_AGE_HOURS };

export async function buildApp(
  db: Database,
  config: AppConfig,
  clock: () => Date = () => new Date(),
): Promise<App> {
  const sealer = new BackgroundSealer(db);
  const watch = new FeedWatch(db);
  const enrollments = new Enrollments(db, {
    maxPairs: config.maxPairs,
    limits: config.limits,
    onWritten: (accountId) => {
      sealer.note(accountId);
      watch.note(accountId);
    },
    countSubscribers,
    planNotices,
  });
  const courier = new Courier(config);
  const days = config.eventRetentionDays ?? DEFAULT_RETENTION_DAYS;
  const retention = new EventRetention(db, { days, told: toldToAll }, clock);
  const metrics = new Metrics();
  const dispatcher = new Dispatcher(db, courier, clock, (outcome) => metrics.observeDelivery(outcome));
  const mail: MailSender = new MailSender(
    db,
    {
      holds,
      ...(config.mail ?? NO_MAIL),
      observer: metrics,
      log: (facts, text) => server.log.warn(facts, text),
    },
    clock,
  );
  metrics.watchMail(mail);
  const notifier = new Notifier(db, { maxAgeHours: mail.maxAgeHours }, clock);
  const authenticator = new Authenticator(db, clock);
  const contentUrl = config.contentUrl ?? null;
  const providers = new Providers(new Outbound(config), clock);
  const server = await buildServer<Caller, Context>(
    allRoutes(authenticator, enrollments, courier, watch, mail, providers),
    {
      authenticate: (headers, remoteAddress) => authenticator.authenticate(headers, remoteAddress),
      authorize,
      context: (caller, request) => contextOf(db, caller, request),
      isStale: (error) => error instanceof StaleRights,
      forget: (caller) => authenticator.forget(caller),
      retries,
      clock,
      maxBodyBytes: config.maxBodyBytes,
      maxFileBytes: config.maxFileBytes ?? DEFAULT_FILE_BYTES,
      contentHost: contentUrl && new URL(contentUrl).host,
      observe: (route, status, stages) => metrics.observe(route.operationId, status, stages),
      logLevel: config.logLevel,
      version: config.version,
    },
  );
  const sessions = new Sessions(db, authenticator, clock);
  const log = (facts: object, text: string) => server.log.warn(facts, text);
  const openId = new OpenIdSignIn({ db, sessions, providers, clock, log });
  const portal = new Portal({ db, sessions, openId, enrollments, mail, contentUrl, clock });
  mountPages(server, portal.routes, (request, error) => portal.failed(request, error));
  const jobs = new JobRunner(db, jobHandlers(mail, notifier, retention), clock, {
    observe: (job, ending, error) => {
      metrics.observeJob(job.kind, ending);
      logEnding(server, job, ending, error);
    },
  });
  addOperatorRoutes(server, { db, metrics, enrollments, mail, clock });
  await server.ready();
  return {
    server,
    enrollments,
    dispatcher,
    jobs,
    retention,
    mail,
    notifier,
    db,
    stop: async () => {
      // First: whoever waits for events keeps the server from closing.
      await watch.stop();
      const closing = server.close();
      mail.stop();
      await Promise.all([enrollments, dispatcher, notifier, retention, jobs].map((part) => part.stop()));
      mail.close();
      await closing;
      await sealer.stop();
    },
  };
}

/** What is done later: who does it, by the kind of job. */
const jobHandlers = (mail: MailSender, notifier: Notifier, retention: EventRetention): JobHandlers => ({
  ...notifier.handlers,
  [MAIL_JOB]: mail.handler,
  [FORGET_EVENTS]: retention.handler,
  [SEATS_FREED]: seatsFreed,
  [PASSWORD_ASKED]: passwordAsked,
  [PURGE_FILE]: purgeFile,
});

/** Somebody must act on a dead job; one that is tried again may yet do. */
function logEnding({ log }: FastifyInstance, job: Job, ending: Ending, error: unknown): void {
  if (ending === 'done' || ending === 'postponed') return;
  const { kind, jobId, accountId, attempt } = job;
  // Where a failure has no words of ours, its own are needed to find the bug.
  const err = error instanceof JobFailure ? {} : { err: error };
  const entry = { kind, jobId, accountId, attempt, reason: reasonOf(error), ...err };
  if (ending === 'dead') log.error(entry, 'a job is dead');
  else log.warn(entry, `an attempt at a job ${ending === 'lost' ? 'was lost' : 'failed'}`);
}

/** Plan first, then role: what a route asks for is a permission, to be an administrator, or no more than to be known. */
function authorize(caller: Caller, may: string): void {
  if (caller.plan === 'starter') refuse('auth.plan');
  if (may === 'caller') return;
  const isAllowed = may === 'administrator' ? caller.isAdministrator : caller.reach.has(may as Permission);
  if (!isAllowed) refuse('auth.role');
}

function contextOf(db: Database, caller: Caller | null, request: RequestFacts<Context>): Context {
  const header = (name: string): string | null => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : null;
  };
  return createContext({
    db,
    now: request.now,
    // Public routes have no caller, and ask nothing that needs one.
    caller: caller as Caller,
    requestId: request.id,
    source: 'api',
    locale: header('x-target-locale'),
    wantsObject: /^(true|1)$/i.test(header('x-return-object') ?? ''),
    preferences: request.preferences,
    live: request.live,
  });
}

interface Operated {
  readonly db: Database;
  readonly metrics: Metrics;
  readonly enrollments: Enrollments;
  readonly mail: MailSender;
  readonly clock: () => Date;
}

/** For whoever runs the server: alive, ready, measured. */
function addOperatorRoutes(
  server: FastifyInstance,
  { db, metrics, enrollments, mail, clock }: Operated,
): void {
  server.get('/healthz', async () => ({ status: 'alive' }));
  server.get('/readyz', async (_request, reply) => {
    try {
      await db.ping();
      // What a crash left behind is written while others are served; this says when it is done.
      const unfinishedOperations = await enrollments.pending();
      const deadJobs = await db.read(countDead);
      return { status: 'ready', unfinishedOperations, deadJobs, mailServer: mail.server };
    } catch {
      return reply.code(503).send({ status: 'database does not answer' });
    }
  });
  server.get('/metrics', async (request, reply) => {
    if (!/^(127\.|::1$|::ffff:127\.)/.test(request.ip))
      return reply.code(403).send({ status: 'loopback only' });
    const now = clock();
    metrics.setJobs(await db.read((tx) => countJobs(tx, now)).catch(() => []), now);
    metrics.setWebhooks(await db.read(countWaiting).catch(() => null), now);
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}
