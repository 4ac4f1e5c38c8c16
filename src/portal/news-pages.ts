import type { Entry, News } from '../learning/index.ts';
import { announced, csrfField, type Html, html, page } from '../pages/index.ts';
import type { Reader } from './learning-pages.ts';

/** The page of what is new, what was sent, and whether one wants to be reminded. */

export interface NewsView extends News {
  readonly wantsReminders: boolean;
  readonly isSaved: boolean;
}

export function newsPage(reader: Reader, { now, sent, wantsReminders, isSaved }: NewsView): Html {
  const { frame, csrf } = reader;
  const { language } = frame;
  const state = language.say(wantsReminders ? 'news.remindersOn' : 'news.remindersOff');
  return page(
    frame,
    language.say('news.title'),
    html`${isSaved && announced(`${language.say('news.saved')} ${state}`, 'done')}
<h2>${language.say('news.now')}</h2>
${now.length === 0 ? html`<p>${language.say('news.none')}</p>` : html`<ul class="cards">${now.map((entry) => card(reader, entry))}</ul>`}
${sent.length > 0 && html`<h2>${language.say('news.sent')}</h2><ul class="cards">${sent.map((entry) => card(reader, entry))}</ul>`}
<h2 id="reminders">${language.say('news.reminders')}</h2>
<p>${state}</p>
<p>${language.say('news.remindersAbout')}</p>
<form class="actions" method="post" action="/my/notifications/reminders" aria-labelledby="reminders">${csrfField(csrf)}
<input type="hidden" name="wanted" value="${wantsReminders ? 'no' : 'yes'}">
<button class="second">${language.say(wantsReminders ? 'news.stop' : 'news.resume')}</button></form>`,
  );
}

function card({ frame: { language }, now }: Reader, { at, notice, text, enrollmentId }: Entry): Html {
  const dueAt = 'dueAt' in notice ? notice.dueAt : null;
  return html`<li class="card${notice.kind === 'overdue' && ' overdue'}${notice.kind === 'due_soon' && ' due_soon'}">
<h3 dir="auto">${enrollmentId ? html`<a href="/my/learning/${enrollmentId}">${text}</a>` : text}</h3>
<ul class="facts"><li>${language.relative(at, now)}</li><li><time datetime="${at.toISOString()}">${language.exact(at)}</time></li>
${dueAt && html`<li class="when">${language.say(dueAt < now ? 'learning.wasDue' : 'learning.due', { relative: language.relative(dueAt, now) })}</li>`}</ul>
</li>
`;
}
