import { createHash } from 'node:crypto';
import { type Html, html } from '../pages/index.ts';
import { type Voice, voiceFor } from './language.ts';
import { fillHtml, oneLine } from './template.ts';

/** The page behind the link that stops reminders. It works without script; nothing is loaded. */

export interface PageFacts {
  readonly voice: Voice;
  readonly accountName: string;
}

const STYLE = `body { font: 1.125rem/1.5 system-ui, sans-serif; color: #1f2937; background: #fff; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem }
button { font: inherit; padding: 0.5rem 1rem; color: #fff; background: #1d4ed8; border: 0; border-radius: 0.375rem; cursor: pointer }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing but the style in the page; its form leads here; no frame around it, not for search engines. */
export const PAGE_HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  'x-robots-tag': 'noindex, nofollow',
} as const;

const page = ({ locale, direction, texts }: Voice, content: Html): string =>
  // The style is put in as it is: its hash stands in the header.
  html`<!doctype html>
<html lang="${locale}" dir="${direction}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex, nofollow">
<title>${texts.page.title}</title>
<style>{style}</style>
<main>
<h1>${texts.page.title}</h1>
${content}
</main>
</html>
`.text.replace('{style}', STYLE);

const said = (text: string, { accountName }: PageFacts): Html =>
  html`<p>${fillHtml(text, { account: oneLine(accountName) })}</p>`;

export const questionPage = (facts: PageFacts): string => {
  const { page: texts } = facts.voice.texts;
  return page(
    facts.voice,
    html`${said(texts.question, facts)}
<form method="post"><button>${texts.stop}</button></form>`,
  );
};

export const stoppedPage = (facts: PageFacts): string => {
  const { page: texts } = facts.voice.texts;
  return page(
    facts.voice,
    html`${said(texts.stopped, facts)}
<form method="post" action="?resume=true"><button>${texts.resume}</button></form>`,
  );
};

export const resumedPage = (facts: PageFacts): string =>
  page(facts.voice, said(facts.voice.texts.page.resumed, facts));

/** Nobody knows whose language it should have; the browser may. */
export const unknownPage = (locale: string | null): string => {
  const voice = voiceFor([locale], 'UTC');
  return page(voice, html`<p>${voice.texts.page.unknown}</p>`);
};
