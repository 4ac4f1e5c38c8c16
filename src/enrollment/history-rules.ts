import { toInstantText } from '../kernel/dates.ts';
import type { Doing, Subject, Version } from './history-queries.ts';
import { DUE_RULE, isLocked, type Terms } from './rules.ts';

/** What a history means: what happened, and why, as data and in words. Pure. */

export type Happening = 'enrolled' | 'edited' | 'revived' | 'reenrolled' | 'ended';

/** Something that happened to an enrollment. */
export interface Entry {
  readonly happened: Happening;
  readonly at: Date;
  readonly by: Doing;
  /** What held from then on; null when it was over. */
  readonly version: Version | null;
  /** The enrollment in whose place it came, or that came in its place. */
  readonly replaces: string | undefined;
  readonly replacedBy: string | undefined;
}

/** What a version tells: how it began and, unless another followed it at once, how it was over. */
export function entriesOf(version: Version): Entry[] {
  const { over } = version;
  const begun: Entry = {
    happened: version.follows === null ? 'enrolled' : version.follows ? 'edited' : 'revived',
    at: version.recordedAt,
    by: version.begun,
    version,
    replaces: version.replaces,
    replacedBy: undefined,
  };
  if (over === null || over.isContinued) return [begun];
  const { at, by, replacedBy } = over;
  const happened = replacedBy ? 'reenrolled' : 'ended';
  return [begun, { happened, at, by, version: null, replaces: undefined, replacedBy }];
}

/** The versions that answer why. */
export interface Reasons {
  /** The first: by it the learner was enrolled. */
  readonly enrolled: Version;
  /** The first since which it had these terms: by it the dates were decided. */
  readonly decided: Version;
  /** The current one, or the last there was. */
  readonly last: Version;
}

export async function reasonsOf(pages: AsyncIterable<readonly Version[]>): Promise<Reasons> {
  let reasons = null as Reasons | null;
  for await (const page of pages)
    for (const version of page)
      if (reasons === null) reasons = { enrolled: version, decided: version, last: version };
      else {
        const isSame = isSameTerms(reasons.last.terms, version.terms);
        reasons = { ...reasons, decided: isSame ? reasons.decided : version, last: version };
      }
  if (reasons === null) throw new Error('an enrollment without a version');
  return reasons;
}

const isSameTerms = (a: Terms, b: Terms): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The rule that produced the due instant. */
export type DueReason =
  | 'unlimited'
  | 'default_unlimited'
  | 'default_date'
  | 'default_period'
  | 'date'
  | 'period';

export function dueReasonOf({ dueRule, dueAt, duePeriodHours }: Terms): DueReason {
  if (dueRule === DUE_RULE.unlimited) return 'unlimited';
  if (dueRule === DUE_RULE.due_date) return 'date';
  if (dueRule === DUE_RULE.due_period) return 'period';
  if (dueAt === null) return 'default_unlimited';
  return duePeriodHours === null ? 'default_date' : 'default_period';
}

/** Whether the access date was given, or left out and so became the moment of the request. */
export const accessReasonOf = ({ terms, begun }: Version): 'given' | 'moment' =>
  terms.accessAt.getTime() === begun.acceptedAt.getTime() ? 'moment' : 'given';

/** The answer in words: a sentence or two for each question. */
export interface Words {
  readonly enrolled: string;
  readonly accessDate: string;
  readonly dueDate: string;
  readonly lock: string;
}

/** Names that may be told: of people by their ids, and of the item. */
export interface Names {
  readonly users: ReadonlyMap<string, string>;
  readonly title: string | undefined;
}

export function explain(subject: Subject, reasons: Reasons, names: Names, now: Date): Words {
  const { decided, enrolled, last } = reasons;
  const { terms } = last;
  const isLater = decided.begun.operationId !== enrolled.begun.operationId;
  const decision = isLater ? ` Set ${doneBy(decided.begun, decided.recordedAt, names)}.` : '';
  return {
    enrolled: explainEnrolled(subject, reasons, names),
    accessDate:
      accessReasonOf(decided) === 'moment'
        ? `It opened at ${toInstantText(terms.accessAt)}, the moment of the request, which gave no access date.${decision}`
        : `It opens at ${toInstantText(terms.accessAt)}, as the request gave it.${decision}`,
    dueDate: `${explainDue(terms)}${decision}`,
    lock: explainLock(terms, now),
  };
}

function explainEnrolled(subject: Subject, { enrolled, last }: Reasons, names: Names): string {
  const who = names.users.get(subject.learnerId) ?? `Learner ${subject.learnerId}`;
  const what = names.title === undefined ? `item ${subject.itemId}` : `“${names.title}”`;
  const sentences = [`${who} was enrolled in ${what} ${doneBy(enrolled.begun, enrolled.recordedAt, names)}.`];
  if (enrolled.replaces) sentences.push(`It is a new term, in the place of enrollment ${enrolled.replaces}.`);
  if (last.follows === false)
    sentences.push(`It had ended, and was revived ${doneBy(last.begun, last.recordedAt, names)}.`);
  if (last.over) {
    const how = last.over.replacedBy ? `replaced by enrollment ${last.over.replacedBy}` : 'ended';
    sentences.push(`It was ${how} ${doneBy(last.over.by, last.over.at, names)}.`);
  }
  return sentences.join(' ');
}

/** Through which door something came. */
const DOORS: Readonly<Record<string, string>> = {
  api: 'through the API',
  console: 'in the console',
  portal: 'in the portal',
  cli: 'on the command line',
  import: 'by an import',
  rule: 'by a rule',
  job: 'by a job',
};

function doneBy(by: Doing, at: Date, names: Names): string {
  const actor = names.users.get(by.actorId) ?? `user ${by.actorId}`;
  const door = DOORS[by.source] ?? `through ${by.source}`;
  const undoes = by.kind === 'undo' && by.causeId ? `, undoing operation ${by.causeId}` : '';
  const reason = by.reason ? `, because: ${by.reason}` : '';
  return `at ${toInstantText(at)} by ${actor} ${door} (${by.kind}, operation ${by.operationId}${undoes}${reason})`;
}

function explainDue(terms: Terms): string {
  const due = terms.dueAt ? toInstantText(terms.dueAt) : '';
  const hours = `${terms.duePeriodHours} hours after it opens`;
  switch (dueReasonOf(terms)) {
    case 'unlimited':
      return 'There is no due date: the request said unlimited.';
    case 'default_unlimited':
      return 'There is no due date: that was the default of the content item then.';
    case 'default_date':
      return `It is due at ${due}: that was the default of the content item then.`;
    case 'default_period':
      return `It is due at ${due}: ${hours}, the default of the content item then.`;
    case 'date':
      return `It is due at ${due}, as the request gave it.`;
    case 'period':
      return `It is due at ${due}: ${hours}, as the request gave it.`;
  }
}

function explainLock({ lock, dueAt }: Terms, now: Date): string {
  if (!lock || dueAt === null) return 'It does not lock.';
  return isLocked({ lockAfterDueDate: lock, dueAt }, now)
    ? `It has been locked since ${toInstantText(dueAt)}, when it was due.`
    : `It locks after ${toInstantText(dueAt)}, when it is due.`;
}
