import { type JobHandlers, JobRunner } from '../../src/jobs/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { jobsIn, trace } from './support.ts';

/**
 * A process that empties a queue, to be killed: worker.js WHERE RECEIVER, the first as JSON. Says `ready`, and `empty` each
 * time it finds that no live job is left.
 */

const [where = '', receiver = ''] = process.argv.slice(2);
const db = await openDatabase(JSON.parse(where) as { url: string } | { directory: string });
/** Short, so that a killed process is soon presumed dead. */
const TERMS = {
  concurrency: 6,
  maxAttempts: 12,
  timeoutMs: 1_000,
  backoff: { firstMs: 200, longestMs: 1_000 },
};

const handlers: JobHandlers = {
  write: {
    ...TERMS,
    runIn: async (tx, { payload }) => {
      await trace(`write ${payload['n']}`).execute(tx);
    },
  },
  send: {
    ...TERMS,
    run: async ({ payload }, { signal }) => {
      const body = String(payload['n']);
      await fetch(receiver, { method: 'POST', body, signal });
      return async (tx) => {
        await trace(`send ${body}`).execute(tx);
      };
    },
  },
  poison: {
    ...TERMS,
    maxAttempts: 3,
    run: async () => {
      await fetch(receiver, { method: 'POST', body: 'poison' });
      process.kill(process.pid, 'SIGKILL');
      return null;
    },
  },
};

const runner = new JobRunner(db, handlers, () => new Date(), { leaseMarginMs: 500 });
runner.start();
process.stdout.write('ready\n');
const watching = setInterval(() => {
  jobsIn(db)
    .then((jobs) => {
      if (jobs.every(({ deadAt }) => deadAt !== null)) process.stdout.write('empty\n');
    })
    .catch(() => undefined);
}, 200);

process.once('SIGTERM', () => {
  clearInterval(watching);
  void runner.stop().then(() => db.close());
});
