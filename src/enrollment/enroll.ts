import { type Caller, type Context, includes, reachOf, StaleRights } from '../access/index.ts';
import { listIds, Refusal, refuse } from '../kernel/errors.ts';
import { type IdSet, type Ids, toIdSet } from '../kernel/id-set.ts';
import type { Database, WriteTx } from '../storage/index.ts';
import { findTrainings } from '../training/index.ts';
import { settle } from './addressed.ts';
import { SmallWrites } from './batch.ts';
import { BulkWrites } from './bulk.ts';
import { editOne, reenrollOne } from './change.ts';
import { endAll, endAllOf, judgeEnding } from './end.ts';
import { toPlanned } from './enroll-chunks.ts';
import { IDS_AT_ONCE, LIMITS, type WriteLimits } from './limits.ts';
import { type Loaded, loadForEnrollment } from './queries.ts';
import { digestOf, digestOfSet, newReceipt, type Receipt } from './receipt.ts';
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

export interface EnrollInput {
  /** Users, in any order, repeated or not. */
  readonly learnerIds: Ids;
  /** Courses, learning tracks or materials, likewise. */
  readonly courseIds: Ids;
  readonly terms: RequestedTerms;
}

/** By whom something is wanted, and when it is judged. */
interface Asked {
  readonly caller: Caller;
  readonly now: Date;
}

/** A request as the writers take it: ids sorted and distinct, so that any order and repetition is the same request. */
export type EnrollJob = Wanted & Asked & { readonly receipt: Receipt };

/** The same with more learners than are looked at at once. */
export type LargeJob = Omit<EnrollJob, 'learnerIds'> & { readonly learnerIds: IdSet };

export interface EnrollmentsOptions {
  /** Pairs a request may ask for; more is refused. */
  readonly maxPairs: number;
  readonly limits?: Partial<WriteLimits> | undefined;
  /** Told after each transaction that wrote. */
  onWritten(accountId: number): void;
}

/** The one way in: every door creates, changes and ends enrollments here. Each verb answers with its operation. */
export class Enrollments {
  readonly #small: SmallWrites;
  readonly #bulk: BulkWrites;
  readonly #maxPairs: number;
  readonly #limits: WriteLimits;
  readonly #onWritten: (accountId: number) => void;

  constructor(db: Database, options: EnrollmentsOptions) {
    this.#maxPairs = options.maxPairs;
    this.#limits = { ...LIMITS[db.engine], ...options.limits };
    this.#onWritten = options.onWritten;
    this.#small = new SmallWrites(db, this.#limits, options.onWritten);
    this.#bulk = new BulkWrites(db, this.#limits, options.onWritten);
  }

  /**
   * Enrolls every learner in every course, whole or not at all. Pairs already enrolled stay as they are.
   * Refuses 403 (scope), 400 (terms, ids, state), 413 (too many pairs); throws StaleRights.
   */
  async enroll(ctx: Context, input: EnrollInput): Promise<Receipt> {
    reachOf(ctx.caller, 'enrollment.write');
    refuseTerms(input.terms, ctx.now);
    const { terms } = input;
    const learnerIds = toIdSet(input.learnerIds);
    const items = toIdSet(input.courseIds);
    const pairs = learnerIds.length * items.length;
    if (pairs > this.#maxPairs) refuse('request.too_many_pairs', { pairs, limit: this.#maxPairs });
    const itemIds = items.slice(0, items.length);
    const digest = await digestOfSet([terms, itemIds], learnerIds);
    const receipt = newReceipt(ctx, 'enroll', digest, pairs);
    const job: LargeJob = { receipt, caller: ctx.caller, now: ctx.now, learnerIds, itemIds, terms };
    try {
      if (pairs <= this.#limits.smallPairs)
        await this.#small.write({ ...job, learnerIds: learnerIds.slice(0, learnerIds.length) });
      else {
        const planned = toPlanned(await loadAndPlan(ctx.db, job));
        await this.#bulk.write(receipt, { ids: learnerIds, items: planned }, ctx.caller.rightsVersion);
      }
    } catch (error) {
      throw await nameTrainings(ctx, error);
    }
    return receipt;
  }

  /**
   * Replaces access date, due date and lock of an enrollment, under the rules of enrolling. What was learned stays.
   * Refuses 400 (terms; an unknown id) and 403 (scope); throws StaleRights.
   */
  async edit(ctx: Context, enrollmentId: string, terms: RequestedTerms): Promise<Receipt> {
    refuseTerms(terms, ctx.now);
    const receipt = newReceipt(ctx, 'edit', digestOf([terms, enrollmentId]), 1);
    await this.#settle(ctx, () => ctx.write((tx) => editOne(tx, ctx, receipt, enrollmentId, terms)));
    return receipt;
  }

  /**
   * Archives an enrollment and creates another of the same learner in the same item, with a new id and nothing learned
   * yet. Refuses as {@link enroll} and {@link edit} do; throws StaleRights.
   */
  async reenroll(ctx: Context, enrollmentId: string, terms: RequestedTerms): Promise<Receipt> {
    refuseTerms(terms, ctx.now);
    const receipt = newReceipt(ctx, 'reenroll', digestOf([terms, enrollmentId]), 1);
    await this.#settle(ctx, () => ctx.write((tx) => reenrollOne(tx, ctx, receipt, enrollmentId, terms)));
    return receipt;
  }

  /**
   * Ends enrollments, all or none; what was learned is kept, and hidden. Refuses 400 (an unknown id) and 403 (scope);
   * throws StaleRights.
   */
  async end(ctx: Context, enrollmentIds: Ids): Promise<Receipt> {
    const ids = toIdSet(enrollmentIds);
    const receipt = newReceipt(ctx, 'delete', await digestOfSet([], ids), ids.length);
    await this.#settle(ctx, async () => {
      await judgeEnding(ctx, ids);
      if (ids.length <= this.#limits.smallPairs)
        await ctx.write((tx) => endAll(tx, receipt, ids.slice(0, ids.length)));
      else await this.#bulk.write(receipt, { ids, items: [] }, ctx.caller.rightsVersion);
    });
    return receipt;
  }

  /** Ends whatever these learners have, in the transaction that removes them. */
  async endOf(tx: WriteTx, ctx: Context, learnerIds: readonly string[]): Promise<void> {
    await endAllOf(tx, ctx, learnerIds);
    this.#onWritten(ctx.caller.accountId);
  }

  async #settle(ctx: Context, work: () => Promise<void>): Promise<void> {
    await settle(work);
    this.#onWritten(ctx.caller.accountId);
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

function refuseTerms(terms: RequestedTerms, now: Date): void {
  const objection = objectionToTerms(terms, now);
  if (objection) refuse(objection.code, objection.details);
}

/** Loads a large request in slices and judges it whole; throws the refusal. */
async function loadAndPlan(db: Database, job: LargeJob): Promise<ReadonlyMap<string, Terms>> {
  const items = new Map<string, KnownItem>();
  const faults = noFaults();
  for (let at = 0; at === 0 || at < Math.max(job.learnerIds.length, job.itemIds.length); at += IDS_AT_ONCE) {
    const learnerIds = job.learnerIds.slice(at, at + IDS_AT_ONCE);
    const itemIds = job.itemIds.slice(at, at + IDS_AT_ONCE);
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
export function judge(job: Wanted & Asked, loaded: Loaded): ReadonlyMap<string, Terms> {
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
