import { sql } from 'kysely';
import type { ReadTx } from '../storage/index.ts';
import { uuidArray } from './queries.ts';

/** All SQL that reads events back: what the outbox holds, in order of position, and whom an event concerns. */

/** A place in an account's events: all of those before it, and of the one at it the learners up to the ordinal. */
export interface EventPlace {
  readonly position: bigint;
  readonly itemId: string;
  readonly ordinal: number;
}

/** The ordinal after every learner of an event: all of it. */
export const WHOLE_EVENT = 2_147_483_647;
/** After every event of a position. */
export const afterPosition = (position: bigint): EventPlace => ({
  position,
  itemId: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ordinal: WHOLE_EVENT,
});

export interface EnrollmentEvent {
  readonly position: bigint;
  readonly chunk: bigint;
  readonly itemId: string;
  readonly eventType: string;
  /** How many it concerns. */
  readonly learners: number;
}

/** Events of some types that are not wholly before a place, up to a sealed position, in order. */
export async function eventsAfter(
  tx: ReadTx,
  accountId: number,
  range: { after: EventPlace; upTo: bigint; types: readonly string[]; limit: number },
): Promise<EnrollmentEvent[]> {
  const { position, itemId, ordinal } = range.after;
  const { rows } = await sql<{
    position: string;
    chunk: string;
    item_id: string;
    event_type: string;
    learners: number;
  }>`
    select c.position, c.chunk, o.item_id, o.event_type, o.learners
    from operation_chunk c join outbox o on o.account_id = c.account_id and o.chunk = c.chunk
    where c.account_id = ${accountId} and c.position >= ${String(position)}::int8 and c.position <= ${String(range.upTo)}::int8
      and (c.position, o.item_id, ${WHOLE_EVENT}::int) > (${String(position)}::int8, ${itemId}::uuid, ${ordinal}::int)
      and o.event_type = any(${[...range.types]}::text[])
    order by c.position, o.item_id limit ${range.limit}`.execute(tx);
  return rows.map((row) => ({
    position: BigInt(row.position),
    chunk: BigInt(row.chunk),
    itemId: row.item_id,
    eventType: row.event_type,
    learners: row.learners,
  }));
}

export interface EventLearner {
  /** Which of the events asked for */
  readonly no: number;
  readonly learnerId: string;
  readonly ordinal: number;
}

/**
 * Who was enrolled by each of some LEARNERS_ENROLLED_IN_COURSE events, after an ordinal, in order: at most `limit` of
 * each. Their enrollments may have been edited, ended or begun anew since; history keeps where they came from. Whom an
 * undo enrolled again is told in the order in which they came back.
 */
export async function learnersEnrolledBy(
  tx: ReadTx,
  accountId: number,
  events: readonly { chunk: bigint; itemId: string; after: number }[],
  limit: number,
): Promise<EventLearner[]> {
  const { rows } = await sql<EventLearner>`
    select (e.no - 1)::int as no, l.learner_id as "learnerId", l.ordinal
    from unnest(${events.map((event) => String(event.chunk))}::int8[], ${uuidArray(events.map((event) => event.itemId))}::uuid[],
                ${events.map((event) => event.after)}::int[]) with ordinality as e(chunk, item_id, after, no)
    cross join lateral (
      select learner_id, ordinal from enrollment
      where account_id = ${accountId} and item_id = e.item_id and chunk = e.chunk and ordinal > e.after
      union
      select learner_id, ordinal from enrollment_past
      where account_id = ${accountId} and item_id = e.item_id and chunk = e.chunk and ordinal > e.after
      union all
      select learner_id, restored_place from enrollment
      where account_id = ${accountId} and item_id = e.item_id and version_chunk = e.chunk and version_chunk <> chunk
        and restored_place > e.after
      union all
      select learner_id, restored_place from enrollment_past
      where account_id = ${accountId} and item_id = e.item_id and version_chunk = e.chunk and version_chunk <> chunk
        and restored_place > e.after
      order by ordinal limit ${limit}) l
    order by e.no, l.ordinal`.execute(tx);
  return rows;
}
