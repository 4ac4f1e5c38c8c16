import { HOUR_MS } from '../kernel/dates.ts';
import type { KeptAnswer } from '../kernel/retries.ts';

/** What a key that is known already means for a request. */

/** How long a key stands for its request. */
export const KEY_LIFETIME_MS = 48 * HOUR_MS;
/**
 * How long a request without an effect is presumed to run. A retry after a crash waits for it; a request that is slower
 * and meets its own retry is overtaken, and does nothing.
 */
export const LEASE_MS = 10_000;

export interface KnownKey {
  readonly fingerprint: Buffer;
  readonly answer: KeptAnswer | null;
  /** null when the request ended without an answer. */
  readonly leaseUntil: Date | null;
  readonly doneAt: Date | null;
  /** The operation that the request became: still being written, complete, or none. */
  readonly operation: 'open' | 'complete' | null;
}

/**
 * - other: the key belongs to another request;
 * - answered: what was answered is there;
 * - running: wait;
 * - done: everything was done, and the answer is missing;
 * - free: nothing was done, and nobody is at it.
 */
export type Standing = 'other' | 'answered' | 'running' | 'done' | 'free';

export function standingOf(known: KnownKey, fingerprint: Buffer, now: Date): Standing {
  const isDone = known.doneAt !== null || known.operation !== null;
  const isGivenUp = known.leaseUntil === null && !isDone && known.answer === null;
  if (!isGivenUp && !known.fingerprint.equals(fingerprint)) return 'other';
  if (known.answer !== null) return 'answered';
  if (known.operation === 'open' || (known.leaseUntil ?? now) > now) return 'running';
  return isDone ? 'done' : 'free';
}
