/** How much is written at a time. The defaults were measured (docs/performance.md); tests draw their own. */
export interface WriteLimits {
  /** Up to this many pairs a request is one transaction; a larger one is accepted and written in chunks. */
  readonly smallPairs: number;
  /** Requests written together at most, and their pairs at most. */
  readonly batchRequests: number;
  readonly batchPairs: number;
  /** Callers that may wait for a batch; more are told to come back. */
  readonly waiting: number;
  /** Callers that may wait for a large request of theirs; more are told to come back. */
  readonly waitingLarge: number;
  /** Pairs per chunk of a large request. */
  readonly chunkPairs: number;
  /** Milliseconds after which a worker that wrote no chunk is presumed dead. */
  readonly leaseMs: number;
}

/**
 * One transaction of 10,000 pairs holds its locks for some 60 ms, which nobody notices. A chunk of
 * 5,000 costs a bulk a tenth of its speed and gains a writer of the same pairs little. The embedded engine has one
 * connection, so there a chunk is how long everybody else waits, and 500 pairs, some 20 ms, keep that out of sight for a
 * tenth of a bulk's speed.
 */
export const LIMITS: Readonly<Record<'postgresql' | 'embedded', WriteLimits>> = {
  postgresql: {
    smallPairs: 10_000,
    batchRequests: 256,
    batchPairs: 10_000,
    waiting: 20_000,
    waitingLarge: 100,
    chunkPairs: 10_000,
    leaseMs: 10_000,
  },
  embedded: {
    smallPairs: 10_000,
    batchRequests: 256,
    batchPairs: 10_000,
    waiting: 20_000,
    waitingLarge: 100,
    chunkPairs: 500,
    leaseMs: 10_000,
  },
};

/** Ids resolved per statement, and looked at between two turns of the event loop. */
export const IDS_AT_ONCE = 10_000;
