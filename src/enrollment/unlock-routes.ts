import type { Context } from '../access/index.ts';
import { afterToken, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { nothing, page, type Route, route } from '../http/route.ts';
import { about, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { declineUnlock, listUnlockRequests, MAX_UNLOCK_TEXT } from './unlock.ts';
import { UNLOCK_STATES, type UnlockRequest } from './unlock-queries.ts';

const UnlockRequestInfo = object(
  {
    requestId: uuid(),
    enrollmentId: uuid(),
    courseId: about('Whatever was enrolled: a course, a learning track or a material', uuid()),
    learnerId: uuid(),
    dueDate: about('When it was locked', text()),
    askedAt: text(),
    message: optional(text()),
    state: about('open while it is locked as it was, and nobody declined', oneOf(...UNLOCK_STATES)),
    declinedAt: optional(text()),
    declinedBy: optional(uuid()),
    answer: optional(text()),
  },
  'UnlockRequest',
);

const toWire = (request: UnlockRequest) => ({
  requestId: request.requestId,
  enrollmentId: request.enrollmentId,
  courseId: request.itemId,
  learnerId: request.learnerId,
  dueDate: toInstantText(request.dueAt),
  askedAt: toInstantText(request.askedAt),
  message: request.message ?? undefined,
  state: request.state,
  declinedAt: request.declinedAt ? toInstantText(request.declinedAt) : undefined,
  declinedBy: request.declinedBy ?? undefined,
  answer: request.answer ?? undefined,
});

const OF_ENROLLMENTS = { tag: 'enrollment', may: 'enrollment.write' } as const;

export const unlockRoutes: readonly Route<Context>[] = [
  route({
    ...OF_ENROLLMENTS,
    method: 'GET',
    path: '/enrollment/unlock-requests',
    operationId: 'ListUnlockRequests',
    summary: 'What learners ask to have unlocked, in the order in which they asked, page by page',
    description:
      'Of learners whose enrollments the caller may edit. Whoever edits the enrollment so that it is no longer locked has answered.',
    query: object({ state: optional(oneOf(...UNLOCK_STATES)), ...pageMembers }),
    answer: page(UnlockRequestInfo, { key: 'unlockRequests', xmlItem: 'unlockRequest' }),
    refusals: ['request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const rows = await listUnlockRequests(ctx, query.state ?? null, afterToken(query.pageToken), size + 1);
      const { items, nextPageToken } = toPage(rows, size, ({ requestId }) => requestId);
      return { items: items.map(toWire), nextPageToken };
    },
  }),
  route({
    ...OF_ENROLLMENTS,
    method: 'POST',
    path: '/enrollment/unlock-requests/{id}/decline',
    operationId: 'DeclineUnlockRequest',
    summary: 'Decline a request to unlock; the learner sees the answer',
    description: 'Declining once more replaces the answer.',
    params: object({ id: uuid() }),
    body: object({ answer: optional(text({ max: MAX_UNLOCK_TEXT })) }),
    answer: nothing(200),
    refusals: ['unlock.unknown', 'auth.unlock_scope', 'unlock.answered'],
    run: (ctx: Context, { params, body }) => declineUnlock(ctx, params.id, body.answer?.trim() || null),
  }),
];
