import type { CataloguePage } from '../learning/index.ts';
import { announced, csrfField, type Html, html, type Key, page } from '../pages/index.ts';
import { kindOf, type Reader } from './learning-pages.ts';

/** The page of what learners may enroll themselves in. */

export interface CatalogueView extends CataloguePage {
  readonly words: string;
  readonly fault: Key | null;
}

export function cataloguePage(reader: Reader, { entries, next, words, fault }: CatalogueView): Html {
  const { language } = reader.frame;
  return page(
    reader.frame,
    language.say('catalogue.title'),
    html`${fault && announced(language.say(fault), 'fault')}
<form class="search" role="search" action="/my/catalogue"><label for="q">${language.say('catalogue.search')}</label>
<div class="actions"><input id="q" name="q" type="search" value="${words}" maxlength="100"><button>${language.say('catalogue.search')}</button></div></form>
${entries.length === 0 && html`<p role="status">${language.say(words === '' ? 'catalogue.none' : 'catalogue.notFound')}</p>`}
<ul class="cards">${entries.map((entry) => card(reader, entry))}</ul>
${next && html`<p class="actions"><a class="button" href="/my/catalogue?${moreOf(words, next)}">${language.say('catalogue.more')}</a></p>`}`,
  );
}

const moreOf = (words: string, next: NonNullable<CataloguePage['next']>): string =>
  new URLSearchParams({ q: words, title: next.title, after: next.itemId }).toString();

function card({ frame: { language }, csrf }: Reader, entry: CataloguePage['entries'][number]): Html {
  const { title, description, itemId, enrollmentId } = entry;
  return html`<li class="card">
<h2 dir="auto">${enrollmentId ? html`<a href="/my/learning/${enrollmentId}">${title}</a>` : title}</h2>
<ul class="facts"><li>${kindOf(language, entry)}</li>${enrollmentId && html`<li>${language.say('catalogue.enrolled')}</li>`}</ul>
${description && html`<p dir="auto">${description}</p>`}
${
  !enrollmentId &&
  html`<div class="actions"><form method="post" action="/my/catalogue/${itemId}">${csrfField(csrf)}<button aria-label="${language.say('catalogue.enrollNamed', { title })}">${language.say('catalogue.enroll')}</button></form></div>`
}
</li>
`;
}
