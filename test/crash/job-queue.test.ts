import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enqueue } from '../../src/jobs/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { ACCOUNT, jobsIn, makeTrace, traces } from '../jobs/support.ts';
import { ENGINES } from '../support/database.ts';
import { type Place, placeOf } from '../support/place.ts';
import { count, randomFrom, SEED } from '../support/random.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

/** kill -9 of real processes with jobs in flight, and jobs that kill their process. */

const KILLS = count(2, 20);
const JOBS = count(60, 1_500);
const WORKER = fileURLToPath(new URL('../jobs/worker.js', import.meta.url));
const EMPTY_WITHIN_MS = 90_000;
const alive = new Set<ChildProcess>();

class Worker {
  readonly child: ChildProcess;
  #output = '';
  constructor(place: Place, receiver: Receiver) {
    this.child = spawn(process.execPath, [WORKER, JSON.stringify(place.where), receiver.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    alive.add(this.child);
    this.child.once('exit', () => alive.delete(this.child));
    this.child.stdout?.on('data', (part: Buffer) => {
      this.#output += part;
    });
  }

  get isAlive(): boolean {
    return alive.has(this.child);
  }

  /** Until it says the word, or is gone; whether it said it. */
  async says(word: string): Promise<boolean> {
    const until = Date.now() + EMPTY_WITHIN_MS;
    while (this.isAlive && !this.#output.includes(`${word}\n`)) {
      assert.ok(Date.now() < until, `never said ${word}`);
      await new Promise((done) => setTimeout(done, 20));
    }
    return this.#output.includes(`${word}\n`);
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    return ((await ended) as [number | null])[0];
  }
}

async function within<T>(place: Place, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await openDatabase(place.where);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

const ask = (db: Database, kind: string, many: number): Promise<void> => {
  const now = new Date();
  const jobs = Array.from({ length: many }, (_, n) => ({ kind, runAt: now, payload: { n } }));
  return db.write((tx) => enqueue(tx, ACCOUNT, jobs, now));
};

for (const engine of ENGINES)
  describe(`the queue and kill -9 (${engine})`, () => {
    after(() => {
      for (const child of alive) child.kill('SIGKILL');
    });

    test(`${KILLS} kills: committed effects once, outside ones at least once (seed ${SEED})`, async () => {
      const random = randomFrom(SEED);
      const place = await placeOf(engine);
      const receiver = await startReceiver(async (_request, response) => {
        await new Promise((done) => setTimeout(done, random(40)));
        response.end();
      });
      await within(place, async (db) => {
        await makeTrace(db);
        await ask(db, 'write', JOBS);
        await ask(db, 'send', JOBS);
      });
      for (let kill = 0; kill < KILLS; kill++) {
        const worker = new Worker(place, receiver);
        await worker.says('ready');
        await new Promise((done) => setTimeout(done, 50 + random(450)));
        await worker.end('SIGKILL');
      }
      const last = new Worker(place, receiver);
      assert.ok(await last.says('empty'));
      assert.equal(await last.end('SIGTERM'), 0);
      const wanted = Array.from({ length: JOBS }, (_, n) => [`write ${n}`, `send ${n}`]).flat();
      const received = receiver.received.map(({ body }) => body);
      await within(place, async (db) => {
        assert.deepEqual((await traces(db)).sort(), wanted.sort());
        assert.deepEqual(await jobsIn(db), []);
      });
      assert.equal(new Set(received).size, JOBS);
      assert.ok(
        received.length <= JOBS + KILLS * 6,
        `${received.length} for ${JOBS}: no more again than were in flight`,
      );
      await receiver.close();
      await place.remove();
    });

    test('a job that kills its process is dead after its last attempt; what ran beside it gets done', async () => {
      const place = await placeOf(engine);
      const receiver = await startReceiver(async ({ body }, response) => {
        // Whatever is sent takes longer than the poison: it is in flight when the process dies.
        await new Promise((done) => setTimeout(done, body === 'poison' ? 20 : 150));
        response.end();
      });
      await within(place, async (db) => {
        await makeTrace(db);
        await ask(db, 'send', 5);
        await ask(db, 'poison', 1);
      });
      let deaths = 0;
      for (;;) {
        const worker = new Worker(place, receiver);
        if (await worker.says('empty')) {
          assert.equal(await worker.end('SIGTERM'), 0);
          break;
        }
        deaths++;
        assert.ok(deaths <= 3, 'it goes on killing');
      }
      assert.equal(deaths, 3);
      await within(place, async (db) => {
        assert.deepEqual(await traces(db), ['send 0', 'send 1', 'send 2', 'send 3', 'send 4']);
        const left = await jobsIn(db);
        assert.deepEqual(
          left.map(({ kind, attempts }) => [kind, attempts]),
          [['poison', 3]],
        );
        assert.match(left[0]?.lastError ?? '', /never ended/);
        assert.ok(left[0]?.deadAt);
      });
      assert.equal(receiver.received.filter(({ body }) => body === 'poison').length, 3);
      await receiver.close();
      await place.remove();
    });
  });
