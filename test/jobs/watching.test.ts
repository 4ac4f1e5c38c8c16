import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { countJobs, type Ending, enqueue, JobFailure, type JobHandlers } from '../../src/jobs/index.ts';
import { Metrics } from '../../src/metrics.ts';
import { ENGINES } from '../support/database.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { clockAt, runnerOf, TERMS } from './support.ts';

/** What whoever runs the server sees of the queue: figures, lists, and accounts by the thousand. */

for (const engine of ENGINES)
  describe(`watching the queue (${engine})`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.app.stop());

    const metric = async (name: string): Promise<string[]> => {
      const { text } = await call(world, 'GET', '/metrics', { token: null });
      return text.split('\n').filter((line) => line.startsWith(`${name}{`));
    };

    test('figures: what waits, is due, runs and is dead, and how long the oldest has been due', async () => {
      const { now } = world.clock;
      const at = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
      const job = (kind: string, seconds: number) => ({ kind, runAt: at(seconds), payload: {} });
      const jobs = [job('mail', -90), job('mail', -30), job('mail', 60), job('other', 5)];
      await world.db.write((tx) => enqueue(tx, 1, jobs, now));
      await world.db.write((tx) => enqueue(tx, 2, [job('mail', -120), job('gone', -1)], now));
      await world.db.write((tx) =>
        sql`update job set lease_until = ${at(20)} where account_id = 1 and run_at = ${at(-90)}`.execute(tx),
      );
      await world.db.write((tx) => sql`update job set dead_at = ${now} where kind = 'gone'`.execute(tx));
      assert.deepEqual(await metric('rollbook_jobs_waiting'), [
        'rollbook_jobs_waiting{kind="gone"} 0',
        'rollbook_jobs_waiting{kind="mail"} 3',
        'rollbook_jobs_waiting{kind="other"} 1',
      ]);
      const ofMail = async (name: string) =>
        (await metric(`rollbook_jobs_${name}`)).filter((line) => line.includes('mail'));
      assert.deepEqual(await ofMail('due'), ['rollbook_jobs_due{kind="mail"} 2']);
      assert.deepEqual(await ofMail('running'), ['rollbook_jobs_running{kind="mail"} 1']);
      assert.deepEqual(await ofMail('oldest_due_seconds'), [
        'rollbook_jobs_oldest_due_seconds{kind="mail"} 120',
      ]);
      assert.ok((await metric('rollbook_jobs_dead')).includes('rollbook_jobs_dead{kind="gone"} 1'));
      const ready = (await call(world, 'GET', '/readyz', { token: null })).json;
      assert.equal((ready as { deadJobs: number }).deadJobs, 1);
      await world.db.write((tx) => sql`truncate job`.execute(tx));
      assert.deepEqual(await metric('rollbook_jobs_waiting'), [], 'a kind of which nothing is left is gone');
    });

    test('of an immense queue as many are counted as are looked at', async () => {
      await world.db.write((tx) =>
        sql`insert into job (account_id, job_id, kind, run_at, payload, created_at)
          select 1, gen_random_uuid(), 'flood', ${world.clock.now}::timestamptz + g * interval '1 second', '{}', ${world.clock.now}
          from generate_series(-5, 10050) g`.execute(tx),
      );
      const [counts] = await world.db.read((tx) => countJobs(tx, world.clock.now));
      assert.deepEqual([counts?.waiting, counts?.due], [10_000, 6]);
      await world.db.write((tx) => sql`truncate job`.execute(tx));
    });

    test('page after page everything is listed once', async () => {
      const jobs = Array.from({ length: 25 }, () => ({
        kind: 'listed',
        runAt: world.clock.now,
        payload: {},
      }));
      await world.db.write((tx) => enqueue(tx, world.account.accountId, jobs, world.clock.now));
      const seen: string[] = [];
      let token: string | undefined = '';
      while (token !== undefined) {
        const answer = await call(world, 'GET', `/jobs?pageSize=7&pageToken=${token}`);
        const page = answer.json as { jobs: { jobId: string }[]; nextPageToken?: string };
        assert.ok(page.jobs.length <= 7);
        seen.push(...page.jobs.map(({ jobId }) => jobId));
        token = page.nextPageToken;
      }
      assert.equal(seen.length, 25);
      assert.deepEqual(seen, [...new Set(seen)].sort());
      await world.db.write((tx) => sql`truncate job`.execute(tx));
    });

    test('more queues than one look goes through are all reached', async () => {
      const done: string[] = [];
      const note = {
        ...TERMS,
        run: async ({ accountId, kind }: { accountId: number; kind: string }) => {
          done.push(`${accountId} ${kind}`);
          return null;
        },
      };
      const { now } = world.clock;
      const names: string[] = [];
      for (let accountId = 1; accountId <= 23; accountId++)
        for (const kind of ['a', 'b']) {
          names.push(`${accountId} ${kind}`);
          await world.db.write((tx) => enqueue(tx, accountId, [{ kind, runAt: now, payload: {} }], now));
        }
      await runnerOf(world.db, { a: note, b: note }, clockAt(now), { queuesAtOnce: 5 }).round();
      assert.deepEqual(done.sort(), names.sort());
    });

    test('attempts are counted by kind and ending', async () => {
      const metrics = new Metrics();
      const clock = clockAt(world.clock.now);
      const handlers: JobHandlers = {
        good: { ...TERMS, run: async () => null },
        bad: {
          ...TERMS,
          maxAttempts: 2,
          run: async () => {
            throw new JobFailure('no');
          },
        },
      };
      const observe = ({ kind }: { kind: string }, ending: Ending): void => metrics.observeJob(kind, ending);
      const runner = runnerOf(world.db, handlers, clock, { observe });
      const jobs = ['good', 'good', 'bad'].map((kind) => ({ kind, runAt: clock.now, payload: {} }));
      await world.db.write((tx) => enqueue(tx, 1, jobs, clock.now));
      await runner.round();
      clock.pass(60);
      await runner.round();
      const lines = (await metrics.text()).split('\n').filter((line) => /^rollbook_job_attempts/.test(line));
      assert.deepEqual(lines.sort(), [
        'rollbook_job_attempts_total{kind="bad",ending="dead"} 1',
        'rollbook_job_attempts_total{kind="bad",ending="failed"} 1',
        'rollbook_job_attempts_total{kind="good",ending="done"} 2',
      ]);
    });

    // The last: afterwards there is none.
    test('while the database does not answer there are figures of everything else', async () => {
      await world.db.close();
      const figures = await call(world, 'GET', '/metrics', { token: null });
      assert.equal(figures.status, 200);
      assert.match(figures.text, /rollbook_requests_total/);
      assert.doesNotMatch(figures.text, /^rollbook_jobs_due\{/m);
      assert.equal((await call(world, 'GET', '/readyz', { token: null })).status, 503);
    });
  });
