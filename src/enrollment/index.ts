/**
 * The core: who takes what, from when, until when. The one way in for everything that creates, changes or ends an
 * enrollment, so that checks, history and events cannot differ; and the lists that read them back.
 */
export { type Audited, auditEnrollments } from './audit.ts';
export { type DueDate, dueDatesOf } from './due-queries.ts';
export { Enrollments, type PlanPreview } from './enroll.ts';
export {
  afterPosition,
  type ChunkMoment,
  chunkMomentsAfter,
  deletePairEvents,
  type EventLearner,
  type EventPart,
  type EventPlace,
  eventsAfter,
  learnersOf,
  ordinalAt,
  type PairEvent,
  placeIn,
  WHOLE_EVENT,
} from './event-queries.ts';
export type { WriteLimits } from './limits.ts';
export { findFor, type ListedEnrollment, type ListFilter, listFor, pageFor } from './list.ts';
export { OUTCOMES, toOutcome } from './outcome-routes.ts';
export { type Outcome, outcomesOf } from './outcomes.ts';
export { type PlannedRow, RowPlan } from './packed-rows.ts';
export { writeToken } from './page-token.ts';
export { requirePlan } from './plan.ts';
export { datesOf, type PlanNotices, type PlannedDates, type PlannedNotice } from './plan-effects.ts';
export { plannedPage } from './plan-outcomes.ts';
export { REASONS } from './reasons.ts';
export type { EnrollInput } from './request.ts';
export { enrollmentRoutes } from './routes.ts';
export { dueOf, type Existing, type RowTerms } from './row-rules.ts';
export { judgeRows } from './rows.ts';
export { DUE_RULE, DUE_TYPES, dueInstant, isLocked, type RequestedTerms } from './rules.ts';
export { previewUndo } from './undo.ts';
export { askToUnlock, MAX_UNLOCK_TEXT } from './unlock.ts';
export { openRequests, requestOf, type UnlockRequest } from './unlock-queries.ts';
