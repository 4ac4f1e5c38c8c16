import { plain, type Row, UNKNOWN } from './table.ts';

/** The queue is for the owner and administrators. */
export const jobRows: Record<string, Row> = {
  ListJobs: plain('administrator', 200, () => ({ path: '/jobs' })),
  RetryJob: plain('administrator', 404, () => ({ path: `/jobs/${UNKNOWN}/retry` })),
  RemoveJob: plain('administrator', 404, () => ({ path: `/jobs/${UNKNOWN}/remove` })),
};
