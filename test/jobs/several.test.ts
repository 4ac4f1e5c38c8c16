import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Ending, enqueue, type JobHandlers, unqueue } from '../../src/jobs/index.ts';
import type { Database } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import {
  ACCOUNT,
  ask,
  clockAt,
  gateway,
  jobsIn,
  runnerOf,
  START,
  severalHandles,
  TERMS,
  trace,
  traces,
} from './support.ts';

/** Several processes empty one queue. */

const JOBS = count(200, 2_000);
const RUNNERS = 4;

for (const engine of ENGINES)
  describe(`several runners (${engine})`, () => {
    let handles: Database[];
    let close: () => Promise<void>;
    before(async () => {
      ({ handles, close } = await severalHandles(engine, RUNNERS));
    });
    after(() => close());

    test(`${RUNNERS} runners, ${JOBS} jobs of each kind: each is done once (seed ${SEED})`, async () => {
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
    });

    test('asked for at once under one key by many, it is one job', async () => {
      const [first] = handles;
      assert.ok(first);
      const asking = Array.from({ length: 40 }, (_, n) => handles[n % RUNNERS] ?? first);
      await Promise.all(asking.map((db) => ask(db, 'once', [{}], { key: 'k' })));
      assert.equal((await jobsIn(first)).length, 1);
      await first.write((tx) => unqueue(tx, ACCOUNT, 'once', ['k']));
    });

    // On the embedded engine there is one session: nobody has a row locked while another looks.
    if (engine === 'postgresql')
      test('a job that somebody has always locked is waited for in the end', async () => {
        const [asking, running] = handles;
        assert.ok(asking && running);
        const handlers: JobHandlers = {
          busy: { ...TERMS, runIn: async (tx) => void (await trace('waited for').execute(tx)) },
        };
        const runner = runnerOf(running, handlers, clockAt(START));
        await ask(asking, 'busy', [{}], { key: 'k' });
        const [gate, locked] = [gateway(), gateway()];
        const holding = asking.write(async (tx) => {
          await enqueue(tx, ACCOUNT, [{ kind: 'busy', key: 'k', runAt: START, payload: {} }], START);
          locked.open();
          await gate.opened;
        });
        await locked.opened;
        for (let look = 0; look < 2; look++) {
          await runner.round();
          assert.ok(!(await traces(running)).includes('waited for'), 'passed over');
        }
        const patient = runner.round();
        await new Promise((done) => setTimeout(done, 100));
        gate.open();
        await Promise.all([holding, patient]);
        assert.ok((await traces(running)).includes('waited for'));
      });
  });
