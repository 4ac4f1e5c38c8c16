/**
 * Who is told of events: subscribers, the confirmation of their addresses, what they have subscribed to, and the
 * courier that delivers to addresses we do not trust; the dispatcher that tells them, and the log of what became of that.
 */
export { Courier } from './courier.ts';
export { Dispatcher, type Outcome } from './dispatch.ts';
export { countSubscribers, countWaiting, toldToAll, type WebhookCounts } from './dispatch-queries.ts';
export { webhookRoutes } from './routes.ts';
