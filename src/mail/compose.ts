import type { PasswordLink } from '../access/index.ts';
import { linkUnder } from '../kernel/links.ts';
import { daysBetween } from '../kernel/local-time.ts';
import { type Html, html } from '../pages/index.ts';
import type { Content, LinkMessage, Notice } from './kinds.ts';
import { type Voice, voiceFor } from './language.ts';
import { entriesOf, isLinkMessage, isReminder } from './rules.ts';
import { fill, fillHtml, oneLine } from './template.ts';
import type { Texts } from './texts/texts.ts';

/** What a message says, from its content and from what the database says about that now. Pure. */

export interface Session {
  readonly title: string;
  readonly days: readonly SessionDay[];
}

export interface SessionDay {
  readonly startsAt: Date;
  readonly seconds: number;
  readonly location: string | null;
  readonly url: string | null;
}

/** By id; whatever is gone is missing. */
export interface Facts {
  readonly items: ReadonlyMap<string, string>;
  readonly trainings: ReadonlyMap<string, string>;
  readonly sessions: ReadonlyMap<string, Session>;
  /** Learners that others are told about, as they are called. */
  readonly learners: ReadonlyMap<string, string>;
  /** Requests to unlock, with what was written; empty where nothing was. */
  readonly requests: ReadonlyMap<string, string>;
}

export interface Account {
  readonly accountId: number;
  readonly name: string;
  readonly url: string;
  readonly timeZone: string;
}

export interface Person {
  /** null: nobody knows */
  readonly name: string | null;
  readonly login: string | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
}

export interface Letter {
  readonly locale: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Whether it has reminders in it, or may come to: then it says how to stop them. */
  readonly mayBeStopped: boolean;
}

type Values = Readonly<Record<string, string>>;

/** A text of ours and what stands in its holes. */
interface Line {
  readonly text: string;
  readonly values: Values;
}

interface Section {
  readonly subject: Line;
  readonly body: Line;
  readonly details: readonly Line[];
  /** Where a session is held, if it is held there. */
  readonly url: string | null;
}

const MAX_TITLE = 300;
const MAX_WRITTEN = 500;
/** A digest has no more lines than somebody reads. */
const MAX_LINES = 50;
const MAX_DAYS = 30;

/** Whether everything that a notice is about is still there. */
export function isKnown(notice: Notice, facts: Facts): boolean {
  switch (notice.kind) {
    case 'assigned':
    case 'due_soon':
    case 'overdue':
      return facts.items.has(notice.itemId);
    case 'escalation':
      return facts.items.has(notice.itemId) && facts.learners.has(notice.learnerId);
    case 'unlock_asked':
      return (
        facts.items.has(notice.itemId) &&
        facts.learners.has(notice.learnerId) &&
        facts.requests.has(notice.requestId)
      );
    case 'session_chosen':
    case 'session_changed':
      return facts.trainings.has(notice.trainingId) && facts.sessions.has(notice.sessionId);
    case 'session_cancelled':
      return facts.trainings.has(notice.trainingId);
  }
}

export interface ComposeInput {
  readonly content: Content;
  readonly facts: Facts;
  readonly account: Account;
  /** Of people who have none of their own. */
  readonly locale: string;
  readonly person: Person;
  readonly unsubscribeUrl: string;
  /** What a message brings that is about nothing else. */
  readonly link: PasswordLink | null;
  readonly now: Date;
}

/** A message to somebody, in their language and time zone. */
export function compose(input: ComposeInput): Letter {
  const { content, facts, account, person, now } = input;
  const timeZone = person.timeZone ?? account.timeZone;
  const voice = voiceFor([person.locale, input.locale], timeZone);
  const { texts } = voice;
  const sections = isLinkMessage(content)
    ? [linkSection(content, input, texts)]
    : entriesOf(content).map((notice) => sectionOf(notice, facts, voice, timeZone, now));
  const isDigest = content.kind === 'digest';
  const [first] = sections;
  if (!first) throw new Error('a message about nothing');
  const subject = isDigest
    ? voice.count(texts.digestSubject, sections.length)
    : fill(first.subject.text, first.subject.values);
  const mayBeStopped = isDigest || entriesOf(content).some(isReminder);
  const parts: Parts = {
    greeting: person.name
      ? { text: texts.hello, values: { name: oneLine(person.name) } }
      : { text: texts.helloNobody, values: {} },
    isDigest,
    sections: sections.slice(0, MAX_LINES),
    more: sections.length > MAX_LINES ? voice.count(texts.more, sections.length - MAX_LINES) : null,
    ...(input.link ? linkParts(content, input.link, account, voice) : portalParts(account, texts)),
    footer: footerOf(texts, account, timeZone),
    unsubscribe: mayBeStopped ? input.unsubscribeUrl : null,
  };
  return {
    locale: voice.locale,
    subject: oneLine(subject),
    text: textOf(parts, texts),
    html: htmlOf(parts, voice, oneLine(subject)).text,
    mayBeStopped,
  };
}

