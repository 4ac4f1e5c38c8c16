/**
 * How far learners are: per learner, item and term, whichever enrollment gave the item. A course follows from its
 * modules, a learning track from its courses; what was completed stays so and is certified once per term.
 */
export { certificatesOf, type IssuedCertificate, linkToOwn } from './certificates.ts';
export { currentTerm, PROGRESS, type ProgressRow, progressedSince, toProgress } from './queries.ts';
export { type Achievement, loadAchievements, recordAchievements } from './record.ts';
export { certificateRoutes } from './routes.ts';
export { isDone, isOverdue, type Progress, type Report, STATUSES, type Status } from './rules.ts';
