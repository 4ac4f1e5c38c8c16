import type { EnrollmentKey } from '../kernel/ids.ts';
import type { StoredReason } from './reasons.ts';

/** What of an operation can still be undone: pure decisions. */

/** For how long an operation can be undone. */
export const UNDO_DAYS = 30;
const DAY_MS = 86_400_000;

export const isTooOld = (completedAt: Date, now: Date): boolean =>
  now.getTime() - completedAt.getTime() > UNDO_DAYS * DAY_MS;

/**
 * What stands in the way of an undo, given the operation, what it undoes if it is an undo, and so on: each must be as the
 * one before it left it. Undefined if nothing does.
 */
export const outOfTurn = <Operation extends { readonly state: string }>(
  chain: readonly Operation[],
): Operation | undefined => chain.find(({ state }, depth) => state !== (depth % 2 === 0 ? 'done' : 'undone'));

/** A pair that a chunk did something to: what it had before, and what after; null: nothing. */
export interface TouchedPair {
  readonly learnerId: string;
  readonly itemId: string;
  readonly before: EnrollmentKey | null;
  readonly after: EnrollmentKey | null;
  /** Of what it had after, and since when it had that. */
  readonly term: number;
  readonly since: Date;
  /** Whether it has that still, or again. */
  readonly isStanding: boolean;
}

const isSame = (one: EnrollmentKey | null, other: EnrollmentKey | null): boolean =>
  one !== null && other !== null && one.chunk === other.chunk && one.ordinal === other.ordinal;

/** Whether undoing enrolls somebody anew: as a new enrollment would, it needs an active learner and an item in use. */
export const entersAnew = ({ before, after }: TouchedPair): boolean => before !== null && after === null;

/** Whether undoing brings another enrollment back than the pair has, which is told like a new one. */
export const revives = ({ before, after }: TouchedPair): boolean => before !== null && !isSame(before, after);

/** Whether undoing takes an enrollment away, and with it hides what was learned in its term. */
export const hidesWork = ({ before, after }: TouchedPair): boolean =>
  after !== null && !isSame(before, after);

/** What is known of a pair beside what the chunk did. */
export interface Hindrances {
  readonly isConfirmed: boolean;
  readonly hasProgressed: boolean;
  readonly isLearnerGone: boolean;
  readonly isItemGone: boolean;
}

/** Why a pair is not undone; undefined if nothing speaks against it. */
export function objectionToUndo(pair: TouchedPair, known: Hindrances): StoredReason | undefined {
  if (!pair.isStanding) return 'changed_since';
  if (known.hasProgressed && hidesWork(pair)) return 'progressed_since';
  if (known.isConfirmed) return 'confirmed_since';
  if (!entersAnew(pair)) return undefined;
  if (known.isLearnerGone) return 'learner_inactive';
  return known.isItemGone ? 'course_retired' : undefined;
}
