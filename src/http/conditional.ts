import { sha256 } from '../kernel/hash.ts';
import { nothing, Reply, replyAs } from './route.ts';

/** Answers that are not sent again to whoever has them (RFC 9110, 13.1.2). */

/** To be a route's `takesHeaders`. */
export const IF_NONE_MATCH = {
  'If-None-Match': 'The ETag of an earlier answer: 304 with an empty body if there is nothing new since.',
} as const;

const UNCHANGED = nothing(304);

/** Equal texts have equal tags. */
const tagOf = (text: string): string => `"${sha256(text).toString('base64url').slice(0, 27)}"`;

/** A weak tag is as good: who asks wants to know whether anything is new. */
const isAmong = (tag: string, list: string | undefined): boolean =>
  list !== undefined &&
  (list.trim() === '*' || list.split(',').some((one) => one.trim().replace(/^W\//, '') === tag));

/** The text with its ETag, or 304 if the caller has it already. */
export function unlessUnchanged(
  text: string,
  taken: Readonly<Record<string, string | undefined>>,
  headers: Readonly<Record<string, string>>,
): Reply<string> {
  const etag = tagOf(text);
  const all = { ...headers, etag };
  return isAmong(etag, taken['If-None-Match']) ? replyAs(UNCHANGED, undefined, all) : new Reply(text, all);
}
