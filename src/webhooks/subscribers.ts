import { randomUUID } from 'node:crypto';
import { type Context, requireAdministrator } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { newId } from '../kernel/ids.ts';
import { seal } from '../operations/index.ts';
import { objectionToUrl } from '../outbound/index.ts';
import type { WriteTx } from '../storage/index.ts';
import type { Courier, Delivery } from './courier.ts';
import { loseOpen } from './delivery-queries.ts';
import { startTelling } from './dispatch-queries.ts';
import * as queries from './queries.ts';
import { dropReplay } from './replay-queries.ts';
import {
  confirmationBody,
  type FilterParam,
  headersOf,
  readFilters,
  type SubscriptionType,
} from './rules.ts';

/** Administration of subscribers: for the owner and account administrators, by the subscriber's name. */

export interface Settings {
  readonly callbackUrl: string;
  /** Left out, it stays as it is; empty, messages are not signed. */
  readonly secret?: string | undefined;
}

function checkUrl(courier: Courier, callbackUrl: string): void {
  const detail = objectionToUrl(callbackUrl, courier.allowsPrivateTargets);
  if (detail) refuse('request.invalid', { field: 'callbackUrl', detail });
}

/** A new subscriber, enabled and unconfirmed. Refuses a taken name. */
export function register(
  ctx: Context,
  courier: Courier,
  name: string,
  { callbackUrl, secret }: Settings,
): Promise<void> {
  requireAdministrator(ctx.caller);
  checkUrl(courier, callbackUrl);
  return ctx.write(async (tx) => {
    const isNew = await queries.insertSubscriber(tx, ctx.caller.accountId, {
      subscriberId: newId(),
      name,
      callbackUrl,
      secret: secret || null,
      createdAt: ctx.now,
    });
    if (!isNew) refuse('webhook.name_taken', { name });
  });
}

/** Runs `work` with the named subscriber locked. Refuses an unknown name. */
export function withSubscriber<T>(
  ctx: Context,
  name: string,
  work: (tx: WriteTx, subscriber: queries.SubscriberRow) => Promise<T>,
): Promise<T> {
  requireAdministrator(ctx.caller);
  return ctx.write(async (tx) => {
    const subscriber = await queries.lockSubscriber(tx, ctx.caller.accountId, name);
    return work(tx, subscriber ?? refuse('webhook.unknown_subscriber'));
  });
}

/** Another address has to be confirmed anew. */
export function changeSettings(
  ctx: Context,
  courier: Courier,
  name: string,
  { callbackUrl, secret }: Settings,
): Promise<void> {
  checkUrl(courier, callbackUrl);
  return withSubscriber(ctx, name, (tx, before) =>
    save(tx, ctx.caller.accountId, before, {
      ...(callbackUrl === before.callbackUrl ? {} : { callbackUrl, isConfirmed: false, codeHash: null }),
      ...(secret === undefined ? {} : { secret: secret || null }),
    }),
  );
}

/**
 * Sends a new code to the subscriber's address; earlier ones are void. It is committed before it is sent, and nothing
 * is held while it is: receivers confirm from inside the request that brings the code. What they answer is not judged.
 */
export async function sendCode(ctx: Context, courier: Courier, name: string): Promise<Delivery> {
  const code = randomUUID();
  const { callbackUrl, secret } = await withSubscriber(ctx, name, async (tx, subscriber) => {
    await queries.updateSubscriber(tx, ctx.caller.accountId, { ...subscriber, codeHash: sha256(code) });
    return subscriber;
  });
  const message = { id: newId(), body: confirmationBody(code) };
  return courier.post(callbackUrl, message.body, headersOf(message, secret, ctx.now));
}

/** Gives what was committed before this call its position, so that "from now on" does not include it. */
export function sealEarlier(ctx: Context): Promise<void> {
  requireAdministrator(ctx.caller);
  return seal(ctx.db, ctx.caller.accountId);
}

