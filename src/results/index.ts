/** What learners have achieved, for whoever reports on it; and the door through which programs record it. */
export { resultRoutes } from './routes.ts';
