import type { Context } from '../access/index.ts';
import { afterToken, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { one, page, type Route, route } from '../http/route.ts';
import {
  about,
  type Infer,
  ids,
  instant,
  integer,
  object,
  oneOf,
  optional,
  text,
  uuid,
} from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import * as deliveries from './deliveries.ts';
import { DELIVERY_STATES, type DeliveryRow } from './delivery-queries.ts';
import { SUBSCRIPTION_TYPES } from './rules.ts';

/** The log of deliveries and replays: ours, beside the contract's webhooks. */

/** Of one replay; more are a range. */
const MAX_DELIVERIES = 1_000;

const subscriberName = text({ min: 1, max: 255 });

const DeliveryInfo = object(
  {
    deliveryId: uuid(),
    messageId: about('The header webhook-id of the message', text()),
    replayId: optional(uuid()),
    subscriptionType: oneOf(...SUBSCRIPTION_TYPES),
    events: about('How many events the message told of', integer()),
    state: about(
      'pending while it is sent, or until it is known what became of it; retrying after a failure; lost when it is tried no more',
      oneOf(...DELIVERY_STATES),
    ),
    attempts: integer(),
    status: optional(about('What was answered to the last attempt', integer())),
    failure: optional(about('Why nothing was', text())),
    durationMs: optional(integer()),
    createdAt: about('When it was first sent', text()),
    finishedAt: optional(about('When the last attempt ended', text())),
  },
  'WebhookDelivery',
);

const toDelivery = (row: DeliveryRow) => ({
  deliveryId: row.deliveryId,
  messageId: row.messageId,
  replayId: row.replayId ?? undefined,
  subscriptionType: row.subscriptionType,
  events: row.events,
  state: row.state,
  attempts: row.attempts,
  status: row.status ?? undefined,
  failure: row.failure ?? undefined,
  durationMs: row.durationMs ?? undefined,
  createdAt: toInstantText(row.createdAt),
  finishedAt: row.finishedAt ? toInstantText(row.finishedAt) : undefined,
});

const Filter = object({
  subscriberName,
  state: optional(oneOf(...DELIVERY_STATES)),
  from: optional(about('First sent at or after', instant())),
  to: optional(about('First sent before; a date is the beginning of that day', instant())),
  ...pageMembers,
});

const Replay = object(
  {
    subscriberName,
    from: optional(about('Events of this time on', instant())),
    to: optional(about('… up to this one; up to now if it is left out', instant())),
    deliveryIds: optional(about(`Or what these deliveries told of; at most ${MAX_DELIVERIES}`, ids())),
  },
  'ReplayRequest',
);

/** A time or deliveries, not both and not neither. */
function wantedBy({ from, to, deliveryIds }: Infer<typeof Replay>, now: Date): deliveries.Wanted {
  const invalid = (field: string, detail: string): never => refuse('request.invalid', { field, detail });
  if (deliveryIds) {
    if (from || to) return invalid('deliveryIds', 'cannot be given together with from or to');
    if (deliveryIds.length === 0) return invalid('deliveryIds', 'must not be empty');
    if (deliveryIds.length > MAX_DELIVERIES)
      return invalid('deliveryIds', `must not have more than ${MAX_DELIVERIES} entries`);
    return { deliveryIds };
  }
  if (!from) return invalid('from', 'is required, or deliveryIds');
  const end = to?.at ?? now;
  return from.at < end ? { from: from.at, to: end } : invalid('to', 'must be later than from');
}

const COMMON = { tag: 'webhooks', may: 'administrator' } as const;

export const deliveryRoutes: readonly Route<Context>[] = [
  route({
    ...COMMON,
    method: 'GET',
    path: '/webhook/deliveries',
    operationId: 'ListDeliveries',
    summary: 'What became of the messages to a subscriber, in order of their first attempts, page by page',
    description:
      'One entry for each message, however often it was tried. Kept for 30 days, and of each subscriber the last 10,000. What a message said is not kept.',
    query: Filter,
    answer: page(DeliveryInfo, { key: 'deliveries', xmlItem: 'delivery' }),
    refusals: ['webhook.unknown_subscriber', 'request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const filter = {
        state: query.state ?? null,
        from: query.from?.at ?? null,
        to: query.to?.at ?? null,
      };
      const after = afterToken(query.pageToken);
      const rows = await deliveries.listDeliveries(ctx, query.subscriberName, filter, after, size + 1);
      const { items, nextPageToken } = toPage(rows, size, ({ deliveryId }) => deliveryId);
      return { items: items.map(toDelivery), nextPageToken };
    },
  }),
  route({
    ...COMMON,
    method: 'POST',
    path: '/webhook/replay',
    operationId: 'ReplayDeliveries',
    summary: 'Tell a subscriber again what happened in a time, or what some deliveries told of',
    description:
      'By what it has subscribed to now, in order, whenever nothing new waits to be told. A message that is told again has the webhook-id that it had, and a header Rollbook-Replay. One replay at a time.',
    body: Replay,
    answer: one(object({ replayId: uuid() }, 'ReplayStarted'), { status: 202 }),
    refusals: [
      'webhook.unknown_subscriber',
      'webhook.unknown_delivery',
      'webhook.not_told',
      'webhook.replay_running',
      'webhook.replay_forgotten',
    ],
    run: async (ctx: Context, { body }) => ({
      replayId: await deliveries.replay(ctx, body.subscriberName, wantedBy(body, ctx.now)),
    }),
  }),
];
