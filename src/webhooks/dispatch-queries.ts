import { sql } from 'kysely';
import { afterPosition, WHOLE_EVENT } from '../enrollment/index.ts';
import type { FeedEnd, FeedPlace } from '../feed/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Filters, SubscriptionType } from './rules.ts';

/** All SQL of delivery: who is due, the lease under which a subscriber is told, and how far it has been. */

export interface Subscriber {
  readonly accountId: number;
  readonly subscriberId: string;
}

const NEVER = sql`to_timestamp(0)`;
export const one = ({ accountId, subscriberId }: Subscriber) =>
  sql`account_id = ${accountId} and subscriber_id = ${subscriberId}`;
const holder = (lease: Lease) => sql`${one(lease)} and lease_epoch = ${String(lease.epoch)}::int8`;

/** SQL: a place, in the order of the columns that hold one: position, item, ordinal, event. */
export const placeValues = ({ position, itemId, ordinal, number }: FeedPlace) =>
  sql`${String(position)}::int8, ${itemId}::uuid, ${ordinal}::int, ${String(number)}::int8`;

/** Subscribers of all accounts that have something to be told now and whom nobody is telling. */
export async function dueSubscribers(tx: ReadTx, now: Date, limit: number): Promise<Subscriber[]> {
  const { rows } = await sql<Subscriber>`
    select w.account_id as "accountId", w.subscriber_id as "subscriberId"
    from webhook_subscriber w join seal s on s.account_id = w.account_id
    where w.is_enabled and w.is_confirmed and w.next_attempt_at <= ${now} and w.lease_until <= ${now}
      and (s.position > w.told_position or w.told_ordinal < ${WHOLE_EVENT} or s.events > w.told_event
        or exists (select from operation_chunk c where c.account_id = w.account_id and c.position is null)
        or exists (select from event e where e.account_id = w.account_id and e.number is null)
        or exists (select from webhook_replay r where r.account_id = w.account_id and r.subscriber_id = w.subscriber_id
                     and r.range_no = 0 and r.next_attempt_at <= ${now}))
    order by w.lease_until limit ${limit}`.execute(tx);
  return rows;
}

/** The right to tell a subscriber, until somebody else holds a later epoch. */
export interface Lease extends Subscriber {
  readonly epoch: bigint;
}

/** Null if somebody else was faster, or there is nobody to be told any more. */
export async function takeLease(
  tx: WriteTx,
  subscriber: Subscriber,
  now: Date,
  leaseUntil: Date,
): Promise<Lease | null> {
  const { rows } = await sql<{ lease_epoch: string }>`
    update webhook_subscriber set lease_epoch = lease_epoch + 1, lease_until = ${leaseUntil}
    where ${one(subscriber)} and is_enabled and is_confirmed and lease_until <= ${now} and next_attempt_at <= ${now}
    returning lease_epoch`.execute(tx);
  return rows[0] ? { ...subscriber, epoch: BigInt(rows[0].lease_epoch) } : null;
}

export interface Held {
  readonly callbackUrl: string;
  readonly secret: string | null;
  readonly told: FeedPlace;
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly subscriptions: readonly LiveSubscription[];
}

export interface LiveSubscription {
  readonly subscriptionType: SubscriptionType;
  readonly filters: Filters;
  readonly sincePosition: bigint;
  readonly sinceEvent: bigint;
}

/** Prolongs a lease and says how the subscriber stands now; null if the lease is lost or it is to be told no more. */
export async function holdLease(tx: WriteTx, lease: Lease, leaseUntil: Date): Promise<Held | null> {
  const { rows } = await sql<{
    callback_url: string;
    secret: string | null;
    told_position: string;
    told_item: string;
    told_ordinal: number;
    told_event: string;
    failures: number;
    failing_since: Date | null;
  }>`
    update webhook_subscriber set lease_until = ${leaseUntil} where ${holder(lease)} and is_enabled and is_confirmed
    returning callback_url, secret, told_position, told_item, told_ordinal, told_event, failures, failing_since`.execute(
    tx,
  );
  const [row] = rows;
  if (!row) return null;
  const subscriptions = await sql<{
    subscription_type: SubscriptionType;
    filters: Filters;
    since_position: string;
    since_event: string;
  }>`select subscription_type, filters, since_position, since_event from webhook_subscription where ${one(lease)}`.execute(
    tx,
  );
  return {
    callbackUrl: row.callback_url,
    secret: row.secret,
    told: {
      position: BigInt(row.told_position),
      itemId: row.told_item,
      ordinal: row.told_ordinal,
      number: BigInt(row.told_event),
    },
    failures: row.failures,
    failingSince: row.failing_since,
    subscriptions: subscriptions.rows.map((own) => ({
      subscriptionType: own.subscription_type,
      filters: own.filters,
      sincePosition: BigInt(own.since_position),
      sinceEvent: BigInt(own.since_event),
    })),
  };
}

/** Whether the lease still holds; if so, it does until the transaction ends. */
export async function isHeld(tx: WriteTx, lease: Lease): Promise<boolean> {
  const { rows } = await sql`select from webhook_subscriber where ${holder(lease)} for update`.execute(tx);
  return rows.length > 0;
}

