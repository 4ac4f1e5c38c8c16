import { createHash } from 'node:crypto';
import { type Caller, type Context, reachOf } from '../access/index.ts';
import { isOffered } from '../content/index.ts';
import { refuse } from '../kernel/errors.ts';
import { type Ids, toIdSet } from '../kernel/id-set.ts';
import { readOperation } from '../operations/index.ts';
import type { Database, WriteTx } from '../storage/index.ts';
import { settle } from './addressed.ts';
import { SmallWrites } from './batch.ts';
import { BulkWrites } from './bulk.ts';
import { cancelIn } from './cancel.ts';
import { editOne, reenrollOne } from './change.ts';
import { toBytes } from './demand.ts';
import { endAll, endAllOf, judgeEnding } from './end.ts';
import { toPlanned } from './enroll-chunks.ts';
import { type EnrollJob, type LargeJob, loadAndJudge } from './judge.ts';
import { LIMITS, type WriteLimits } from './limits.ts';
import type { RowPlan } from './packed-rows.ts';
import { patienceOf } from './patience.ts';
import { type MadePlan, makePlan, sweepPlans } from './plan.ts';
import { type CountSubscribers, effectsOf, type PlanNotices, type PlannedEffects } from './plan-effects.ts';
import { executeSmall, findFitting, jobOf, markUsed, workOfLarge } from './plan-execution.ts';
import { digestOf, digestOfSet, newReceipt, type Receipt } from './receipt.ts';
import { type EnrollInput, type EnrollRequest, readRequest, refuseTerms } from './request.ts';
import type { RequestedTerms } from './rules.ts';
import { claimUndo, judgeUndo, undoOne, workOf } from './undo.ts';

export interface EnrollmentsOptions {
  /** Pairs a request may ask for; more is refused. */
  readonly maxPairs: number;
  readonly limits?: Partial<WriteLimits> | undefined;
  /** Told after each transaction that wrote. */
  onWritten(accountId: number): void;
  /** Whom events would be told to; left out where nothing is planned. */
  readonly countSubscribers?: CountSubscribers;
  /** What people would be told; left out likewise. */
  readonly planNotices?: PlanNotices;
}

const SELF_REACH: Caller['reach'] = new Map([['enrollment.write', 'everyone']]);

/** How often expired plans are emptied. */
const SWEEP_EVERY_MS = 60_000;

/** A plan with what it would cause. */
export type PlanPreview = MadePlan & PlannedEffects;

/** The one way in: every door creates, changes and ends enrollments here. Each verb answers with its operation. */
export class Enrollments {
  readonly #small: SmallWrites;
  readonly #bulk: BulkWrites;
  readonly #maxPairs: number;
  readonly #limits: WriteLimits;
  readonly #onWritten: (accountId: number) => void;
  readonly #countSubscribers: CountSubscribers;
  readonly #planNotices: PlanNotices;
  readonly #db: Database;
  #sweeping: NodeJS.Timeout | undefined;

  constructor(db: Database, options: EnrollmentsOptions) {
    this.#maxPairs = options.maxPairs;
    this.#limits = { ...LIMITS[db.engine], ...options.limits };
    this.#onWritten = options.onWritten;
    this.#countSubscribers = options.countSubscribers ?? (async () => new Map());
    this.#planNotices = options.planNotices ?? (async () => []);
    this.#db = db;
    this.#small = new SmallWrites(db, this.#limits, options.onWritten);
    this.#bulk = new BulkWrites(db, this.#limits, options.onWritten);
  }

  /**
   * Enrolls every learner in every course, whole or not at all unless handling is lenient. Pairs already enrolled stay
   * as they are. Refuses 403 (scope), 400 (terms, ids, state), 413 (too many pairs); throws StaleRights. With the token of
   * a plan: exactly what that says, or refuses `plan.stale` and the other codes of plans.
   */
  async enroll(ctx: Context, input: EnrollInput, planToken?: string): Promise<Receipt> {
    const request = await readRequest(ctx, input, this.#maxPairs);
    if (planToken !== undefined) return this.#execute(ctx, request, planToken);
    refuseTerms(request.terms, ctx.now);
    const receipt = newReceipt(ctx, 'enroll', request.digest, request.pairs);
    const job: LargeJob = { ...request, receipt, caller: ctx.caller, now: ctx.now };
    if (this.#isSmall(ctx, request.pairs)) {
      await this.#small.write(withList(job));
      return receipt;
    }
    const plan = await loadAndJudge(ctx.db, job);
    const idReasons = toBytes(job.learnerIds, plan.learnerFaults);
    const work = { ids: job.learnerIds, items: toPlanned(plan), idReasons, rows: null };
    return this.#bulk.write(ctx.caller, patienceOf(ctx), async () => ({ receipt, work }));
  }

  /**
   * Enrolls the caller in something that is offered for it, with the item's default due date, from now on. Who is enrolled
   * already stays as they are. Refuses `learning.not_offered`; throws StaleRights.
   */
  async enrollSelf(ctx: Context, itemId: string): Promise<Receipt> {
    const { accountId, userId } = ctx.caller;
    if (!(await ctx.read((tx) => isOffered(tx, accountId, itemId)))) refuse('learning.not_offered');
    // Nobody else is named, so that it takes no right over others.
    const caller = { ...ctx.caller, reach: SELF_REACH };
    const terms: RequestedTerms = { accessAt: null, due: { type: 'default' }, lock: null };
    const input = { learnerIds: [userId], courseIds: [itemId], terms };
    const request = await readRequest({ ...ctx, caller }, input, this.#maxPairs);
    const receipt = newReceipt(ctx, 'enroll', request.digest, request.pairs);
    await this.#small.write(withList({ ...request, receipt, caller, now: ctx.now, typeGroup: 1 }));
    return receipt;
  }

  /**
   * What {@link enroll} would do, and a token with which it does exactly that, for as long as nothing changes. Refuses as
   * that does; throws StaleRights.
   */
  async plan(ctx: Context, input: EnrollInput): Promise<PlanPreview> {
    const plan = await makePlan(ctx, await readRequest(ctx, input, this.#maxPairs), this.#limits);
    const effects = { countSubscribers: this.#countSubscribers, planNotices: this.#planNotices };
    return { ...plan, ...(await effectsOf(ctx, plan, effects)) };
  }

  async #execute(ctx: Context, request: EnrollRequest, token: string): Promise<Receipt> {
    const plan = await findFitting(ctx, request, token);
    const receipt = newReceipt(ctx, 'enroll', request.digest, request.pairs);
    const job = jobOf(ctx, request, plan, receipt);
    // Held against the plan in the transaction that writes it: that is not put off.
    if (request.pairs <= this.#limits.smallPairs) {
      await this.#settle(ctx, () => ctx.write((tx) => executeSmall(tx, ctx, plan, withList(job))));
      return receipt;
    }
    const work = { ...(await workOfLarge(ctx, plan, job)), rows: null };
    return this.#bulk.write(ctx.caller, patienceOf(ctx), async (tx) => {
      await markUsed(tx, ctx, plan.planId, receipt);
      return { receipt, work };
    });
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
    return this.#settle(ctx, async () => {
      await judgeEnding(ctx, ids);
      if (this.#isSmall(ctx, ids.length)) {
        await ctx.write((tx) => endAll(tx, receipt, ids.slice(0, ids.length)));
        return receipt;
      }
      const work = { ids, items: [], idReasons: null, rows: null };
      return this.#bulk.write(ctx.caller, patienceOf(ctx), async () => ({ receipt, work }));
    });
  }

