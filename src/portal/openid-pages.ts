import type { Failed, Fault } from '../openid/index.ts';
import { type Html, html, type Key, type Language } from '../pages/index.ts';

/** What the page where people sign in says of a provider. */

/** A link and no form: the policy of our pages lets no form lead elsewhere, also by way of us. */
export const openIdLink = (language: Language, provider: string, next: string): Html => html`
<div class="narrow or"><p>${language.say('openid.or')}</p>
<a class="button second" href="/sign-in/openid?${new URLSearchParams({ next }).toString()}">${language.say('openid.with', { name: provider })}</a></div>`;

const SAID: Readonly<Record<Fault, readonly [status: number, text: Key]>> = {
  down: [503, 'openid.down'],
  refused: [502, 'openid.refused'],
  stale: [400, 'openid.stale'],
  cancelled: [403, 'openid.cancelled'],
  untold: [403, 'openid.untold'],
  unknown: [403, 'openid.unknown'],
  inactive: [403, 'openid.inactive'],
  other: [403, 'openid.other'],
  outranked: [403, 'openid.outranked'],
  tooMany: [429, 'openid.tooMany'],
};

export const statusOf = ({ fault }: Failed): number => SAID[fault][0];

/** Why somebody is not signed in, and what to do. */
export const reasonFor = (language: Language, { fault, label, name }: Failed): string =>
  language.say(SAID[fault][1], { name: label, person: name ?? '' });
