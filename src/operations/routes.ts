import type { Context } from '../access/index.ts';
import { pageMembers, sizeOf } from '../http/paging.ts';
import { one, page, type Route, route } from '../http/route.ts';
import { about, decimal, instant, integer, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import type { OperationPlace, OperationRow } from './queries.ts';
import { listOperations, readOperation } from './read.ts';
import { progressOf } from './rules.ts';

export const STATES = ['accepted', 'running', 'done', 'cancelled', 'failed', 'undone'] as const;

export const Summary = object({
  created: integer(),
  changed: integer(),
  unchanged: integer(),
  refused: integer(),
});

const Operation = object(
  {
    operationId: uuid(),
    kind: text(),
    state: oneOf(...STATES),
    actorId: uuid(),
    reason: optional(text()),
    causeId: optional(about('The operation that an undo undoes', uuid())),
    source: text(),
    createdAt: text(),
    completedAt: optional(text()),
    progress: object({ done: integer(), total: integer(), rate: decimal(), etaSeconds: optional(integer()) }),
    summary: Summary,
  },
  'Operation',
);

/** As the wire has it; `now` counts for those that are not complete. */
export const toOperation = (row: OperationRow, now: Date) => ({
  operationId: row.operationId,
  kind: row.kind,
  state: row.state,
  actorId: row.actorId,
  reason: row.reason ?? undefined,
  causeId: row.causeId ?? undefined,
  source: row.source,
  createdAt: toInstantText(row.acceptedAt),
  completedAt: row.completedAt ? toInstantText(row.completedAt) : undefined,
  progress: progressOf(row, now),
  summary: { created: row.created, changed: row.changed, unchanged: row.unchanged, refused: row.refused },
});

export const KINDS = ['enroll', 'edit', 'reenroll', 'delete', 'import', 'undo'] as const;

const Filter = object({
  state: optional(oneOf(...STATES)),
  kind: optional(oneOf(...KINDS)),
  actorId: optional(uuid()),
  from: optional(about('Accepted at or after', instant())),
  to: optional(about('Accepted before; a date is the beginning of that day', instant())),
  ...pageMembers,
});

const tokenOf = ({ acceptedAt, operationId }: OperationPlace): string =>
  Buffer.from(`${acceptedAt.getTime()} ${operationId}`).toString('base64url');

function placeOf(token: string | undefined): OperationPlace | null {
  if (token === undefined || token === '') return null;
  const [time = '', operationId = ''] = Buffer.from(token, 'base64url').toString('utf8').split(' ');
  if (!/^-?\d{1,15}$/.test(time) || !isUuid(operationId))
    return refuse('request.page_token', { value: token.slice(0, 100) });
  return { acceptedAt: new Date(Number(time)), operationId };
}

export const operationRoutes: readonly Route<Context>[] = [
  route({
    tag: 'operations',
    may: 'enrollment.read',
    method: 'GET',
    path: '/operations',
    operationId: 'ListOperations',
    summary: 'Operations in order of acceptance, page by page',
    description: 'Those of everybody for callers who see the whole account; for others their own.',
    query: Filter,
    answer: page(Operation, { key: 'operations', xmlItem: 'operation' }),
    refusals: ['request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const filter = {
        state: query.state ?? null,
        kind: query.kind ?? null,
        actorId: query.actorId ?? null,
        from: query.from?.at ?? null,
        to: query.to?.at ?? null,
      };
      const rows = await listOperations(ctx, filter, placeOf(query.pageToken), size + 1);
      const shown = rows.slice(0, size);
      const last = shown.at(-1);
      return {
        items: shown.map((row) => toOperation(row, ctx.now)),
        nextPageToken: rows.length > size && last ? tokenOf(last) : undefined,
      };
    },
  }),
  route({
    tag: 'operations',
    may: 'enrollment.read',
    method: 'GET',
    path: '/operations/{id}',
    operationId: 'GetOperation',
    summary: 'What became of a write: the Location of every write to enrollments',
    params: object({ id: uuid() }),
    answer: one(Operation, { xmlItem: 'operation' }),
    refusals: ['operation.unknown'],
    run: async (ctx: Context, { params }) => toOperation(await readOperation(ctx, params.id), ctx.now),
  }),
];
