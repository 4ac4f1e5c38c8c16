import { createHash } from 'node:crypto';
import { StaleRights } from '../access/index.ts';
import { Refusal } from '../kernel/errors.ts';
import { newChunkNumber } from '../kernel/ids.ts';
import type { Database } from '../storage/index.ts';
import * as queries from './bulk-queries.ts';
import type { LargeJob } from './enroll.ts';
import type { WriteLimits } from './limits.ts';
import type { Terms } from './rules.ts';

/** How often abandoned operations are looked for, and how often a caller asks after one that another process writes. */
const LOOK_EVERY_MS = 2_000;
const ASK_EVERY_MS = 250;
/** How long a caller whose operation cannot be written is kept before it is told to ask later. */
const GIVE_UP_MS = 60_000;

/** Large requests: accepted whole, written in chunks, always completed, by this process or the next. */
export class BulkWrites {
  readonly #db: Database;
  readonly #limits: WriteLimits;
  readonly #onWritten: (accountId: number) => void;
  /** Accounts whose accepted operations this process is writing. */
  readonly #working = new Map<number, Promise<void>>();
  /** Operations this process accepted and therefore holds from the start. */
  readonly #mine = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(db: Database, limits: WriteLimits, onWritten: (accountId: number) => void) {
    this.#db = db;
    this.#limits = limits;
    this.#onWritten = onWritten;
  }

  /**
   * Accepts the judged request and resolves when every chunk is written. Throws StaleRights if nothing was
   * accepted; if it was, `server.stopping` or `server.unfinished` with the operation in Location: it is completed later.
   */
  async write(job: LargeJob, terms: ReadonlyMap<string, Terms>): Promise<void> {
    if (this.#isStopping) throw new Refusal('server.stopping', { seconds: 5 });
    const { caller, operationId } = job;
    const accepted = await this.#db.write(
      (tx) => queries.accept(tx, this.#toAccept(job, terms), caller.rightsVersion),
      'small',
    );
    if (!accepted) throw new StaleRights();
    this.#mine.add(operationId);
    const location = `/operations/${operationId}`;
    const until = Date.now() + GIVE_UP_MS;
    try {
      do {
        // What fails here fails for the moment: the operation is accepted, so this or another process completes it.
        const failed = await this.#work(caller.accountId).then(
          () => false,
          () => true,
        );
        const isPending = await this.#db
          .read((tx) => queries.isPending(tx, caller.accountId, operationId))
          .catch(() => true);
        if (!isPending) return;
        if (failed && Date.now() > until) throw new Refusal('server.unfinished', { seconds: 10, location });
        await sleep(ASK_EVERY_MS);
      } while (!this.#isStopping);
    } finally {
      this.#mine.delete(operationId);
    }
    throw new Refusal('server.stopping', { seconds: 10, location });
  }

  /** How many accepted operations are not complete yet. */
  pending(): Promise<number> {
    return this.#db.read((tx) => queries.countPending(tx));
  }

  /** Finishes what is accepted and held by nobody, now and from time to time. */
  async resume(): Promise<void> {
    const accounts = await this.#db.read((tx) => queries.accountsToResume(tx, new Date()));
    for (const accountId of accounts) void this.#work(accountId).catch(() => undefined);
    this.#timer ??= setInterval(() => void this.resume().catch(() => undefined), LOOK_EVERY_MS).unref();
  }

  /** Finishes the current chunk of each operation and lets go of it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await Promise.allSettled(this.#working.values());
  }

  #leaseUntil(): Date {
    return new Date(Date.now() + this.#limits.leaseMs);
  }

  #toAccept(job: LargeJob, terms: ReadonlyMap<string, Terms>): queries.AcceptedOperation {
    return {
      accountId: job.caller.accountId,
      operationId: job.operationId,
      actorId: job.caller.userId,
      clientId: job.caller.clientId,
      source: job.source,
      requestDigest: job.requestDigest,
      acceptedAt: job.now,
      learnerIds: job.learnerIds,
      items: [...terms].map(([itemId, own]) => ({
        itemId,
        accessAt: own.accessAt.toISOString(),
        dueAt: own.dueAt?.toISOString() ?? null,
        duePeriodHours: own.duePeriodHours,
        dueRule: own.dueRule,
        lock: own.lock,
      })),
      chunkPairs: this.#limits.chunkPairs,
      leaseUntil: this.#leaseUntil(),
    };
  }

  /** Writes the account's accepted operations in order of acceptance, until none is left that this process may hold. */
  #work(accountId: number): Promise<void> {
    const running = this.#working.get(accountId);
    if (running) return running;
    const work = this.#drain(accountId).finally(() => this.#working.delete(accountId));
    this.#working.set(accountId, work);
    return work;
  }

  async #drain(accountId: number): Promise<void> {
    while (!this.#isStopping) {
      const lease = await this.#db.write((tx) =>
        queries.takeLease(tx, accountId, new Date(), this.#leaseUntil(), this.#mine),
      );
      if (lease === null || lease === 'busy') return;
      // Held by epoch from here on; if another worker takes it over, it is theirs until their lease runs out.
      this.#mine.delete(lease.operationId);
      await this.#writeChunks(accountId, lease);
    }
  }

  async #writeChunks(accountId: number, lease: queries.Lease): Promise<void> {
    const shape = chunkShape(lease.learnerIds.length, lease.items.length, lease.chunkPairs);
    for (let place = lease.nextChunk; place < shape.count; place++) {
      if (this.#isStopping) {
        await this.#db.write((tx) => queries.releaseLease(tx, accountId, lease.operationId, lease.epoch));
        return;
      }
      if (!(await this.#writeChunk(accountId, lease, place, shape))) return;
      this.#onWritten(accountId);
    }
    await this.#db.write((tx) =>
      queries.completeOperation(tx, accountId, lease.operationId, lease.epoch, new Date()),
    );
  }

  /** One chunk in its own transaction; false if another worker took the operation over. */
  async #writeChunk(
    accountId: number,
    lease: queries.Lease,
    place: number,
    shape: ChunkShape,
  ): Promise<boolean> {
    const cut = cutChunk(lease, place, shape);
    return this.#db.write(
      (tx) => writeOne(tx, { accountId, lease, place, leaseUntil: this.#leaseUntil() }, cut),
      'bulk',
    );
  }
}