  /**
   * Writes rows that were judged (rows.ts), each with terms of its own, as one operation. Refuses 413 (too many); throws
   * StaleRights.
   */
  async writeRows(ctx: Context, plan: RowPlan): Promise<Receipt> {
    const { ids, rows } = plan.toPacked();
    if (ids.length > this.#maxPairs)
      refuse('request.too_many_pairs', { pairs: ids.length, limit: this.#maxPairs });
    const digest = createHash('sha256').update(ids.bytes).update(rows.items).update(rows.terms).digest();
    const receipt = newReceipt(ctx, 'import', digest, ids.length);
    const work = { ids, items: [], idReasons: null, rows };
    return this.#bulk.write(ctx.caller, null, async () => ({ receipt, work }));
  }

  /**
   * Undoes an operation as far as that is possible: what stood before comes back, and what must not is kept with a
   * reason. Refuses as {@link judgeUndo} does; throws StaleRights.
   */
  async undo(ctx: Context, operationId: string): Promise<Receipt> {
    const undoing = await judgeUndo(ctx, operationId);
    const { receipt, chunks } = undoing;
    return this.#settle(ctx, async () => {
      if (chunks.length <= 1) {
        await ctx.write((tx) => undoOne(tx, undoing));
        return receipt;
      }
      return this.#bulk.write(ctx.caller, patienceOf(ctx), async (tx) => {
        await claimUndo(tx, undoing);
        return { receipt, work: workOf(undoing) };
      });
    });
  }

  /**
   * Ends an operation that is accepted or running, between two chunks, and undoes what it wrote; returns that undo.
   * Refuses `operation.unknown`, 403 (scope), 409 (its state); throws StaleRights.
   */
  async cancel(ctx: Context, operationId: string): Promise<Receipt> {
    reachOf(ctx.caller, 'enrollment.write');
    const operation = await readOperation(ctx, operationId);
    const receipt = await this.#bulk.writeAnyway(ctx.caller, patienceOf(ctx), async (tx) => {
      const undoing = await cancelIn(tx, ctx, operation);
      return { receipt: undoing.receipt, work: { ...workOf(undoing), turn: operationId } };
    });
    this.#onWritten(ctx.caller.accountId);
    return receipt;
  }

  /** Ends whatever these learners have, in the transaction that removes them. */
  async endOf(tx: WriteTx, ctx: Context, learnerIds: readonly string[]): Promise<void> {
    await endAllOf(tx, ctx, learnerIds);
    this.#onWritten(ctx.caller.accountId);
  }

  /** Whether it is one transaction: what the caller waits for, and is not too much for one. */
  #isSmall(ctx: Context, outcomes: number): boolean {
    return patienceOf(ctx) === null && outcomes <= this.#limits.smallPairs;
  }

  async #settle<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
    const done = await settle(work);
    this.#onWritten(ctx.caller.accountId);
    return done;
  }

  /** How many accepted operations of all accounts are not complete yet. */
  pending(): Promise<number> {
    return this.#bulk.pending();
  }

  /** Takes up what a crash or a stop left accepted but unwritten; then looks again from time to time. */
  async resume(): Promise<void> {
    const sweep = () => sweepPlans({ db: this.#db, now: new Date() }).catch(() => undefined);
    this.#sweeping ??= setInterval(sweep, SWEEP_EVERY_MS).unref();
    await this.#bulk.resume();
  }

  /** Lets small requests and the current chunk finish, and refuses new ones. */
  async stop(): Promise<void> {
    clearInterval(this.#sweeping);
    await Promise.all([this.#small.stop(), this.#bulk.stop()]);
  }
}

const withList = (job: LargeJob): EnrollJob => ({
  ...job,
  learnerIds: job.learnerIds.slice(0, job.learnerIds.length),
});
