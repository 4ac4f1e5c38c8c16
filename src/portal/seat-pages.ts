import type { MyOffer } from '../learning/index.ts';
import { announced, csrfField, type Html, html, type Key, type Language, page } from '../pages/index.ts';
import type { OfferedSession } from '../training/index.ts';
import type { Reader } from './learning-pages.ts';

/** The page on which a learner chooses a session of a training, switches, leaves, or waits. */

export interface SeatsView {
  readonly offer: MyOffer;
  /** Where its forms go. */
  readonly path: string;
  readonly backPath: string;
  /** What has just happened, or why nothing has. */
  readonly note: { readonly key: Key; readonly isFault: boolean } | null;
}

export function seatsPage(reader: Reader, { offer, path, backPath, note }: SeatsView): Html {
  const { language } = reader.frame;
  const own = offer.sessions.find(({ isOwn }) => isOwn);
  const others = offer.sessions.filter((session) => session !== own);
  return page(
    reader.frame,
    language.say('seats.title', { title: offer.moduleTitle }),
    html`${note && announced(language.say(note.key), note.isFault ? 'fault' : 'done')}
${offer.sessions.length === 0 && html`<p>${language.say('seats.none')}</p>`}
${
  own &&
  html`<section aria-labelledby="own"><h2 id="own">${language.say('seats.yours')}</h2>
<ul class="cards"><li class="card completed">${about(language, own)}${leaving(reader, offer, path)}</li></ul></section>`
}
<ul class="cards">${others.map((session) => offered(reader, offer, session, path, own !== undefined))}</ul>
<p><a href="${backPath}">${language.say('seats.back')}</a></p>`,
  );
}

function about(language: Language, session: OfferedSession): Html {
  const { title, days, instructor, isOwn } = session;
  // The own one stands under a heading of its own.
  return html`${isOwn ? html`<h3 dir="auto">${title}</h3>` : html`<h2 dir="auto">${title}</h2>`}
<ul class="facts">${days.map(
    (
      day,
    ) => html`<li><time datetime="${day.startsAt.toISOString()}">${language.range(day.startsAt, day.durationSeconds)}</time></li>
${day.location && html`<li dir="auto">${day.location}</li>`}
${day.url && session.isOwn && html`<li><a href="${day.url}" rel="noopener noreferrer" target="_blank">${language.say('seats.link')}</a></li>`}`,
  )}
${instructor && html`<li>${language.say('seats.instructor', { name: instructor })}</li>`}</ul>`;
}

function leaving({ frame: { language }, csrf }: Reader, offer: MyOffer, path: string): Html {
  if (offer.leaveObjection) return html`<p>${language.say(`seats.${offer.leaveObjection}`)}</p>`;
  return html`${
    offer.cancellationEnds &&
    html`<p>${language.say('seats.leaveUntil', { date: language.exact(offer.cancellationEnds) })}</p>`
  }
<div class="actions"><form method="post" action="${path}/leave">${csrfField(csrf)}<button class="second">${language.say('seats.leave')}</button></form></div>`;
}

function offered(
  reader: Reader,
  offer: MyOffer,
  session: OfferedSession,
  path: string,
  hasSeat: boolean,
): Html {
  const { language } = reader.frame;
  const { objection, free, waiting, ownPlace, clashes, registrationEnds } = session;
  return html`<li class="card">${about(language, session)}
<ul class="facts">${
    objection
      ? html`<li>${language.say(`seats.${objection}`)}</li>`
      : html`<li>${
          free === null
            ? language.say('seats.unlimited')
            : free === 0
              ? language.say('seats.full')
              : language.say('seats.free', { n: free })
        }</li>
${waiting > 0 && html`<li>${language.say('seats.waiting', { n: waiting })}</li>`}
${registrationEnds && html`<li>${language.say('seats.until', { date: language.exact(registrationEnds) })}</li>`}`
  }</ul>
${clashes.length > 0 && html`<p class="note">${language.say('seats.clash', { titles: clashes.join(', ') })}</p>`}
${ownPlace && html`<p>${language.say('seats.yourPlace', { n: ownPlace })}</p>`}
${!objection && html`<div class="actions">${actionsOf(reader, offer, session, path, hasSeat)}</div>`}
</li>
`;
}

function actionsOf(
  { frame: { language }, csrf }: Reader,
  offer: MyOffer,
  { sessionId, title, free, ownPlace }: OfferedSession,
  path: string,
  hasSeat: boolean,
): Html | null {
  const form = (action: string, label: Key, named: Key | null, isSecond: boolean): Html =>
    html`<form method="post" action="${path}/${action}">${csrfField(csrf)}<input type="hidden" name="sessionId" value="${sessionId}"><button${
      isSecond && html` class="second"`
    }${named && html` aria-label="${language.say(named, { title })}"`}>${language.say(label)}</button></form>`;
  if (ownPlace !== null && free === 0) return form('stop-waiting', 'seats.stopWaiting', null, true);
  if (free === 0) return hasSeat ? null : form('wait', 'seats.wait', 'seats.waitNamed', true);
  if (!hasSeat) return form('choose', 'seats.choose', 'seats.chooseNamed', false);
  return offer.leaveObjection ? null : form('choose', 'seats.switch', 'seats.switchNamed', true);
}
