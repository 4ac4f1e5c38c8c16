import { type ErrorCode, type ErrorDetails, listIds } from '../kernel/errors.ts';
import type { Day } from './queries.ts';

/** Times of trainings, as the contract writes them, and who may have a seat. */

/** A session starts with its first day. */
export const startOf = (days: readonly Day[]): Date | null => days[0]?.startsAt ?? null;

/** From the first start to the last end, in seconds. */
export function spanOf(days: readonly Day[]): number {
  const start = startOf(days);
  if (!start) return 0;
  const ends = days.map((day) => day.startsAt.getTime() + day.durationSeconds * 1000);
  return Math.round((Math.max(...ends) - start.getTime()) / 1000);
}

/** What must be known of a user to seat them. */
export interface KnownUser {
  readonly departmentId: string;
  readonly isActive: boolean;
}

/** Scope first, then ids, then state: what stands against seating these users, or null. */
export function objectionToUsers(
  userIds: readonly string[],
  known: ReadonlyMap<string, KnownUser>,
  demand: {
    readonly field: string;
    readonly mustBeActive: boolean;
    /** Whether the caller reaches a user of this department (undefined: an unknown user). */
    readonly reaches: (departmentId: string | undefined) => boolean;
  },
): { readonly code: ErrorCode; readonly details: ErrorDetails } | null {
  const { field } = demand;
  const unreached = userIds.filter((id) => !demand.reaches(known.get(id)?.departmentId));
  if (unreached.length > 0) return { code: 'auth.learner_scope', details: { ids: listIds(unreached) } };
  const unknown = userIds.filter((id) => !known.has(id));
  if (unknown.length > 0) return { code: 'people.unknown_users', details: { field, ids: listIds(unknown) } };
  const inactive = demand.mustBeActive ? userIds.filter((id) => !known.get(id)?.isActive) : [];
  if (inactive.length > 0)
    return { code: 'training.inactive_users', details: { field, ids: listIds(inactive) } };
  return null;
}
