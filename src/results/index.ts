/** What learners have achieved, for whoever reports on it; and the door through which programs record it. */
export { recordOwn, recordPackage } from './own.ts';
export { resultRoutes } from './routes.ts';
export { isSelfReported } from './self-rules.ts';
