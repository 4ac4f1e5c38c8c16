import { createHash } from 'node:crypto';
import { type Caller, type Context, includes, reachOf, StaleRights } from '../access/index.ts';
import { listIds, Refusal, refuse } from '../kernel/errors.ts';
import { type IdSet, type Ids, toIdSet } from '../kernel/id-set.ts';
import { newId } from '../kernel/ids.ts';
import type { Database } from '../storage/index.ts';
import { findTrainings } from '../training/index.ts';
import { SmallWrites } from './batch.ts';
import { BulkWrites } from './bulk.ts';
import { LIMITS, type WriteLimits } from './limits.ts';
import { type Loaded, loadForEnrollment } from './queries.ts';
import {
  type KnownItem,
  type LearnerFaults,
  noFaults,
  objectionToTerms,
  planEnrollment,
  type RequestedTerms,
  surveyLearners,
  type Terms,
  type Wanted,
} from './rules.ts';

/** Ids resolved per statement, and looked at between two turns of the event loop. */
const LOAD_AT_ONCE = 10_000;

export interface EnrollInput {
  /** Users, in any order, repeated or not. */
  readonly learnerIds: Ids;
  /** Courses, learning tracks or materials, likewise. */
  readonly courseIds: Ids;
  readonly terms: RequestedTerms;
}

export interface Enrolled {
  readonly operationId: string;
}

interface JobFacts {
  readonly operationId: string;
  readonly caller: Caller;
  readonly source: string;
  readonly now: Date;
  readonly requestDigest: Buffer;
}

/** A request as the writers take it: ids sorted and distinct, so that any order and repetition is the same request. */
export type EnrollJob = Wanted & JobFacts;

/** The same with more learners than are looked at at once. */
export type LargeJob = Omit<Wanted, 'learnerIds'> & JobFacts & { readonly learnerIds: IdSet };

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
    const learnerIds = toIdSet(input.learnerIds);
    const items = toIdSet(input.courseIds);
    const pairs = learnerIds.length * items.length;
    if (pairs > this.#maxPairs) refuse('request.too_many_pairs', { pairs, limit: this.#maxPairs });
    const itemIds = items.slice(0, items.length);
    const job: LargeJob = {
      operationId: newId(),
      caller: ctx.caller,
      source: ctx.source,
      now: ctx.now,
      learnerIds,
      itemIds,
      terms: input.terms,
      requestDigest: await digestOf(learnerIds, itemIds, input.terms),
    };
    try {
      if (pairs <= this.#limits.smallPairs)
        await this.#small.write({ ...job, learnerIds: learnerIds.slice(0, learnerIds.length) });
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

/** SHA-256 over terms and ids, slice by slice. */
async function digestOf(
  learnerIds: IdSet,
  itemIds: readonly string[],
  terms: RequestedTerms,
): Promise<Buffer> {
  const hash = createHash('sha256').update(JSON.stringify([terms, itemIds]));
  for (let at = 0; at < learnerIds.length; at += LOAD_AT_ONCE) {
    if (at > 0) await nextTurn();
    hash.update(learnerIds.slice(at, at + LOAD_AT_ONCE).join());
  }
  return hash.digest();
}

const nextTurn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** Loads a large request in slices and judges it whole; throws the refusal. */
async function loadAndPlan(db: Database, job: LargeJob): Promise<ReadonlyMap<string, Terms>> {
  const items = new Map<string, KnownItem>();
  const faults = noFaults();
  for (let at = 0; at === 0 || at < Math.max(job.learnerIds.length, job.itemIds.length); at += LOAD_AT_ONCE) {
    const learnerIds = job.learnerIds.slice(at, at + LOAD_AT_ONCE);
    const itemIds = job.itemIds.slice(at, at + LOAD_AT_ONCE);
    const part = await db.read((tx) =>
      loadForEnrollment(tx, job.caller.accountId, learnerIds, itemIds, job.now),
    );
    if (part.rightsVersion !== job.caller.rightsVersion) throw new StaleRights();
    surveyLearners(faults, learnerIds, part.learners, reachesOf(job.caller));
    for (const [id, item] of part.items) items.set(id, item);
  }
  return planOrRefuse(job, faults, items);
}

/** The terms of each item, or the refusal of the whole request. Throws StaleRights when the caller's rights changed. */
export function judge(job: EnrollJob, loaded: Loaded): ReadonlyMap<string, Terms> {
  if (loaded.rightsVersion !== job.caller.rightsVersion) throw new StaleRights();
  const faults = noFaults();
  surveyLearners(faults, job.learnerIds, loaded.learners, reachesOf(job.caller));
  return planOrRefuse(job, faults, loaded.items);
}

function reachesOf(caller: Caller): (departmentId: string | undefined) => boolean {
  const reach = reachOf(caller, 'enrollment.write');
  return (departmentId) => reach === 'everyone' || includes(reach, departmentId);
}

function planOrRefuse(
  job: Pick<LargeJob, 'itemIds' | 'terms' | 'now'>,
  faults: LearnerFaults,
  items: ReadonlyMap<string, KnownItem>,
): ReadonlyMap<string, Terms> {
  const plan = planEnrollment(job, faults, items, job.now);
  if ('objection' in plan) throw new EnrollRefusal(plan.objection.code, plan.objection.details, job.itemIds);
  return plan.terms;
}

/** A refusal that remembers what was asked for, so that training ids can be told from unknown ones. */
class EnrollRefusal extends Refusal {
  readonly itemIds: readonly string[];
  constructor(code: Refusal['code'], details: Refusal['details'], itemIds: readonly string[]) {
    super(code, details);
    this.itemIds = itemIds;
  }
}

/** An id that is no content item may be a training: that deserves its own answer. */
async function nameTrainings(ctx: Context, error: unknown): Promise<unknown> {
  if (!(error instanceof EnrollRefusal) || error.code !== 'enrollment.unknown_course') return error;
  const ids = error.itemIds;
  const trainings = await ctx.db.read((tx) => findTrainings(tx, ctx.caller.accountId, ids));
  if (trainings.size === 0) return error;
  return new Refusal('enrollment.training', { ids: listIds(ids.filter((id) => trainings.has(id))) });
}
