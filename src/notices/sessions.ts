import type { SealedEvent } from '../events/index.ts';
import type { ReadTx } from '../storage/index.ts';
import { participantsOf } from './notice-queries.ts';
import type { Settings } from './rules.ts';
import type { Said } from './said.ts';

/** What is said of training sessions: to whom a seat was given, and to who has one when the session's days change. */

export const SESSION_TYPES = [
  'TRAINING_SESSION_PARTICIPANTS_ADDED',
  'TRAINING_MEETING_ADDED',
  'TRAINING_MEETING_UPDATED',
  'TRAINING_MEETING_REMOVED',
] as const;

interface Session {
  readonly trainingId: string;
  readonly sessionId: string;
}

/** What events give reason to say; of those from before an instant, nothing. */
export async function saidOfSessions(
  tx: ReadTx,
  accountId: number,
  events: readonly SealedEvent[],
  { isEnabled, since }: Settings,
  oldest: Date,
): Promise<Said[]> {
  const from = since && since > oldest ? since : oldest;
  const recent = events.filter(({ occurredAt }) => isEnabled && occurredAt >= from);
  const isSeat = ({ eventType }: SealedEvent): boolean => eventType === 'TRAINING_SESSION_PARTICIPANTS_ADDED';
  const chosen = recent.filter(isSeat).flatMap((event): Said[] => {
    const { trainingId, sessionId } = event.payload as unknown as Session;
    return event.userIds.map((userId) => ({
      userId,
      notice: { kind: 'session_chosen', trainingId, sessionId },
      at: event.occurredAt,
    }));
  });
  return [
    ...chosen,
    ...(await changesOf(
      tx,
      accountId,
      recent.filter((event) => !isSeat(event)),
    )),
  ];
}

/** A change is told once for all days of a session that were changed, to who had a seat before. */
async function changesOf(tx: ReadTx, accountId: number, events: readonly SealedEvent[]): Promise<Said[]> {
  const last = new Map<string, Session & { readonly at: Date }>();
  for (const { payload, occurredAt } of events) {
    const { trainingId, sessionId } = payload as unknown as Session;
    last.set(sessionId, { trainingId, sessionId, at: occurredAt });
  }
  const changed = [...last.values()];
  return (await participantsOf(tx, accountId, changed)).flatMap(({ no, userId }): Said[] => {
    const session = changed[no];
    if (!session) return [];
    const { trainingId, sessionId, at } = session;
    return [{ userId, notice: { kind: 'session_changed', trainingId, sessionId }, at }];
  });
}
