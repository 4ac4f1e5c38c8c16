import type { Context } from '../access/index.ts';
import { one, type Route, route } from '../http/route.ts';
import { decimal, integer, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import type { OperationRow } from './queries.ts';
import { readOperation } from './read.ts';
import { progressOf } from './rules.ts';

const Operation = object(
  {
    operationId: uuid(),
    kind: text(),
    state: oneOf('accepted', 'running', 'done', 'cancelled', 'failed', 'undone'),
    actorId: uuid(),
    reason: optional(text()),
    source: text(),
    createdAt: text(),
    completedAt: optional(text()),
    progress: object({ done: integer(), total: integer(), rate: decimal(), etaSeconds: optional(integer()) }),
    summary: object({ created: integer(), changed: integer(), unchanged: integer(), refused: integer() }),
  },
  'Operation',
);

const toOperation = (row: OperationRow, now: Date) => ({
  operationId: row.operationId,
  kind: row.kind,
  state: row.state,
  actorId: row.actorId,
  reason: row.reason ?? undefined,
  source: row.source,
  createdAt: toInstantText(row.acceptedAt),
  completedAt: row.completedAt ? toInstantText(row.completedAt) : undefined,
  progress: progressOf(row, now),
  summary: { created: row.created, changed: row.changed, unchanged: row.unchanged, refused: row.refused },
});

export const operationRoutes: readonly Route<Context>[] = [
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
