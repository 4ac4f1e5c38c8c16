import type { Context } from '../access/index.ts';
import { manyUnpaged, nothing, one, Reply, type Route, route } from '../http/route.ts';
import { about, anyCase, list, object, oneOf, optional, text } from '../http/wire.ts';
import type { Courier, Delivery } from './courier.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { SUBSCRIPTION_TYPES, statusOf, writeFilters } from './rules.ts';
import * as subscribers from './subscribers.ts';

/** The contract's limit on a name, an address and a secret. */
const MAX_TEXT = 255;

const subscriberName = text({ min: 1, max: MAX_TEXT });
const SubscriberName = object({ subscriberName }, 'SubscriberNameRequest');
const Settings = object(
  {
    subscriberName,
    callbackUrl: text({ min: 1, max: MAX_TEXT }),
    secret: optional(
      about(
        'Signs every message. Left out, it stays as it is; empty, messages are not signed.',
        anyCase(text({ max: MAX_TEXT })),
      ),
    ),
  },
  'SubscriberRequest',
);

const subscriptionType = oneOf(...SUBSCRIPTION_TYPES);
const params = list(
  object({
    name: text(),
    value: about('A text that holds a JSON array of ids', text({ max: 1_000_000 })),
  }),
  { item: 'param', max: 10 },
);
const Subscription = object({ subscriptionType, params: optional(params) }, 'Subscription');

const SubscriberInfo = object(
  {
    subscriberStatus: oneOf('ACTIVE', 'INACTIVE'),
    confirmationStatus: oneOf('CONFIRMED', 'UNCONFIRMED'),
    notificationProcessStatus: oneOf('ACTIVE', 'INACTIVE', 'SUSPENDED'),
  },
  'SubscriberInfo',
);

const COMMON = { tag: 'webhooks', may: 'administrator' } as const;
const KNOWN = ['webhook.unknown_subscriber'] as const;
const done = nothing(200);

/** What became of the delivery, for the caller's eyes: it is no refusal, as receivers may answer what they like. */
const outcomeOf = (delivery: Delivery): string =>
  'status' in delivery ? `answered ${delivery.status}` : `failed: ${delivery.failure}`;

export const webhookRoutes = (courier: Courier): readonly Route<Context>[] => [
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/register',
    operationId: 'RegisterSubscriber',
    keyless: 'secret',
    summary: 'A new subscriber',
    body: Settings,
    answer: done,
    refusals: ['webhook.name_taken'],
    run: (ctx: Context, { body }) => subscribers.register(ctx, courier, body.subscriberName, body),
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/settings/change',
    operationId: 'ChangeSubscriberSettings',
    keyless: 'secret',
    summary: "Change a subscriber's address and secret",
    description: 'Another address has to be confirmed again.',
    body: Settings,
    answer: done,
    refusals: KNOWN,
    run: (ctx: Context, { body }) => subscribers.changeSettings(ctx, courier, body.subscriberName, body),
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/code/send',
    operationId: 'SendConfirmationCode',
    summary: "Send a new confirmation code to a subscriber's address",
    description: 'Earlier codes are void. What the address answers is not judged.',
    body: SubscriberName,
    answer: done,
    headers: { 'Rollbook-Delivery': 'What the address answered, or why it could not be reached.' },
    refusals: KNOWN,
    run: async (ctx: Context, { body }) =>
      new Reply(undefined, {
        'rollbook-delivery': outcomeOf(await subscribers.sendCode(ctx, courier, body.subscriberName)),
      }),
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/confirm',
    operationId: 'ConfirmSubscriber',
    summary: "Confirm a subscriber's address by the code that was sent to it",
    body: object({ subscriberName, code: text({ min: 1, max: MAX_TEXT }) }),
    answer: done,
    refusals: [...KNOWN, 'webhook.wrong_code'],
    run: (ctx: Context, { body }) => subscribers.confirm(ctx, body.subscriberName, body.code),
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/enable',
    operationId: 'EnableSubscriber',
    summary: 'Enable a subscriber',
    body: SubscriberName,
    answer: done,
    refusals: KNOWN,
    run: (ctx: Context, { body }) => subscribers.setEnabled(ctx, body.subscriberName, true),
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/disable',
    operationId: 'DisableSubscriber',
    summary: 'Disable a subscriber',
    body: SubscriberName,
    answer: done,
    refusals: KNOWN,
    run: (ctx: Context, { body }) => subscribers.setEnabled(ctx, body.subscriberName, false),
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/remove',
    operationId: 'RemoveSubscriber',
    summary: 'Remove a subscriber and its subscriptions',
    body: SubscriberName,
    answer: done,
    refusals: KNOWN,
    run: (ctx: Context, { body }) => subscribers.remove(ctx, body.subscriberName),
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/subscribe',
    operationId: 'Subscribe',
    summary: 'Subscribe to a type of event, or replace its filters',
    description:
      'Several filters must all match; an empty list filters nothing. Ids in filters are not looked up: one that names nothing matches nothing.',
    body: object({ subscriberName, subscription: Subscription }),
    answer: done,
    refusals: KNOWN,
    run: (ctx: Context, { body: { subscriberName: name, subscription } }) =>
      subscribers.subscribe(ctx, name, subscription.subscriptionType, subscription.params ?? []),
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/unsubscribe',
    operationId: 'Unsubscribe',
    summary: 'End a subscription',
    body: object({ subscriberName, subscriptionType }),
    answer: done,
    refusals: [...KNOWN, 'webhook.unknown_subscription'],
    run: (ctx: Context, { body }) => subscribers.unsubscribe(ctx, body.subscriberName, body.subscriptionType),
  }),
  route({
    ...COMMON,
    method: 'GET',
    path: '/webhook/subscription/list',
    operationId: 'ListSubscriptions',
    summary: 'What a subscriber has subscribed to',
    query: SubscriberName,
    answer: manyUnpaged(Subscription, { xmlItem: 'subscription' }),
    refusals: KNOWN,
    run: async (ctx: Context, { query }) =>
      (await subscribers.listSubscriptions(ctx, query.subscriberName)).map((subscription) => ({
        subscriptionType: subscription.subscriptionType,
        params: writeFilters(subscription.filters),
      })),
  }),
  route({
    ...COMMON,
    method: 'GET',
    path: '/webhook/subscriber/info',
    operationId: 'GetSubscriberInfo',
    summary: 'Whether a subscriber is enabled, confirmed, and told of events',
    query: SubscriberName,
    answer: one(SubscriberInfo),
    refusals: KNOWN,
    run: async (ctx: Context, { query }) =>
      statusOf(await subscribers.readSubscriber(ctx, query.subscriberName)),
  }),
  ...deliveryRoutes,
];
