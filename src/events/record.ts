import { newId } from '../kernel/ids.ts';
import type { WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import type { SingleEventType } from './types.ts';

/** Something that happened, with a row of its own. */
export interface NewEvent {
  /** Only where it must be found again; a new one otherwise. */
  readonly eventId?: string;
  readonly eventType: SingleEventType;
  /** As it is told: ids, states, instants. No names, addresses or other text about a person but what the contract wants. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Whom it is about; at most MAX_USERS, cut into several events otherwise. */
  readonly userIds?: readonly string[];
  /** The content item or module that it is about. */
  readonly itemId?: string | null;
}

/** The most users that one event names: whoever tells of more cuts them into several. */
export const MAX_USERS = 1_000;

/** Rows of one statement: no text that carries more than some ten megabytes. */
const ROWS_AT_ONCE = 20_000;

/**
 * Writes events in the transaction that causes them, in one statement however many they are, short of tens of thousands:
 * with it they happen, or not at all. `at` is the instant of what happened.
 */
export async function recordEvents(
  tx: WriteTx,
  accountId: number,
  events: readonly NewEvent[],
  at: Date,
): Promise<void> {
  for (let from = 0; from < events.length; from += ROWS_AT_ONCE)
    await queries.insertEvents(
      tx,
      accountId,
      events.slice(from, from + ROWS_AT_ONCE).map((event) => ({
        eventId: event.eventId ?? newId(),
        eventType: event.eventType,
        payload: event.payload,
        userIds: event.userIds ?? [],
        itemId: event.itemId ?? null,
      })),
      at,
    );
}
