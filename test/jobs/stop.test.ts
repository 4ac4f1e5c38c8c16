import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { Ending } from '../../src/jobs/index.ts';
import type { Database } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import {
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

/** A runner that runs by itself, and is stopped. */

for (const engine of ENGINES)
  describe(`starting and stopping (${engine})`, () => {
    let db: Database;
    before(async () => {
      db = await tracedDatabase(engine);
    });
    after(() => db.close());
    afterEach(() => db.write((tx) => sql`truncate job, trace`.execute(tx)));

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
