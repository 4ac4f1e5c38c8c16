import type { Database, WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import {
  afterFailure,
  afterLoss,
  allot,
  type Backoff,
  JobFailure,
  LOST,
  Postpone,
  reasonOf,
} from './rules.ts';

/** How often this process looks for jobs that are due. */
const LOOK_EVERY_MS = 1_000;
/** Queues of one look; where there are more, the next goes on with those after them. */
const QUEUES_AT_ONCE = 2_000;
/** How long an attempt may take, unless its handler says otherwise. */
const ATTEMPT_MS = 20_000;
/** A lease holds so much longer than its attempt may take: time to write down what became of it. */
const LEASE_MARGIN_MS = 10_000;
/** A stop waits so long for attempts under way before it breaks them off; the server has ten seconds in all. */
const STOP_AFTER_MS = 6_000;
/** So often a due queue is passed over because somebody has its jobs locked; then it is waited for. */
const PASSED_OVER_AT_MOST = 2;
/** A postponed job is not looked at again and again. */
const SHORTEST_POSTPONEMENT_MS = 1_000;

/** A job as its handler sees it. */
export type Job = Pick<
  queries.TakenJob,
  'accountId' | 'jobId' | 'kind' | 'key' | 'payload' | 'runAt' | 'createdAt' | 'attempt'
>;

interface Terms {
  /** Of this kind at the same time in this process. */
  readonly concurrency: number;
  /** Attempts that fail or never come back; then the job is dead. */
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly timeoutMs?: number;
}

/** Work in the database: its effects are committed with the end of the job, exactly once. */
export interface TransactionHandler extends Terms {
  runIn(tx: WriteTx, job: Job, now: Date): Promise<void>;
}

/** What is written of an outside effect, in the transaction that ends the job; null for nothing. */
export type Recording = (tx: WriteTx) => Promise<void>;

/**
 * Work outside the database (HTTP, SMTP), while no transaction is held. It happens at least once: a process that dies
 * after it and before its recording leaves a job that is run again, so it must bear repetition.
 */
export interface OutsideHandler extends Terms {
  /** `signal` is aborted when the attempt takes too long, and when the server stops. */
  run(job: Job, context: { readonly now: Date; readonly signal: AbortSignal }): Promise<Recording | null>;
}

/**
 * How a kind of job is done. What is thrown is a failure, and tried again later; `JobFailure` says why in words, and
 * whether trying again is of use; `Postpone` says when to come back, which is no failure.
 */
export type JobHandler = TransactionHandler | OutsideHandler;
export type JobHandlers = Readonly<Record<string, JobHandler>>;

/** What became of an attempt. */
export type Ending = 'done' | 'failed' | 'dead' | 'postponed' | 'lost';

export interface JobRunnerOptions {
  /** Told of every attempt that ended, with what was thrown. */
  readonly observe?: ((job: Job, ending: Ending, error?: unknown) => void) | undefined;
  readonly queuesAtOnce?: number | undefined;
  readonly leaseMarginMs?: number | undefined;
  readonly stopAfterMs?: number | undefined;
  /** Draws from [0, 1). */
  readonly random?: (() => number) | undefined;
}

const OVERTAKEN = 'somebody else took the job meanwhile';
const STOPPING = Symbol('the server stops');
const TOO_LONG = Symbol('the attempt takes too long');

/**
 * Runs jobs that are due: each by one process at a time, under a lease with an epoch. What fails is tried again later;
 * what fails for good is kept, for somebody to look at.
 */
export class JobRunner {
  readonly #db: Database;
  readonly #handlers: JobHandlers;
  readonly #clock: () => Date;
  readonly #options: JobRunnerOptions;
  readonly #running = new Map<Promise<void>, Job>();
  /** Outside attempts under way, to be broken off. */
  readonly #attempts = new Set<AbortController>();
  /** By kind the account that was served last, so that all have their turn. */
  readonly #lastServed = new Map<string, number>();
  /**
   * How often in a row a due queue gave nothing: whoever asks for a key that waits has its job locked until they commit,
   * and where somebody always does, it would never be taken.
   */
  readonly #passedOver = new Map<string, number>();
  /** Where the next look begins; null: with the first queue. */
  #place: queries.Queue | null = null;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<number> | undefined;
  #isStopping = false;

  constructor(db: Database, handlers: JobHandlers, clock: () => Date, options: JobRunnerOptions = {}) {
    this.#db = db;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#options = options;
  }

  /** Looks now and from time to time. */
  start(): void {
    this.#timer ??= setInterval(() => this.#lookSoon(), LOOK_EVERY_MS).unref();
    this.#lookSoon();
  }

  /** Runs what is due until nothing is. */
  async round(): Promise<void> {
    let begun = 0;
    for (;;) {
      begun += await this.#look();
      await Promise.all(this.#running.keys());
      if (this.#place !== null) continue;
      if (begun === 0) return;
      begun = 0;
    }
  }

  /** Ends the attempts under way, begins no other; what takes long is broken off and counts for nothing. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#looking?.catch(() => undefined);
    const timer = setTimeout(() => {
      for (const attempt of this.#attempts) attempt.abort(STOPPING);
    }, this.#options.stopAfterMs ?? STOP_AFTER_MS);
    await Promise.all(this.#running.keys());
    clearTimeout(timer);
  }

  #lookSoon(): void {
    // What fails here is the database: the next look finds the same.
    if (!this.#looking) void this.#look().catch(() => undefined);
  }

  /** Takes what there is room for; how many were begun. */
  #look(): Promise<number> {
    this.#looking ??= this.#takeDue().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #takeDue(): Promise<number> {
    const free = new Map(
      Object.entries(this.#handlers)
        .map(([kind, { concurrency }]) => [kind, concurrency - this.#idsOf(kind).length] as const)
        .filter(([, places]) => places > 0),
    );
    if (this.#isStopping || free.size === 0) return 0;
    const { due, next } = await this.#db.read((tx) =>
      queries.dueQueues(tx, [...free.keys()], {
        now: this.#clock(),
        after: this.#place,
        limit: this.#options.queuesAtOnce ?? QUEUES_AT_ONCE,
      }),
    );
    this.#place = next;
    let begun = 0;
    for (const [kind, places] of free) {
      const accountIds = due.filter((queue) => queue.kind === kind).map(({ accountId }) => accountId);
      for (const share of allot(accountIds, places, this.#lastServed.get(kind) ?? 0)) {
        if (this.#isStopping) return begun;
        this.#lastServed.set(kind, share.accountId);
        begun += await this.#takeFrom({ accountId: share.accountId, kind }, share.places);
      }
    }
    return begun;
  }

  async #takeFrom(queue: queries.Queue, places: number): Promise<number> {
    const handler = this.#handlers[queue.kind];
    if (!handler) return 0;
    const name = `${queue.accountId} ${queue.kind}`;
    const passedOver = this.#passedOver.get(name) ?? 0;
    const except = this.#idsOf(queue.kind);
    const taken = await this.#db.write((tx) => {
      const now = this.#clock();
      const leaseMs = attemptMs(handler) + (this.#options.leaseMarginMs ?? LEASE_MARGIN_MS);
      const leaseUntil = new Date(now.getTime() + leaseMs);
      const isPatient = passedOver >= PASSED_OVER_AT_MOST;
      return queries.take(tx, queue, { now, leaseUntil, limit: places, except, isPatient });
    });
    if (taken.length > 0) this.#passedOver.delete(name);
    else this.#passedOver.set(name, passedOver + 1);
    for (const job of taken) {
      // What fails here is the database: the lease runs out, and the attempt counts as lost.
      const running = this.#serve(job, handler)
        .catch(() => undefined)
        .finally(() => this.#leave(running));
      this.#running.set(running, job);
    }
    return taken.length;
  }

  #idsOf(kind: string): string[] {
    return [...this.#running.values()].filter((job) => job.kind === kind).map(({ jobId }) => jobId);
  }

  /** A place is free: looks at once when half of them are, so that jobs are taken several at a time. */
  #leave(running: Promise<void>): void {
    const kind = this.#running.get(running)?.kind ?? '';
    this.#running.delete(running);
    const { concurrency = 0 } = this.#handlers[kind] ?? {};
    if (this.#timer && !this.#isStopping && this.#idsOf(kind).length <= concurrency / 2) this.#lookSoon();
  }

  async #serve(job: queries.TakenJob, handler: JobHandler): Promise<void> {
    if (job.isLost) return this.#recordLoss(job, handler);
    try {
      const isDone =
        'runIn' in handler ? await this.#runIn(job, handler) : await this.#runOutside(job, handler);
      if (isDone) this.#options.observe?.(job, 'done');
      else this.#options.observe?.(job, 'lost', new JobFailure(OVERTAKEN));
    } catch (error) {
      await this.#recordThrown(job, handler, error);
    }
  }

  /** The job goes first: that locks it, so that nobody takes it while the handler writes, however long that takes. */
  #runIn(job: queries.TakenJob, handler: TransactionHandler): Promise<boolean> {
    return this.#db.write(async (tx) => {
      const isMine = await queries.finish(tx, job);
      if (isMine) await handler.runIn(tx, job, this.#clock());
      return isMine;
    });
  }

  async #runOutside(job: queries.TakenJob, handler: OutsideHandler): Promise<boolean> {
    const recording = await this.#within(attemptMs(handler), (signal) =>
      handler.run(job, { now: this.#clock(), signal }),
    );
    return this.#db.write(async (tx) => {
      const isMine = await queries.finish(tx, job);
      if (isMine) await recording?.(tx);
      return isMine;
    });
  }

  /** What the work resolves to; throws when it takes too long or the server stops, whether or not it minds the signal. */
  async #within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const attempt = new AbortController();
    const { signal } = attempt;
    this.#attempts.add(attempt);
    const timer = setTimeout(() => attempt.abort(TOO_LONG), ms);
    try {
      return await new Promise<T>((done, fail) => {
        signal.addEventListener('abort', () => fail(signal.reason), { once: true });
        work(signal).then(done, (error: unknown) => fail(signal.aborted ? signal.reason : error));
      });
    } finally {
      clearTimeout(timer);
      this.#attempts.delete(attempt);
    }
  }

  async #recordThrown(job: queries.TakenJob, handler: JobHandler, error: unknown): Promise<void> {
    const now = this.#clock();
    if (error === STOPPING || error instanceof Postpone) {
      const runAt =
        error instanceof Postpone
          ? new Date(Math.max(error.until.getTime(), now.getTime() + SHORTEST_POSTPONEMENT_MS))
          : null;
      await this.#db.write((tx) => queries.giveBack(tx, job, runAt));
      this.#options.observe?.(job, 'postponed');
      return;
    }
    const isFinal = error instanceof JobFailure && error.isFinal;
    const retryAt = isFinal ? null : afterFailure(job.attempt, handler, now);
    const reason = error === TOO_LONG ? `no end within ${attemptMs(handler) / 1000} s` : reasonOf(error);
    const isMine = await this.#db.write((tx) => queries.recordFailure(tx, job, { retryAt, reason, now }));
    this.#options.observe?.(job, isMine ? (retryAt ? 'failed' : 'dead') : 'lost', error);
  }

  async #recordLoss(job: queries.TakenJob, handler: JobHandler): Promise<void> {
    const now = this.#clock();
    const retryAt = afterLoss(job.attempt, handler, now, (this.#options.random ?? Math.random)());
    const failure = { retryAt, reason: LOST, now };
    const isMine = await this.#db.write((tx) => queries.recordFailure(tx, job, failure));
    if (isMine) this.#options.observe?.(job, retryAt ? 'lost' : 'dead', new JobFailure(LOST));
  }
}

const attemptMs = ({ timeoutMs = ATTEMPT_MS }: JobHandler): number => timeoutMs;
