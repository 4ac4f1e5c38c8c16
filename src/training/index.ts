/** Led events with sessions of one or more days. Learners choose a session in their portal; nobody is enrolled here. */
export { findTrainings } from './queries.ts';
export { trainingRoutes } from './routes.ts';
export { addSession, createTraining } from './trainings.ts';
