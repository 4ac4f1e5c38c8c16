import { type Context, requireAdministrator } from '../access/index.ts';
import { feedState, isForgotten } from '../feed/index.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { WriteTx } from '../storage/index.ts';
import * as log from './delivery-queries.ts';
import type { Subscriber } from './dispatch-queries.ts';
import type { EventRange } from './dispatch-rules.ts';
import { findSubscriber } from './queries.ts';
import * as replays from './replay-queries.ts';
import { canBeTold, sealEarlier, withSubscriber } from './subscribers.ts';

/** What became of messages, and telling them again. */

/** One page of the log of a subscriber, in order of the first attempts. Refuses an unknown name. */
export function listDeliveries(
  ctx: Context,
  name: string,
  filter: log.DeliveryFilter,
  after: string | null,
  limit: number,
): Promise<log.DeliveryRow[]> {
  requireAdministrator(ctx.caller);
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    const { subscriberId } =
      (await findSubscriber(tx, accountId, name)) ?? refuse('webhook.unknown_subscriber');
    return log.deliveriesAfter(tx, { accountId, subscriberId }, filter, after, limit);
  });
}

/** What is to be told again: the events of a time, or what some deliveries told of. */
export type Wanted = { readonly from: Date; readonly to: Date } | { readonly deliveryIds: readonly string[] };

/**
 * Tells a subscriber again, beside what happens and whenever nothing of that waits. The id of the replay. Refuses a
 * subscriber that is not told of anything now, a second replay beside one that is not over, unknown deliveries, and
 * what is no longer kept.
 */
export async function replay(ctx: Context, name: string, wanted: Wanted): Promise<string> {
  await sealEarlier(ctx);
  return withSubscriber(ctx, name, async (tx, row) => {
    const subscriber = { accountId: ctx.caller.accountId, subscriberId: row.subscriberId };
    if (!canBeTold(row))
      refuse('webhook.not_told', { name, state: row.isEnabled ? 'not confirmed' : 'disabled' });
    if (await replays.hasReplay(tx, subscriber)) refuse('webhook.replay_running', { name });
    const replayId = newId();
    await replays.insertReplay(tx, subscriber, replayId, await rangesFor(ctx, tx, subscriber, wanted));
    return replayId;
  });
}

async function rangesFor(
  ctx: Context,
  tx: WriteTx,
  subscriber: Subscriber,
  wanted: Wanted,
): Promise<EventRange[]> {
  const { accountId } = subscriber;
  const { kept } = await feedState(tx, accountId);
  const hasForgotten = kept.position > 0n || kept.events > 0n;
  const oldestAt = hasForgotten ? ((await replays.oldestAfter(tx, accountId, kept)) ?? ctx.now) : null;
  const forgotten = (field: string): never =>
    refuse('webhook.replay_forgotten', { field, at: toInstantText(oldestAt ?? ctx.now) });
  if ('from' in wanted) {
    if (oldestAt && wanted.from < oldestAt) forgotten('from');
    const range = await replays.eventsBetween(tx, accountId, wanted.from, wanted.to);
    return range ? [range] : [];
  }
  const found = await log.rangesOf(tx, subscriber, wanted.deliveryIds);
  const known = new Set(found.map(({ deliveryId }) => deliveryId));
  const unknown = wanted.deliveryIds.find((id) => !known.has(id));
  if (unknown !== undefined) refuse('webhook.unknown_delivery', { ids: unknown });
  if (found.some(({ range }) => isForgotten(range.from, kept))) forgotten('deliveryIds');
  return found.map(({ range }) => range);
}
