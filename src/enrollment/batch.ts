import { Refusal } from '../kernel/errors.ts';
import { newChunkNumber } from '../kernel/ids.ts';
import type { Database } from '../storage/index.ts';
import { demandOfPairs } from './demand.ts';
import { type EnrollJob, judge } from './judge.ts';
import type { WriteLimits } from './limits.ts';
import { packGiven } from './packed-terms.ts';
import { insertSmall, loadForEnrollment, type SmallWrite } from './queries.ts';
import type { Plan } from './rules.ts';

/**
 * Batches in flight: while one waits for its commit a second is prepared, but only if many wait. Two half batches cost
 * more than a whole one, and lock the same account and courses at once (docs/performance.md).
 */
const MAX_IN_FLIGHT = 2;
const MANY = 64;
/**
 * How often a write is judged again when what it was judged by changed before it was written. Each time somebody else
 * has written; only where many end and enroll the same few learners without a pause does it take more than a few.
 */
const MAX_ATTEMPTS = 20;

interface Waiting {
  readonly job: EnrollJob;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
  attempts: number;
}

const pairsOf = (job: EnrollJob): number => job.learnerIds.length * job.itemIds.length;

/**
 * Writes small requests together, those of one account at a time. There is no timer: a batch is whatever is
 * waiting when a connection is free, so an idle server adds no delay and a busy one shares each commit.
 * Each caller is answered alone; a batch that fails is repeated one by one, so that one cannot fail others.
 */
export class SmallWrites {
  readonly #db: Database;
  readonly #limits: WriteLimits;
  readonly #onWritten: (accountId: number) => void;
  /** Account → its waiting requests; accounts take turns in order of insertion. */
  readonly #waiting = new Map<number, Waiting[]>();
  #count = 0;
  #inFlight = 0;
  #isStopping = false;
  #idle: (() => void)[] = [];

  constructor(db: Database, limits: WriteLimits, onWritten: (accountId: number) => void) {
    this.#db = db;
    this.#limits = limits;
    this.#onWritten = onWritten;
  }

  /** Resolves when the request is durably written; throws its refusal. */
  write(job: EnrollJob): Promise<void> {
    if (this.#isStopping) throw new Refusal('server.stopping', { seconds: 5 });
    if (this.#count >= this.#limits.waiting) throw new Refusal('server.busy', { seconds: 1 });
    return new Promise((done, fail) => {
      this.#add({ job, done, fail, attempts: 0 });
      this.#pump();
    });
  }

  /** Waits for everything that was taken. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#count > 0 || this.#inFlight > 0) await new Promise<void>((done) => this.#idle.push(done));
  }

  #add(waiting: Waiting): void {
    const { accountId } = waiting.job.caller;
    const queue = this.#waiting.get(accountId);
    if (queue) queue.push(waiting);
    else this.#waiting.set(accountId, [waiting]);
    this.#count++;
  }

  #pump(): void {
    while (this.#inFlight < MAX_IN_FLIGHT && this.#count > (this.#inFlight === 0 ? 0 : MANY)) {
      const batch = this.#take();
      this.#inFlight++;
      this.#write(batch).finally(() => {
        this.#inFlight--;
        this.#pump();
        if (this.#count === 0 && this.#inFlight === 0) for (const done of this.#idle.splice(0)) done();
      });
    }
  }

  /** The next account's requests, up to the limits. The account goes to the end of the turn. */
  #take(): Waiting[] {
    const [accountId, queue] = this.#waiting.entries().next().value as [number, Waiting[]];
    let pairs = 0;
    let n = 0;
    for (const waiting of queue) {
      pairs += pairsOf(waiting.job);
      if (n > 0 && (pairs > this.#limits.batchPairs || n >= this.#limits.batchRequests)) break;
      n++;
    }
    const batch = queue.splice(0, n);
    this.#waiting.delete(accountId);
    if (queue.length > 0) this.#waiting.set(accountId, queue);
    this.#count -= n;
    return batch;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#writeTogether(batch);
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1 && only) only.fail(error);
      else for (const waiting of batch) await this.#write([waiting]);
    }
  }

  /** Load, judge each, write all that stood. Throws only what concerns the batch as a whole. */
  async #writeTogether(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    if (!first) return;
    const { accountId } = first.job.caller;
    const union = (pick: (job: EnrollJob) => readonly string[]) => [
      ...new Set(batch.flatMap(({ job }) => pick(job))),
    ];
    const loaded = await this.#db.read((tx) =>
      loadForEnrollment(
        tx,
        accountId,
        union((job) => job.learnerIds),
        union((job) => job.itemIds),
        // They were accepted within moments of each other; the last of those is when all of them are judged.
        new Date(Math.max(...batch.map(({ job }) => job.now.getTime()))),
      ),
    );
    const good: { waiting: Waiting; write: SmallWrite }[] = [];
    for (const waiting of batch) {
      try {
        good.push({ waiting, write: toWrite(waiting.job, judge(waiting.job, loaded)) });
      } catch (error) {
        waiting.fail(error);
      }
    }
    if (good.length === 0) return;
    const results = await insertSmall(
      this.#db,
      accountId,
      loaded,
      good.map(({ write }) => write),
    );
    this.#onWritten(accountId);
    good.forEach(({ waiting }, place) => {
      if (results[place]) waiting.done();
      else this.#judgeAgain(waiting);
    });
  }

  /** Something changed between loading and writing: the next round sees it. */
  #judgeAgain(waiting: Waiting): void {
    waiting.attempts++;
    if (waiting.attempts >= MAX_ATTEMPTS) waiting.fail(new Refusal('server.busy', { seconds: 1 }));
    else this.#add(waiting);
  }
}

/** What was judged, as it is written. */
export const toWrite = (job: EnrollJob, { terms, learnerFaults, itemFaults }: Plan): SmallWrite => ({
  receipt: job.receipt,
  chunk: newChunkNumber(),
  rightsVersion: job.caller.rightsVersion,
  typeGroup: job.typeGroup ?? 0,
  given: packGiven({ typeGroup: job.typeGroup ?? 0, terms: job.itemIds.map((id) => terms.get(id) ?? null) }),
  learnerIds:
    learnerFaults.size === 0 ? job.learnerIds : job.learnerIds.filter((id) => !learnerFaults.has(id)),
  terms,
  demand: demandOfPairs(job.learnerIds, job.itemIds, learnerFaults, itemFaults),
});
