/**
 * Led events with sessions of one or more days, the seats in them, and who attended. Nobody is enrolled here: a learner
 * chooses a session in their portal, or an administrator does.
 */
export { type Attendance, type AttendedInFull, recordAttendance } from './attendance.ts';
export {
  type Chooser,
  chooseSession,
  leaveSession,
  type Offer,
  type OfferedSession,
  offerOf,
  seatsFreed,
  stopWaiting,
  waitFor,
} from './choice.ts';
export { type SeatedDay, seatedDaysOf } from './day-queries.ts';
export { findTrainings } from './queries.ts';
export { trainingRoutes } from './routes.ts';
export { freeSeats } from './seat-queries.ts';
export { addSession, createTraining } from './trainings.ts';
