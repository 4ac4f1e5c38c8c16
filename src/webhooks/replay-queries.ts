import { sql } from 'kysely';
import { afterPosition } from '../enrollment/index.ts';
import type { FeedEnd, FeedPlace } from '../feed/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { one, type Subscriber } from './dispatch-queries.ts';
import type { EventRange } from './dispatch-rules.ts';

/** All SQL about replays: ranges of events that a subscriber is to be told again, and how far that is. */

const DAY = sql`interval '1 day'`;

/**
 * What was sealed of the events between two instants; null for nothing. Chunks have no time of their own, so it is that
 * of their operations, also of those that were under way at the beginning: rather too much than too little.
 */
export async function eventsBetween(
  tx: ReadTx,
  accountId: number,
  from: Date,
  to: Date,
): Promise<EventRange | null> {
  const { rows } = await sql<
    Record<'first_position' | 'last_position' | 'first_number' | 'last_number', string | null> & {
      follows: string | null;
      numbered_before: string | null;
    }
  >`
    select c.first_position, c.last_position, e.first_number, e.last_number, e.follows,
      (select max(number) from event where account_id = ${accountId} and position < c.first_position) as numbered_before
    from
      (select min(c.position) as first_position, max(c.position) as last_position
       from operation o join operation_chunk c on c.account_id = o.account_id and c.operation_id = o.operation_id
       where o.account_id = ${accountId} and o.accepted_at >= ${from}::timestamptz - ${DAY} and o.accepted_at < ${to}
         and (o.accepted_at >= ${from} or o.completed_at is null or o.completed_at >= ${from})) c,
      (select min(number) as first_number, max(number) as last_number, min(position) as follows from event
       where account_id = ${accountId} and number is not null and occurred_at >= ${from} and occurred_at < ${to}) e`.execute(
    tx,
  );
  const [row] = rows;
  if (!row || (row.first_position === null && row.first_number === null)) return null;
  // Of two streams that stand in one order, where one has nothing in the range it stands still where the other begins.
  const position = row.first_position === null ? BigInt(row.follows ?? 0) : BigInt(row.first_position) - 1n;
  const number = row.first_number === null ? BigInt(row.numbered_before ?? 0) : BigInt(row.first_number) - 1n;
  return {
    from: { ...afterPosition(position), number },
    upTo: {
      ...afterPosition(BigInt(row.last_position ?? position)),
      number: BigInt(row.last_number ?? number),
    },
  };
}

/** When the oldest happened of what is kept after a place; null when nothing is. */
export async function oldestAfter(tx: ReadTx, accountId: number, kept: FeedEnd): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`
    select least(
      (select o.accepted_at from operation_chunk c
       join operation o on o.account_id = c.account_id and o.operation_id = c.operation_id
       where c.account_id = ${accountId} and c.position > ${String(kept.position)}::int8 order by c.position limit 1),
      (select occurred_at from event
       where account_id = ${accountId} and number > ${String(kept.events)}::int8 order by number limit 1)) as at`.execute(
    tx,
  );
  return rows[0]?.at ?? null;
}

export async function hasReplay(tx: ReadTx, subscriber: Subscriber): Promise<boolean> {
  const { rows } = await sql`select from webhook_replay where ${one(subscriber)} limit 1`.execute(tx);
  return rows.length > 0;
}

/** The subscriber is to be told these, in this order. */
export async function insertReplay(
  tx: WriteTx,
  { accountId, subscriberId }: Subscriber,
  replayId: string,
  ranges: readonly EventRange[],
): Promise<void> {
  const rows = ranges.map(({ from, upTo }, place) => ({
    ...{
      range_no: place,
      at_position: String(from.position),
      at_item: from.itemId,
      at_ordinal: from.ordinal,
    },
    ...{ at_event: String(from.number), until_position: String(upTo.position), until_item: upTo.itemId },
    ...{ until_ordinal: upTo.ordinal, until_event: String(upTo.number) },
  }));
  await sql`
    insert into webhook_replay (account_id, subscriber_id, replay_id, range_no, at_position, at_item, at_ordinal, at_event,
      until_position, until_item, until_ordinal, until_event)
    select ${accountId}, ${subscriberId}, ${replayId}, range_no, at_position, at_item, at_ordinal, at_event,
      until_position, until_item, until_ordinal, until_event
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as r(range_no int, at_position int8, at_item uuid, at_ordinal int, at_event int8,
           until_position int8, until_item uuid, until_ordinal int, until_event int8)`.execute(tx);
}

/** The range of a replay that is told next. */
export interface ReplayRange extends EventRange {
  readonly replayId: string;
  readonly rangeNo: number;
  readonly failures: number;
  readonly failingSince: Date | null;
}

export async function dueReplay(tx: ReadTx, subscriber: Subscriber, now: Date): Promise<ReplayRange | null> {
  const { rows } = await sql<{
    replay_id: string;
    range_no: number;
    at_position: string;
    at_item: string;
    at_ordinal: number;
    at_event: string;
    until_position: string;
    until_item: string;
    until_ordinal: number;
    until_event: string;
    failures: number;
    failing_since: Date | null;
  }>`
    select replay_id, range_no, at_position, at_item, at_ordinal, at_event, until_position, until_item, until_ordinal,
      until_event, failures, failing_since
    from webhook_replay where ${one(subscriber)} and next_attempt_at <= ${now} order by range_no limit 1`.execute(
    tx,
  );
  const [row] = rows;
  if (!row) return null;
  return {
    replayId: row.replay_id,
    rangeNo: row.range_no,
    from: {
      position: BigInt(row.at_position),
      itemId: row.at_item,
      ordinal: row.at_ordinal,
      number: BigInt(row.at_event),
    },
    upTo: {
      position: BigInt(row.until_position),
      itemId: row.until_item,
      ordinal: row.until_ordinal,
      number: BigInt(row.until_event),
    },
    failures: row.failures,
    failingSince: row.failing_since,
  };
}

/** The range is told up to a place. */
export async function recordReplayed(
  tx: WriteTx,
  subscriber: Subscriber,
  rangeNo: number,
  place: FeedPlace,
): Promise<void> {
  await sql`update webhook_replay
    set at_position = ${String(place.position)}::int8, at_item = ${place.itemId}, at_ordinal = ${place.ordinal},
        at_event = ${String(place.number)}::int8
    where ${one(subscriber)} and range_no = ${rangeNo}`.execute(tx);
}

/** The range is told. */
export async function endRange(tx: WriteTx, subscriber: Subscriber, rangeNo: number): Promise<void> {
  await sql`delete from webhook_replay where ${one(subscriber)} and range_no = ${rangeNo}`.execute(tx);
}

/** Failures of a replay are those of all its ranges: the first waits, and the others behind it. */
export async function recordReplayFailures(
  tx: WriteTx,
  subscriber: Subscriber,
  { failures, since, retryAt }: { failures: number; since: Date | null; retryAt: Date },
): Promise<void> {
  await sql`update webhook_replay
    set failures = ${failures}, failing_since = ${since}, next_attempt_at = ${retryAt} where ${one(subscriber)}`.execute(
    tx,
  );
}

export async function dropReplay(tx: WriteTx, subscriber: Subscriber): Promise<void> {
  await sql`delete from webhook_replay where ${one(subscriber)}`.execute(tx);
}
