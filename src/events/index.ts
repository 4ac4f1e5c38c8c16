export {
  courseCompleted,
  courseItemCompleted,
  courseItemStatusChanged,
  courseStatusChanged,
  meetingEvent,
  participantRemoved,
  participantsAdded,
  toNanoseconds,
  unlockRequested,
  userRegistered,
} from './payloads.ts';
export {
  deleteEvents,
  type EventMoment,
  type EventSeal,
  eventMomentsAfter,
  forgetUser,
  meetingsChangedAfter,
  positionAt,
  type SealedEvent,
  sealedEventsAfter,
  unsealedEvents,
  writeNumbers,
} from './queries.ts';
export { MAX_USERS, type NewEvent, recordEvents } from './record.ts';
export {
  CONTRACT_TYPES,
  EVENT_TYPES,
  type EventType,
  OWN_TYPES,
  PAIR_TYPES,
  type PairEventType,
  type SingleEventType,
} from './types.ts';
