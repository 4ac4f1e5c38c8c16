/**
 * Who is told of what, and when: assignments on the access date, reminders around the due date, escalation to
 * supervisors. What is to be said is decided here, at the instant at which it is due; how it reaches people is mail's.
 */
export { holds } from './holds.ts';
export { Notifier } from './notifier.ts';
export { planNotices } from './preview.ts';
export { noticeRoutes } from './routes.ts';
