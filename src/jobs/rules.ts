/** When a job is tried again, who is served next, what is kept of an error: pure decisions. */

export const JOB_STATES = ['waiting', 'running', 'dead'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** The delay after the first failure; it doubles with each further one up to the longest. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** When to try again after so many attempts; null when there are to be no more. */
export function afterFailure(
  attempts: number,
  { maxAttempts, backoff }: { readonly maxAttempts: number; readonly backoff: Backoff },
  now: Date,
): Date | null {
  if (attempts >= maxAttempts) return null;
  const delay = Math.min(backoff.firstMs * 2 ** (attempts - 1), backoff.longestMs);
  return new Date(now.getTime() + delay);
}

const FIRST_SPREAD_MS = 4_000;
const LONGEST_SPREAD_MS = 5 * 60_000;

/**
 * When to try again after an attempt that never came back; null when there are to be no more. Everything that ran in a
 * process that was killed comes back at once, perhaps with the job that killed it: they are spread over a time that
 * grows, so that the others are done before that one kills again.
 */
export function afterLoss(
  attempts: number,
  { maxAttempts }: { readonly maxAttempts: number },
  now: Date,
  random: number,
): Date | null {
  if (attempts >= maxAttempts) return null;
  const spread = Math.min(FIRST_SPREAD_MS * 2 ** (attempts - 1), LONGEST_SPREAD_MS);
  return new Date(now.getTime() + Math.floor(random * spread));
}

/**
 * How many jobs to take for each of these accounts, which all have some that are due: the same number for each, one at
 * least, as far as the free places go. Accounts come in their order, those after the one that was served last first.
 */
export function allot(
  accountIds: readonly number[],
  free: number,
  lastServed: number,
): { accountId: number; places: number }[] {
  const inTurn = [
    ...accountIds.filter((id) => id > lastServed),
    ...accountIds.filter((id) => id <= lastServed),
  ];
  const served = inTurn.slice(0, Math.max(free, 0));
  return served.map((accountId, place) => ({
    accountId,
    places: Math.floor(free / served.length) + (place < free % served.length ? 1 : 0),
  }));
}

const MAX_REASON = 200;

/** A failure that says why in words for the operator: short, and about no person. */
export class JobFailure extends Error {
  /** Trying again is of no use. */
  readonly isFinal: boolean;
  constructor(reason: string, { isFinal = false } = {}) {
    super(reason.slice(0, MAX_REASON));
    this.name = 'JobFailure';
    this.isFinal = isFinal;
  }
}

/** Thrown by a handler that cannot do the job before some time: no failure, and no attempt. */
export class Postpone extends Error {
  readonly until: Date;
  constructor(until: Date) {
    super('postponed');
    this.name = 'Postpone';
    this.until = until;
  }
}

/** What is kept of an attempt that never came back. */
export const LOST = 'the attempt never ended: its process was killed, or stood still for too long';

/** What is kept of an error: the words of a JobFailure; of others, whose words may tell of people, name and code. */
export function reasonOf(error: unknown): string {
  if (error instanceof JobFailure) return error.message;
  const code = (error as { code?: unknown } | null | undefined)?.code;
  const name = error instanceof Error ? error.name : 'error';
  return (typeof code === 'string' ? `${name} ${code}` : name).slice(0, MAX_REASON);
}
