import { sql } from 'kysely';
import type { FeedPlace } from '../feed/index.ts';
import { newId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { one, placeValues, type Subscriber } from './dispatch-queries.ts';
import type { EventRange } from './dispatch-rules.ts';
import type { SubscriptionType } from './rules.ts';

/** All SQL about the log of deliveries: one row for each message to a subscriber, however often it was tried. */

export const DELIVERY_STATES = ['pending', 'retrying', 'delivered', 'lost'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface NewDelivery extends EventRange {
  readonly messageId: string;
  readonly replayId: string | null;
  readonly subscriptionType: SubscriptionType;
  readonly events: number;
}

/** An attempt begins: the first, or another one at the same message. The delivery's id. */
export async function beginAttempt(
  tx: WriteTx,
  { accountId, subscriberId }: Subscriber,
  delivery: NewDelivery,
  now: Date,
): Promise<string> {
  const { rows } = await sql<{ delivery_id: string }>`
    insert into webhook_delivery (account_id, subscriber_id, delivery_id, message_id, replay_id, subscription_type, events,
      from_position, from_item, from_ordinal, from_event, to_position, to_item, to_ordinal, to_event, state, attempts, created_at)
    values (${accountId}, ${subscriberId}, ${newId()}, ${delivery.messageId}, ${delivery.replayId}, ${delivery.subscriptionType},
      ${delivery.events}, ${placeValues(delivery.from)}, ${placeValues(delivery.upTo)}, 'pending', 1, ${now})
    on conflict (account_id, subscriber_id, message_id, replay_id)
      do update set state = 'pending', attempts = webhook_delivery.attempts + 1
    returning delivery_id`.execute(tx);
  return rows[0]?.delivery_id ?? '';
}

/** How an attempt ended. */
export interface Ending {
  readonly state: DeliveryState;
  readonly status: number | null;
  readonly failure: string | null;
  readonly durationMs: number;
}

export async function endAttempt(
  tx: WriteTx,
  subscriber: Subscriber,
  deliveryId: string,
  { state, status, failure, durationMs }: Ending,
  now: Date,
): Promise<void> {
  await sql`update webhook_delivery
    set state = ${state}, status = ${status}, failure = ${failure}, duration_ms = ${durationMs}, finished_at = ${now}
    where ${one(subscriber)} and delivery_id = ${deliveryId}`.execute(tx);
}

/** What is under way will not be tried again. */
export async function loseOpen(tx: WriteTx, subscriber: Subscriber): Promise<void> {
  await sql`update webhook_delivery set state = 'lost'
    where ${one(subscriber)} and state in ('pending', 'retrying')`.execute(tx);
}

/** Of what was told as it happened, the message that went furthest. */
export async function lastMessage(tx: ReadTx, subscriber: Subscriber): Promise<EventRange | null> {
  const { rows } = await sql<PlaceColumns>`
    select ${RANGE} from webhook_delivery where ${one(subscriber)} and replay_id is null
    order by to_position desc, to_item desc, to_ordinal desc, to_event desc limit 1`.execute(tx);
  return rows[0] ? rangeOf(rows[0]) : null;
}

/** Of what was told as it happened, the first message that goes beyond a place. */
export async function messageBeyond(
  tx: ReadTx,
  subscriber: Subscriber,
  { position, itemId, ordinal, number }: FeedPlace,
): Promise<EventRange | null> {
  const { rows } = await sql<PlaceColumns>`
    select ${RANGE} from webhook_delivery
    where ${one(subscriber)} and replay_id is null
      and ((to_position, to_item, to_ordinal) > (${String(position)}::int8, ${itemId}::uuid, ${ordinal}::int)
        or to_event > ${String(number)}::int8)
    order by to_position, to_item, to_ordinal, to_event limit 1`.execute(tx);
  return rows[0] ? rangeOf(rows[0]) : null;
}

/** What some deliveries told of, in order of creation. */
export async function rangesOf(
  tx: ReadTx,
  subscriber: Subscriber,
  deliveryIds: readonly string[],
): Promise<{ deliveryId: string; range: EventRange }[]> {
  const { rows } = await sql<PlaceColumns & { delivery_id: string }>`
    select delivery_id, ${RANGE} from webhook_delivery
    where ${one(subscriber)} and delivery_id = any(${[...deliveryIds]}::uuid[]) order by delivery_id`.execute(
    tx,
  );
  return rows.map((row) => ({ deliveryId: row.delivery_id, range: rangeOf(row) }));
}

interface PlaceColumns {
  from_position: string;
  from_item: string;
  from_ordinal: number;
  from_event: string;
  to_position: string;
  to_item: string;
  to_ordinal: number;
  to_event: string;
}
const RANGE = sql`from_position, from_item, from_ordinal, from_event, to_position, to_item, to_ordinal, to_event`;

const rangeOf = (row: PlaceColumns): EventRange => ({
  from: {
    position: BigInt(row.from_position),
    itemId: row.from_item,
    ordinal: row.from_ordinal,
    number: BigInt(row.from_event),
  },
  upTo: {
    position: BigInt(row.to_position),
    itemId: row.to_item,
    ordinal: row.to_ordinal,
    number: BigInt(row.to_event),
  },
});

/** Forgets what is older than an instant, and of the rest all but the last ones. */
export async function forgetDeliveries(
  tx: WriteTx,
  subscriber: Subscriber,
  { before, keep }: { before: Date; keep: number },
): Promise<void> {
  await sql`delete from webhook_delivery where ${one(subscriber)} and (created_at < ${before} or delivery_id <=
    (select delivery_id from webhook_delivery where ${one(subscriber)} order by delivery_id desc offset ${keep} limit 1))`.execute(
    tx,
  );
}

export interface DeliveryFilter {
  readonly state: DeliveryState | null;
  readonly from: Date | null;
  readonly to: Date | null;
}

export interface DeliveryRow {
  readonly deliveryId: string;
  readonly messageId: string;
  readonly replayId: string | null;
  readonly subscriptionType: SubscriptionType;
  readonly events: number;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly status: number | null;
  readonly failure: string | null;
  readonly durationMs: number | null;
  readonly finishedAt: Date | null;
  readonly createdAt: Date;
}

/** In order of creation; those after an id. */
export async function deliveriesAfter(
  tx: ReadTx,
  subscriber: Subscriber,
  { state, from, to }: DeliveryFilter,
  after: string | null,
  limit: number,
): Promise<DeliveryRow[]> {
  const { rows } = await sql<DeliveryRow>`
    select delivery_id as "deliveryId", message_id as "messageId", replay_id as "replayId",
      subscription_type as "subscriptionType", events, state, attempts, status, failure, duration_ms as "durationMs",
      finished_at as "finishedAt", created_at as "createdAt"
    from webhook_delivery
    where ${one(subscriber)} ${after === null ? sql`` : sql`and delivery_id > ${after}`}
      ${state === null ? sql`` : sql`and state = ${state}`}
      ${from === null ? sql`` : sql`and created_at >= ${from}`} ${to === null ? sql`` : sql`and created_at < ${to}`}
    order by delivery_id limit ${limit}`.execute(tx);
  return rows;
}
