import { type Html, html } from '../pages/index.ts';
import type { Certificate } from './certificate-queries.ts';

/** The public page that tells whether a certificate is genuine. */

/** Nothing but our own style sheet; no script, no frame around it, not for search engines. */
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-robots-tag': 'noindex, nofollow',
} as const;

export const STYLE = `body { font: 1.125rem/1.5 system-ui, sans-serif; color: #1f2937; background: #fff; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem }
dt { color: #4b5563 }
dd { margin: 0 0 1rem; overflow-wrap: anywhere }
`;

const page = (title: string, content: Html): string =>
  html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex, nofollow">
<title>${title}</title>
<link rel="stylesheet" href="../verify.css">
<main>
<h1>${title}</h1>
${content}
</main>
</html>
`.text;

/** Names and titles come from people: `dir="auto"` lets each stand in its own direction. */
const entry = (name: string, value: string): Html => html`<dt>${name}</dt>
<dd dir="auto">${value}</dd>`;

export const genuinePage = ({ holderName, title, issuedAt, accountName }: Certificate): string =>
  page(
    'This certificate is genuine',
    html`<dl>
${entry('Holder', holderName)}
${entry('Completed', title)}
${entry('Issued on', issuedAt.toISOString().slice(0, 10))}
${entry('Issued by', accountName)}
</dl>`,
  );

export const unknownPage = (): string =>
  page(
    'This certificate is not known',
    html`<p>No certificate issued here carries this code. Compare it with the one that is printed, letter by letter.</p>`,
  );
