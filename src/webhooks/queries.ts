import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Filters, SubscriptionType } from './rules.ts';

/** All SQL about subscribers and their subscriptions. */

export interface SubscriberRow {
  readonly subscriberId: string;
  readonly callbackUrl: string;
  readonly secret: string | null;
  readonly isEnabled: boolean;
  readonly isConfirmed: boolean;
  readonly codeHash: Buffer | null;
  /** Deliveries of events that failed since the last that succeeded. */
  readonly failures: number;
}

const columns = sql`subscriber_id as "subscriberId", callback_url as "callbackUrl", secret, is_enabled as "isEnabled",
  is_confirmed as "isConfirmed", code_hash as "codeHash", failures`;

export async function findSubscriber(
  tx: ReadTx,
  accountId: number,
  name: string,
): Promise<SubscriberRow | null> {
  const { rows } = await sql<SubscriberRow>`
    select ${columns} from webhook_subscriber where account_id = ${accountId} and name = ${name}`.execute(tx);
  return rows[0] ?? null;
}

/** The subscriber, locked: what is decided about it holds until it is written. */
export async function lockSubscriber(
  tx: WriteTx,
  accountId: number,
  name: string,
): Promise<SubscriberRow | null> {
  const { rows } = await sql<SubscriberRow>`
    select ${columns} from webhook_subscriber where account_id = ${accountId} and name = ${name} for update`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** False if the name is taken: the constraint decides, so that of two at the same time one wins. */
export async function insertSubscriber(
  tx: WriteTx,
  accountId: number,
  subscriber: {
    subscriberId: string;
    name: string;
    callbackUrl: string;
    secret: string | null;
    createdAt: Date;
  },
): Promise<boolean> {
  const { rows } = await sql`
    insert into webhook_subscriber (account_id, subscriber_id, name, callback_url, secret, created_at)
    values (${accountId}, ${subscriber.subscriberId}, ${subscriber.name}, ${subscriber.callbackUrl}, ${subscriber.secret},
            ${subscriber.createdAt})
    on conflict (account_id, name) do nothing returning 1`.execute(tx);
  return rows.length === 1;
}

/** Writes everything that administration can change about a subscriber. */
export async function updateSubscriber(
  tx: WriteTx,
  accountId: number,
  subscriber: Omit<SubscriberRow, 'failures'>,
): Promise<void> {
  await sql`
    update webhook_subscriber
    set callback_url = ${subscriber.callbackUrl}, secret = ${subscriber.secret}, is_enabled = ${subscriber.isEnabled},
        is_confirmed = ${subscriber.isConfirmed}, code_hash = ${subscriber.codeHash}
    where account_id = ${accountId} and subscriber_id = ${subscriber.subscriberId}`.execute(tx);
}

/** The subscriber and, with it, its subscriptions. */
export async function deleteSubscriber(tx: WriteTx, accountId: number, subscriberId: string): Promise<void> {
  await sql`delete from webhook_subscriber
    where account_id = ${accountId} and subscriber_id = ${subscriberId}`.execute(tx);
}

export interface Subscription {
  readonly subscriptionType: SubscriptionType;
  readonly filters: Filters;
}

/** Subscribes to a type from the sealed position on, or replaces the filters of the subscription there is. */
export async function upsertSubscription(
  tx: WriteTx,
  accountId: number,
  subscriberId: string,
  { subscriptionType, filters }: Subscription,
): Promise<void> {
  await sql`
    insert into webhook_subscription (account_id, subscriber_id, subscription_type, filters, since_position, since_event)
    select ${accountId}, ${subscriberId}, ${subscriptionType}, ${JSON.stringify(filters)}, position, events
    from seal where account_id = ${accountId}
    on conflict (account_id, subscriber_id, subscription_type) do update set filters = excluded.filters`.execute(
    tx,
  );
}

/** False if there was none. */
export async function deleteSubscription(
  tx: WriteTx,
  accountId: number,
  subscriberId: string,
  subscriptionType: string,
): Promise<boolean> {
  const { rows } = await sql`delete from webhook_subscription
    where account_id = ${accountId} and subscriber_id = ${subscriberId} and subscription_type = ${subscriptionType}
    returning 1`.execute(tx);
  return rows.length === 1;
}

/** At most one per type. */
export async function subscriptionsOf(
  tx: ReadTx,
  accountId: number,
  subscriberId: string,
): Promise<Subscription[]> {
  const { rows } = await sql<Subscription>`
    select subscription_type as "subscriptionType", filters from webhook_subscription
    where account_id = ${accountId} and subscriber_id = ${subscriberId} order by subscription_type`.execute(
    tx,
  );
  return rows;
}
