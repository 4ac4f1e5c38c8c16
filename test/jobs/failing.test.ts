import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { type Ending, JobFailure, type JobHandlers, Postpone } from '../../src/jobs/index.ts';
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

/** Attempts that fail, take too long, are put off, overtaken, or stopped. */

for (const engine of ENGINES)
  describe(`failing and stopping jobs (${engine})`, () => {
    let db: Database;
    before(async () => {
      db = await tracedDatabase(engine);
    });
    after(() => db.close());
    afterEach(() => db.write((tx) => sql`truncate job, trace`.execute(tx)));

    const throwing = (error: unknown): JobHandlers => ({
      bad: {
        ...TERMS,
        runIn: async (tx) => {
          await trace('undone').execute(tx);
          throw error;
        },
      },
    });

    test('what throws is undone, tried again later and later, and dead in the end', async () => {
      const clock = clockAt(START);
      const endings: Ending[] = [];
      const runner = runnerOf(db, throwing(new JobFailure('the printer is on fire')), clock, {
        observe: (_job, ending) => endings.push(ending),
      });
      await ask(db, 'bad', [{}], { key: 'k' });
      for (const seconds of [10, 20]) {
        await runner.round();
        const [job] = await jobsIn(db);
        assert.equal((job?.runAt.getTime() ?? 0) - clock.now.getTime(), seconds * 1000);
        assert.deepEqual(
          [job?.lastError, job?.deadAt, job?.leaseUntil],
          ['the printer is on fire', null, null],
        );
        clock.pass(seconds - 1);
        await runner.round();
        clock.pass(1);
      }
      await runner.round();
      assert.deepEqual(endings, ['failed', 'failed', 'dead']);
      const [dead] = await jobsIn(db);
      assert.deepEqual([dead?.attempts, dead?.deadAt], [3, clock.now]);
      clock.pass(1_000_000);
      await runner.round();
      assert.equal(endings.length, 3, 'the dead are not tried');
      assert.deepEqual(await traces(db), []);
    });

    test('a dead job does not keep its key: what is asked for afterwards is run', async () => {
      const clock = clockAt(START);
      await ask(db, 'bad', [{}], { key: 'k' });
      await runnerOf(db, throwing(new JobFailure('no', { isFinal: true })), clock).round();
      await ask(db, 'bad', [{}], { key: 'k' });
      const works: JobHandlers = {
        bad: { ...TERMS, runIn: async (tx) => void (await trace('done').execute(tx)) },
      };
      await runnerOf(db, works, clock).round();
      assert.deepEqual(await traces(db), ['done']);
      assert.equal((await jobsIn(db)).length, 1);
    });

    test('a final failure is not tried again', async () => {
      const clock = clockAt(START);
      await ask(db, 'bad', [{}]);
      await runnerOf(db, throwing(new JobFailure('the address is none', { isFinal: true })), clock).round();
      const [job] = await jobsIn(db);
      assert.deepEqual([job?.attempts, job?.lastError, job?.deadAt], [1, 'the address is none', START]);
    });

    test('of an error that is not ours the words are not stored', async () => {
      await ask(db, 'bad', [{}]);
      await runnerOf(db, throwing(new RangeError('ann@x.example')), clockAt(START)).round();
      assert.equal((await jobsIn(db))[0]?.lastError, 'RangeError');
    });

    test('while it is retried, asking again by its key does not hurry it', async () => {
      const clock = clockAt(START);
      await ask(db, 'bad', [{}], { key: 'k' });
      await runnerOf(db, throwing(new JobFailure('no')), clock).round();
      const [before] = await jobsIn(db);
      await ask(db, 'bad', [{}], { key: 'k' });
      assert.deepEqual(await jobsIn(db), [before]);
    });

    test('asked for again while its last attempt fails, it is as if it were asked for the first time', async () => {
      const clock = clockAt(START);
      let runs = 0;
      const runner = runnerOf(
        db,
        {
          bad: {
            ...TERMS,
            maxAttempts: 1,
            run: async () => {
              if (++runs > 1) return null;
              await ask(db, 'bad', [{}], { key: 'k', runAt: new Date(START.getTime() + 5_000) });
              throw new JobFailure('no');
            },
          },
        },
        clock,
      );
      await ask(db, 'bad', [{}], { key: 'k' });
      await runner.round();
      const [job] = await jobsIn(db);
      assert.deepEqual(
        [job?.attempts, job?.deadAt, job?.runAt.getTime()],
        [0, null, START.getTime() + 5_000],
      );
      clock.pass(5);
      await runner.round();
      assert.equal(runs, 2);
      assert.deepEqual(await jobsIn(db), []);
    });

    test('what is put off is no failure and counts as no attempt', async () => {
      const clock = clockAt(START);
      let isOpen = false;
      const runner = runnerOf(
        db,
        {
          patient: {
            ...TERMS,
            run: async (job) => {
              assert.equal(job.attempt, 1);
              if (!isOpen) throw new Postpone(new Date(clock.now.getTime() + 3_600_000));
              return null;
            },
          },
        },
        clock,
      );
      await ask(db, 'patient', [{}]);
      for (let hour = 0; hour < 10; hour++) {
        await runner.round();
        const [job] = await jobsIn(db);
        assert.deepEqual([job?.attempts, job?.lastError], [0, null]);
        clock.pass(3_600);
      }
      isOpen = true;
      await runner.round();
      assert.deepEqual(await jobsIn(db), []);
    });

    test('an attempt that takes too long is broken off, though its handler minds no signal', async () => {
      let signalled = false;
      const runner = runnerOf(
        db,
        {
          hang: {
            ...TERMS,
            timeoutMs: 50,
            run: (_job, { signal }) =>
              new Promise(() => {
                signal.addEventListener('abort', () => {
                  signalled = true;
                });
              }),
          },
        },
        clockAt(START),
      );
      await ask(db, 'hang', [{}]);
      await runner.round();
      const [job] = await jobsIn(db);
      assert.deepEqual([signalled, job?.lastError, job?.attempts], [true, 'no end within 0.05 s', 1]);
    });

    test('a paused worker completes nothing after a takeover', async () => {
      const clock = clockAt(START);
      const [gate, begun] = [gateway(), gateway()];
      const endings: Ending[] = [];
      const paused = runnerOf(
        db,
        {
          effect: {
            ...TERMS,
            run: async () => {
              begun.open();
              await gate.opened;
              return async (tx) => void (await trace('paused').execute(tx));
            },
          },
        },
        clock,
        { observe: (_job, ending) => endings.push(ending) },
      );
      const other = runnerOf(
        db,
        {
          effect: {
            ...TERMS,
            run: async (job) => async (tx) => void (await trace(`other ${job.attempt}`).execute(tx)),
          },
        },
        clock,
      );
      await ask(db, 'effect', [{}]);
      const round = paused.round();
      await begun.opened;
      clock.pass(29);
      await other.round();
      assert.deepEqual(await traces(db), [], 'the lease still holds');
      clock.pass(2);
      await other.round();
      assert.match((await jobsIn(db))[0]?.lastError ?? '', /never ended/);
      clock.pass(60);
      await other.round();
      gate.open();
      await round;
      assert.deepEqual(await traces(db), ['other 2']);
      assert.deepEqual(endings, ['lost']);
      assert.deepEqual(await jobsIn(db), []);
    });

    test('an attempt that never comes back counts; the job is dead after the last', async () => {
      const clock = clockAt(START);
      let runs = 0;
      const counting: JobHandlers = {
        crash: {
          ...TERMS,
          runIn: async () => {
            runs++;
          },
        },
      };
      const runner = runnerOf(db, counting, clock);
      await ask(db, 'crash', [{}]);
      const delays: number[] = [];
      for (let attempt = 1; attempt <= 3; attempt++) {
        // As a process does that is gone a moment later.
        const leaseUntil = new Date(clock.now.getTime() + 30_000);
        const taking = { now: clock.now, leaseUntil, limit: 1, except: [] };
        const taken = await db.write((tx) => take(tx, { accountId: ACCOUNT, kind: 'crash' }, taking));
        assert.deepEqual(
          taken.map((job) => [job.attempt, job.isLost]),
          [[attempt, false]],
        );
        clock.pass(29);
        await runner.round();
        assert.deepEqual((await jobsIn(db))[0]?.leaseUntil, leaseUntil, 'the lease still holds');
        clock.pass(1);
        await runner.round();
        const [job] = await jobsIn(db);
        assert.match(job?.lastError ?? '', /never ended/);
        delays.push(((job?.runAt.getTime() ?? 0) - clock.now.getTime()) / 1000);
        if (attempt < 3) assert.equal(job?.deadAt, null);
        else assert.deepEqual([job?.attempts, job?.deadAt], [3, clock.now]);
        clock.pass(delays.at(-1) ?? 0);
      }
      assert.deepEqual(delays.slice(0, 2), [2, 4]);
      assert.equal(runs, 0);
    });

    test('started, it does what is there, and what comes', async () => {
      const runner = runnerOf(
        db,
        {
          leave: {
            ...TERMS,
            runIn: async (tx, { payload }) => {
              await trace(payload['n']).execute(tx);
            },
          },
        },
        clockAt(START),
      );
      await ask(
        db,
        'leave',
        Array.from({ length: 30 }, (_, n) => ({ n })),
      );
      runner.start();
      const empty = async (): Promise<void> => {
        while ((await jobsIn(db)).length > 0) await new Promise((done) => setTimeout(done, 20));
      };
      await empty();
      await ask(db, 'leave', [{ n: 30 }]);
      await empty();
      await runner.stop();
      assert.equal((await traces(db)).length, 31);
      await ask(db, 'leave', [{ n: 31 }]);
      await new Promise((done) => setTimeout(done, 1_200));
      assert.equal((await jobsIn(db)).length, 1, 'stopped, it does nothing more');
    });

    test('a stop waits for what is under way, and begins nothing else', async () => {
      const [gate, begun] = [gateway(), gateway()];
      const runner = runnerOf(
        db,
        {
          send: {
            ...TERMS,
            concurrency: 1,
            run: async ({ payload }) => {
              begun.open();
              await gate.opened;
              return async (tx) => void (await trace(payload['n']).execute(tx));
            },
          },
        },
        clockAt(START),
      );
      await ask(db, 'send', [{ n: 1 }, { n: 2 }]);
      runner.start();
      await begun.opened;
      let isStopped = false;
      const stopped = runner.stop().then(() => {
        isStopped = true;
      });
      await new Promise((done) => setTimeout(done, 50));
      assert.equal(isStopped, false);
      gate.open();
      await stopped;
      assert.equal((await traces(db)).length, 1);
      assert.deepEqual(
        (await jobsIn(db)).map(({ attempts, leaseUntil }) => [attempts, leaseUntil]),
        [[0, null]],
      );
    });

    test('what does not end is broken off, counts for nothing, and is due for the next process at once', async () => {
      const begun = gateway();
      const endings: Ending[] = [];
      const runner = runnerOf(
        db,
        {
          send: {
            ...TERMS,
            run: (_job, { signal }) =>
              new Promise((_done, fail) => {
                begun.open();
                signal.addEventListener('abort', () => fail(new Error('broken off')));
              }),
          },
        },
        clockAt(START),
        { stopAfterMs: 50, observe: (_job, ending) => endings.push(ending) },
      );
      await ask(db, 'send', [{}]);
      runner.start();
      await begun.opened;
      const from = Date.now();
      await runner.stop();
      assert.ok(Date.now() - from < 5_000);
      assert.deepEqual(endings, ['postponed']);
      const [job] = await jobsIn(db);
      assert.deepEqual([job?.attempts, job?.leaseUntil, job?.lastError], [0, null, null]);
      const works = { send: { ...TERMS, run: async () => null } };
      await runnerOf(db, works, clockAt(START)).round();
      assert.deepEqual(await jobsIn(db), []);
    });
  });
