import { WHOLE_EVENT } from '../enrollment/index.ts';
import type { FeedPlace } from './read.ts';

/** How far events are kept and read: pure decisions. */

/** A place between events, after a chunk and after an event with a row of its own. */
export interface FeedEnd {
  readonly position: bigint;
  readonly events: bigint;
}

/** Whether something that follows the place is no longer kept. */
export const isForgotten = (place: FeedPlace, kept: FeedEnd): boolean =>
  place.position < kept.position ||
  (place.position === kept.position && (place.ordinal < WHOLE_EVENT || place.number < kept.events));

/** Whether the place is one that was never sealed here. */
export const isAhead = (place: FeedPlace, end: FeedEnd): boolean =>
  place.position > end.position || place.number > end.events;

export const isBeyond = (end: FeedEnd, seen: FeedEnd): boolean =>
  end.position > seen.position || end.events > seen.events;

/** Something that can be forgotten: a chunk, or an event with a row of its own. */
export interface Aged {
  readonly position: bigint;
  /** Of an event; chunks have none. */
  readonly number?: bigint;
  readonly at: Date;
}

/**
 * Up to where everything is from before an instant. Chunks and events come in order, from what is kept on; where one of
 * the lists was cut short, nothing that stands after its end is decided. Never beyond `limit`.
 */
export function cutBefore(
  kept: FeedEnd,
  lists: { chunks: readonly Aged[]; events: readonly Aged[]; atOnce: number },
  before: Date,
  limit: FeedEnd,
): FeedEnd {
  const { chunks, events, atOnce } = lists;
  const lastChunk = chunks.length < atOnce ? null : (chunks.at(-1)?.position ?? null);
  const lastEvent = events.length < atOnce ? null : (events.at(-1)?.position ?? null);
  // An event follows the chunk of its position.
  const inOrder = [...chunks, ...events].sort((one, other) =>
    one.position === other.position
      ? Number((one.number ?? -1n) - (other.number ?? -1n))
      : one.position < other.position
        ? -1
        : 1,
  );
  let cut = kept;
  for (const one of inOrder) {
    const isUndecided =
      (lastChunk !== null && one.position > lastChunk) ||
      (lastEvent !== null && one.number === undefined && one.position > lastEvent);
    const next =
      one.number === undefined ? { ...cut, position: one.position } : { ...cut, events: one.number };
    if (isUndecided || one.at >= before || isBeyond(next, limit)) return cut;
    cut = next;
  }
  return cut;
}
