import {
  type Module,
  type MyItem,
  type MyLearning,
  type TrackCourse,
  URGENCIES,
  type Urgency,
} from '../learning/index.ts';
import {
  announced,
  csrfField,
  type Frame,
  type Html,
  html,
  type Key,
  type Language,
  page,
} from '../pages/index.ts';
import { isDone } from '../progress/index.ts';
import { isSelfReported } from '../results/index.ts';
import { type Asking, NOT_ASKING, unlockPart } from './unlock-pages.ts';

/** The pages of what a learner must take: the list, and one of its entries. */

export interface Reader {
  readonly frame: Frame;
  readonly now: Date;
  readonly csrf: string;
  /** Of the account, for dates where it differs from the reader's. */
  readonly accountZone: string;
}

/** My learning, by urgency. */
export function learningPage(reader: Reader, all: readonly MyLearning[]): Html {
  const { language } = reader.frame;
  const section = (urgency: Urgency): Html | null => {
    const own = all.filter((learning) => learning.urgency === urgency);
    if (own.length === 0) return null;
    return html`<section aria-labelledby="${urgency}">
<h2 id="${urgency}">${language.say(`learning.${urgency}`)} <span class="count">${own.length}</span></h2>
<ul class="cards">${own.map((learning) => card(reader, learning))}</ul>
</section>
`;
  };
  return page(
    reader.frame,
    language.say('learning.title'),
    all.length === 0 ? html`<p>${language.say('learning.none')}</p>` : URGENCIES.map(section),
  );
}

const card = (reader: Reader, learning: MyLearning): Html => html`<li class="card ${learning.urgency}">
<h3><a href="/my/learning/${learning.enrollmentId}" dir="auto">${learning.title}</a></h3>
${facts(reader, learning)}
</li>
`;

function facts({ frame: { language, accountName }, now, accountZone }: Reader, learning: MyLearning): Html {
  const { at, key } = momentOf(learning);
  const elsewhere = at && language.exactIn(at, accountZone);
  return html`<ul class="facts">
<li>${kindOf(language, learning)}</li>
${
  at
    ? html`<li class="when">${language.say(key, { relative: language.relative(at, now) })}</li>
<li><time datetime="${at.toISOString()}">${language.exact(at)}</time></li>
${elsewhere && html`<li>${language.say('learning.accountTime', { date: elsewhere, account: accountName })}</li>`}`
    : html`<li>${language.say(key)}</li>`
}
${
  learning.closed === 'locked' &&
  learning.dueAt &&
  html`<li>${language.say('learning.locked', { date: language.exact(learning.dueAt) })}</li>`
}
${
  learning.progress.percent > 0 &&
  learning.urgency !== 'completed' &&
  html`<li>${language.say('learning.progress', { percent: Math.round(learning.progress.percent) })}</li>`
}
</ul>`;
}

/** The instant that matters most, and how it is said. */
function momentOf({ urgency, accessAt, dueAt, progress }: MyLearning): { at: Date | null; key: Key } {
  if (urgency === 'completed' && progress.completedAt)
    return { at: progress.completedAt, key: 'learning.completedOn' };
  if (urgency === 'upcoming') return { at: accessAt, key: 'learning.opens' };
  if (dueAt === null) return { at: null, key: 'learning.noDue' };
  return { at: dueAt, key: urgency === 'overdue' ? 'learning.wasDue' : 'learning.due' };
}

export const kindOf = (language: Language, { contentType }: Pick<MyLearning, 'contentType'>): string =>
  language.say(
    contentType === 'Course'
      ? 'kind.Course'
      : contentType === 'LearningTrack'
        ? 'kind.LearningTrack'
        : 'kind.material',
  );

/** One enrollment: what is in it, and what can be done with it now. */
export function itemPage(reader: Reader, item: MyItem, note: Key | null, asking: Asking = NOT_ASKING): Html {
  const { learning, course } = item;
  const { language } = reader.frame;
  const shown = course ?? learning;
  return page(
    reader.frame,
    shown.title,
    html`${note && announced(language.say(note), 'done')}
${facts(reader, learning)}
<p>${language.say(`status.${shown.progress.status}`)}</p>
${shown.description && html`<p dir="auto">${shown.description}</p>`}
${closedNote(reader, learning)}
${learning.closed === 'locked' && unlockPart(reader, item, asking)}
${
  item.certificateId &&
  html`<p class="actions"><a class="button" href="/my/certificate/${item.certificateId}">${language.say('item.certificate')}</a></p>`
}
${within(reader, item)}
<p><a href="/my">${language.say('item.back')}</a></p>`,
  );
}

function closedNote({ frame: { language } }: Reader, { closed, accessAt, dueAt }: MyLearning): Html | null {
  if (closed === 'not_yet')
    return html`<p class="note">${language.say('item.notYet', { date: language.exact(accessAt) })}</p>`;
  if (closed === 'locked' && dueAt)
    return html`<p class="note late">${language.say('item.locked', { date: language.exact(dueAt) })}</p>`;
  return null;
}

