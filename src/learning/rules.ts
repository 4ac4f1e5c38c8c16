import { DAY_MS } from '../kernel/dates.ts';
import type { OwnMessage } from '../mail/index.ts';

/** What a learner must take, and by when: pure decisions. */

/** How soon is soon. */
const SOON_MS = 7 * DAY_MS;

/** In order of urgency. */
export const URGENCIES = ['overdue', 'due_soon', 'open', 'upcoming', 'completed'] as const;
export type Urgency = (typeof URGENCIES)[number];

/** What a learner has, as far as it says when. */
export interface Window {
  readonly accessAt: Date;
  readonly dueAt: Date | null;
  readonly lockAfterDueDate: boolean;
}

export interface Standing {
  readonly urgency: Urgency;
  /** Why it cannot be opened now. */
  readonly closed: 'not_yet' | 'locked' | null;
}

/** Where something stands at an instant. What is completed is done, whatever its dates say; a lock holds all the same. */
export function standingOf(
  window: Window,
  { isDone, isLocked }: { readonly isDone: boolean; readonly isLocked: boolean },
  now: Date,
): Standing {
  const closed = now < window.accessAt ? 'not_yet' : isLocked ? 'locked' : null;
  return { closed, urgency: urgencyOf(window, isDone, now) };
}

function urgencyOf({ accessAt, dueAt }: Window, isDone: boolean, now: Date): Urgency {
  if (isDone) return 'completed';
  if (now < accessAt) return 'upcoming';
  if (dueAt === null) return 'open';
  const left = dueAt.getTime() - now.getTime();
  if (left < 0) return 'overdue';
  return left <= SOON_MS ? 'due_soon' : 'open';
}

interface Placed extends Window {
  readonly urgency: Urgency;
  readonly title: string;
  readonly completedAt: Date | null;
}

/** The most urgent first; of the upcoming what opens first, of the completed what was completed last. */
export function byUrgency(one: Placed, other: Placed): number {
  if (one.urgency !== other.urgency) return URGENCIES.indexOf(one.urgency) - URGENCIES.indexOf(other.urgency);
  return (
    instantOf(one) - instantOf(other) || (one.title < other.title ? -1 : one.title > other.title ? 1 : 0)
  );
}

function instantOf({ urgency, accessAt, dueAt, completedAt }: Placed): number {
  if (urgency === 'completed') return -(completedAt?.getTime() ?? 0);
  if (urgency === 'upcoming') return accessAt.getTime();
  return dueAt?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

/** What happened longer ago is not new. */
const NEW_MS = 30 * DAY_MS;
export const newsFrom = (now: Date): Date => new Date(now.getTime() - NEW_MS);

/** What is new of something that a learner has: that it was assigned, and that it is due soon or overdue. */
export function tellsOf(
  own: Window & { readonly itemId: string; readonly urgency: Urgency },
  /** Null: longer ago, or chosen by the learner. */
  assignedAt: Date | null,
  now: Date,
): OwnMessage[] {
  const { itemId, urgency, dueAt, accessAt } = own;
  if (urgency === 'completed' || urgency === 'upcoming') return [];
  const tells: OwnMessage[] = assignedAt
    ? [{ at: assignedAt, notice: { kind: 'assigned', itemId, dueAt } }]
    : [];
  if (dueAt && urgency === 'overdue' && dueAt >= newsFrom(now))
    tells.push({ at: dueAt, notice: { kind: 'overdue', itemId, dueAt } });
  if (dueAt && urgency === 'due_soon') {
    const soonAt = Math.max(dueAt.getTime() - SOON_MS, accessAt.getTime(), assignedAt?.getTime() ?? 0);
    tells.push({ at: new Date(soonAt), notice: { kind: 'due_soon', itemId, dueAt } });
  }
  return tells;
}
