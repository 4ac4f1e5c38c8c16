import { EVENT_TYPES, type EventType, recordEvents, type SingleEventType } from '../../src/events/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import type { Received } from '../support/receiver.ts';
import { call, type World } from '../support/server.ts';
import { post } from './telling.ts';

/** Events of every type, and what a receiver was told of them, message by message. */

type Server = Pick<World, 'url' | 'token'>;

export interface Message {
  /** The header webhook-id */
  readonly id: string;
  readonly type: string;
  readonly payloads: readonly Readonly<Record<string, unknown>>[];
  /** The replay that it belongs to */
  readonly replay: string | undefined;
}

export const messagesOf = (received: readonly Received[]): Message[] =>
  received
    .map(({ body, headers }) => ({
      ...(JSON.parse(body) as Pick<Message, 'type' | 'payloads'>),
      id: String(headers['webhook-id']),
      replay: headers['rollbook-replay'] as string | undefined,
    }))
    .filter(({ type }) => type !== 'CONFIRMATION');

/** What a receiver knows that ignores a message whose id it has seen: `type payload`, in the order told. */
export function toldOnce(received: readonly Received[]): string[] {
  const seen = new Set<string>();
  return messagesOf(received)
    .filter(({ id }) => !seen.has(id) && seen.add(id))
    .flatMap(({ type, payloads }) => payloads.map((payload) => `${type} ${JSON.stringify(payload)}`));
}

export async function subscribeTo(
  server: Server,
  subscriberName: string,
  types: readonly EventType[] = EVENT_TYPES,
  filters: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  const params = Object.entries(filters).map(([name, ids]) => ({ name, value: JSON.stringify(ids) }));
  for (const subscriptionType of types)
    await post(server, '/webhook/subscribe', { subscriberName, subscription: { subscriptionType, params } });
}

/** Writes an event with a row of its own, as the modules do; its payload is `{no, userId}`. */
export async function happen(
  world: World,
  eventType: SingleEventType,
  no: number,
  userId: string = newId(),
): Promise<Record<string, unknown>> {
  const payload = { no, userId };
  await world.db.write((tx) =>
    recordEvents(tx, world.account.accountId, [{ eventType, payload, userIds: [userId] }], world.clock.now),
  );
  return payload;
}

export interface LoggedDelivery {
  readonly deliveryId: string;
  readonly messageId: string;
  readonly replayId?: string;
  readonly subscriptionType: string;
  readonly events: number;
  readonly state: string;
  readonly attempts: number;
  readonly status?: number;
  readonly failure?: string;
  readonly durationMs?: number;
  readonly createdAt: string;
  readonly finishedAt?: string;
}

/** The log of a subscriber. */
export async function deliveriesOf(
  server: Server,
  subscriberName: string,
  query: Readonly<Record<string, string>> = {},
): Promise<LoggedDelivery[]> {
  const search = new URLSearchParams({ subscriberName, ...query });
  const answer = await call(server, 'GET', `/webhook/deliveries?${search}`);
  if (answer.status !== 200) throw new Error(answer.text);
  return (answer.json as { deliveries: LoggedDelivery[] }).deliveries;
}