function within(reader: Reader, item: MyItem): Html {
  const { learning, course, courses, modules } = item;
  const { language } = reader.frame;
  if (learning.contentType === 'LearningTrack' && !course)
    return html`<h2>${language.say('item.courses')}</h2>
${courses.length === 0 && html`<p>${language.say('item.empty')}</p>`}
<ol class="cards">${courses.map((own) => trackCourse(reader, learning, own))}</ol>`;
  if (course || learning.contentType === 'Course')
    return html`<h2>${language.say('item.modules')}</h2>
${modules.length === 0 && html`<p>${language.say('item.empty')}</p>`}
<ol class="cards">${modules.map((module) => moduleCard(reader, item, module))}</ol>
${modules.length === 0 && learning.closed === null && courseDone(reader, item)}`;
  return material(reader, learning);
}

const trackCourse = (
  { frame: { language } }: Reader,
  { enrollmentId }: MyLearning,
  { courseId, title, progress }: TrackCourse,
): Html => html`<li class="card">
<h3><a href="/my/learning/${enrollmentId}/${courseId}" dir="auto">${title}</a></h3>
<ul class="facts"><li>${language.say(`status.${progress.status}`)}</li></ul>
</li>
`;

function moduleCard(reader: Reader, { learning, course }: MyItem, module: Module): Html {
  const { language } = reader.frame;
  const { moduleId, title, contentType, progress } = module;
  const isOpen = learning.closed === null;
  return html`<li class="card">
<h3 dir="auto">${title}</h3>
<ul class="facts"><li>${language.say(`status.${progress.status}`)}</li>
${module.trainingId && html`<li>${language.say('item.training')}</li>`}</ul>
${
  isOpen &&
  html`<div class="actions">
${opening(reader, learning, module, { moduleId, courseId: course?.courseId })}
${
  !isDone(progress.status) &&
  isSelfReported(contentType, false) &&
  act(reader, learning, 'done', { moduleId, courseId: course?.courseId }, { ...DONE, title })
}
${
  module.trainingId &&
  html`<a class="button" href="/my/learning/${learning.enrollmentId}/training/${moduleId}" aria-label="${language.say('seats.leadNamed', { title })}">${language.say('seats.lead')}</a>`
}
</div>`
}
</li>
`;
}

const DONE = { label: 'item.done', named: 'item.doneNamed' } as const;

/** A file is shown on a page of ours; a link leads elsewhere, in a tab of its own. */
function opening(
  reader: Reader,
  learning: MyLearning,
  { url, fileId, title }: Pick<Module, 'url' | 'fileId' | 'title'>,
  place: { moduleId?: string; courseId?: string | undefined },
): Html | null {
  if (!url && !fileId) return null;
  const label = { label: 'item.open', named: 'item.openNamed', title, isElsewhere: !fileId } as const;
  return act(reader, learning, 'open', place, label);
}

function courseDone(reader: Reader, { learning, course }: MyItem): Html | null {
  const shown = course ?? learning;
  if (isDone(shown.progress.status)) return null;
  const target = { moduleId: course?.courseId, courseId: course?.courseId };
  return html`<div class="actions">${act(reader, learning, 'done', target, { ...DONE, title: shown.title })}</div>`;
}

function material(reader: Reader, learning: MyLearning): Html {
  const { language } = reader.frame;
  const { url, fileId, contentType, progress, title, closed } = learning;
  if (closed !== null) return html``;
  return html`${!url && !fileId && html`<p>${language.say('item.noMaterial')}</p>`}
<div class="actions">
${opening(reader, learning, learning, {})}
${
  !isDone(progress.status) &&
  isSelfReported(contentType, false) &&
  act(reader, learning, 'done', {}, { ...DONE, title })
}
</div>`;
}

/** What a button says, and of what. */
interface Label {
  readonly label: Key;
  readonly named: Key;
  readonly title: string;
  /** Whether what it leads to opens in a tab of its own. */
  readonly isElsewhere?: boolean;
}

/** A form of one button. */
export function act(
  { frame: { language }, csrf }: Reader,
  { enrollmentId }: Pick<MyLearning, 'enrollmentId'>,
  action: 'open' | 'done',
  { moduleId, courseId }: { moduleId?: string | undefined; courseId?: string | undefined },
  { label, named, title, isElsewhere }: Label,
): Html {
  return html`<form method="post" action="/my/learning/${enrollmentId}/${action}"${
    isElsewhere && html` target="_blank" rel="noopener"`
  }>${csrfField(csrf)}
${moduleId && html`<input type="hidden" name="moduleId" value="${moduleId}">`}
${courseId && html`<input type="hidden" name="courseId" value="${courseId}">`}
<button${action === 'done' && html` class="second"`} aria-label="${language.say(named, { title })}">${language.say(label)}</button></form>`;
}
