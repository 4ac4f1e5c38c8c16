import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { SingleEventType } from './types.ts';

/** All SQL about events with a row of their own. */

export interface EventRow {
  readonly eventId: string;
  readonly eventType: SingleEventType;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly userIds: readonly string[];
  readonly itemId: string | null;
}

/** One statement for any number of them. */
export async function insertEvents(
  tx: WriteTx,
  accountId: number,
  events: readonly EventRow[],
  at: Date,
): Promise<void> {
  await sql`
    insert into event (account_id, event_id, event_type, payload, user_ids, item_id, occurred_at)
    select ${accountId}, e."eventId", e."eventType", e.payload, e."userIds", e."itemId", ${at}
    from jsonb_to_recordset(${JSON.stringify(events)}::jsonb)
      as e("eventId" uuid, "eventType" text, payload jsonb, "userIds" uuid[], "itemId" uuid)`.execute(tx);
}

/** Committed events without a number, in the order in which they were made. */
export async function unsealedEvents(tx: ReadTx, accountId: number, limit: number): Promise<string[]> {
  const { rows } = await sql<{ event_id: string }>`
    select event_id from event where account_id = ${accountId} and number is null order by event_id limit ${limit}`.execute(
    tx,
  );
  return rows.map((row) => row.event_id);
}

/** An event's number, and the position of the chunk that it follows. */
export interface EventSeal {
  readonly eventId: string;
  readonly number: bigint;
  readonly position: bigint;
}

export async function writeNumbers(
  tx: WriteTx,
  accountId: number,
  sealed: readonly EventSeal[],
): Promise<void> {
  if (sealed.length === 0) return;
  await sql`
    update event e set number = s.number, position = s.position
    from unnest(${sealed.map((s) => s.eventId)}::uuid[], ${sealed.map((s) => String(s.number))}::int8[],
                ${sealed.map((s) => String(s.position))}::int8[]) as s(event_id, number, position)
    where e.account_id = ${accountId} and e.event_id = s.event_id`.execute(tx);
}

export interface SealedEvent extends EventRow {
  readonly number: bigint;
  readonly position: bigint;
  readonly occurredAt: Date;
}

/** Which sealed events: after a number up to another, and of those the ones that follow chunks from a position to another. */
export interface EventRange {
  readonly after: bigint;
  readonly upTo: bigint;
  readonly fromPosition: bigint;
  readonly toPosition: bigint;
  readonly types: readonly string[];
  readonly limit: number;
}

/** Sealed events of some types, in order. */
export async function sealedEventsAfter(
  tx: ReadTx,
  accountId: number,
  range: EventRange,
): Promise<SealedEvent[]> {
  const { rows } = await sql<{
    number: string;
    position: string;
    event_id: string;
    event_type: SingleEventType;
    payload: Record<string, unknown>;
    user_ids: string[];
    item_id: string | null;
    occurred_at: Date;
  }>`
    select number, position, event_id, event_type, payload, user_ids, item_id, occurred_at from event
    where account_id = ${accountId} and number > ${String(range.after)}::int8 and number <= ${String(range.upTo)}::int8
      and position >= ${String(range.fromPosition)}::int8 and position <= ${String(range.toPosition)}::int8
      and event_type = any(${[...range.types]}::text[])
    order by number limit ${range.limit}`.execute(tx);
  return rows.map((row) => ({
    number: BigInt(row.number),
    position: BigInt(row.position),
    eventId: row.event_id,
    eventType: row.event_type,
    payload: row.payload,
    userIds: row.user_ids,
    itemId: row.item_id,
    occurredAt: row.occurred_at,
  }));
}

/** Takes out of the event that told of a user's registration who it was. Nothing else here says that of anybody. */
export async function forgetUser(tx: WriteTx, accountId: number, userId: string): Promise<void> {
  await sql`update event set payload = payload || '{"login": null, "email": null}'
    where account_id = ${accountId} and event_id = ${userId}`.execute(tx);
}

/** An event's number, the position of the chunk that it follows, and when it happened. */
export interface EventMoment {
  readonly number: bigint;
  readonly position: bigint;
  readonly at: Date;
}

/** The first sealed events after a number: where they stand, and how old they are. */
export async function eventMomentsAfter(
  tx: ReadTx,
  accountId: number,
  after: bigint,
  limit: number,
): Promise<EventMoment[]> {
  const { rows } = await sql<{ number: string; position: string; at: Date }>`
    select number, position, occurred_at as at from event
    where account_id = ${accountId} and number > ${String(after)}::int8 order by number limit ${limit}`.execute(
    tx,
  );
  return rows.map(({ number, position, at }) => ({ number: BigInt(number), position: BigInt(position), at }));
}

/** The position that the last event up to a number follows; null if there is none. */
export async function positionAt(tx: ReadTx, accountId: number, number: bigint): Promise<bigint | null> {
  const { rows } = await sql<{ position: string }>`
    select position from event where account_id = ${accountId} and number <= ${String(number)}::int8
    order by number desc limit 1`.execute(tx);
  return rows[0] ? BigInt(rows[0].position) : null;
}

/** Removes what is told no more: events after a number, up to another. */
export async function deleteEvents(
  tx: WriteTx,
  accountId: number,
  { after, upTo }: { after: bigint; upTo: bigint },
): Promise<void> {
  await sql`
    delete from event where account_id = ${accountId} and number > ${String(after)}::int8
      and number <= ${String(upTo)}::int8`.execute(tx);
}

/** When the days of which of these sessions were last changed, if that was after an instant each. */
export async function meetingsChangedAfter(
  tx: ReadTx,
  accountId: number,
  sessions: readonly { readonly sessionId: string; readonly at: Date }[],
): Promise<Map<string, Date>> {
  if (sessions.length === 0) return new Map();
  const { rows } = await sql<{ session_id: string; at: Date }>`
    select w.session_id, max(e.occurred_at) as at
    from unnest(${sessions.map(({ sessionId }) => sessionId)}::text[],
                ${sessions.map(({ at }) => at.toISOString())}::timestamptz[]) as w(session_id, at)
    join event e on e.account_id = ${accountId} and e.payload->>'sessionId' = w.session_id and e.occurred_at > w.at
      and e.event_type in ('TRAINING_MEETING_ADDED', 'TRAINING_MEETING_UPDATED', 'TRAINING_MEETING_REMOVED')
    group by w.session_id`.execute(tx);
  return new Map(rows.map((row) => [row.session_id, row.at]));
}
