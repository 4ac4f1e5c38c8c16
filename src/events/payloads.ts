import { MAX_USERS, type NewEvent } from './record.ts';

/** What each event with a row of its own says, spelled as the contract spells it: here, and nowhere else. */

/** An instant as the contract's events tell it: an integer of nanoseconds since 1970. Thirteen digits and zeros: a double holds them. */
export const toNanoseconds = (at: Date): number => at.getTime() * 1_000_000;

/** Its id is the user's: so it is found when the user is deleted (`forgetUser`). */
export const userRegistered = (user: {
  readonly userId: string;
  readonly departmentId: string;
  readonly login: string;
  readonly email: string;
}): NewEvent => ({
  eventId: user.userId,
  eventType: 'USER_REGISTERED',
  payload: {
    userId: user.userId,
    departmentId: user.departmentId,
    login: user.login || null,
    email: user.email || null,
  },
  userIds: [user.userId],
});

/** A learner, a course, learning track or material, and the enrollments that give it. */
interface Studied {
  readonly courseId: string;
  readonly learnerId: string;
  readonly enrollmentIds: readonly string[];
}

const aboutCourse = ({ courseId, learnerId, enrollmentIds }: Studied) => ({
  payload: { courseId, learnerId, enrollmentIds },
  userIds: [learnerId],
  itemId: courseId,
});

export function courseStatusChanged(studied: Studied, status: string, at: Date): NewEvent {
  const { payload, ...about } = aboutCourse(studied);
  return {
    eventType: 'COURSE_STATUS_CHANGED',
    payload: { ...payload, status, date: toNanoseconds(at) },
    ...about,
  };
}

export function courseCompleted(studied: Studied, at: Date): NewEvent {
  const { payload, ...about } = aboutCourse(studied);
  return {
    eventType: 'COURSE_COMPLETED_SUCCESSFULLY',
    payload: { ...payload, completionDate: toNanoseconds(at) },
    ...about,
  };
}

/** The material or training that a module of the course is made of. */
interface StudiedItem extends Studied {
  readonly courseItemId: string;
}

const aboutItem = ({ courseItemId, courseId, learnerId, enrollmentIds }: StudiedItem) => ({
  payload: { courseItemId, courseId, learnerId, enrollmentIds },
  userIds: [learnerId],
  itemId: courseItemId,
});

export function courseItemStatusChanged(studied: StudiedItem, status: string): NewEvent {
  const { payload, ...about } = aboutItem(studied);
  return { eventType: 'COURSE_ITEM_STATUS_CHANGED', payload: { ...payload, status }, ...about };
}

export function courseItemCompleted(studied: StudiedItem, at: Date): NewEvent {
  const { payload, ...about } = aboutItem(studied);
  return {
    eventType: 'COURSE_ITEM_COMPLETED_SUCCESSFULLY',
    payload: { ...payload, completionDate: toNanoseconds(at) },
    ...about,
  };
}

interface Session {
  readonly trainingId: string;
  readonly sessionId: string;
}

/** A day of a session, which the contract calls a meeting. */
export const meetingEvent = (
  what: 'ADDED' | 'REMOVED' | 'UPDATED',
  { trainingId, sessionId }: Session,
  dayId: string,
): NewEvent => ({ eventType: `TRAINING_MEETING_${what}`, payload: { trainingId, sessionId, dayId } });

/** Who got a seat; none for nobody, several where they are more than one event names. */
export function participantsAdded(
  { trainingId, sessionId }: Session,
  participantIds: readonly string[],
): NewEvent[] {
  const events: NewEvent[] = [];
  for (let from = 0; from < participantIds.length; from += MAX_USERS) {
    const some = participantIds.slice(from, from + MAX_USERS);
    events.push({
      eventType: 'TRAINING_SESSION_PARTICIPANTS_ADDED',
      payload: { trainingId, sessionId, participantIds: some },
      userIds: some,
    });
  }
  return events;
}

export const participantRemoved = ({ trainingId, sessionId }: Session, participantId: string): NewEvent => ({
  eventType: 'TRAINING_SESSION_PARTICIPANT_REMOVED',
  payload: { trainingId, sessionId, participantId },
  userIds: [participantId],
});

/** Somebody asks for what is locked. What they wrote is not told. */
export const unlockRequested = (studied: Studied): NewEvent => ({
  eventType: 'UNLOCK_REQUESTED',
  ...aboutCourse(studied),
});
