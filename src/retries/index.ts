/**
 * What makes sending a write again safe: the key of a request, what it was, and the answer it got. A key is claimed
 * before the request runs, marked in the transaction that does what is asked, and answered last; so whatever crashes in
 * between, a retry knows whether there is anything left to do.
 */
export { retries } from './claim.ts';
