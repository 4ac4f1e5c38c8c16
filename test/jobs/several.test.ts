import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ending, JobHandlers } from '../../src/jobs/index.ts';
import { ENGINES } from '../support/database.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { ask, clockAt, jobsIn, runnerOf, START, severalHandles, TERMS, trace, traces } from './support.ts';

/** Several processes empty one queue. */

const JOBS = count(200, 2_000);
const RUNNERS = 4;

for (const engine of ENGINES)
  describe(`several runners (${engine})`, () => {
    test(`${RUNNERS} runners, ${JOBS} jobs of each kind: each is done once (seed ${SEED})`, async () => {
      const { handles, close } = await severalHandles(engine, RUNNERS);
      const random = randomFrom(SEED);
      const clock = clockAt(START);
      const began: string[] = [];
      const endings: Ending[] = [];
      const handlers: JobHandlers = {
        write: {
          ...TERMS,
          concurrency: 5,
          maxAttempts: 50,
          runIn: async (tx, { payload, attempt }) => {
            await trace(`write ${payload['n']}`).execute(tx);
            if (random(10) === 0 && attempt < 10) throw new Error('undone');
          },
        },
        send: {
          ...TERMS,
          concurrency: 5,
          run: async ({ payload }) => {
            began.push(String(payload['n']));
            await new Promise((done) => setTimeout(done, random(4)));
            return async (tx) => {
              await trace(`send ${payload['n']}`).execute(tx);
            };
          },
        },
      };
      const numbers = Array.from({ length: JOBS }, (_, n) => ({ n }));
      const [first] = handles;
      assert.ok(first);
      await ask(first, 'write', numbers);
      await ask(first, 'send', numbers);
      const runners = handles.map((db) =>
        runnerOf(db, handlers, clock, { observe: (_job, ending) => endings.push(ending) }),
      );
      while ((await jobsIn(first)).length > 0) {
        await Promise.all(runners.map((runner) => runner.round()));
        // What was undone is due again.
        clock.pass(60);
      }
      const wanted = numbers.flatMap(({ n }) => [`write ${n}`, `send ${n}`]).sort();
      assert.deepEqual((await traces(first)).sort(), wanted);
      assert.equal(began.length, JOBS, 'without a takeover nothing is even begun twice');
      assert.ok(endings.includes('failed'));
      assert.ok(!endings.includes('lost') && !endings.includes('dead'));
      await close();
    });

    test('asked for at once under one key by many, it is one job', async () => {
      const { handles, close } = await severalHandles(engine, RUNNERS);
      const [first] = handles;
      assert.ok(first);
      const asking = Array.from({ length: 40 }, (_, n) => handles[n % RUNNERS] ?? first);
      await Promise.all(asking.map((db) => ask(db, 'once', [{}], { key: 'k' })));
      assert.equal((await jobsIn(first)).length, 1);
      await close();
    });
  });