interface Parts {
  readonly greeting: Line;
  readonly isDigest: boolean;
  readonly sections: readonly Section[];
  readonly more: string | null;
  /** What whoever sends it has to say themselves. */
  readonly said: string | null;
  /** Where it leads, and what there is to know about that. */
  readonly action: Line;
  readonly actionUrl: string;
  readonly aboutAction: readonly Line[];
  readonly footer: readonly Line[];
  readonly unsubscribe: string | null;
}

function footerOf(texts: Texts, account: Account, timeZone: string): readonly Line[] {
  const values = { account: oneLine(account.name) };
  const zones: Line[] = [{ text: texts.zone, values: { zone: timeZone } }];
  if (timeZone !== account.timeZone)
    zones.push({ text: texts.accountZone, values: { ...values, zone: account.timeZone } });
  return [{ text: texts.footer, values }, ...zones];
}

/** What a message about a notice has for its subject, and a digest for a line. */
export const headline = (notice: Notice, facts: Facts, { texts }: Voice): string =>
  oneLine(fill(texts.subjects[notice.kind], valuesOf(notice, facts)));

const valuesOf = (notice: Notice, facts: Facts): Values => ({
  title: titleOf(notice, facts),
  ...learnerOf(notice, facts),
});

function sectionOf(notice: Notice, facts: Facts, voice: Voice, timeZone: string, now: Date): Section {
  const { texts } = voice;
  const values = valuesOf(notice, facts);
  const session = 'sessionId' in notice ? facts.sessions.get(notice.sessionId) : undefined;
  return {
    subject: { text: texts.subjects[notice.kind], values },
    body: { text: texts.bodies[notice.kind], values },
    details: [
      ...dueLines(notice, voice, timeZone, now),
      ...dayLines(notice, session, voice),
      ...writtenLines(notice, facts, texts),
    ],
    url: session?.days.map(({ url }) => url).find((url) => url !== null && /^https?:\/\//i.test(url)) ?? null,
  };
}

function titleOf(notice: Notice, facts: Facts): string {
  if ('itemId' in notice) return oneLine(facts.items.get(notice.itemId) ?? '', MAX_TITLE);
  const session =
    notice.kind === 'session_cancelled' ? notice.sessionTitle : facts.sessions.get(notice.sessionId)?.title;
  return oneLine(`${facts.trainings.get(notice.trainingId) ?? ''} – ${session ?? ''}`, MAX_TITLE);
}

const learnerOf = (notice: Notice, facts: Facts): Values =>
  'learnerId' in notice ? { learner: oneLine(facts.learners.get(notice.learnerId) ?? '') } : {};

/** When something is due, and for how long it has been or will be. */
function dueLines(notice: Notice, voice: Voice, timeZone: string, now: Date): Line[] {
  if (!('dueAt' in notice)) return [];
  const { texts } = voice;
  const { dueAt } = notice;
  if (dueAt === null) return [{ text: texts.noDue, values: {} }];
  const due = { text: texts.due, values: { date: voice.dateTime(dueAt) } };
  if (notice.kind === 'assigned') return [due];
  const days = Math.abs(daysBetween(now, dueAt, timeZone));
  const [today, forms] = now <= dueAt ? [texts.leftToday, texts.daysLeft] : [texts.lateToday, texts.daysLate];
  return [due, { text: days === 0 ? today : voice.count(forms, days), values: {} }];
}

function dayLines(notice: Notice, session: Session | undefined, voice: Voice): Line[] {
  const { texts } = voice;
  const when = (date: string): Line => ({ text: texts.when, values: { date } });
  if (notice.kind === 'session_cancelled')
    return notice.startsAt ? [when(voice.dateTime(notice.startsAt))] : [];
  return (session?.days ?? []).slice(0, MAX_DAYS).flatMap(({ startsAt, seconds, location }) => {
    const place = oneLine(location ?? '', MAX_TITLE);
    return [
      when(voice.span(startsAt, new Date(startsAt.getTime() + seconds * 1000))),
      ...(place === '' ? [] : [{ text: texts.where, values: { place } }]),
    ];
  });
}

/** What a learner wrote. */
function writtenLines(notice: Notice, facts: Facts, texts: Texts): Line[] {
  const message =
    notice.kind === 'unlock_asked' ? oneLine(facts.requests.get(notice.requestId) ?? '', MAX_WRITTEN) : '';
  return message === '' ? [] : [{ text: texts.wrote, values: { message } }];
}

type Leading = Pick<Parts, 'said' | 'action' | 'actionUrl' | 'aboutAction'>;

/** To where somebody finds all of it. */
const portalParts = ({ url, name }: Account, texts: Texts): Leading => ({
  said: null,
  action: { text: texts.open, values: { account: oneLine(name) } },
  actionUrl: linkUnder(url, '/my'),
  aboutAction: [],
});

function linkSection({ kind }: LinkMessage, { account, person }: ComposeInput, texts: Texts): Section {
  const values = { account: oneLine(account.name), login: oneLine(person.login ?? '') };
  return {
    subject: { text: texts.links.subjects[kind], values },
    body: { text: texts.links.bodies[kind], values },
    details: [],
    url: null,
  };
}

function linkParts(content: Content, link: PasswordLink, account: Account, voice: Voice): Leading {
  const { links } = voice.texts;
  const until = { text: links.until, values: { date: voice.dateTime(link.expiresAt) } };
  return {
    said: content.kind === 'invitation' ? content.message : null,
    action: { text: links.action, values: {} },
    actionUrl: linkUnder(account.url, link.path),
    aboutAction: content.kind === 'password_reset' ? [until, { text: links.unasked, values: {} }] : [until],
  };
}

const plain = ({ text, values }: Line): string => fill(text, values);
const rich = ({ text, values }: Line): Html => fillHtml(text, values);

function textOf(parts: Parts, texts: Texts): string {
  const sections = parts.sections.flatMap((section) => {
    const details = section.details.map((line) => `  ${plain(line)}`);
    const url = section.url ? [`  ${section.url}`] : [];
    return parts.isDigest
      ? [`* ${plain(section.subject)}`, ...details, ...url, '']
      : [plain(section.body), '', ...details, ...url, ...(details.length + url.length > 0 ? [''] : [])];
  });
  const lines = [
    plain(parts.greeting),
    '',
    ...(parts.said ? [parts.said, ''] : []),
    ...(parts.isDigest ? [texts.digestBody, ''] : []),
    ...sections,
    ...(parts.more ? [parts.more, ''] : []),
    `${plain(parts.action)}: ${parts.actionUrl}`,
    '',
    ...parts.aboutAction.map(plain),
    ...(parts.aboutAction.length > 0 ? [''] : []),
    '--',
    ...parts.footer.map(plain),
    ...(parts.unsubscribe ? [`${texts.unsubscribe}: ${parts.unsubscribe}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** Mail programs know no style sheets: styles stand where they apply. */
const STYLE = {
  body: 'margin:0;padding:24px;background:#f3f4f6;color:#1f2937;font:16px/1.5 system-ui,sans-serif',
  sheet: 'max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px',
  button:
    'display:inline-block;padding:10px 18px;background:#1d4ed8;color:#ffffff;text-decoration:none;border-radius:6px',
  footer: 'max-width:560px;margin:16px auto 0;color:#4b5563;font-size:13px',
  item: 'margin:0 0 12px',
};

function htmlOf(parts: Parts, voice: Voice, subject: string): Html {
  const { texts } = voice;
  const section = (one: Section): Html => {
    const details = one.details.map((line) => html`<br>${rich(line)}`);
    const url = one.url ? html`<br><a href="${one.url}">${one.url}</a>` : null;
    return parts.isDigest
      ? html`<li style="${STYLE.item}"><strong>${rich(one.subject)}</strong>${details}${url}</li>`
      : html`<p>${rich(one.body)}${details.length > 0 || url ? html`<br>` : null}${details}${url}</p>`;
  };
  const sections = parts.sections.map(section);
  const stop = parts.unsubscribe
    ? html`<p style="margin:0"><a href="${parts.unsubscribe}" style="color:#4b5563">${texts.unsubscribe}</a></p>`
    : null;
  return html`<!doctype html>
<html lang="${voice.locale}" dir="${voice.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${subject}</title>
</head>
<body style="${STYLE.body}">
<div role="article" lang="${voice.locale}" dir="${voice.direction}" style="${STYLE.sheet}">
<p>${rich(parts.greeting)}</p>
${parts.said === null ? null : html`<p dir="auto">${parts.said.split(/\r?\n/).map((line) => html`${line}<br>`)}</p>`}
${parts.isDigest ? html`<p>${texts.digestBody}</p>\n<ul>${sections}</ul>` : sections}
${parts.more ? html`<p>${parts.more}</p>` : null}
<p><a href="${parts.actionUrl}" style="${STYLE.button}">${rich(parts.action)}</a></p>
${parts.aboutAction.map((line) => html`<p>${rich(line)}</p>`)}
</div>
<div style="${STYLE.footer}">
${parts.footer.map((line) => html`<p style="margin:0">${rich(line)}</p>`)}
${stop}
</div>
</body>
</html>
`;
}
