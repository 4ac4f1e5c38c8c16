/**
 * What a calendar shows: pure decisions. The state of the database says what is to be shown; what was told before says
 * which of it is new, changed, or over.
 */

/** Where a calendar begins, before now. */
const PAST_MS = 90 * 86_400_000;
/** How long a cancellation is told: longer than a calendar program stays switched off during a holiday. */
const CANCELLED_MS = 30 * 86_400_000;
/** Events of a calendar, cancellations included: more than programs show at once, and still a small file. */
export const MAX_EVENTS = 2_000;
/** When a calendar was last read is kept to this. */
const READ_MS = 3_600_000;

export const windowStart = (now: Date): Date => new Date(now.getTime() - PAST_MS);
export const cancelledSince = (now: Date): Date => new Date(now.getTime() - CANCELLED_MS);

/** Something to be shown. */
export interface Entry {
  /** The enrollment, or the day of a training session: what the event's id is made of. */
  readonly sourceId: string;
  readonly startsAt: Date;
  /** null: an instant, such as that at which something is due */
  readonly durationSeconds: number | null;
  readonly summary: string;
  /** SHA-256 of everything that is told about it. */
  readonly digest: Buffer;
}

/** What was told of an event last. */
export interface Told extends Entry {
  /** Higher with each change, so that a program that merges knows which is the later. */
  readonly sequence: number;
  readonly changedAt: Date;
  readonly cancelledAt: Date | null;
}

/** The entries to be shown, in the order of their start, and where they end if there are too many: null if not. */
export function selectEntries<E extends { readonly startsAt: Date }>(
  entries: readonly E[],
  max: number = MAX_EVENTS,
): { readonly shown: readonly E[]; readonly until: Date | null } {
  const sorted = entries.toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime());
  const shown = sorted.slice(0, max);
  return { shown, until: sorted.length > max ? (shown.at(-1)?.startsAt ?? null) : null };
}

export interface Reconciled {
  /** What is told of each entry, by its source. */
  readonly told: ReadonlyMap<string, Told>;
  /** Of those: what is not as it was, and so must be kept. */
  readonly changes: readonly Told[];
  /** Told to be cancelled, the latest first. */
  readonly cancelled: readonly Told[];
}

/**
 * What is told now. A new event begins at 0; one that is not as it was, cancelled before, or gone now, is one higher.
 * What is gone only from what a calendar shows, being too old or beyond its end, is not cancelled, and told no more.
 */
export function reconcile(
  entries: readonly Entry[],
  before: readonly Told[],
  { now, until }: { readonly now: Date; readonly until: Date | null },
): Reconciled {
  const known = new Map(before.map((told) => [told.sourceId, told]));
  const told = new Map(entries.map((entry) => [entry.sourceId, tell(entry, known.get(entry.sourceId), now)]));
  const gone = before
    .filter((event) => !told.has(event.sourceId))
    .map((event) => (isOver(event, now, until) ? cancel(event, now) : event));
  return {
    told,
    changes: [...told.values(), ...gone].filter((event) => known.get(event.sourceId) !== event),
    cancelled: gone
      .filter(({ cancelledAt }) => cancelledAt !== null && cancelledAt > cancelledSince(now))
      .sort((a, b) => b.changedAt.getTime() - a.changedAt.getTime()),
  };
}

function tell(entry: Entry, before: Told | undefined, now: Date): Told {
  if (before && before.cancelledAt === null && before.digest.equals(entry.digest)) return before;
  return { ...entry, sequence: before ? before.sequence + 1 : 0, changedAt: now, cancelledAt: null };
}

const isOver = ({ startsAt, cancelledAt }: Told, now: Date, until: Date | null): boolean =>
  cancelledAt === null && startsAt >= windowStart(now) && (until === null || startsAt < until);

const cancel = (event: Told, now: Date): Told => ({
  ...event,
  sequence: event.sequence + 1,
  changedAt: now,
  cancelledAt: now,
});

/** Whether it is worth writing down that a calendar was read. */
export const isReadWorthNoting = (lastReadAt: Date | null, now: Date): boolean =>
  lastReadAt === null || now.getTime() - lastReadAt.getTime() >= READ_MS;
