/**
 * Who is told of events: subscribers, the confirmation of their addresses, what they have subscribed to, and the
 * courier that delivers to addresses we do not trust.
 */
export { Courier, type CourierOptions, type Resolve } from './courier.ts';
export { webhookRoutes } from './routes.ts';
