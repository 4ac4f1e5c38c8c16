/**
 * Requests to addresses that whoever administers an account has chosen: to public ones only, each judged as it is
 * connected to, never for long, never for much. Knows no word of the field.
 */
export { type Answer, Outbound, type OutboundOptions, type Resolve, Unreachable } from './outbound.ts';
export { isLoopbackHost, objectionToUrl } from './targets.ts';
