import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { enqueue, type Job, type JobHandlers, unqueue } from '../../src/jobs/index.ts';
import { take } from '../../src/jobs/queries.ts';
import type { Database } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import {
  ACCOUNT,
  ask,
  clockAt,
  gateway,
  jobsIn,
  runnerOf,
  START,
  TERMS,
  trace,
  tracedDatabase,
  traces,
} from './support.ts';

/** What is asked for, and when it is run, also when the clock jumps. */

const HOUR_S = 3_600;

for (const engine of ENGINES)
  describe(`the queue (${engine})`, () => {
    let db: Database;
    before(async () => {
      db = await tracedDatabase(engine);
    });
    after(() => db.close());
    afterEach(() => db.write((tx) => sql`truncate job, trace`.execute(tx)));

    /** Leaves its word, in the transaction that ends the job. */
    const leaves: JobHandlers = {
      leave: {
        ...TERMS,
        runIn: async (tx, { payload }) => {
          await trace(payload['word']).execute(tx);
        },
      },
    };

    test('a job is run when it is due, not before, and is gone then', async () => {
      const clock = clockAt(START);
      const runner = runnerOf(db, leaves, clock);
      await ask(db, 'leave', [{ word: 'now' }]);
      await ask(db, 'leave', [{ word: 'later' }], { runAt: new Date(START.getTime() + 60_000) });
      await runner.round();
      assert.deepEqual(await traces(db), ['now']);
      clock.pass(59);
      await runner.round();
      assert.deepEqual(await traces(db), ['now']);
      clock.pass(1);
      await runner.round();
      assert.deepEqual(await traces(db), ['later', 'now']);
      assert.deepEqual(await jobsIn(db), []);
    });

    test('what is rolled back was never asked for', async () => {
      await assert.rejects(
        db.write(async (tx) => {
          await enqueue(tx, ACCOUNT, [{ kind: 'leave', runAt: START, payload: { word: 'never' } }], START);
          throw new Error('the request fails');
        }),
        /the request fails/,
      );
      await runnerOf(db, leaves, clockAt(START)).round();
      assert.deepEqual(await traces(db), []);
    });

    test('thousands are asked for in one statement', async () => {
      const words = Array.from({ length: 3_000 }, (_, n) => ({ word: n }));
      await ask(db, 'leave', words);
      const { rows } = await db.read((tx) =>
        sql<{ n: number }>`select count(*)::int as n from job`.execute(tx),
      );
      assert.equal(rows[0]?.n, 3_000);
    });

    test('a key asked for twice is one job, at the earlier time, with the payload it had', async () => {
      const clock = clockAt(START);
      const [soon, late] = [30, 90].map((s) => new Date(START.getTime() + s * 1000)) as [Date, Date];
      await ask(db, 'leave', [{ word: 'first' }], { key: 'k', runAt: late });
      await ask(db, 'leave', [{ word: 'second' }], { key: 'k', runAt: soon });
      await ask(db, 'leave', [{ word: 'third' }, { word: 'fourth' }], { key: 'k', runAt: late });
      assert.deepEqual(
        (await jobsIn(db)).map(({ key, runAt }) => [key, runAt.getTime()]),
        [['k', soon.getTime()]],
      );
      clock.pass(30);
      await runnerOf(db, leaves, clock).round();
      assert.deepEqual(await traces(db), ['first']);
    });

    test('one key is another job in another account, of another kind, and when the first is done', async () => {
      const runner = runnerOf(db, leaves, clockAt(START));
      await ask(db, 'leave', [{ word: 'a' }], { key: 'k' });
      await ask(db, 'leave', [{ word: 'b' }], { key: 'k', accountId: 2 });
      await ask(db, 'other', [{ word: 'c' }], { key: 'k' });
      await runner.round();
      await ask(db, 'leave', [{ word: 'd' }], { key: 'k' });
      await runner.round();
      assert.deepEqual(await traces(db), ['a', 'b', 'd']);
      assert.deepEqual(
        (await jobsIn(db)).map(({ kind }) => kind),
        ['other'],
        'what nobody here knows how to do waits',
      );
    });

    test('what is taken back is not run', async () => {
      for (const key of ['a', 'b', 'c']) await ask(db, 'leave', [{ word: key }], { key });
      await db.write((tx) => unqueue(tx, ACCOUNT, 'leave', ['a', 'c', 'unknown']));
      await db.write((tx) => unqueue(tx, 2, 'leave', ['b']));
      await runnerOf(db, leaves, clockAt(START)).round();
      assert.deepEqual(await traces(db), ['b']);
    });

    test('what is asked for again while it runs is run once more, when it was asked for', async () => {
      const clock = clockAt(START);
      const seen: number[] = [];
      const runner = runnerOf(
        db,
        {
          digest: {
            ...TERMS,
            run: async (job) => {
              seen.push(job.attempt);
              if (seen.length === 1)
                for (const seconds of [300, 60, 120])
                  await ask(db, 'digest', [{}], {
                    key: 'k',
                    runAt: new Date(clock.now.getTime() + seconds * 1000),
                  });
              return null;
            },
          },
        },
        clock,
      );
      await ask(db, 'digest', [{}], { key: 'k' });
      await runner.round();
      assert.deepEqual(seen, [1]);
      clock.pass(59);
      await runner.round();
      assert.deepEqual(seen, [1]);
      clock.pass(1);
      await runner.round();
      assert.deepEqual(seen, [1, 1]);
      assert.deepEqual(await jobsIn(db), []);
    });

    test('taken back while it runs, it ends, and what it was asked for meanwhile is gone', async () => {
      const clock = clockAt(START);
      let runs = 0;
      const runner = runnerOf(
        db,
        {
          digest: {
            ...TERMS,
            run: async () => {
              runs++;
              await ask(db, 'digest', [{}], { key: 'k' });
              await db.write((tx) => unqueue(tx, ACCOUNT, 'digest', ['k']));
              return async (tx) => {
                await trace('recorded').execute(tx);
              };
            },
          },
        },
        clock,
      );
      await ask(db, 'digest', [{}], { key: 'k' });
      await runner.round();
      assert.equal(runs, 1);
      assert.deepEqual(await traces(db), ['recorded']);
      assert.deepEqual(await jobsIn(db), []);
    });

    test('a job that asks for itself under its key comes again, and is there once', async () => {
      const clock = clockAt(START);
      const runner = runnerOf(
        db,
        {
          daily: {
            ...TERMS,
            runIn: async (tx, job: Job, now) => {
              await trace(now.toISOString()).execute(tx);
              const runAt = new Date(now.getTime() + 86_400_000);
              await enqueue(tx, job.accountId, [{ kind: 'daily', key: 'daily', runAt, payload: {} }], now);
            },
          },
        },
        clock,
      );
      await ask(db, 'daily', [{}], { key: 'daily' });
      for (let day = 0; day < 3; day++) {
        await runner.round();
        clock.pass(86_400);
      }
      assert.equal((await traces(db)).length, 3);
      assert.equal((await jobsIn(db)).length, 1);
    });

    test('a flood of one account does not keep others waiting, nor one kind another', async () => {
      const order: string[] = [];
      const noting = (kind: string, concurrency: number): JobHandlers => ({
        [kind]: {
          ...TERMS,
          concurrency,
          run: async ({ accountId }) => {
            order.push(`${kind} ${accountId}`);
            return null;
          },
        },
      });
      await ask(db, 'mail', Array(60).fill({}), { accountId: 1 });
      await ask(db, 'mail', [{}, {}, {}], { accountId: 2 });
      await ask(db, 'mail', [{}], { accountId: 3 });
      await ask(db, 'other', [{}], { accountId: 3 });
      const runner = runnerOf(db, { ...noting('mail', 2), ...noting('other', 1) }, clockAt(START));
      await runner.round();
      assert.equal(order.length, 65);
      const last = (what: string): number => order.lastIndexOf(what);
      assert.ok(last('other 3') < 4, `other: ${last('other 3')}`);
      assert.ok(last('mail 3') < 6 && last('mail 2') < 12, `mail: ${last('mail 3')}, ${last('mail 2')}`);
    });

    test('no more of a kind run at once than it allows', async () => {
      let [running, most] = [0, 0];
      const runner = runnerOf(
        db,
        {
          slow: {
            ...TERMS,
            concurrency: 3,
            run: async () => {
              most = Math.max(most, ++running);
              await new Promise((done) => setTimeout(done, 5));
              running--;
              return null;
            },
          },
        },
        clockAt(START),
      );
      await ask(db, 'slow', Array(20).fill({}));
      await runner.round();
      assert.equal(most, 3);
    });

    test('clock jumps forward: what is due by the new time is run at once, the rest waits for its time', async () => {
      const clock = clockAt(START);
      const runner = runnerOf(db, leaves, clock);
      await ask(db, 'leave', [{ word: 'within' }], { runAt: new Date(START.getTime() + HOUR_S * 1000) });
      await ask(db, 'leave', [{ word: 'beyond' }], { runAt: new Date(START.getTime() + 3 * HOUR_S * 1000) });
      await runner.round();
      assert.deepEqual(await traces(db), []);
      clock.pass(2 * HOUR_S);
      await runner.round();
      assert.deepEqual(await traces(db), ['within']);
    });

    test('clock jumps forward while a job runs: its own process does not take it for lost', async () => {
      const clock = clockAt(START);
      const [gate, begun] = [gateway(), gateway()];
      let runs = 0;
      const runner = runnerOf(
        db,
        {
          send: {
            ...TERMS,
            run: async () => {
              runs++;
              begun.open();
              await gate.opened;
              return async (tx) => void (await trace('sent').execute(tx));
            },
          },
        },
        clock,
      );
      await ask(db, 'send', [{}]);
      const round = runner.round();
      await begun.opened;
      clock.pass(2 * HOUR_S);
      const another = runner.round();
      await new Promise((done) => setTimeout(done, 50));
      gate.open();
      await Promise.all([round, another]);
      assert.deepEqual([runs, await traces(db), await jobsIn(db)], [1, ['sent'], []]);
    });

    test('clock jumps backward: what was put off waits for as long as the clock was set back, and what is asked for now does not', async () => {
      const clock = clockAt(START);
      const runner = runnerOf(db, leaves, clock);
      await ask(db, 'leave', [{ word: 'before' }], { runAt: new Date(START.getTime() + 60_000) });
      clock.pass(-HOUR_S);
      await ask(db, 'leave', [{ word: 'after' }], { now: clock.now });
      await runner.round();
      assert.deepEqual(await traces(db), ['after']);
      clock.pass(HOUR_S + 59);
      await runner.round();
      assert.deepEqual(await traces(db), ['after']);
      clock.pass(1);
      await runner.round();
      assert.deepEqual(await traces(db), ['after', 'before']);
    });

    test('clock jumps backward: what a killed process had taken waits until its lease runs out by the new time', async () => {
      const clock = clockAt(START);
      await ask(db, 'leave', [{ word: 'taken' }]);
      const leaseUntil = new Date(START.getTime() + 30_000);
      const taking = { now: START, leaseUntil, limit: 1, except: [] };
      assert.equal(
        (await db.write((tx) => take(tx, { accountId: ACCOUNT, kind: 'leave' }, taking))).length,
        1,
      );
      clock.pass(-HOUR_S);
      const runner = runnerOf(db, leaves, clock);
      await runner.round();
      assert.deepEqual((await jobsIn(db))[0]?.leaseUntil, leaseUntil);
      clock.pass(HOUR_S + 30);
      await runner.round();
      clock.pass(10);
      await runner.round();
      assert.deepEqual([await traces(db), await jobsIn(db)], [['taken'], []]);
    });

    test('clock jumps backward while a job runs: it completes', async () => {
      const clock = clockAt(START);
      const runner = runnerOf(
        db,
        {
          send: {
            ...TERMS,
            run: async () => {
              clock.pass(-HOUR_S);
              return async (tx) => void (await trace('sent').execute(tx));
            },
          },
        },
        clock,
      );
      await ask(db, 'send', [{}]);
      await runner.round();
      assert.deepEqual([await traces(db), await jobsIn(db)], [['sent'], []]);
    });
  });
