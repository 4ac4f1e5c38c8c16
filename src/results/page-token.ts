import { refuse } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import type { Place } from './queries.ts';

/** Opaque text that never expires: chunk, ordinal, course and module of the last row, `:` between, in base64url. */

const NO_MODULE = '00000000-0000-0000-0000-000000000000';

export const writeToken = (place: Omit<Place, 'moduleId'> & { readonly moduleId?: string }): string =>
  Buffer.from(`${place.chunk}:${place.ordinal}:${place.courseId}:${place.moduleId ?? NO_MODULE}`).toString(
    'base64url',
  );

/** Reads a token; empty or absent is the first page (null). Refuses `request.page_token`. */
export function readToken(token: string | undefined): Place | null {
  if (token === undefined || token === '') return null;
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const [chunk = '', ordinal = '', courseId = '', moduleId = '', ...rest] = text.split(':');
  const isOurs =
    /^\d{1,18}$/.test(chunk) &&
    /^\d{1,9}$/.test(ordinal) &&
    isUuid(courseId) &&
    isUuid(moduleId) &&
    rest.length === 0;
  if (!isOurs) refuse('request.page_token', { value: token.slice(0, 100) });
  return { chunk: BigInt(chunk), ordinal: Number(ordinal), courseId, moduleId };
}
