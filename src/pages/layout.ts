import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { accentStyle, OUR_ACCENT } from './colours.ts';
import { type Content, type Html, html } from './html.ts';
import type { Language } from './language.ts';

/** What every page shares: its head, the bar on top, its style sheets. */

/** Beside the compiled program or its source. */
const readAsset = (name: string): string => {
  for (const up of ['../../../assets/', '../../assets/'])
    try {
      return readFileSync(new URL(up + name, import.meta.url), 'utf8');
    } catch {}
  throw new Error(`assets/${name} is missing`);
};

/** What passes on what packages say (its own page alone loads it). */
export const PACKAGE_SCRIPT = readAsset('package.js');
export const PACKAGE_SCRIPT_PATH = `/pages/package-${createHash('sha256').update(PACKAGE_SCRIPT).digest('hex').slice(0, 12)}.js`;

export const STYLE = readAsset('pages.css');
/** In its address, so that browsers may keep it for good. */
export const STYLE_PATH = `/pages/${createHash('sha256').update(STYLE).digest('hex').slice(0, 12)}.css`;

export const accentPath = (accent: string | null): string =>
  `/pages/accent-${(accent ?? OUR_ACCENT).slice(1)}.css`;
/** The sheet of an accent as it stands in its address. */
export const accentSheet = (hex: string): string => accentStyle(`#${hex}`);

/** Where a logo is, by the name that it has. */
export const logoPath = (name: string): string => `/portal/logo/${name}`;

/** Nothing from elsewhere, nothing inline, no frame around it. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

export interface Frame {
  readonly language: Language;
  /** Of the account; empty where there is none. */
  readonly accountName: string;
  readonly accent: string | null;
  /** The name of its logo. */
  readonly logo: string | null;
  /** Who is signed in: a form that signs them out stands in the bar. */
  readonly signedIn: { readonly csrf: string } | null;
}

/** A whole page. `title` is its heading, too, unless it has one of its own. */
export function page(frame: Frame, title: string, content: Content): Html {
  const { language, accountName, accent, logo, signedIn } = frame;
  return html`<!doctype html>
<html lang="${language.locale}" dir="${language.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}${accountName && ` · ${accountName}`}</title>
<link rel="stylesheet" href="${STYLE_PATH}">
<link rel="stylesheet" href="${accentPath(accent)}">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#content">${language.say('app.skip')}</a>
<header class="top"><div>
<a class="name" href="/my" dir="auto">${logo ? html`<img class="logo" src="${logoPath(logo)}" alt="${accountName}">` : accountName || 'Rollbook'}</a>
${
  signedIn &&
  html`<nav aria-label="${language.say('app.menu')}"><ul>
<li><a href="/my">${language.say('app.learning')}</a></li>
<li><a href="/my/catalogue">${language.say('catalogue.title')}</a></li>
<li><a href="/my/notifications">${language.say('news.title')}</a></li>
<li><a href="/my/profile">${language.say('profile.title')}</a></li>
<li><form method="post" action="/sign-out">${csrfField(signedIn.csrf)}<button class="plain">${language.say('app.signOut')}</button></form></li>
</ul></nav>`
}
</div></header>
<main id="content" tabindex="-1">
<h1 dir="auto">${title}</h1>
${content}
</main>
</body>
</html>
`;
}

export const csrfField = (csrf: string): Html => html`<input type="hidden" name="csrf" value="${csrf}">`;

/**
 * What has just happened, or why nothing has. It takes the focus: screen readers read it first, and who uses a keyboard goes on
 * from there.
 */
export const announced = (text: string, kind: 'done' | 'fault'): Html =>
  html`<p class="note${kind === 'fault' && ' late'}" role="${kind === 'fault' ? 'alert' : 'status'}" tabindex="-1" autofocus>${text}</p>`;
