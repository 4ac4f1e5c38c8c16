import { createHash } from 'node:crypto';
import { type Caller, type Context, includes, reachOf, StaleRights } from '../access/index.ts';
import { listIds, Refusal, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { Database } from '../storage/index.ts';
import { findTrainings } from '../training/index.ts';
import { SmallWrites } from './batch.ts';
import { BulkWrites } from './bulk.ts';
import { LIMITS, type WriteLimits } from './limits.ts';
import { type Loaded, loadForEnrollment } from './queries.ts';
import {
  objectionToTerms,
  type Plan,
  planEnrollment,
  type RequestedTerms,
  type Terms,
  type Wanted,
} from './rules.ts';

/** Ids resolved per statement. */
const LOAD_AT_ONCE = 20_000;

export interface EnrollInput {
  /** Users, in any order, repeated or not. */
  readonly learnerIds: readonly string[];
  /** Courses, learning tracks or materials, likewise. */
  readonly courseIds: readonly string[];
  readonly terms: RequestedTerms;
}

export interface Enrolled {
  readonly operationId: string;
}

/** A request as the writers take it: ids sorted and distinct, so that any order and repetition is the same request. */
export interface EnrollJob extends Wanted {
  readonly operationId: string;
  readonly caller: Caller;
  readonly source: string;
  readonly now: Date;
  readonly requestDigest: Buffer;
}

const distinct = (ids: readonly string[]): string[] => [...new Set(ids)].sort();

export interface EnrollmentsOptions {
  /** Pairs a request may ask for; more is refused. */
  readonly maxPairs: number;
  readonly limits?: Partial<WriteLimits> | undefined;
  /** Told after each transaction that wrote. */
  onWritten(accountId: number): void;
}

/** The one way in for new enrollments: every door calls {@link Enrollments.enroll}. */
export class Enrollments {
  readonly #small: SmallWrites;
  readonly #bulk: BulkWrites;
  readonly #maxPairs: number;
  readonly #limits: WriteLimits;

  constructor(db: Database, options: EnrollmentsOptions) {
    this.#maxPairs = options.maxPairs;
    this.#limits = { ...LIMITS[db.engine], ...options.limits };
    this.#small = new SmallWrites(db, this.#limits, options.onWritten);
    this.#bulk = new BulkWrites(db, this.#limits, options.onWritten);
  }

  /**
   * Enrolls every learner in every course, whole or not at all. Pairs already enrolled stay as they are.
   * Refuses 403 (scope), 400 (terms, ids, state), 413 (too many pairs); throws StaleRights.
   */
  async enroll(ctx: Context, input: EnrollInput): Promise<Enrolled> {
    reachOf(ctx.caller, 'enrollment.write');
    const objection = objectionToTerms(input.terms, ctx.now);
    if (objection) refuse(objection.code, objection.details);
    const learnerIds = distinct(input.learnerIds);
    const itemIds = distinct(input.courseIds);
    const pairs = learnerIds.length * itemIds.length;
    if (pairs > this.#maxPairs) refuse('request.too_many_pairs', { pairs, limit: this.#maxPairs });
    const job: EnrollJob = {
      operationId: newId(),
      caller: ctx.caller,
      source: ctx.source,
      now: ctx.now,
      learnerIds,
      itemIds,
      terms: input.terms,
      requestDigest: digestOf(learnerIds, itemIds, input.terms),
    };
    try {
      if (pairs <= this.#limits.smallPairs) await this.#small.write(job);
      else await this.#bulk.write(job, await loadAndPlan(ctx.db, job));
    } catch (error) {
      throw await nameTrainings(ctx, error);
    }
    return { operationId: job.operationId };
  }

  /** How many accepted operations of all accounts are not complete yet. */
  pending(): Promise<number> {
    return this.#bulk.pending();
  }

  /** Takes up what a crash or a stop left accepted but unwritten; then looks again from time to time. */
  resume(): Promise<void> {
    return this.#bulk.resume();
  }

  /** Lets small requests and the current chunk finish, and refuses new ones. */
  async stop(): Promise<void> {
    await Promise.all([this.#small.stop(), this.#bulk.stop()]);
  }
}

function digestOf(learnerIds: readonly string[], itemIds: readonly string[], terms: RequestedTerms): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([terms, itemIds, learnerIds]))
    .digest();
}

/** Loads a large request in slices and judges it whole; throws the refusal. */
async function loadAndPlan(db: Database, job: EnrollJob): Promise<ReadonlyMap<string, Terms>> {
  const loaded: Loaded = { rightsVersion: job.caller.rightsVersion, learners: new Map(), items: new Map() };
  for (let at = 0; at === 0 || at < Math.max(job.learnerIds.length, job.itemIds.length); at += LOAD_AT_ONCE) {
    const learnerIds = job.learnerIds.slice(at, at + LOAD_AT_ONCE);
    const itemIds = job.itemIds.slice(at, at + LOAD_AT_ONCE);
    const part = await db.read((tx) =>
      loadForEnrollment(tx, job.caller.accountId, learnerIds, itemIds, job.now),
    );
    if (part.rightsVersion !== job.caller.rightsVersion) throw new StaleRights();
    for (const [id, learner] of part.learners) loaded.learners.set(id, learner);
    for (const [id, item] of part.items) loaded.items.set(id, item);
  }
  return judge(job, loaded);
}

/** The terms of each item, or the refusal of the whole request. Throws StaleRights when the caller's rights changed. */
export function judge(job: EnrollJob, loaded: Loaded): ReadonlyMap<string, Terms> {
  if (loaded.rightsVersion !== job.caller.rightsVersion) throw new StaleRights();
  const reach = reachOf(job.caller, 'enrollment.write');
  const plan: Plan = planEnrollment(
    job,
    { ...loaded, reaches: (departmentId) => reach === 'everyone' || includes(reach, departmentId) },
    job.now,
  );
  if ('objection' in plan) throw new EnrollRefusal(plan.objection.code, plan.objection.details, job);
  return plan.terms;
}

/** A refusal that remembers the request, so that training ids can be told from unknown ones. */
class EnrollRefusal extends Refusal {
  readonly job: EnrollJob;
  constructor(code: Refusal['code'], details: Refusal['details'], job: EnrollJob) {
    super(code, details);
    this.job = job;
  }
}

/** An id that is no content item may be a training: that deserves its own answer. */
async function nameTrainings(ctx: Context, error: unknown): Promise<unknown> {
  if (!(error instanceof EnrollRefusal) || error.code !== 'enrollment.unknown_course') return error;
  const ids = error.job.itemIds;
  const trainings = await ctx.db.read((tx) => findTrainings(tx, ctx.caller.accountId, ids));
  if (trainings.size === 0) return error;
  return new Refusal('enrollment.training', { ids: listIds(ids.filter((id) => trainings.has(id))) });
}
