import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ENGINES } from '../support/database.ts';
import { idsOf, loaded, placeOf } from '../support/place.ts';
import { killAll, type Running, serve } from '../support/process.ts';
import { count, type Random, randomFrom, SEED } from '../support/random.ts';
import { call, requestToken } from '../support/server.ts';

/** kill -9 at random moments under mixed load: what was answered is there whole, the rest whole or not at all. */

const KILLS = count(2, 20);
const LEARNERS = 1_000;
/** Per round: courses of the small requests, and of the large one, which is more pairs than one transaction takes. */
const [SMALL_COURSES, LARGE_COURSES] = [10, 15];
const CALLERS = 12;
const RECOVERED_WITHIN_MS = 30_000;

interface Server {
  readonly url: string;
  readonly token: string;
}

/** A request and what its caller was told: a status, or null when the connection broke. */
interface Sent {
  readonly learnerIds: readonly string[];
  readonly courseIds: readonly string[];
  status: number | null;
}

for (const engine of ENGINES)
  describe(`kill -9 under mixed load (${engine})`, () => {
    after(killAll);
    test(`${KILLS} kills (seed ${SEED})`, async () => {
      const random = randomFrom(SEED);
      const place = await placeOf(engine);
      const client = await loaded(place, LEARNERS, KILLS * (SMALL_COURSES + LARGE_COURSES));
      const start = async (): Promise<{ running: Running; server: Server }> => {
        const running = await serve(place.args);
        const token = await requestToken(running.url, client.clientId, client.clientSecret);
        return { running, server: { url: running.url, token } };
      };
      let { running, server } = await start();
      const { learnerIds, courseIds } = await idsOf(server);
      for (let round = 0; round < KILLS; round++) {
        const own = courseIds.slice(round * (SMALL_COURSES + LARGE_COURSES));
        const plan = {
          learnerIds,
          small: own.slice(0, SMALL_COURSES),
          large: own.slice(SMALL_COURSES, SMALL_COURSES + LARGE_COURSES),
        };
        const sent = await loadUntilKilled(running, server, plan, random);
        const from = Date.now();
        ({ running, server } = await start());
        await recovered(server, from);
        await check(server, sent, [...plan.small, ...plan.large], round);
      }
      assert.equal(await running.end('SIGTERM'), 0);
      await place.remove();
    });
  });

/** Callers send disjoint rectangles, some of them again, beside one large request, until the process is killed. */
async function loadUntilKilled(
  running: Running,
  server: Server,
  plan: { learnerIds: string[]; small: string[]; large: string[] },
  random: Random,
): Promise<Sent[]> {
  const sent: Sent[] = [];
  let isAlive = true;
  const send = async (request: Omit<Sent, 'status'>): Promise<void> => {
    const entry: Sent = { ...request, status: null };
    sent.push(entry);
    entry.status = await call(server, 'POST', '/enrollment', {
      json: { ...request, dueDateType: 'unlimited' },
    }).then(
      (answer) => answer.status,
      () => null,
    );
  };
  let next = 0;
  const rectangle = (n: number): Omit<Sent, 'status'> => ({
    learnerIds: plan.learnerIds.slice((n % 250) * 4, (n % 250) * 4 + 4),
    courseIds: plan.small.slice((Math.floor(n / 250) % 5) * 2, (Math.floor(n / 250) % 5) * 2 + 2),
  });
  const caller = async (): Promise<void> => {
    while (isAlive) await send(rectangle(random(5) === 0 ? random(next + 1) : next++));
  };
  const callers = Array.from({ length: CALLERS }, caller);
  await new Promise((done) => setTimeout(done, random(200)));
  const large = send({ learnerIds: plan.learnerIds, courseIds: plan.large });
  await new Promise((done) => setTimeout(done, random(1_000)));
  await running.end('SIGKILL');
  isAlive = false;
  await Promise.all([...callers, large]);
  return sent;
}

async function recovered(server: Server, from: number): Promise<void> {
  for (;;) {
    const ready = (await call(server, 'GET', '/readyz')).json as { unfinishedOperations: number };
    if (ready.unfinishedOperations === 0) return;
    assert.ok(Date.now() - from < RECOVERED_WITHIN_MS, `${ready.unfinishedOperations} are not finished`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

async function check(server: Server, sent: Sent[], courseIds: string[], round: number): Promise<void> {
  const listed = (await call(server, 'GET', `/enrollment?courseIds=${courseIds.join(',')}`)).json as {
    enrollmentId: string;
    learnerId: string;
    courseId: string;
  }[];
  const pairs = new Set(listed.map(({ learnerId, courseId }) => `${learnerId} ${courseId}`));
  assert.equal(pairs.size, listed.length, 'a pair is there twice');
  assert.equal(new Set(listed.map((entry) => entry.enrollmentId)).size, listed.length);
  const wanted = new Set<string>();
  for (const request of sent) {
    const own = request.courseIds.flatMap((course) => request.learnerIds.map((id) => `${id} ${course}`));
    for (const pair of own) wanted.add(pair);
    const there = own.filter((pair) => pairs.has(pair)).length;
    assert.ok(request.status === 201 || request.status === null, `status ${request.status}`);
    if (request.status === 201) assert.equal(there, own.length, 'answered 201 and lost');
    else assert.ok(there === 0 || there === own.length, `${there} of ${own.length} pairs: halved`);
  }
  for (const pair of pairs) assert.ok(wanted.has(pair), 'nobody asked for this pair');
  assert.ok(
    sent.some((request) => request.status === null),
    `round ${round}: the kill met nobody`,
  );
}
