import { type Caller, reachOf } from '../access/index.ts';
import { listIds, Refusal, refuse } from '../kernel/errors.ts';
import { type EnrollmentKey, readEnrollmentId } from '../kernel/ids.ts';
import type { ReadTx } from '../storage/index.ts';
import { type Enrollment, enrollmentsAfter } from './list-queries.ts';
import { START } from './page-token.ts';

/** Requests that name enrollments by their ids, to change them. */

/** What was judged is no longer there: judge again. */
export class Vanished extends Error {}

/** How often: whoever is outrun more often than this is told to come back. */
const MAX_ATTEMPTS = 5;

/** Does what judges and writes, and repeats it while others are faster. */
export async function settle<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Vanished)) throw error;
      if (attempt >= MAX_ATTEMPTS) throw new Refusal('server.busy', { seconds: 1 });
    }
  }
}

/** What the ids spell; one that is no enrollment of this account spells nothing. */
export const keysOf = (accountId: number, ids: readonly string[]): EnrollmentKey[] =>
  ids
    .map(readEnrollmentId)
    .filter((key) => key !== null)
    .filter((key) => key.accountId === accountId);

/** The current enrollments of these ids whose learners the caller may enroll. */
export function findAddressed(tx: ReadTx, caller: Caller, ids: readonly string[]): Promise<Enrollment[]> {
  const { accountId } = caller;
  const reach = reachOf(caller, 'enrollment.write');
  const filter = { accountId, reach, learnerIds: null, itemIds: null, keys: keysOf(accountId, ids) };
  return enrollmentsAfter(tx, filter, START, ids.length);
}

/** An id that names none is 400 for callers who see the whole account; for others it is as a foreign one: 403. */
export const refuseAddressed = (caller: Caller, ids: readonly string[]): never =>
  refuse(
    reachOf(caller, 'enrollment.write') === 'everyone' ? 'enrollment.unknown' : 'auth.enrollment_scope',
    { ids: listIds(ids) },
  );
