/**
 * Who is told of events: subscribers, the confirmation of their addresses, what they have subscribed to, and the
 * courier that delivers to addresses we do not trust; and the dispatcher that tells them.
 */
export { Courier, type CourierOptions, type Resolve } from './courier.ts';
export { Dispatcher } from './dispatch.ts';
export { countSubscribers, toldToAll } from './dispatch-queries.ts';
export { webhookRoutes } from './routes.ts';
