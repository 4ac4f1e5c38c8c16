import type { Context } from '../access/index.ts';
import { afterToken, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { nothing, page, type Route, route } from '../http/route.ts';
import { about, integer, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { toInstantText } from '../kernel/dates.ts';
import { listJobs, removeJob, retryJob } from './administer.ts';
import type { JobRow } from './list-queries.ts';
import { JOB_STATES } from './rules.ts';

const MAX_KIND = 100;

const Job = object(
  {
    jobId: uuid(),
    kind: text(),
    state: oneOf(...JOB_STATES),
    runAt: about('When it is due, or was', text()),
    attempts: about('Begun so far', integer()),
    lastError: optional(about('Why the last attempt failed', text())),
    createdAt: text(),
  },
  'Job',
);

const toJob = (row: JobRow) => ({
  ...row,
  runAt: toInstantText(row.runAt),
  lastError: row.lastError ?? undefined,
  createdAt: toInstantText(row.createdAt),
});

const COMMON = { tag: 'jobs', may: 'administrator' } as const;
const OF_DEAD = {
  ...COMMON,
  method: 'POST',
  params: object({ id: uuid() }),
  answer: nothing(200),
} as const;

export const jobRoutes: readonly Route<Context>[] = [
  route({
    ...COMMON,
    method: 'GET',
    path: '/jobs',
    operationId: 'ListJobs',
    summary: 'What is put off, in order of creation, page by page',
    description:
      'Mail, reminders and the like: what waits for its time, what is being done, and what could not be done. What is done is not listed.',
    query: object({
      state: optional(oneOf(...JOB_STATES)),
      kind: optional(text({ max: MAX_KIND })),
      ...pageMembers,
    }),
    answer: page(Job, { key: 'jobs', xmlItem: 'job' }),
    refusals: ['request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const filter = { state: query.state ?? null, kind: query.kind ?? null };
      const rows = await listJobs(ctx, filter, afterToken(query.pageToken), size + 1);
      const { items, nextPageToken } = toPage(rows, size, ({ jobId }) => jobId);
      return { items: items.map(toJob), nextPageToken };
    },
  }),
  route({
    ...OF_DEAD,
    path: '/jobs/{id}/retry',
    operationId: 'RetryJob',
    summary: 'Try a dead job again',
    description: 'It is due at once, with as many attempts as a new one.',
    refusals: ['job.unknown', 'job.state', 'job.replaced'],
    run: (ctx: Context, { params }) => retryJob(ctx, params.id),
  }),
  route({
    ...OF_DEAD,
    path: '/jobs/{id}/remove',
    operationId: 'RemoveJob',
    summary: 'Remove a dead job',
    description: 'What it was to do is never done.',
    refusals: ['job.unknown', 'job.state'],
    run: (ctx: Context, { params }) => removeJob(ctx, params.id),
  }),
];
