import type { Refusal } from '../kernel/errors.ts';
import { toJson, toXml, XML_DECLARATION } from './encode.ts';
import type { Format } from './negotiate.ts';
import { integer, list, object, optional, text, uuid } from './wire.ts';

const Change = object(
  { learnerId: optional(uuid()), courseId: optional(uuid()), was: text(), is: text() },
  'Change',
);

/** The body of every refusal. `error` only on the token endpoint, as OAuth names it; `changes` only of a stale plan. */
export const ErrorResponse = object(
  {
    code: integer(),
    message: text(),
    error: optional(text()),
    changes: optional(list(Change, { item: 'change' })),
  },
  'ErrorResponse',
);

const OAUTH: Record<string, string> = {
  'token.grant': 'unsupported_grant_type',
  'token.bad_client': 'invalid_client',
};

/** Headers and body of a refusal. Our own code travels in `Rollbook-Error`, so that the body is the contract's. */
export function renderRefusal(
  refusal: Refusal,
  format: Format,
  isToken: boolean,
): { headers: Record<string, string>; body: string } {
  const headers: Record<string, string> = { 'rollbook-error': refusal.code, 'cache-control': 'no-store' };
  if (refusal.status === 401)
    headers['www-authenticate'] =
      `Bearer realm="rollbook"${refusal.code === 'auth.bad_token' ? ', error="invalid_token"' : ''}`;
  const { seconds, location, allow } = refusal.details;
  if (seconds !== undefined) headers['retry-after'] = String(seconds);
  if (location !== undefined) headers['location'] = String(location);
  if (allow !== undefined) headers['allow'] = String(allow);
  const value = {
    code: refusal.status,
    message: refusal.message,
    ...(isToken && refusal.status < 500 ? { error: OAUTH[refusal.code] ?? 'invalid_request' } : {}),
    changes: refusal.changes,
  };
  const body =
    format === 'json'
      ? toJson(ErrorResponse.shape, value)
      : XML_DECLARATION + toXml(ErrorResponse.shape, value, 'response');
  return { headers, body };
}
