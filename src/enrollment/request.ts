import { type Context, reachOf } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { type IdSet, type Ids, toIdSet } from '../kernel/id-set.ts';
import type { Handling } from './judge.ts';
import { digestOfSet } from './receipt.ts';
import { objectionToTerms, type RequestedTerms } from './rules.ts';

/** A request to enroll, to be planned or carried out. */

export interface EnrollInput {
  /** Users, in any order, repeated or not. */
  readonly learnerIds: Ids;
  /** Courses, learning tracks or materials, likewise. */
  readonly courseIds: Ids;
  readonly terms: RequestedTerms;
  /** strict (unless given): whole or not at all; lenient: what can be done, and the rest is refused pair by pair. */
  readonly handling?: Handling;
}

/** The same as it is understood. */
export interface EnrollRequest {
  readonly learnerIds: IdSet;
  readonly itemIds: readonly string[];
  readonly terms: RequestedTerms;
  readonly handling: Handling;
  readonly pairs: number;
  /** Covers everything that makes two requests the same. */
  readonly digest: Buffer;
}

/** Refuses 403 (not even the permission) and 413 (too many pairs). */
export async function readRequest(
  ctx: Context,
  input: EnrollInput,
  maxPairs: number,
): Promise<EnrollRequest> {
  reachOf(ctx.caller, 'enrollment.write');
  const { terms, handling = 'strict' } = input;
  const learnerIds = toIdSet(input.learnerIds);
  const items = toIdSet(input.courseIds);
  const pairs = learnerIds.length * items.length;
  if (pairs > maxPairs) refuse('request.too_many_pairs', { pairs, limit: maxPairs });
  const itemIds = items.slice(0, items.length);
  const digest = await digestOfSet(
    [terms, itemIds, ...(handling === 'lenient' ? [handling] : [])],
    learnerIds,
  );
  return { learnerIds, itemIds, terms, handling, pairs, digest };
}

/** Refuses terms that no content item could be given. */
export function refuseTerms(terms: RequestedTerms, now: Date): void {
  const objection = objectionToTerms(terms, now);
  if (objection) refuse(objection.code, objection.details);
}
