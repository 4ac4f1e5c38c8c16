import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ENGINES, type Engine } from '../support/database.ts';
import { count, SEED } from '../support/random.ts';
import { ROUTES } from '../support/routes.ts';
import { type Case, generate } from './generate.ts';
import { type Exchange, RawClient } from './raw-http.ts';
import type { Ask, Memory, Prey, Told } from './target.ts';

/**
 * Random and mutated requests at everything in the route table: no 5xx (but 503 with Retry-After), none without an
 * answer or an end, no growth in memory. What was ever found is kept by name in found.test.ts.
 */

/** Per engine. */
const REQUESTS = count(1_000, 100_000);
const SLICES = count(5, 20);
const CALLERS = 8;
const ANSWERED_WITHIN_MS = 20_000;
/** Of the live heap after collection, between an early slice and the last; caches of the program are bounded below it. */
const HEAP_NOISE = 24 * 1024 * 1024;
const RESIDENT_NOISE = 96 * 1024 * 1024;

const MB = (bytes: number): number => Math.round(bytes / 1024 / 1024);

class Target {
  readonly #child: ChildProcess;
  /** The end of what it printed: its log of unexpected errors. */
  #log = '';

  constructor(engine: Engine) {
    this.#child = fork(fileURLToPath(new URL('./target.js', import.meta.url)), [engine], {
      execArgv: ['--expose-gc'],
      env: { ...process.env, NODE_NO_WARNINGS: '1', ROLLBOOK_TEST_LOG: 'error' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (part: Buffer) => {
        this.#log = `${this.#log}${part}`.slice(-100_000);
      });
  }

  /** Each unexpected error it logged, once, with the place it came from. */
  errors(): string[] {
    const found = [...this.#log.matchAll(/"message":"((?:[^"\\]|\\.)*)","stack":"((?:[^"\\]|\\.)*)"/g)];
    return [
      ...new Set(
        found.map(([, message, stack]) =>
          [message, ...(stack?.match(/at [^\\]*dist\/src[^\\]*/g) ?? []).slice(0, 3)].join(' '),
        ),
      ),
    ];
  }

  async #ask(ask: Ask): Promise<Told> {
    this.#child.send(ask);
    const ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the server ended with ${code}: ${this.#log}`);
    });
    return ((await Promise.race([once(this.#child, 'message'), ended])) as [Told])[0];
  }

  async prey(): Promise<Prey> {
    const told = await this.#ask('prey');
    return 'prey' in told ? told.prey : assert.fail();
  }

  async memory(): Promise<Memory> {
    const told = await this.#ask('memory');
    return 'memory' in told ? told.memory : assert.fail();
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.send('end');
    await ended;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** How a case ended, as a fault to report; null when all is well. */
function faultOf({ sending, answers: expected, isHead }: Case, { answers, end }: Exchange): string | null {
  if (end === 'hung') return `no answer and no end within ${ANSWERED_WITHIN_MS} ms`;
  // Refused before it was understood to be a HEAD, it is answered with a body.
  if (end === 'unreadable' && !isHead) return 'what came back is no HTTP';
  const bad = answers.find(
    ({ status, headers }) => status >= 500 && !(status === 503 && headers.has('retry-after')),
  );
  if (bad) return `${bad.status} ${bad.body.toString('utf8').slice(0, 300)}`;
  if (sending === 'whole' && answers.length < expected) return 'the connection ended without an answer';
  for (const { headers, body } of answers)
    if (body.length > 0 && headers.get('content-type')?.includes('json'))
      try {
        JSON.parse(body.toString('utf8'));
      } catch {
        return `an answer that is not JSON: ${body.toString('utf8').slice(0, 300)}`;
      }
  return null;
}

/** Writes the bytes where they can be looked at and sent again; how a report speaks of them. */
function keep({ about, sending, bytes }: Case, fault: string): string {
  const file = path.join(tmpdir(), `rollbook-fuzz-${about.replace(/\W+/g, '-')}.http`);
  writeFileSync(file, bytes);
  return `${about} (${sending}, ${file}): ${fault}\n${bytes.subarray(0, 600).toString('latin1')}`;
}

/** What was created can be asked for: its id joins the ids of its kind. */
function learn(prey: Prey, { answers }: Exchange, sent: Case): void {
  const [answer] = answers;
  if (answer?.status !== 201 || answer.body.length > 300) return;
  const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/.exec(answer.body.toString());
  const target = / (\S+) /.exec(sent.bytes.subarray(0, 200).toString('latin1'))?.[1] ?? '';
  const word = target
    .split('?')[0]
    ?.split('/')
    .filter((part) => /^[a-z_]+$/.test(part))
    .at(-1);
  if (!id || !word || word === 'client') return;
  const known = prey.ids[word] ?? [];
  prey.ids[word] = known;
  if (known.length < 30) known.push(id[0]);
}

for (const engine of ENGINES)
  describe(`fuzzing (${engine})`, () => {
    let target: Target;
    after(() => target?.kill());
    test(`${REQUESTS} random and mutated requests (seed ${SEED})`, async (t) => {
      target = new Target(engine);
      const statuses = new Map<number, number>();
      const faults: string[] = [];
      const samples: Memory[] = [];
      const reached = new Set<string>();
      let number = 0;
      for (let slice = 1; slice <= SLICES; slice++) {
        const prey = await target.prey();
        const until = Math.ceil((REQUESTS * slice) / SLICES);
        const caller = async (): Promise<void> => {
          const client = new RawClient(prey.url, ANSWERED_WITHIN_MS);
          while (number < until && faults.length < 20) {
            const sent = generate(SEED, number++, ROUTES, prey);
            const exchange = await client.exchange(sent.bytes, sent.sending, sent.answers, sent.isHead);
            for (const { status } of exchange.answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
            if (exchange.answers[0] && exchange.answers[0].status < 300)
              reached.add(sent.about.split(',')[0] ?? '');
            const fault = faultOf(sent, exchange);
            if (fault) faults.push(keep(sent, fault));
            learn(prey, exchange, sent);
          }
          client.close();
        };
        await Promise.all(Array.from({ length: CALLERS }, caller));
        assert.ok(faults.length === 0, `${faults.join('\n\n')}\n\n${target.errors().join('\n')}`);
        samples.push(await target.memory());
      }
      const told = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`);
      t.diagnostic(`answers ${told.join(', ')}`);
      t.diagnostic(`routes with a success: ${reached.size}`);
      t.diagnostic(`resident MB ${samples.map(({ rss }) => MB(rss)).join(' ')}`);
      t.diagnostic(`live heap MB ${samples.map(({ heap }) => MB(heap)).join(' ')}`);
      const [early, last] = [samples[2], samples.at(-1)];
      assert.ok(early && last);
      assert.ok(last.heap - early.heap < HEAP_NOISE, 'the live heap grew');
      assert.ok(last.rss - early.rss < RESIDENT_NOISE, 'resident memory grew');
      await target.end();
    });
  });
