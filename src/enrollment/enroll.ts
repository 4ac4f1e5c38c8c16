import { type Caller, type Context, includes, reachOf, StaleRights } from '../access/index.ts';
import { listIds, Refusal, refuse } from '../kernel/errors.ts';
import type { Database, WriteTx } from '../storage/index.ts';
import { findTrainings } from '../training/index.ts';
import { settle } from './addressed.ts';
import { SmallWrites } from './batch.ts';
import { BulkWrites } from './bulk.ts';
import { editOne, reenrollOne } from './change.ts';
import { endAll, endAllOf, judgeEnding } from './end.ts';
import { toPlanned } from './enroll-chunks.ts';
import { LIMITS, type WriteLimits } from './limits.ts';
import { type Loaded, loadForEnrollment } from './queries.ts';
import { newReceipt, type Receipt } from './receipt.ts';
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

/** What is wanted, by whom, and when it is judged. */
export interface Judged extends Wanted {
  readonly caller: Caller;
  readonly now: Date;
}

/** A request as the writers take it: ids sorted and distinct, so that any order and repetition is the same request. */
export interface EnrollJob extends Judged {
  readonly receipt: Receipt;
}

const distinct = (ids: readonly string[]): string[] => [...new Set(ids)].sort();

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
    const learnerIds = distinct(input.learnerIds);
    const itemIds = distinct(input.courseIds);
    const pairs = learnerIds.length * itemIds.length;
    if (pairs > this.#maxPairs) refuse('request.too_many_pairs', { pairs, limit: this.#maxPairs });
    const receipt = newReceipt(ctx, 'enroll', [terms, itemIds, learnerIds], pairs);
    const job: EnrollJob = { receipt, caller: ctx.caller, now: ctx.now, learnerIds, itemIds, terms };
    try {
      if (pairs <= this.#limits.smallPairs) await this.#small.write(job);
      else {
        const items = toPlanned(await loadAndPlan(ctx.db, job));
        await this.#bulk.write(receipt, { ids: learnerIds, items }, ctx.caller.rightsVersion);
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
  edit(ctx: Context, enrollmentId: string, terms: RequestedTerms): Promise<Receipt> {
    refuseTerms(terms, ctx.now);
    const receipt = newReceipt(ctx, 'edit', [terms, enrollmentId], 1);
    return this.#change(ctx, receipt, (tx) => editOne(tx, ctx, receipt, enrollmentId, terms));
  }

  /**
   * Archives an enrollment and creates another of the same learner in the same item, with a new id and nothing learned
   * yet. Refuses as {@link enroll} and {@link edit} do; throws StaleRights.
   */
  reenroll(ctx: Context, enrollmentId: string, terms: RequestedTerms): Promise<Receipt> {
    refuseTerms(terms, ctx.now);
    const receipt = newReceipt(ctx, 'reenroll', [terms, enrollmentId], 1);
    return this.#change(ctx, receipt, (tx) => reenrollOne(tx, ctx, receipt, enrollmentId, terms));
  }

  /**
   * Ends enrollments, all or none; what was learned is kept, and hidden. Refuses 400 (an unknown id) and 403 (scope);
   * throws StaleRights.
   */
  async end(ctx: Context, enrollmentIds: readonly string[]): Promise<Receipt> {
    const ids = distinct(enrollmentIds);
    const receipt = newReceipt(ctx, 'delete', ids, ids.length);
    if (ids.length <= this.#limits.smallPairs)
      return this.#change(
        ctx,
        receipt,
        (tx) => endAll(tx, receipt, ids),
        () => judgeEnding(ctx, ids),
      );
    await judgeEnding(ctx, ids);
    await this.#bulk.write(receipt, { ids, items: [] }, ctx.caller.rightsVersion);
    return receipt;
  }

  /** Ends whatever these learners have, in the transaction that removes them. */
  async endOf(tx: WriteTx, ctx: Context, learnerIds: readonly string[]): Promise<void> {
    await endAllOf(tx, ctx, learnerIds);
    this.#onWritten(ctx.caller.accountId);
  }

  /** A small change in a transaction of its own; judged and written again when somebody else was faster. */
  async #change(
    ctx: Context,
    receipt: Receipt,
    write: (tx: WriteTx) => Promise<void>,
    judgeFirst: () => Promise<void> = async () => undefined,
  ): Promise<Receipt> {
    await settle(async () => {
      await judgeFirst();
      await ctx.write(write);
    });
    this.#onWritten(ctx.caller.accountId);
    return receipt;
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
async function loadAndPlan(db: Database, job: EnrollJob): Promise<ReadonlyMap<string, Terms>> {
  const loaded: Loaded = { rightsVersion: job.caller.rightsVersion, learners: new Map(), items: new Map() };
  for (let at = 0; at === 0 || at < Math.max(job.learnerIds.length, job.itemIds.length); at += LOAD_AT_ONCE) {
    const learnerIds = job.learnerIds.slice(at, at + LOAD_AT_ONCE);
    const itemIds = job.itemIds.slice(at, at + LOAD_AT_ONCE);
    const part = await db.read((tx) => loadForEnrollment(tx, job.caller.accountId, learnerIds, itemIds));
    if (part.rightsVersion !== job.caller.rightsVersion) throw new StaleRights();
    for (const [id, learner] of part.learners) loaded.learners.set(id, learner);
    for (const [id, item] of part.items) loaded.items.set(id, item);
  }
  return judge(job, loaded);
}

/** The terms of each item, or the refusal of the whole request. Throws StaleRights when the caller's rights changed. */
export function judge(job: Judged, loaded: Loaded): ReadonlyMap<string, Terms> {
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
  readonly job: Judged;
  constructor(code: Refusal['code'], details: Refusal['details'], job: Judged) {
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
