/** What happened in an account, in one order, for whoever is told of it. */
export { endOf, eventsOf, type FeedEvent, type FeedPlace, placeAfter, typeOf } from './read.ts';
