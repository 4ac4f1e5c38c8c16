import { afterPosition, type EventPlace, eventsAfter, type PairEvent, placeIn } from '../enrollment/index.ts';
import { PAIR_TYPES, type SealedEvent, sealedEventsAfter } from '../events/index.ts';
import type { SealState } from '../operations/index.ts';
import type { ReadTx } from '../storage/index.ts';

/** The account's events in one order: those about pairs, from the outbox, and those with a row of their own. */

/** How far a reader is: a place in the outbox, and the number of the last event with a row of its own. */
export interface FeedPlace extends EventPlace {
  readonly number: bigint;
}

export type FeedEvent =
  | { readonly pairs: PairEvent; readonly single?: undefined }
  | { readonly single: SealedEvent; readonly pairs?: undefined };

/** After everything that is sealed. */
export const endOf = ({ position, events }: Pick<SealState, 'position' | 'events'>): FeedPlace => ({
  ...afterPosition(position),
  number: events,
});

/** Where a reader is who was before `event` and has read it; of an event about pairs perhaps the learners up to an ordinal. */
export const placeAfter = (
  before: FeedPlace,
  { pairs, single }: FeedEvent,
  ordinal: number | 'end' = 'end',
): FeedPlace =>
  pairs
    ? { ...placeIn(pairs, ordinal), number: before.number }
    : { ...before, number: (single as SealedEvent).number };

export const typeOf = ({ pairs, single }: FeedEvent): string => (pairs ?? (single as SealedEvent)).eventType;

/**
 * The next events of some types after a place, at most `limit`, up to what is sealed. An event with a row of its own
 * follows the chunk that stands before it.
 */
export async function eventsOf(
  tx: ReadTx,
  accountId: number,
  range: {
    after: FeedPlace;
    upTo: Pick<SealState, 'position' | 'events'>;
    types: readonly string[];
    limit: number;
  },
): Promise<FeedEvent[]> {
  const { after, upTo, types, limit } = range;
  const pairTypes = types.filter((type) => (PAIR_TYPES as readonly string[]).includes(type));
  const otherTypes = types.filter((type) => !pairTypes.includes(type));
  const pairs =
    pairTypes.length > 0 && upTo.position >= after.position
      ? await eventsAfter(tx, accountId, { after, upTo: upTo.position, types: pairTypes, limit })
      : [];
  const singles =
    otherTypes.length > 0 && upTo.events > after.number
      ? await sealedEventsAfter(tx, accountId, {
          after: after.number,
          upTo: upTo.events,
          // Of types that were not asked for before, nothing that stands before the place.
          fromPosition: after.position,
          toPosition: upTo.position,
          types: otherTypes,
          limit,
        })
      : [];
  return merged(pairs, singles).slice(0, limit);
}

function merged(pairs: readonly PairEvent[], singles: readonly SealedEvent[]): FeedEvent[] {
  const events: FeedEvent[] = [];
  let at = 0;
  for (const event of pairs) {
    for (let single = singles[at]; single && single.position < event.position; single = singles[++at])
      events.push({ single });
    events.push({ pairs: event });
  }
  return [...events, ...singles.slice(at).map((single) => ({ single }))];
}
