/** Where learners find what they must take, and by when: the pages of the portal. */
export { lookRoutes } from './look-routes.ts';
export { Portal } from './routes.ts';
