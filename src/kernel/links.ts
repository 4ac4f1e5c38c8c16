import { refuse } from './errors.ts';

/** A path under an account's address, which may have been given without scheme, or with a path of its own. */
export const linkUnder = (accountUrl: string, path: string): string =>
  `${/^https?:\/\//i.test(accountUrl) ? '' : 'https://'}${accountUrl.trim().replace(/\/+$/, '')}${path}`;

/** Refuses a link that a browser would not open harmlessly: anything but http and https. */
export function requireWebLink(field: string, url: string): void {
  if (!URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol))
    refuse('request.invalid', {
      field,
      detail: `must be an http or https address, got ${url.slice(0, 100)}`,
    });
}
