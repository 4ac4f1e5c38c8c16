import { HOUR_MS } from '../kernel/dates.ts';

/** When learners may still choose a session themselves, or leave one: pure decisions. */

export interface Deadlines {
  readonly registrationDeadlineHours: number | null;
  readonly cancellationDeadlineHours: number | null;
}

/** Before a session starts: by that many hours. A session without a day has not started and has no deadline. */
const deadlineOf = (startsAt: Date | null, hours: number | null): Date | null =>
  startsAt && new Date(startsAt.getTime() - (hours ?? 0) * HOUR_MS);

export const registrationEnds = (
  startsAt: Date | null,
  { registrationDeadlineHours }: Deadlines,
): Date | null => deadlineOf(startsAt, registrationDeadlineHours);
export const cancellationEnds = (
  startsAt: Date | null,
  { cancellationDeadlineHours }: Deadlines,
): Date | null => deadlineOf(startsAt, cancellationDeadlineHours);

export type ChoiceObjection = 'started' | 'registration_closed';

/** Why nobody can choose a session any more; null if they can. */
export function objectionToChoosing(
  startsAt: Date | null,
  deadlines: Deadlines,
  now: Date,
): ChoiceObjection | null {
  if (startsAt && now >= startsAt) return 'started';
  const until = registrationEnds(startsAt, deadlines);
  return until && now >= until ? 'registration_closed' : null;
}

export interface HeldSeat {
  readonly takenBy: 'administrator' | 'learner';
  readonly isAttended: boolean;
  readonly startsAt: Date | null;
}

export type LeaveObjection = 'started' | 'chosen_for_you' | 'attended' | 'cancellation_closed';

/** Why a learner cannot give a seat up by themselves; null if they can. */
export function objectionToLeaving(seat: HeldSeat, deadlines: Deadlines, now: Date): LeaveObjection | null {
  if (seat.takenBy === 'administrator') return 'chosen_for_you';
  if (seat.isAttended) return 'attended';
  if (seat.startsAt && now >= seat.startsAt) return 'started';
  const until = cancellationEnds(seat.startsAt, deadlines);
  return until && now >= until ? 'cancellation_closed' : null;
}

interface Span {
  readonly startsAt: Date;
  readonly durationSeconds: number;
}

/** Whether two days overlap; one that begins when the other ends does not. */
export const overlaps = (one: Span, other: Span): boolean =>
  one.startsAt.getTime() < other.startsAt.getTime() + other.durationSeconds * 1000 &&
  other.startsAt.getTime() < one.startsAt.getTime() + one.durationSeconds * 1000;