export const canBeTold = ({ isEnabled, isConfirmed }: queries.SubscriberRow): boolean =>
  isEnabled && isConfirmed;

/**
 * Writes a subscriber's new state; who can be told only now is told what happens from now on. What was under way before
 * is tried no more.
 */
async function save(
  tx: WriteTx,
  accountId: number,
  before: queries.SubscriberRow,
  change: Partial<Omit<queries.SubscriberRow, 'subscriberId'>>,
): Promise<void> {
  const after = { ...before, ...change };
  const subscriber = { accountId, subscriberId: before.subscriberId };
  await queries.updateSubscriber(tx, accountId, after);
  if (canBeTold(after) === canBeTold(before)) return;
  await loseOpen(tx, subscriber);
  await dropReplay(tx, subscriber);
  if (canBeTold(after)) await startTelling(tx, subscriber);
}

/** Confirms the address by the code that was sent to it last; again with the same code changes nothing. */
export async function confirm(ctx: Context, name: string, code: string): Promise<void> {
  await sealEarlier(ctx);
  await withSubscriber(ctx, name, async (tx, subscriber) => {
    if (!subscriber.codeHash?.equals(sha256(code.trim()))) refuse('webhook.wrong_code');
    await save(tx, ctx.caller.accountId, subscriber, { isConfirmed: true });
  });
}

/** A disabled subscriber keeps its settings and subscriptions, and is told nothing, nor of that time later. */
export async function setEnabled(ctx: Context, name: string, isEnabled: boolean): Promise<void> {
  await sealEarlier(ctx);
  await withSubscriber(ctx, name, (tx, subscriber) =>
    save(tx, ctx.caller.accountId, subscriber, { isEnabled }),
  );
}

export function remove(ctx: Context, name: string): Promise<void> {
  return withSubscriber(ctx, name, (tx, { subscriberId }) =>
    queries.deleteSubscriber(tx, ctx.caller.accountId, subscriberId),
  );
}

/**
 * Subscribes to a type of event; again replaces the filters. Ids in filters are not looked up: one that names nothing
 * matches nothing. Refuses an unknown filter or one that is not written as a list of ids.
 */
export async function subscribe(
  ctx: Context,
  name: string,
  subscriptionType: SubscriptionType,
  params: readonly FilterParam[],
): Promise<void> {
  const read = readFilters(subscriptionType, params);
  if ('objection' in read) refuse('request.invalid', { ...read.objection });
  await sealEarlier(ctx);
  await withSubscriber(ctx, name, (tx, { subscriberId }) =>
    queries.upsertSubscription(tx, ctx.caller.accountId, subscriberId, {
      subscriptionType,
      filters: read.filters,
    }),
  );
}

/** Refuses a type that is not subscribed to. */
export function unsubscribe(ctx: Context, name: string, subscriptionType: SubscriptionType): Promise<void> {
  return withSubscriber(ctx, name, async (tx, { subscriberId }) => {
    if (!(await queries.deleteSubscription(tx, ctx.caller.accountId, subscriberId, subscriptionType)))
      refuse('webhook.unknown_subscription');
  });
}

/** The subscriber with this name. */
export function readSubscriber(ctx: Context, name: string): Promise<queries.SubscriberRow> {
  requireAdministrator(ctx.caller);
  return ctx.read(
    async (tx) =>
      (await queries.findSubscriber(tx, ctx.caller.accountId, name)) ?? refuse('webhook.unknown_subscriber'),
  );
}

/** What the subscriber is told of. */
export function listSubscriptions(ctx: Context, name: string): Promise<queries.Subscription[]> {
  requireAdministrator(ctx.caller);
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    const { subscriberId } =
      (await queries.findSubscriber(tx, accountId, name)) ?? refuse('webhook.unknown_subscriber');
    return queries.subscriptionsOf(tx, accountId, subscriberId);
  });
}
