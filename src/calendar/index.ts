/**
 * A calendar per user that calendar programs subscribe to: due dates, and the days of training sessions. Its address is
 * a secret, and all that is needed to read it. Nothing is written but what a calendar has told, so that changes and ends
 * are told as such.
 */
export { createFeed, readFeedInfo, removeFeed } from './feeds.ts';
export type { FeedInfo } from './queries.ts';
export { calendarRoutes } from './routes.ts';