interface Cut {
  readonly learnerIds: readonly string[];
  readonly items: readonly queries.PlannedItem[];
}

async function writeOne(
  tx: Parameters<typeof queries.insertChunk>[0],
  task: { accountId: number; lease: queries.Lease; place: number; leaseUntil: Date },
  cut: Cut,
): Promise<boolean> {
  const { accountId, lease, place, leaseUntil } = task;
  const { operationId, epoch } = lease;
  if (!(await queries.holdLease(tx, { accountId, operationId, epoch, place, leaseUntil }))) return false;
  const gone = await queries.lockParents(
    tx,
    accountId,
    cut.learnerIds,
    cut.items.map((item) => item.itemId),
  );
  const learnerIds = cut.learnerIds.filter((id) => !gone.learners.has(id));
  const items = cut.items.filter((item) => !gone.items.has(item.itemId));
  const chunk = newChunkNumber();
  const created =
    learnerIds.length > 0 && items.length > 0
      ? await queries.insertChunk(tx, { accountId, chunk, recordedAt: lease.acceptedAt, learnerIds, items })
      : new Map<string, number>();
  const total = [...created.values()].reduce((sum, n) => sum + n, 0);
  await queries.recordChunk(tx, {
    accountId,
    operationId,
    chunk,
    place,
    created,
    unchanged: learnerIds.length * items.length - total,
    refusals: refusalsOf(cut, gone),
    digest: createHash('sha256')
      .update(JSON.stringify([cut.items, cut.learnerIds]))
      .digest(),
  });
  return true;
}

/** What changed under the operation: pairs whose learner or item went away since it was accepted. */
function refusalsOf(cut: Cut, gone: { learners: ReadonlySet<string>; items: ReadonlySet<string> }) {
  if (gone.learners.size === 0 && gone.items.size === 0) return [];
  return cut.items.flatMap((item) =>
    cut.learnerIds
      .filter((learnerId) => gone.learners.has(learnerId) || gone.items.has(item.itemId))
      .map((learnerId) => ({
        learnerId,
        itemId: item.itemId,
        reason: gone.items.has(item.itemId) ? 'course_retired' : 'learner_inactive',
      })),
  );
}

/** How the product is cut: so many items by so many learners, `count` chunks in all. */
export interface ChunkShape {
  readonly learnersAtOnce: number;
  readonly itemsAtOnce: number;
  readonly learnerParts: number;
  readonly count: number;
}

/** One item by many learners where there are many learners, else several items by all learners. */
export function chunkShape(learners: number, items: number, chunkPairs: number): ChunkShape {
  const learnersAtOnce = Math.min(learners, chunkPairs);
  const itemsAtOnce = Math.min(items, Math.max(1, Math.floor(chunkPairs / learnersAtOnce)));
  const learnerParts = Math.ceil(learners / learnersAtOnce);
  return { learnersAtOnce, itemsAtOnce, learnerParts, count: learnerParts * Math.ceil(items / itemsAtOnce) };
}

function cutChunk(lease: queries.Lease, place: number, shape: ChunkShape): Cut {
  const itemFrom = Math.floor(place / shape.learnerParts) * shape.itemsAtOnce;
  const learnerFrom = (place % shape.learnerParts) * shape.learnersAtOnce;
  return {
    items: lease.items.slice(itemFrom, itemFrom + shape.itemsAtOnce),
    learnerIds: lease.learnerIds.slice(learnerFrom, learnerFrom + shape.learnersAtOnce),
  };
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
