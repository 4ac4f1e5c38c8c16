import {
  courseCompleted,
  courseItemCompleted,
  courseItemStatusChanged,
  courseStatusChanged,
  type NewEvent,
  recordEvents,
} from '../events/index.ts';
import type { WriteTx } from '../storage/index.ts';
import { enrollmentsGiving, type Pair } from './queries.ts';
import { isDone, type Progress } from './rules.ts';

/** What became of a learner's progress in an item, or in a part of it. */
export interface Change extends Pair {
  /** The material or training that is the part; null for the item as a whole. */
  readonly courseItemId: string | null;
  readonly before: Progress;
  readonly after: Progress;
}

/**
 * Tells of other statuses and of completions, each kind in a row, parts before what follows from them. In two statements,
 * however many there are; what leaves the status as it was is not told.
 */
export async function tell(
  tx: WriteTx,
  accountId: number,
  changes: readonly Change[],
  now: Date,
): Promise<void> {
  const told = changes.filter(({ before, after }) => before.status !== after.status);
  if (told.length === 0) return;
  const pairs = [...new Map(told.map((pair) => [keyOf(pair), pair])).values()];
  const ids = new Map<string, string[]>();
  for (const giving of await enrollmentsGiving(tx, accountId, pairs)) {
    const key = keyOf(giving);
    const list = ids.get(key);
    if (list) list.push(giving.enrollmentId);
    else ids.set(key, [giving.enrollmentId]);
  }
  await recordEvents(
    tx,
    accountId,
    eventsOf(told, (pair) => ids.get(keyOf(pair)) ?? [], now),
    now,
  );
}

const keyOf = (pair: Pair): string => `${pair.learnerId} ${pair.itemId}`;

function eventsOf(
  changes: readonly Change[],
  enrollmentIdsOf: (pair: Pair) => readonly string[],
  now: Date,
): NewEvent[] {
  const studied = (change: Change) => ({
    courseId: change.itemId,
    learnerId: change.learnerId,
    enrollmentIds: enrollmentIdsOf(change),
  });
  const parts = changes.flatMap((change) =>
    change.courseItemId === null
      ? []
      : [{ ...change, studied: { ...studied(change), courseItemId: change.courseItemId } }],
  );
  const wholes = changes
    .filter((change) => change.courseItemId === null)
    .map((change) => ({ ...change, studied: studied(change) }));
  return [
    ...parts.map((part) => courseItemStatusChanged(part.studied, part.after.status)),
    ...parts.filter(isCompletion).map((part) => courseItemCompleted(part.studied, now)),
    ...wholes.map((whole) => courseStatusChanged(whole.studied, whole.after.status, now)),
    ...wholes.filter(isCompletion).map((whole) => courseCompleted(whole.studied, now)),
  ];
}

const isCompletion = ({ before, after }: Change): boolean => isDone(after.status) && !isDone(before.status);
