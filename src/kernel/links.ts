import { refuse } from './errors.ts';

/** Refuses a link that a browser would not open harmlessly: anything but http and https. */
export function requireWebLink(field: string, url: string): void {
  if (!URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol))
    refuse('request.invalid', {
      field,
      detail: `must be an http or https address, got ${url.slice(0, 100)}`,
    });
}
