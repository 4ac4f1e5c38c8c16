import { createHash } from 'node:crypto';
import { type Context, reachOf } from '../access/index.ts';
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
import { type Handling, type LargeJob, loadAndJudge } from './judge.ts';
import { LIMITS, type WriteLimits } from './limits.ts';
import type { RowPlan } from './packed-rows.ts';
import { patienceOf } from './patience.ts';
import { digestOf, digestOfSet, newReceipt, type Receipt } from './receipt.ts';
import { objectionToTerms, type RequestedTerms } from './rules.ts';
import { claimUndo, judgeUndo, undoOne, workOf } from './undo.ts';

export interface EnrollInput {
  /** Users, in any order, repeated or not. */
  readonly learnerIds: Ids;
  /** Courses, learning tracks or materials, likewise. */
  readonly courseIds: Ids;
  readonly terms: RequestedTerms;
  /** strict (unless given): whole or not at all; lenient: what can be done, and the rest is refused pair by pair. */
  readonly handling?: Handling;
}

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
   * Enrolls every learner in every course, whole or not at all unless handling is lenient. Pairs already enrolled stay
   * as they are. Refuses 403 (scope), 400 (terms, ids, state), 413 (too many pairs); throws StaleRights.
   */
  async enroll(ctx: Context, input: EnrollInput): Promise<Receipt> {
    reachOf(ctx.caller, 'enrollment.write');
    refuseTerms(input.terms, ctx.now);
    const { terms, handling = 'strict' } = input;
    const learnerIds = toIdSet(input.learnerIds);
    const items = toIdSet(input.courseIds);
    const pairs = learnerIds.length * items.length;
    if (pairs > this.#maxPairs) refuse('request.too_many_pairs', { pairs, limit: this.#maxPairs });
    const itemIds = items.slice(0, items.length);
    const digest = await digestOfSet(
      [terms, itemIds, ...(handling === 'lenient' ? [handling] : [])],
      learnerIds,
    );
    const receipt = newReceipt(ctx, 'enroll', digest, pairs);
    const job: LargeJob = { receipt, caller: ctx.caller, now: ctx.now, learnerIds, itemIds, terms, handling };
    if (this.#isSmall(ctx, pairs)) {
      await this.#small.write({ ...job, learnerIds: learnerIds.slice(0, learnerIds.length) });
      return receipt;
    }
    const plan = await loadAndJudge(ctx.db, job);
    const idReasons = toBytes(learnerIds, plan.learnerFaults);
    const work = { ids: learnerIds, items: toPlanned(plan), idReasons, rows: null };
    return this.#bulk.write(ctx, patienceOf(ctx), async () => ({ receipt, work }));
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
      return this.#bulk.write(ctx, patienceOf(ctx), async () => ({ receipt, work }));
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
    return this.#bulk.write(ctx, null, async () => ({ receipt, work }));
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
      return this.#bulk.write(ctx, patienceOf(ctx), async (tx) => {
        await claimUndo(tx, undoing);
        return { receipt, work: workOf(undoing) };
      });
    });
  }

  /**
   * Ends an operation that is accepted or running, between two chunks, and undoes what it wrote; returns that undo.
   * Refuses `operation.unknown`, 409 (its state); throws StaleRights.
   */
  async cancel(ctx: Context, operationId: string): Promise<Receipt> {
    reachOf(ctx.caller, 'enrollment.write');
    await readOperation(ctx, operationId);
    const receipt = await this.#bulk.write(ctx, patienceOf(ctx), async (tx) => {
      const undoing = await cancelIn(tx, ctx, operationId);
      return { receipt: undoing.receipt, work: workOf(undoing) };
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
