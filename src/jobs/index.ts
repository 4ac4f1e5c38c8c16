/**
 * What must be done later: jobs, written in the transaction that makes them necessary, and the runner that does them, on
 * both engines, with any number of processes. What a job is about is known to the module that has its handler.
 */
export { countDead, countJobs, type JobCounts } from './list-queries.ts';
export { enqueue, type NewJob, type Payload, unqueue } from './queries.ts';
export { jobRoutes } from './routes.ts';
export { type Backoff, JobFailure, Postpone, reasonOf } from './rules.ts';
export {
  type Ending,
  type Job,
  type JobHandler,
  type JobHandlers,
  JobRunner,
  type JobRunnerOptions,
  type OutsideHandler,
  type Recording,
  type TransactionHandler,
} from './runner.ts';
