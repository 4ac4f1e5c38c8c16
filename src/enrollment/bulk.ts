import { type Caller, StaleRights } from '../access/index.ts';
import { Refusal } from '../kernel/errors.ts';
import type { Database, WriteTx } from '../storage/index.ts';
import * as queries from './bulk-queries.ts';
import { endChunks } from './end.ts';
import { enrollChunks } from './enroll-chunks.ts';
import { type ChunkRecord, recordChunk } from './ledger-queries.ts';
import type { WriteLimits } from './limits.ts';
import { endsWithin } from './patience.ts';
import type { Receipt } from './receipt.ts';
import { rowChunks } from './row-chunks.ts';
import { undoChunks } from './undo-chunks.ts';

/** How often abandoned operations are looked for, and how often a caller asks after one that another process writes. */
const LOOK_EVERY_MS = 2_000;
const ASK_EVERY_MS = 250;
/** How long a caller whose operation cannot be written is kept before it is told to ask later. */
const GIVE_UP_MS = 60_000;

/** How one kind of large operation is written; the worker knows no more of it. */
export interface ChunkWriter {
  /** How many chunks it is cut into: the same whenever and by whomever it is asked. */
  count(work: queries.LargeWork): number;
  /** Writes the chunk of that place, in the transaction that holds the lease. */
  write(tx: WriteTx, lease: queries.Lease, place: number): Promise<Omit<ChunkRecord, 'place'>>;
}

const WRITERS: Readonly<Record<queries.LargeKind, ChunkWriter>> = {
  enroll: enrollChunks,
  delete: endChunks,
  import: rowChunks,
  undo: undoChunks,
};

/** What is to be written, found out or claimed in the transaction that accepts it; what it throws, refuses it. */
type Prepare = (
  tx: WriteTx,
) => Promise<{ readonly receipt: Receipt; readonly work: Omit<queries.LargeWork, 'chunkPairs'> }>;

/** Large requests: accepted whole, written in chunks, always completed, by this process or the next. */
export class BulkWrites {
  readonly #db: Database;
  readonly #limits: WriteLimits;
  readonly #onWritten: (accountId: number) => void;
  /** Accounts whose accepted operations this process is writing. */
  readonly #working = new Map<number, Promise<void>>();
  /** Operations this process accepted and therefore holds from the start. */
  readonly #mine = new Set<string>();
  /** Callers whose large request is being written. */
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(db: Database, limits: WriteLimits, onWritten: (accountId: number) => void) {
    this.#db = db;
    this.#limits = limits;
    this.#onWritten = onWritten;
  }

  /**
   * Accepts the judged request and resolves when every chunk is written, or when the caller's patience (patience.ts) ends:
   * then the receipt says that it is pending. Throws StaleRights, or `server.busy` when too many wait, if nothing was
   * accepted; if it was, `operation.state` when it was cancelled, and to who waits for the end `server.stopping` or
   * `server.unfinished` with the operation in Location: it is completed later.
   */
  async write(caller: Caller, patience: number | null, prepare: Prepare): Promise<Receipt> {
    if (this.#waiting >= this.#limits.waitingLarge) throw new Refusal('server.busy', { seconds: 5 });
    return this.writeAnyway(caller, patience, prepare);
  }

  /** The same however many wait: for what undoes an operation that it cancels. */
  async writeAnyway(caller: Caller, patience: number | null, prepare: Prepare): Promise<Receipt> {
    if (this.#isStopping) throw new Refusal('server.stopping', { seconds: 5 });
    this.#waiting++;
    const receipt = await this.#accept(caller.rightsVersion, prepare).catch((error: unknown) => {
      this.#waiting--;
      throw error;
    });
    const end = this.#finish(receipt).finally(() => {
      this.#waiting--;
    });
    if (patience === null) {
      await end;
      return receipt;
    }
    // Who does not wait for the end is not told that it is put off.
    const goesOn = end.catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'operation.state') throw error;
      return new Promise<void>(() => undefined);
    });
    goesOn.catch(() => undefined);
    return { ...receipt, isPending: !(await endsWithin(goesOn, patience)) };
  }

  async #accept(rightsVersion: bigint, prepare: Prepare): Promise<Receipt> {
    const { chunkPairs } = this.#limits;
    const receipt = await this.#db.write(async (tx) => {
      const prepared = await prepare(tx);
      const accepted = {
        ...prepared.work,
        receipt: prepared.receipt,
        chunkPairs,
        leaseUntil: this.#leaseUntil(),
      };
      if (!(await queries.accept(tx, accepted, rightsVersion))) throw new StaleRights();
      return prepared.receipt;
    }, 'small');
    this.#mine.add(receipt.operationId);
    return receipt;
  }

  async #finish({ accountId, operationId }: Receipt): Promise<void> {
    const location = `/operations/${operationId}`;
    const until = Date.now() + GIVE_UP_MS;
    try {
      do {
        // What fails here fails for the moment: the operation is accepted, so this or another process completes it.
        const failed = await this.#work(accountId).then(
          () => false,
          () => true,
        );
        const state = await this.#db
          .read((tx) => queries.stateOf(tx, accountId, operationId))
          .catch(() => 'running');
        if (state === 'cancelled')
          throw new Refusal('operation.state', { ids: operationId, state, location });
        if (state !== 'accepted' && state !== 'running') return;
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
      await this.#writeChunks(lease);
    }
  }

  async #writeChunks(lease: queries.Lease): Promise<void> {
    const { accountId, operationId, epoch } = lease;
    const writer = WRITERS[lease.kind];
    const count = writer.count(lease);
    for (let place = lease.nextChunk; place < count; place++) {
      if (this.#isStopping) {
        await this.#db.write((tx) => queries.releaseLease(tx, accountId, operationId, epoch));
        return;
      }
      if (!(await this.#writeChunk(writer, lease, place))) return;
      this.#onWritten(accountId);
    }
    await this.#db.write((tx) => queries.completeOperation(tx, accountId, operationId, epoch, new Date()));
    this.#onWritten(accountId);
  }

  /** One chunk in its own transaction; false if another worker took the operation over. */
  #writeChunk(writer: ChunkWriter, lease: queries.Lease, place: number): Promise<boolean> {
    return this.#db.write(async (tx) => {
      if (!(await queries.holdLease(tx, lease, place, this.#leaseUntil()))) return false;
      await recordChunk(tx, lease, { ...(await writer.write(tx, lease, place)), place });
      return true;
    }, 'bulk');
  }
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
