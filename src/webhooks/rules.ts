import { createHash, createHmac } from 'node:crypto';
import type { EventType } from '../events/index.ts';
import { isUuid } from '../kernel/ids.ts';

/** What can be subscribed to, how a filter is written, how a message is signed: pure decisions. */

const LEARNER_AND_COURSE = ['userIds', 'courseIds'] as const;
const LEARNER_AND_ITEM = ['userIds', 'courseItemIds'] as const;
const PARTICIPANT = ['userIds'] as const;

/** Every type of event, with the filters it knows. */
const FILTERS = {
  USER_REGISTERED: [],
  LEARNERS_ENROLLED_IN_COURSE: LEARNER_AND_COURSE,
  TRAINING_MEETING_ADDED: [],
  TRAINING_MEETING_REMOVED: [],
  TRAINING_MEETING_UPDATED: [],
  TRAINING_SESSION_PARTICIPANTS_ADDED: PARTICIPANT,
  TRAINING_SESSION_PARTICIPANT_REMOVED: PARTICIPANT,
  COURSE_COMPLETED_SUCCESSFULLY: LEARNER_AND_COURSE,
  COURSE_STATUS_CHANGED: LEARNER_AND_COURSE,
  COURSE_ITEM_COMPLETED_SUCCESSFULLY: LEARNER_AND_ITEM,
  COURSE_ITEM_STATUS_CHANGED: LEARNER_AND_ITEM,
  ENROLLMENTS_CHANGED: LEARNER_AND_COURSE,
  LEARNERS_UNENROLLED: LEARNER_AND_COURSE,
  OPERATION_COMPLETED: PARTICIPANT,
  UNLOCK_REQUESTED: LEARNER_AND_COURSE,
} as const satisfies Record<EventType, readonly FilterName[]>;

export type FilterName = 'userIds' | 'courseIds' | 'courseItemIds';
export type SubscriptionType = keyof typeof FILTERS;
export const SUBSCRIPTION_TYPES = Object.keys(FILTERS) as SubscriptionType[];

/** Ids by filter; an absent filter lets everything through. */
export type Filters = Partial<Record<FilterName, readonly string[]>>;

/** A filter as it is written: the value is a text that holds a JSON array of ids. */
export interface FilterParam {
  readonly name: string;
  readonly value: string;
}

/** What is wrong with the written filters: which one, and why. */
export interface FilterObjection {
  readonly field: string;
  readonly detail: string;
}

/** Written filters → filters, or the first objection. An empty list filters nothing. */
export function readFilters(
  type: SubscriptionType,
  params: readonly FilterParam[],
): { filters: Filters } | { objection: FilterObjection } {
  const known: readonly FilterName[] = FILTERS[type];
  const seen = new Set<string>();
  const filters: Partial<Record<FilterName, string[]>> = {};
  for (const [place, { name, value }] of params.entries()) {
    const object = (member: string, detail: string) => ({
      objection: { field: `subscription.params[${place}].${member}`, detail },
    });
    const filter = known.find((candidate) => candidate === name);
    if (!filter)
      return object(
        'name',
        known.length === 0 ? `${type} has no filters` : `must be one of ${known.join(', ')} for ${type}`,
      );
    if (seen.has(name)) return object('name', `${name} is given twice`);
    seen.add(name);
    const ids = readIds(value);
    if (!ids) return object('value', 'must be a text that holds a JSON array of UUIDs');
    if (ids.length > 0) filters[filter] = ids;
  }
  return { filters };
}

function readIds(value: string): string[] | null {
  let list: unknown;
  try {
    list = JSON.parse(value);
  } catch {
    return null;
  }
  if (!Array.isArray(list) || !list.every((id) => typeof id === 'string' && isUuid(id))) return null;
  return [...new Set((list as string[]).map((id) => id.toLowerCase()))];
}

/** Filters as they are written. */
export const writeFilters = (filters: Filters): FilterParam[] =>
  Object.entries(filters).map(([name, ids]) => ({ name, value: JSON.stringify(ids) }));

export interface Subscriber {
  readonly isEnabled: boolean;
  readonly isConfirmed: boolean;
  readonly failures: number;
}

/** The three states the contract shows; suspended is who is told again later. */
export const statusOf = ({ isEnabled, isConfirmed, failures }: Subscriber) => ({
  subscriberStatus: isEnabled ? ('ACTIVE' as const) : ('INACTIVE' as const),
  confirmationStatus: isConfirmed ? ('CONFIRMED' as const) : ('UNCONFIRMED' as const),
  notificationProcessStatus:
    isEnabled && isConfirmed
      ? failures > 0
        ? ('SUSPENDED' as const)
        : ('ACTIVE' as const)
      : ('INACTIVE' as const),
});

/**
 * The headers of a message. `X-Hub-Signature` is the contract's: SHA-256 over the body followed by the secret, in
 * lower-case hexadecimal. The `webhook-…` ones are those of Standard Webhooks. Unsigned without a secret.
 */
export function headersOf(
  message: { id: string; body: string },
  secret: string | null,
  now: Date,
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const headers = { 'webhook-id': message.id, 'webhook-timestamp': timestamp };
  if (secret === null) return headers;
  const signature = createHmac('sha256', hmacKey(secret))
    .update(`${message.id}.${timestamp}.${message.body}`)
    .digest('base64');
  return {
    ...headers,
    'webhook-signature': `v1,${signature}`,
    'x-hub-signature': createHash('sha256').update(message.body).update(secret).digest('hex'),
  };
}

const STANDARD_SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/** A secret written as Standard Webhooks writes them is the key it spells; any other text is the key itself, in UTF-8. */
function hmacKey(secret: string): Buffer {
  const spelled = STANDARD_SECRET.exec(secret)?.[1];
  return spelled ? Buffer.from(spelled, 'base64') : Buffer.from(secret, 'utf8');
}

/** A message as it is sent. */
export const messageBody = (type: SubscriptionType | 'CONFIRMATION', payloads: readonly unknown[]): string =>
  JSON.stringify({ type, payloads });

/** The confirmation's payload is a text that holds JSON; those of events are objects. */
export const confirmationBody = (code: string): string =>
  messageBody('CONFIRMATION', [JSON.stringify({ code })]);
