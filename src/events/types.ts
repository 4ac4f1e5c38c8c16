/** What can happen in an account that others are told. */

/** Those that webhooks of the contract know. */
export const CONTRACT_TYPES = [
  'USER_REGISTERED',
  'LEARNERS_ENROLLED_IN_COURSE',
  'TRAINING_MEETING_ADDED',
  'TRAINING_MEETING_REMOVED',
  'TRAINING_MEETING_UPDATED',
  'TRAINING_SESSION_PARTICIPANTS_ADDED',
  'TRAINING_SESSION_PARTICIPANT_REMOVED',
  'COURSE_COMPLETED_SUCCESSFULLY',
  'COURSE_STATUS_CHANGED',
  'COURSE_ITEM_COMPLETED_SUCCESSFULLY',
  'COURSE_ITEM_STATUS_CHANGED',
] as const;

/** Our own: enrollments that got other terms or ended, operations that somebody may be waiting for, learners who ask for more time. */
export const OWN_TYPES = [
  'ENROLLMENTS_CHANGED',
  'LEARNERS_UNENROLLED',
  'OPERATION_COMPLETED',
  'UNLOCK_REQUESTED',
] as const;

/** About the pairs of an operation: one event for each chunk and content item, kept in the outbox. */
export const PAIR_TYPES = [
  'LEARNERS_ENROLLED_IN_COURSE',
  'ENROLLMENTS_CHANGED',
  'LEARNERS_UNENROLLED',
] as const;

export const EVENT_TYPES = [...CONTRACT_TYPES, ...OWN_TYPES] as const;

export type EventType = (typeof EVENT_TYPES)[number];
export type PairEventType = (typeof PAIR_TYPES)[number];
/** Those with a row of their own. */
export type SingleEventType = Exclude<EventType, PairEventType>;
