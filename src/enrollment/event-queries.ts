import { type RawBuilder, sql } from 'kysely';
import { PAIR_TYPES, type PairEventType } from '../events/index.ts';
import { enrollmentId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { uuidArray } from './queries.ts';

/**
 * All SQL that reads events about pairs back: what the outbox holds, in order of position, and whom an event concerns.
 * Their enrollments may have been edited, ended or begun anew since: history keeps where they came from.
 */

/**
 * A place in an account's outbox: all events before it, and of the one at it the learners up to the ordinal. Events of
 * one chunk and item follow each other by type; the type stands in the upper bits of the ordinal.
 */
export interface EventPlace {
  readonly position: bigint;
  readonly itemId: string;
  readonly ordinal: number;
}

/** The ordinal after every event of an item. */
export const WHOLE_EVENT = 2_147_483_647;
/** After every event of a position. */
export const afterPosition = (position: bigint): EventPlace => ({
  position,
  itemId: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ordinal: WHOLE_EVENT,
});

/** An ordinal within a chunk has 24 bits, as in an enrollment's id. */
const ORDINALS = 1 << 24;
const numberOf = (type: PairEventType): number => PAIR_TYPES.indexOf(type);

export interface PairEvent {
  readonly position: bigint;
  readonly chunk: bigint;
  readonly operationId: string;
  readonly itemId: string;
  readonly eventType: PairEventType;
  /** How many it concerns. */
  readonly learners: number;
}

/** The place after some of an event's learners, or after all of them. */
export const placeIn = (event: PairEvent, ordinal: number | 'end'): EventPlace => ({
  position: event.position,
  itemId: event.itemId,
  ordinal: numberOf(event.eventType) * ORDINALS + (ordinal === 'end' ? ORDINALS - 1 : ordinal),
});

/** Up to which of an event's learners a place goes: -1 for none. */
export const ordinalAt = (event: PairEvent, place: EventPlace): number => {
  if (place.position !== event.position || place.itemId !== event.itemId) return -1;
  const ordinal = place.ordinal - numberOf(event.eventType) * ORDINALS;
  return ordinal < 0 ? -1 : ordinal;
};

/** SQL: the ordinal after all of an event `o`. */
const END = sql`((array_position(${[...PAIR_TYPES]}::text[], o.event_type) - 1) * ${ORDINALS}::int + ${ORDINALS - 1}::int)`;

/** Events of some types that are not wholly before a place, up to a sealed position, in order. */
export async function eventsAfter(
  tx: ReadTx,
  accountId: number,
  range: { after: EventPlace; upTo: bigint; types: readonly string[]; limit: number },
): Promise<PairEvent[]> {
  const { position, itemId, ordinal } = range.after;
  const { rows } = await sql<{
    position: string;
    chunk: string;
    operation_id: string;
    item_id: string;
    event_type: PairEventType;
    learners: number;
  }>`
    select c.position, c.chunk, c.operation_id, o.item_id, o.event_type, o.learners
    from operation_chunk c join outbox o on o.account_id = c.account_id and o.chunk = c.chunk
    where c.account_id = ${accountId} and c.position >= ${String(position)}::int8 and c.position <= ${String(range.upTo)}::int8
      and (c.position, o.item_id, ${END}) > (${String(position)}::int8, ${itemId}::uuid, ${ordinal}::int)
      and o.event_type = any(${[...range.types]}::text[])
    order by c.position, o.item_id, ${END} limit ${range.limit}`.execute(tx);
  return rows.map((row) => ({
    position: BigInt(row.position),
    chunk: BigInt(row.chunk),
    operationId: row.operation_id,
    itemId: row.item_id,
    eventType: row.event_type,
    learners: row.learners,
  }));
}

export interface EventLearner {
  /** Which of the events asked for */
  readonly no: number;
  readonly learnerId: string;
  readonly enrollmentId: string;
  /** Its place among those of the event. */
  readonly ordinal: number;
}

/** Which of whose learners: those of a chunk and item after an ordinal; -1 for all. */
export interface EventPart {
  readonly chunk: bigint;
  readonly itemId: string;
  readonly eventType: PairEventType;
  readonly after: number;
}

/** Whom some events concern, after an ordinal each, in order: at most `limit` of each. */
export async function learnersOf(
  tx: ReadTx,
  accountId: number,
  parts: readonly EventPart[],
  limit: number,
): Promise<EventLearner[]> {
  const found: EventLearner[] = [];
  for (const type of PAIR_TYPES) {
    const own = parts.flatMap((part, no) => (part.eventType === type ? [{ part, no }] : []));
    if (own.length === 0) continue;
    const { rows } = await sql<{
      no: number;
      learner_id: string;
      chunk: string;
      enrollment: number;
      ordinal: number;
    }>`
      select e.no, l.learner_id, l.chunk, l.enrollment, l.ordinal
      from unnest(${own.map(({ no }) => no)}::int[], ${own.map(({ part }) => String(part.chunk))}::int8[],
                  ${uuidArray(own.map(({ part }) => part.itemId))}::uuid[], ${own.map(({ part }) => part.after)}::int[])
        as e(no, chunk, item_id, after)
      cross join lateral (${CONCERNED[type](accountId)} order by ordinal limit ${limit}) l
      order by e.no, l.ordinal`.execute(tx);
    for (const row of rows)
      found.push({
        no: row.no,
        learnerId: row.learner_id,
        enrollmentId: enrollmentId({ accountId, chunk: BigInt(row.chunk), ordinal: row.enrollment }),
        ordinal: row.ordinal,
      });
  }
  return found.sort((a, b) => a.no - b.no || a.ordinal - b.ordinal);
}

/** SQL: whom an event `e` of a type concerns: learner, enrollment (chunk, enrollment), ordinal. */
const CONCERNED: Readonly<Record<PairEventType, (accountId: number) => RawBuilder<unknown>>> = {
  // Enrolled by the chunk; or brought back by it when it is an undo, in the order in which they came back.
  LEARNERS_ENROLLED_IN_COURSE: (accountId) => sql`
    select learner_id, chunk, ordinal as enrollment, ordinal from enrollment
    where account_id = ${accountId} and item_id = e.item_id and chunk = e.chunk and ordinal > e.after
    union
    select learner_id, chunk, ordinal, ordinal from enrollment_past
    where account_id = ${accountId} and item_id = e.item_id and chunk = e.chunk and ordinal > e.after
    union all
    select learner_id, chunk, ordinal, restored_place from enrollment
    where account_id = ${accountId} and item_id = e.item_id and version_chunk = e.chunk and version_chunk <> chunk
      and restored_place > e.after
    union all
    select learner_id, chunk, ordinal, restored_place from enrollment_past
    where account_id = ${accountId} and item_id = e.item_id and version_chunk = e.chunk and version_chunk <> chunk
      and restored_place > e.after`,
  // Versions of the chunk that are not the first of their enrollment.
  ENROLLMENTS_CHANGED: (accountId) => sql`
    select * from (
      select learner_id, chunk, ordinal as enrollment, (row_number() over (order by learner_id) - 1)::int as ordinal from (
        select learner_id, chunk, ordinal from enrollment
        where account_id = ${accountId} and item_id = e.item_id and version_chunk = e.chunk and version_chunk <> chunk
          and restored_place is null
        union all
        select learner_id, chunk, ordinal from enrollment_past
        where account_id = ${accountId} and item_id = e.item_id and version_chunk = e.chunk and version_chunk <> chunk
          and restored_place is null) v) n
    where ordinal > e.after`,
  // What the chunk ended, or what an undo took away without anything in its place.
  LEARNERS_UNENROLLED: (accountId) => sql`
    select * from (
      select learner_id, chunk, ordinal as enrollment, (row_number() over (order by learner_id) - 1)::int as ordinal
      from enrollment_past
      where account_id = ${accountId} and item_id = e.item_id and past_chunk = e.chunk
        and (past_cause = 'ended' or left_chunk is not null)) n
    where ordinal > e.after`,
};

/** A chunk's position, and when its operation was accepted. */
export interface ChunkMoment {
  readonly position: bigint;
  readonly at: Date;
}

/** The first sealed chunks after a position: where they stand, and how old they are. */
export async function chunkMomentsAfter(
  tx: ReadTx,
  accountId: number,
  after: bigint,
  limit: number,
): Promise<ChunkMoment[]> {
  const { rows } = await sql<{ position: string; at: Date }>`
    select c.position, o.accepted_at as at from (
      select position, operation_id from operation_chunk
      where account_id = ${accountId} and position > ${String(after)}::int8 order by position limit ${limit}) c
    join operation o on o.account_id = ${accountId} and o.operation_id = c.operation_id
    order by c.position`.execute(tx);
  return rows.map(({ position, at }) => ({ position: BigInt(position), at }));
}

/** Removes what is told no more: events of chunks after a position, up to another. The chunks stay. */
export async function deletePairEvents(
  tx: WriteTx,
  accountId: number,
  { after, upTo }: { after: bigint; upTo: bigint },
): Promise<void> {
  await sql`
    delete from outbox o using operation_chunk c
    where c.account_id = ${accountId} and c.position > ${String(after)}::int8 and c.position <= ${String(upTo)}::int8
      and o.account_id = c.account_id and o.chunk = c.chunk`.execute(tx);
}
