import { createHash } from 'node:crypto';
import type { FeedPlace } from '../feed/index.ts';
import type { WriteTx } from '../storage/index.ts';
import { type Message, nextFor } from './compose.ts';
import type { Delivery } from './courier.ts';
import * as log from './delivery-queries.ts';
import * as queries from './dispatch-queries.ts';
import { afterFailure, cutAsBefore, goesBeyond, isSamePlace } from './dispatch-rules.ts';
import * as replays from './replay-queries.ts';

/** One message to a subscriber: what it says is decided and logged before it is sent, and what became of it afterwards. */

export interface Attempt {
  readonly deliveryId: string;
  readonly messageId: string;
  readonly body: string;
  readonly callbackUrl: string;
  readonly secret: string | null;
  /** How far the subscriber has been told when it is delivered. */
  readonly upTo: FeedPlace;
  /** The range of a replay that it belongs to; null for what is told as it happens. */
  readonly replay: replays.ReplayRange | null;
  /** Before this attempt. */
  readonly failures: number;
  readonly failingSince: Date | null;
}

/** An attempt; or whether there may be more to say. */
export type Step = Attempt | 'more' | 'nothing';

/** What to send next: what happened, in order; what is told again when nothing of that waits. */
export async function prepare(
  tx: WriteTx,
  lease: queries.Lease,
  { now, leaseUntil }: { now: Date; leaseUntil: Date },
): Promise<Step> {
  const held = await queries.holdLease(tx, lease, leaseUntil);
  if (!held) return 'nothing';
  const { told, subscriptions } = held;
  // A message that was begun ends where it ended then, whatever has happened since: it stays the same message.
  const last = await log.lastMessage(tx, lease);
  const begun = last && goesBeyond(last.upTo, told) ? last : null;
  const next = await nextFor(tx, lease.accountId, {
    from: told,
    until: cutAsBefore(told, begun, null),
    subscriptions,
  });
  if (next.message) return begin(tx, lease, held, { ...next, message: next.message, from: told }, null, now);
  if (!isSamePlace(next.upTo, told)) await queries.recordTold(tx, lease, next.upTo);
  // It had something to say before the filters were changed.
  if (begun) await log.loseOpen(tx, lease);
  return begun || !next.isLast ? 'more' : prepareReplay(tx, lease, held, now);
}

async function prepareReplay(
  tx: WriteTx,
  lease: queries.Lease,
  held: queries.Held,
  now: Date,
): Promise<Step> {
  const replay = await replays.dueReplay(tx, lease, now);
  if (!replay) return 'nothing';
  const before = await log.messageBeyond(tx, lease, replay.from);
  const until = cutAsBefore(replay.from, before, replay.upTo);
  const next = await nextFor(tx, lease.accountId, {
    from: replay.from,
    until,
    // Told again is what the subscriptions of today let through, however old they are.
    subscriptions: held.subscriptions.map((own) => ({ ...own, sincePosition: 0n, sinceEvent: 0n })),
  });
  if (next.message)
    return begin(tx, lease, held, { ...next, message: next.message, from: replay.from }, replay, now);
  if (isSamePlace(next.upTo, replay.upTo)) await replays.endRange(tx, lease, replay.rangeNo);
  else await replays.recordReplayed(tx, lease, replay.rangeNo, next.upTo);
  return 'more';
}

async function begin(
  tx: WriteTx,
  lease: queries.Lease,
  held: queries.Held,
  { message, from, upTo }: { message: Message; from: FeedPlace; upTo: FeedPlace },
  replay: replays.ReplayRange | null,
  now: Date,
): Promise<Attempt> {
  const messageId = idOf(lease.subscriberId, upTo, message.body);
  const { subscriptionType, events, body } = message;
  const replayId = replay?.replayId ?? null;
  const deliveryId = await log.beginAttempt(
    tx,
    lease,
    { messageId, replayId, subscriptionType, events, from, upTo },
    now,
  );
  const { failures, failingSince } = replay ?? held;
  const { callbackUrl, secret } = held;
  return { deliveryId, messageId, body, callbackUrl, secret, upTo, replay, failures, failingSince };
}

/** The same for every attempt at the same content, and for its replays, so that a receiver knows a repetition. */
const idOf = (subscriberId: string, { position, itemId, ordinal, number }: FeedPlace, body: string): string =>
  `msg_${createHash('sha256')
    .update([subscriberId, position, itemId, ordinal, number, body].join(' '))
    .digest('hex')
    .slice(0, 32)}`;

/** Writes what became of an attempt; false when nothing more is to be sent for now. */
export async function conclude(
  tx: WriteTx,
  lease: queries.Lease,
  attempt: Attempt,
  { delivery, durationMs, now }: { delivery: Delivery; durationMs: number; now: Date },
): Promise<boolean> {
  // Whoever has the lease now sends the same message again.
  if (!(await queries.isHeld(tx, lease))) return false;
  const isDelivered = isSuccess(delivery);
  const since = attempt.failingSince ?? now;
  const failures = attempt.failures + 1;
  const retryAt = isDelivered ? null : afterFailure(failures, since, now);
  const state = isDelivered ? 'delivered' : retryAt ? 'retrying' : 'lost';
  const { status = null, failure = null } = delivery as { status?: number; failure?: string };
  await log.endAttempt(tx, lease, attempt.deliveryId, { state, status, failure, durationMs }, now);
  if (isDelivered) await recordDelivered(tx, lease, attempt, now);
  else if (!retryAt) await endTelling(tx, lease, attempt);
  else if (attempt.replay) await replays.recordReplayFailures(tx, lease, { failures, since, retryAt });
  else await queries.recordFailure(tx, lease, { failures, since, retryAt });
  return isDelivered;
}

/** After a day of trying: a replay ends, or, with everything that waits, what is told as it happens. */
async function endTelling(tx: WriteTx, lease: queries.Lease, { replay }: Attempt): Promise<void> {
  await replays.dropReplay(tx, lease);
  if (replay) return;
  await log.loseOpen(tx, lease);
  await queries.giveUp(tx, lease);
}

/** Only this counts. */
export const isSuccess = (delivery: Delivery): boolean => 'status' in delivery && delivery.status === 200;

async function recordDelivered(
  tx: WriteTx,
  lease: queries.Lease,
  { replay, upTo, failures }: Attempt,
  now: Date,
): Promise<void> {
  if (!replay) return queries.recordTold(tx, lease, upTo);
  if (failures > 0) await replays.recordReplayFailures(tx, lease, { failures: 0, since: null, retryAt: now });
  if (isSamePlace(upTo, replay.upTo)) await replays.endRange(tx, lease, replay.rangeNo);
  else await replays.recordReplayed(tx, lease, replay.rangeNo, upTo);
}
