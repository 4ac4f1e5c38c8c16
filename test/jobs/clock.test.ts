import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { JobHandlers } from '../../src/jobs/index.ts';
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

/** Clocks that jump. */

const HOUR_S = 3_600;

for (const engine of ENGINES)
  describe(`clock jumps (${engine})`, () => {
    let db: Database;
    before(async () => {
      db = await tracedDatabase(engine);
    });
    after(() => db.close());
    afterEach(() => db.write((tx) => sql`truncate job, trace`.execute(tx)));

    const works: JobHandlers = {
      leave: {
        ...TERMS,
        runIn: async (tx, { payload }) => {
          await trace(payload['word']).execute(tx);
        },
      },
    };

    test('forward: what is due by the new time is run at once, the rest waits for its time', async () => {
      const clock = clockAt(START);
      const runner = runnerOf(db, works, clock);
      await ask(db, 'leave', [{ word: 'within' }], { runAt: new Date(START.getTime() + HOUR_S * 1000) });
      await ask(db, 'leave', [{ word: 'beyond' }], { runAt: new Date(START.getTime() + 3 * HOUR_S * 1000) });
      await runner.round();
      assert.deepEqual(await traces(db), []);
      clock.pass(2 * HOUR_S);
      await runner.round();
      assert.deepEqual(await traces(db), ['within']);
    });

    test('forward while a job runs: its own process does not take it for lost', async () => {
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

    test('backward: what was put off waits for as long as the clock was set back, and what is asked for now does not', async () => {
      const clock = clockAt(START);
      const runner = runnerOf(db, works, clock);
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

    test('backward: what a killed process had taken waits until its lease runs out by the new time', async () => {
      const clock = clockAt(START);
      await ask(db, 'leave', [{ word: 'taken' }]);
      const leaseUntil = new Date(START.getTime() + 30_000);
      const taking = { now: START, leaseUntil, limit: 1, except: [] };
      assert.equal(
        (await db.write((tx) => take(tx, { accountId: ACCOUNT, kind: 'leave' }, taking))).length,
        1,
      );
      clock.pass(-HOUR_S);
      const runner = runnerOf(db, works, clock);
      await runner.round();
      assert.deepEqual((await jobsIn(db))[0]?.leaseUntil, leaseUntil);
      clock.pass(HOUR_S + 30);
      await runner.round();
      clock.pass(10);
      await runner.round();
      assert.deepEqual([await traces(db), await jobsIn(db)], [['taken'], []]);
    });

    test('backward while a job runs: it completes', async () => {
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
