import type { Context } from '../access/index.ts';
import { manyUnpaged, one, type Route, route } from '../http/route.ts';
import { about, boolean, type Infer, integer, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { versionsOf, type Why, whyOf } from './history.ts';
import type { Doing, Version } from './history-queries.ts';
import { accessReasonOf, dueReasonOf, type Entry, entriesOf } from './history-rules.ts';
import { DUE_RULE, DUE_TYPES, isLocked, type Terms } from './rules.ts';

/** What happened to an enrollment, and why it is as it is. */

const Act = object({
  operationId: uuid(),
  kind: text(),
  actorId: uuid(),
  clientId: optional(about('The API client through which it was asked', uuid())),
  source: text(),
  reason: optional(text()),
  causeId: optional(about('The operation that it undid', uuid())),
});

const actOf = ({ clientId, reason, causeId, ...by }: Doing): Infer<typeof Act> => ({
  operationId: by.operationId,
  kind: by.kind,
  actorId: by.actorId,
  clientId: clientId ?? undefined,
  source: by.source,
  reason: reason ?? undefined,
  causeId: causeId ?? undefined,
});

const terms = {
  accessDate: text(),
  dueDateType: oneOf(...DUE_TYPES),
  dueDate: optional(text()),
  duePeriod: optional(about('Hours from the access date', integer())),
  shouldLockAfterDueDate: boolean(),
};

const DUE_TYPE_OF = new Map(DUE_TYPES.map((type) => [DUE_RULE[type] as number, type]));

const termsOf = (own: Terms) => ({
  accessDate: toInstantText(own.accessAt),
  dueDateType: DUE_TYPE_OF.get(own.dueRule) ?? 'unlimited',
  dueDate: own.dueAt ? toInstantText(own.dueAt) : undefined,
  duePeriod: own.duePeriodHours ?? undefined,
  shouldLockAfterDueDate: own.lock,
});

const HistoryEntry = object(
  {
    happened: about(
      'reenrolled: another enrollment came in its place; revived: what had ended was brought back by an undo',
      oneOf('enrolled', 'edited', 'revived', 'reenrolled', 'ended'),
    ),
    recordedAt: text(),
    supersededAt: optional(about('When these terms were recorded to hold no longer', text())),
    terms: optional(about('What held from then on; absent when it was over', object(terms))),
    replaces: optional(about('The enrollment in whose place it came', uuid())),
    replacedBy: optional(uuid()),
    operation: Act,
  },
  'HistoryEntry',
);

const toEntry = ({ version, ...entry }: Entry): Infer<typeof HistoryEntry> => ({
  happened: entry.happened,
  recordedAt: toInstantText(entry.at),
  supersededAt: version?.over ? toInstantText(version.over.at) : undefined,
  terms: version ? termsOf(version.terms) : undefined,
  replaces: entry.replaces,
  replacedBy: entry.replacedBy,
  operation: actOf(entry.by),
});

async function* toEntries(pages: AsyncIterable<Version[]>): AsyncGenerator<Infer<typeof HistoryEntry>[]> {
  for await (const versions of pages) yield versions.flatMap(entriesOf).map(toEntry);
}

const Explanation = object(
  {
    enrollmentId: uuid(),
    learnerId: uuid(),
    courseId: uuid(),
    isCurrent: boolean(),
    words: object({ enrolled: text(), accessDate: text(), dueDate: text(), lock: text() }),
    enrolledAt: text(),
    enrolledBy: Act,
    replaces: optional(about('The enrollment in whose place it came', uuid())),
    accessRule: about('moment: it was left out, and so is when the request came', oneOf('given', 'moment')),
    dueRule: about(
      'What produced the due date; default_…: the setting of the content item at that moment',
      oneOf('unlimited', 'default_unlimited', 'default_date', 'default_period', 'date', 'period'),
    ),
    terms: about('Those it has, or had last', object(terms)),
    isLocked: boolean(),
    lockAt: optional(about('After this instant it is locked', text())),
    decidedAt: text(),
    decidedBy: about('By which these terms were given', Act),
    revivedAt: optional(text()),
    revivedBy: optional(about('By which it was brought back after it had ended', Act)),
    endedAt: optional(text()),
    endedBy: optional(Act),
    replacedBy: optional(uuid()),
  },
  'Explanation',
);

function toExplanation(enrollmentId: string, why: Why, now: Date): Infer<typeof Explanation> {
  const { enrolled, decided, last } = why;
  const { lock, dueAt } = last.terms;
  const isRevived = last.follows === false;
  return {
    enrollmentId,
    learnerId: why.learnerId,
    courseId: why.itemId,
    isCurrent: last.over === null,
    words: why.words,
    enrolledAt: toInstantText(enrolled.recordedAt),
    enrolledBy: actOf(enrolled.begun),
    replaces: enrolled.replaces,
    accessRule: accessReasonOf(decided),
    dueRule: dueReasonOf(last.terms),
    terms: termsOf(last.terms),
    isLocked: isLocked({ lockAfterDueDate: lock, dueAt }, now),
    lockAt: lock && dueAt ? toInstantText(dueAt) : undefined,
    decidedAt: toInstantText(decided.recordedAt),
    decidedBy: actOf(decided.begun),
    revivedAt: isRevived ? toInstantText(last.recordedAt) : undefined,
    revivedBy: isRevived ? actOf(last.begun) : undefined,
    endedAt: last.over ? toInstantText(last.over.at) : undefined,
    endedBy: last.over ? actOf(last.over.by) : undefined,
    replacedBy: last.over?.replacedBy,
  };
}

const READ_ONE = {
  tag: 'enrollment',
  may: 'enrollment.read',
  method: 'GET',
  params: object({ enrollmentId: uuid() }),
  refusals: ['enrollment.unknown', 'auth.enrollment_scope'],
} as const;

export const historyRoutes: readonly Route<Context>[] = [
  route({
    ...READ_ONE,
    path: '/enrollment/{enrollmentId}/history',
    operationId: 'GetEnrollmentHistory',
    summary: 'What happened to an enrollment, in order',
    description: 'Also of one that has ended, for whoever may see its learner.',
    answer: manyUnpaged(HistoryEntry, { xmlItem: 'entry' }),
    run: async (ctx: Context, { params }) => toEntries(await versionsOf(ctx, params.enrollmentId)),
  }),
  route({
    ...READ_ONE,
    path: '/enrollment/{enrollmentId}/why',
    operationId: 'ExplainEnrollment',
    summary: 'Why somebody is enrolled, and why until then',
    description:
      'In words and as data, also of an enrollment that has ended. People are named whom the caller may see; others by their ids.',
    answer: one(Explanation, { xmlItem: 'enrollment' }),
    run: async (ctx: Context, { params }) =>
      toExplanation(params.enrollmentId, await whyOf(ctx, params.enrollmentId), ctx.now),
  }),
];
