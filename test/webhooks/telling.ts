import assert from 'node:assert/strict';
import { codeIn, type Received, type Receiver } from '../support/receiver.ts';
import { call, type World } from '../support/server.ts';

/** What the tests of delivery share: subscribers that are confirmed, requests that cause events, messages read back. */

type Server = Pick<World, 'url' | 'token'>;

export async function post(server: Server, path: string, json: Record<string, unknown>): Promise<void> {
  const answer = await call(server, 'POST', path, { json });
  assert.ok(answer.status === 200 || answer.status === 201, `${path}: ${answer.status} ${answer.text}`);
}

let serial = 0;

/** Registers and confirms; the name. */
export async function confirmed(server: Server, receiver: Receiver, secret?: string): Promise<string> {
  const subscriberName = `told ${++serial}`;
  await post(server, '/webhook/register', { subscriberName, callbackUrl: receiver.url, secret });
  await confirm(server, receiver, subscriberName);
  return subscriberName;
}

export async function confirm(server: Server, receiver: Receiver, subscriberName: string): Promise<void> {
  await post(server, '/webhook/code/send', { subscriberName });
  const code = codeIn(receiver.received.at(-1)?.body ?? '');
  await post(server, '/webhook/confirm', { subscriberName, code });
}

export const subscribe = (
  server: Server,
  subscriberName: string,
  filters: Record<string, readonly string[]> = {},
  subscriptionType = 'LEARNERS_ENROLLED_IN_COURSE',
): Promise<void> =>
  post(server, '/webhook/subscribe', {
    subscriberName,
    subscription: {
      subscriptionType,
      params: Object.entries(filters).map(([name, ids]) => ({ name, value: JSON.stringify(ids) })),
    },
  });

/** Confirmed and subscribed. */
export async function told(
  server: Server,
  receiver: Receiver,
  filters: Record<string, readonly string[]> = {},
): Promise<string> {
  const name = await confirmed(server, receiver);
  await subscribe(server, name, filters);
  return name;
}

export const enroll = (
  server: Server,
  courseIds: readonly string[],
  learnerIds: readonly string[],
): Promise<void> => post(server, '/enrollment', { courseIds, learnerIds, dueDateType: 'unlimited' });

export interface Payload {
  readonly courseId: string;
  readonly learnerIds: readonly string[];
}

/** The payloads of the messages about enrollments, message by message. */
export const messages = (received: readonly Received[]): Payload[][] =>
  received
    .map(({ body }) => JSON.parse(body) as { type: string; payloads: Payload[] })
    .filter(({ type }) => type !== 'CONFIRMATION')
    .map(({ type, payloads }) => {
      assert.equal(type, 'LEARNERS_ENROLLED_IN_COURSE');
      return payloads;
    });

/** `course learner`, in the order told. */
export const pairs = (received: readonly Received[]): string[] =>
  messages(received)
    .flat()
    .flatMap(({ courseId, learnerIds }) => learnerIds.map((learnerId) => `${courseId} ${learnerId}`));
