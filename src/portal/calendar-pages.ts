import type { FeedInfo } from '../calendar/index.ts';
import { announced, csrfField, type Html, html, type Key, page } from '../pages/index.ts';
import type { Reader } from './learning-pages.ts';

/** The page of the calendar that one may subscribe to. */

export interface CalendarView {
  /** Null while there is no address. */
  readonly feed: FeedInfo | null;
  /** The address, when it has just been made. */
  readonly url: string | null;
  readonly isRemoved: boolean;
}

export function calendarPage(reader: Reader, { feed, url, isRemoved }: CalendarView): Html {
  const { language } = reader.frame;
  return page(
    reader.frame,
    language.say('calendar.title'),
    html`${isRemoved && announced(language.say('calendar.removed'), 'done')}
<p>${language.say('calendar.about')}</p>
<p>${language.say('calendar.secret')}</p>
${url && made(reader, url)}
${feed ? existing(reader, feed) : html`<div class="actions">${act(reader, '/my/calendar', 'calendar.make', false)}</div>`}
<p><a href="/my/profile">${language.say('calendar.back')}</a></p>`,
  );
}

const made = ({ frame: { language } }: Reader, url: string): Html => html`<div class="note">
<p role="status" tabindex="-1" autofocus>${language.say('calendar.made')}</p>
<label for="address">${language.say('calendar.address')}</label>
<input id="address" readonly value="${url}" dir="ltr">
<p class="actions"><a class="button" href="${url.replace(/^https?:/, 'webcal:')}">${language.say('calendar.add')}</a></p>
<p>${language.say('calendar.phone')}</p>
</div>`;

function existing(reader: Reader, { createdAt, lastReadAt }: FeedInfo): Html {
  const { frame, now } = reader;
  const { language } = frame;
  return html`<p>${language.say('calendar.since', { date: language.exact(createdAt) })}
${lastReadAt ? language.say('calendar.read', { relative: language.relative(lastReadAt, now) }) : language.say('calendar.neverRead')}</p>
<p>${language.say('calendar.renewAbout')}</p>
<div class="actions">${act(reader, '/my/calendar', 'calendar.renew', true)}${act(reader, '/my/calendar/remove', 'calendar.remove', true)}</div>`;
}

const act = ({ frame: { language }, csrf }: Reader, path: string, label: Key, isSecond: boolean): Html =>
  html`<form method="post" action="${path}">${csrfField(csrf)}<button${isSecond && html` class="second"`}>${language.say(label)}</button></form>`;