/** Everything up to here is told. Says nothing to a subscriber whose lease is lost: it will be told again. */
export async function recordTold(tx: WriteTx, lease: Lease, told: FeedPlace): Promise<void> {
  await sql`update webhook_subscriber
    set (told_position, told_item, told_ordinal, told_event) = (${placeValues(told)}), failures = 0, failing_since = null
    where ${holder(lease)}`.execute(tx);
}

/** The next attempt is at that time; the lease ends. */
export async function recordFailure(
  tx: WriteTx,
  lease: Lease,
  failure: { failures: number; since: Date; retryAt: Date },
): Promise<void> {
  await sql`update webhook_subscriber
    set failures = ${failure.failures}, failing_since = ${failure.since}, next_attempt_at = ${failure.retryAt},
        lease_until = ${NEVER} where ${holder(lease)}`.execute(tx);
}

/** Nobody answers there: the address is to be confirmed again, and told only what happens after that. */
export async function giveUp(tx: WriteTx, lease: Lease): Promise<void> {
  await sql`update webhook_subscriber
    set is_confirmed = false, code_hash = null, failures = 0, failing_since = null, lease_until = ${NEVER}
    where ${holder(lease)}`.execute(tx);
}

export async function releaseLease(tx: WriteTx, lease: Lease): Promise<void> {
  await sql`update webhook_subscriber set lease_until = ${NEVER} where ${holder(lease)}`.execute(tx);
}

/** From now on the subscriber is told what happens after the sealed position; whoever was telling it has lost the lease. */
export async function startTelling(tx: WriteTx, subscriber: Subscriber): Promise<void> {
  const { itemId, ordinal } = afterPosition(0n);
  await sql`update webhook_subscriber
    set (told_position, told_event) = (select position, events from seal where account_id = ${subscriber.accountId}),
        told_item = ${itemId}, told_ordinal = ${ordinal}, failures = 0, failing_since = null, next_attempt_at = ${NEVER},
        lease_epoch = lease_epoch + 1, lease_until = ${NEVER} where ${one(subscriber)}`.execute(tx);
}

/** How many subscribers would be told of an event of a type in each item: whose filter names the item, or none. */
export async function countSubscribers(
  tx: ReadTx,
  accountId: number,
  type: string,
  itemIds: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ item_id: string; n: number }>`
    select i.id as item_id, count(*)::int as n
    from webhook_subscriber w
    join webhook_subscription s on s.account_id = w.account_id and s.subscriber_id = w.subscriber_id
    join unnest(${[...itemIds]}::uuid[]) as i(id) on s.filters->'courseIds' is null or s.filters->'courseIds' ? i.id::text
    where w.account_id = ${accountId} and w.is_enabled and w.is_confirmed and s.subscription_type = ${type}
    group by i.id`.execute(tx);
  return new Map(rows.map((row) => [row.item_id, row.n]));
}

export interface WebhookCounts {
  readonly suspended: number;
  /** When the oldest happened of what a subscriber is still to be told of; null when none waits. */
  readonly oldestAt: Date | null;
}

/**
 * How the subscribers of all accounts stand. What is told at once is hardly ever found here: it takes a receiver that is
 * down, or a dispatcher that does not run. Of an operation that still runs it is not known when its last chunk was
 * written, so that counts from its end.
 */
export async function countWaiting(tx: ReadTx): Promise<WebhookCounts> {
  const { rows } = await sql<{ suspended: number; oldest_at: Date | null }>`
    select count(*) filter (where w.failures > 0)::int as suspended, min(least(d.at, c.at, e.at)) as oldest_at
    from webhook_subscriber w
    left join lateral (
      select created_at as at from (
        select created_at, state from webhook_delivery
        where account_id = w.account_id and subscriber_id = w.subscriber_id and replay_id is null
        order by to_position desc, to_item desc, to_ordinal desc, to_event desc limit 1) l
      where state in ('pending', 'retrying')) d on true
    left join lateral (
      select o.completed_at as at from operation_chunk k
      join operation o on o.account_id = k.account_id and o.operation_id = k.operation_id
      where k.account_id = w.account_id and k.position > w.told_position order by k.position limit 1) c on true
    left join lateral (
      select occurred_at as at from event
      where account_id = w.account_id and number > w.told_event order by number limit 1) e on true
    where w.is_enabled and w.is_confirmed`.execute(tx);
  const { suspended = 0, oldest_at: oldestAt = null } = rows[0] ?? {};
  return { suspended, oldestAt };
}

/** Up to where every subscriber has been told who is told at all; null if nobody is. */
export async function toldToAll(tx: ReadTx, accountId: number): Promise<FeedEnd | null> {
  const { rows } = await sql<{ position: string | null; events: string | null }>`
    select min(told_position - case when told_ordinal < ${WHOLE_EVENT} then 1 else 0 end) as position,
           min(told_event) as events
    from webhook_subscriber where account_id = ${accountId} and is_enabled and is_confirmed`.execute(tx);
  const [told] = rows;
  if (!told || told.position === null || told.events === null) return null;
  return { position: BigInt(told.position), events: BigInt(told.events) };
}
