/**
 * The ledger: every write that touches enrollments is an operation with an id, an actor, a source and a result,
 * written in one or more chunks; the sealer gives committed chunks their position and chained hash.
 */

export { auditChain, auditOperations, type ChainEnd, type Fault } from './audit.ts';
export {
  acceptedAt,
  micros,
  type OperationRow,
  type OperationState,
  type SealState,
  sealState,
} from './queries.ts';
export { latestOperations, readOperation } from './read.ts';
export { KINDS, operationRoutes, STATES, Summary, toOperation } from './routes.ts';
export { BackgroundSealer, seal } from './sealer.ts';
