import type { Context } from '../access/index.ts';
import { type Answer, nothing, oneWithList, type Route, replyAs, route } from '../http/route.ts';
import { about, boolean, list, object, optional, uuid } from '../http/wire.ts';
import { Summary } from '../operations/index.ts';
import type { Enrollments } from './enroll.ts';
import { OutcomeInfo, replyTo, toOutcomePages, written } from './outcome-routes.ts';
import { previewUndo } from './undo.ts';

const LOCATION = { Location: 'The operation: /operations/{id}' };
const DONE = written(200);
const PREVIEW = oneWithList(
  object({ summary: Summary, outcomes: list(OutcomeInfo, { item: 'outcome' }) }, 'UndoPreview'),
  { list: 'outcomes' },
);
/** What undoing did, or what it would do. */
const REPRESENTATION: Answer<never> = { ...DONE, bodies: [...DONE.bodies, ...PREVIEW.bodies] };

export const undoRoutes = (enrollments: Enrollments): readonly Route<Context>[] => [
  route({
    tag: 'operations',
    may: 'enrollment.write',
    method: 'POST',
    path: '/operations/{id}/undo',
    operationId: 'UndoOperation',
    summary: 'Undo an operation, for 30 days',
    description:
      'What stood before comes back, with the same enrollment ids, dates and progress. Pairs that a later operation changed or was told are so already, and those whose work would be hidden, stay as they are: unchanged, with a reason. It takes the right to enroll every learner concerned. An undo is an operation and can be undone. With preview=true nothing is done, and the answer says what would be. Location names the undo; of a preview, the operation itself.',
    params: object({ id: uuid() }),
    query: object({ preview: optional(about('Only say what would be undone', boolean())) }),
    answer: nothing(200),
    representation: REPRESENTATION,
    mayBeAsync: true,
    headers: LOCATION,
    refusals: [
      'operation.unknown',
      'operation.state',
      'operation.too_old',
      'auth.learner_scope',
      'server.busy',
      'server.stopping',
      'server.unfinished',
    ],
    rebuild: (ctx: Context, operationId) => replyTo(ctx, { operationId }, DONE),
    run: async (ctx: Context, { params, query }) => {
      if (!query.preview) return replyTo(ctx, await enrollments.undo(ctx, params.id), DONE);
      const { summary, outcomes } = await previewUndo(ctx, params.id);
      const value = { summary, outcomes: toOutcomePages(outcomes) };
      return replyAs(PREVIEW, value, { location: `/operations/${params.id}` });
    },
  }),
  route({
    tag: 'operations',
    may: 'enrollment.write',
    method: 'POST',
    path: '/operations/{id}/cancel',
    operationId: 'CancelOperation',
    summary: 'Cancel an operation that is accepted or running',
    description:
      'It ends with the chunk that is being written, whichever server writes it, and is cancelled; what it wrote is undone by an operation of its own, as if it had been undone. Location names that undo, whose outcomes say what stays as it is because somebody has built on it meanwhile.',
    params: object({ id: uuid() }),
    answer: nothing(200),
    representation: DONE,
    mayBeAsync: true,
    headers: LOCATION,
    refusals: [
      'operation.unknown',
      'operation.state',
      'auth.learner_scope',
      'server.busy',
      'server.stopping',
      'server.unfinished',
    ],
    rebuild: (ctx: Context, operationId) => replyTo(ctx, { operationId }, DONE),
    run: async (ctx: Context, { params }) => replyTo(ctx, await enrollments.cancel(ctx, params.id), DONE),
  }),
];
