/**
 * What happened in an account, in one order, for whoever is told of it: `read.ts` puts both kinds of events in that order,
 * `page.ts` and `follow.ts` are the feed that programs read, `retention.ts` forgets what is old.
 */
export { type FeedEnd, isForgotten } from './places.ts';
export { feedState } from './queries.ts';
export { endOf, eventsOf, type FeedEvent, type FeedPlace, placeAfter, typeOf } from './read.ts';
export { EventRetention, FORGET_EVENTS } from './retention.ts';
export { feedRoutes } from './routes.ts';
export { FeedWatch } from './watch.ts';
