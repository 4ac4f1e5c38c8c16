import type { Context } from '../access/index.ts';
import { pageMembers, sizeOf } from '../http/paging.ts';
import { appliedHeader } from '../http/preferences.ts';
import { nothing, oneWithList, pageOrFile, Reply, type Route, replyAs, route } from '../http/route.ts';
import { about, type Infer, list, object, oneOf, optional, uuid } from '../http/wire.ts';
import { Summary } from '../operations/index.ts';
import { type Outcome, outcomePage, outcomesOf } from './outcomes.ts';
import { REASONS, type Reason } from './reasons.ts';
import type { Receipt } from './receipt.ts';

/** What a write answers with, and how it can be asked again later. */

export const OUTCOMES = ['created', 'changed', 'unchanged', 'refused'] as const;

export const OutcomeInfo = object(
  {
    learnerId: uuid(),
    courseId: uuid(),
    outcome: oneOf(...OUTCOMES),
    reason: optional(
      about(
        'Why it is unchanged or refused; see docs/outcomes.md',
        oneOf(...(Object.keys(REASONS) as Reason[])),
      ),
    ),
    enrollmentId: optional(
      about('What was created, changed or was there already; absent when refused', uuid()),
    ),
  },
  'Outcome',
);

export const toOutcome = ({ itemId, ...rest }: Outcome): Infer<typeof OutcomeInfo> => ({
  ...rest,
  courseId: itemId,
});

export async function* toOutcomePages(
  pages: AsyncIterable<readonly Outcome[]>,
): AsyncGenerator<Infer<typeof OutcomeInfo>[]> {
  for await (const outcomes of pages) yield outcomes.map(toOutcome);
}

const Written = object(
  { operationId: uuid(), summary: Summary, outcomes: list(OutcomeInfo, { item: 'outcome' }) },
  'Written',
);

/** The answer to a write for who prefers a representation: its summary, and the outcome of everything it was asked. */
export const written = (status: 200 | 201) => oneWithList(Written, { list: 'outcomes', status });

/** It goes on without the caller. */
const LATER = nothing(202);

/**
 * No body, or what the caller prefers; Location says where the operation can be asked after. One that is pending has no
 * outcomes yet.
 */
export async function replyTo(
  ctx: Context,
  { operationId, isPending = false }: Pick<Receipt, 'operationId' | 'isPending'>,
  answer: ReturnType<typeof written>,
  applied: Readonly<Record<string, string>> = {},
): Promise<Reply<void>> {
  const location = `/operations/${operationId}`;
  if (isPending) {
    const headers = { location, ...appliedHeader({ 'respond-async': '', ...applied }) };
    return replyAs(LATER, undefined, headers);
  }
  const preferred = ctx.preferences.get('return');
  if (preferred !== 'representation') {
    const honoured = preferred === 'minimal' ? { return: preferred, ...applied } : applied;
    return new Reply(undefined, { location, ...appliedHeader(honoured) });
  }
  const { operation, outcomes } = await outcomesOf(ctx, operationId);
  const value = { operationId, summary: operation, outcomes: toOutcomePages(outcomes) };
  return replyAs(answer, value, { location, ...appliedHeader({ return: preferred, ...applied }) });
}

export const outcomeRoutes: readonly Route<Context>[] = [
  route({
    tag: 'operations',
    may: 'enrollment.read',
    method: 'GET',
    path: '/operations/{id}/outcomes',
    operationId: 'GetOutcomes',
    summary: 'What became of every pair of an operation',
    description:
      'In a fixed order. With a filter a page may have fewer entries than asked for: only a missing nextPageToken is the end. CSV and NDJSON, for who asks for them by Accept, are the whole list from pageToken on.',
    params: object({ id: uuid() }),
    query: object({ outcome: optional(oneOf(...OUTCOMES)), ...pageMembers }),
    answer: pageOrFile(OutcomeInfo, { key: 'outcomes', xmlItem: 'outcome' }),
    refusals: ['operation.unknown', 'request.page_token'],
    run: async (ctx: Context, { params, query }) => {
      const { outcome, pageToken } = query;
      const page = await outcomePage(ctx, params.id, {
        outcome,
        pageToken,
        pageSize: sizeOf(query.pageSize),
      });
      return { ...page, items: page.items.map(toOutcome), rest: toOutcomePages(page.rest) };
    },
  }),
];
