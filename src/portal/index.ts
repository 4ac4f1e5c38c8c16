/** Where learners find what they must take, and by when: the pages of the portal. */
export { Portal } from './routes.ts';
