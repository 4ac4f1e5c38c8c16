import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import type { Authenticator, Caller, Context } from '../src/access/index.ts';
import type { Enrollments } from '../src/enrollment/index.ts';
import { buildServer } from '../src/http/server.ts';
import { newId } from '../src/kernel/ids.ts';
import { allRoutes } from '../src/routes.ts';
import { openDatabase } from '../src/storage/index.ts';
import { type Engine, freshDatabase, freshPostgresql } from '../test/support/database.ts';
import { run } from '../test/support/process.ts';
import { ACCOUNT_URL, call, startWorldOver, type World } from '../test/support/server.ts';

/**
 * npm run bench [-- --quick] [-- --only TEXT]
 * Each figure is a ratio against something measured in the same run; the median of three. Fails only when it cannot measure.
 */

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly against: string;
  readonly ratio: number;
  readonly floor: string;
}

const { values: flags } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' } } });
const TIMES = 3;
const LEARNERS = flags.quick ? 2_000 : 10_000;
const COURSES = flags.quick ? 20 : 100;
const SMALL_REQUESTS = flags.quick ? 2_000 : 10_000;
const CALLERS = 64;
const BULK_BYTES = 64 * 1024 * 1024;

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
};

interface Bench {
  readonly world: World;
  readonly learnerIds: string[];
  readonly courseIds: string[];
  close(): Promise<void>;
}

async function prepare(): Promise<Bench> {
  const { url, remove } = await freshPostgresql();
  const world = await startWorldOver(await openDatabase({ url }), []);
  const filled = await run([
    'demo',
    'load',
    '--account',
    ACCOUNT_URL,
    '--learners',
    String(LEARNERS),
    '--courses',
    String(COURSES),
    '--database-url',
    url,
  ]);
  if (filled.code !== 0) throw new Error(filled.err);
  const users = (await call(world, 'GET', '/user')).json as { userId: string; role: string }[];
  const items = (await call(world, 'GET', '/content')).json as { contentItemId: string }[];
  return {
    world,
    learnerIds: users.filter((user) => user.role === 'learner').map((user) => user.userId),
    courseIds: items.map((item) => item.contentItemId),
    close: async () => {
      await world.close();
      await remove();
    },
  };
}

async function clear({ world }: Bench): Promise<void> {
  await world.db.writeOnce(
    sql`truncate enrollment, outbox, operation_chunk, operation_plan, operation`,
    'bulk',
  );
  await world.db.writeOnce(sql`checkpoint`, 'bulk');
}

const enrollAll = async ({ world, learnerIds, courseIds }: Bench): Promise<void> => {
  const answer = await call(world, 'POST', '/enrollment', {
    json: { learnerIds, courseIds, dueDateType: 'due_period', duePeriod: 720 },
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
};

/** One large request, again, and COPY of the same rows into the same table with its indexes. */
async function bulk(bench: Bench): Promise<Figure[]> {
  const rows = bench.learnerIds.length * bench.courseIds.length;
  const [first, again, copy]: number[][] = [[], [], []];
  for (let n = 0; n < TIMES; n++) {
    await clear(bench);
    first?.push(rows / (await seconds(() => enrollAll(bench))));
    again?.push(rows / (await seconds(() => enrollAll(bench))));
    // The server writes and reads the file in its own folder.
    const file = await dumpFile(bench);
    await clear(bench);
    copy?.push(
      rows /
        (await seconds(() => bench.world.db.writeOnce(sql.raw(`copy enrollment from '${file}'`), 'bulk'))),
    );
  }
  const [f, a, c] = [median(first ?? []), median(again ?? []), median(copy ?? [])];
  return [
    {
      name: `one request, ${bench.courseIds.length} × ${bench.learnerIds.length}, all new`,
      value: `${Math.round(f)} rows/s`,
      against: `COPY text ${Math.round(c)} rows/s`,
      ratio: round(f / c),
      floor: '≥ 0.5',
    },
    {
      name: 'the same request again',
      value: `${Math.round(a)} rows/s`,
      against: 'the first',
      ratio: round(a / f),
      floor: '≥ 1.5',
    },
  ];
}

async function dumpFile({ world }: Bench): Promise<string> {
  const { rows } = await world.db.read((tx) =>
    sql<{ folder: string }>`select current_setting('data_directory') as folder`.execute(tx),
  );
  const file = `${rows[0]?.folder}/enrollment.bench`;
  await world.db.writeOnce(sql.raw(`copy enrollment to '${file}'`), 'bulk');
  return file;
}

/** Sends bodies from so many callers over kept connections; requests a second and latencies in ms. */
async function load(
  url: string,
  token: string,
  bodies: readonly string[],
  callers: number,
): Promise<{ rate: number; p50: number; p99: number }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: callers });
  const { hostname, port } = new URL(url);
  const latencies: number[] = [];
  let next = 0;
  const one = (body: string): Promise<void> =>
    new Promise((done, fail) => {
      const from = performance.now();
      const headers = {
        authorization: token,
        'content-type': 'application/json',
        'content-length': body.length,
      };
      const request = http.request(
        { agent, hostname, port, method: 'POST', path: '/enrollment', headers },
        (response) => {
          response.resume();
          response.on('end', () => {
            latencies.push(performance.now() - from);
            if (response.statusCode === 201) done();
            else fail(new Error(`status ${response.statusCode}`));
          });
        },
      );
      request.on('error', fail);
      request.end(body);
    });
  const worker = async (): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await one(body);
  };
  const took = await seconds(() => Promise.all(Array.from({ length: callers }, worker)));
  agent.destroy();
  latencies.sort((a, b) => a - b);
  return {
    rate: bodies.length / took,
    p50: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
  };
}

/** The same server answering the same validated body without a database. */
async function bare(): Promise<{ url: string; close: () => Promise<void> }> {
  const nowhere = { enroll: async () => ({ operationId: newId() }) } as unknown as Enrollments;
  const caller = {} as Caller;
  const server = await buildServer<Caller, Context>(
    allRoutes(undefined as unknown as Authenticator, nowhere),
    {
      authenticate: async () => caller,
      authorize: () => undefined,
      context: () => ({}) as Context,
      isStale: () => false,
      forget: () => undefined,
      clock: () => new Date(),
      maxBodyBytes: BULK_BYTES,
      logLevel: 'silent',
      version: '0',
    },
  );
  return { url: await server.listen({ host: '127.0.0.1', port: 0 }), close: async () => server.close() };
}

function pairs({ learnerIds, courseIds }: Bench, total: number): string[] {
  return Array.from({ length: total }, (_, n) =>
    JSON.stringify({
      courseIds: [courseIds[Math.floor(n / learnerIds.length)]],
      learnerIds: [learnerIds[n % learnerIds.length]],
      dueDateType: 'unlimited',
    }),
  );
}

/** Single pairs, each a new durable row. */
async function small(bench: Bench): Promise<Figure[]> {
  const floor = await bare();
  const [many, single, without, insert]: { rate: number; p50: number; p99: number }[][] = [[], [], [], []];
  await bench.world.db.writeOnce(
    sql`create table if not exists bench_probe (id bigint generated always as identity primary key, note text)`,
  );
  for (let n = 0; n < TIMES; n++) {
    await clear(bench);
    many?.push(await load(bench.world.url, bench.world.token, pairs(bench, SMALL_REQUESTS), CALLERS));
    without?.push(await load(floor.url, bench.world.token, pairs(bench, SMALL_REQUESTS), CALLERS));
    await clear(bench);
    single?.push(await load(bench.world.url, bench.world.token, pairs(bench, 500), 1));
    const latencies: number[] = [];
    for (let k = 0; k < 500; k++)
      latencies.push(
        (await seconds(() => bench.world.db.writeOnce(sql`insert into bench_probe (note) values ('x')`))) *
          1000,
      );
    insert?.push({ rate: 0, p50: median(latencies), p99: 0 });
  }
  await floor.close();
  const pick = (
    list: { rate: number; p50: number; p99: number }[] | undefined,
    what: 'rate' | 'p50' | 'p99',
  ) => median((list ?? []).map((entry) => entry[what]));
  const [rate, base] = [pick(many, 'rate'), pick(without, 'rate')];
  return [
    {
      name: `1 × 1, ${CALLERS} callers`,
      value: `${Math.round(rate)} requests/s`,
      against: `without a database ${Math.round(base)}/s`,
      ratio: round(rate / base),
      floor: '≥ 0.4',
    },
    {
      name: `1 × 1, ${CALLERS} callers: p99`,
      value: `${round(pick(many, 'p99'), 1)} ms`,
      against: `p50 ${round(pick(many, 'p50'), 1)} ms`,
      ratio: round(pick(many, 'p99') / pick(many, 'p50')),
      floor: '< 10',
    },
    {
      name: '1 × 1, 1 caller: p50',
      value: `${round(pick(single, 'p50'))} ms`,
      against: `one durable insert ${round(pick(insert, 'p50'))} ms`,
      ratio: round(pick(single, 'p50') / pick(insert, 'p50')),
      floor: '≤ 6',
    },
  ];
}

/** The embedded engine beside PostgreSQL: single pairs from one caller. */
async function embedded(bench: Bench): Promise<Figure[]> {
  const latencies: Record<Engine, number[]> = { embedded: [], postgresql: [] };
  const probe = sql`insert into bench_probe (note) values ('x')`;
  const lite = await freshDatabase('embedded');
  await lite.writeOnce(
    sql`create table bench_probe (id bigint generated always as identity primary key, note text)`,
  );
  await bench.world.db.writeOnce(
    sql`create table if not exists bench_probe (id bigint generated always as identity primary key, note text)`,
  );
  for (let n = 0; n < 500; n++) {
    latencies.embedded.push(await seconds(() => lite.writeOnce(probe)));
    latencies.postgresql.push(await seconds(() => bench.world.db.writeOnce(probe)));
  }
  await lite.close();
  const [e, p] = [median(latencies.embedded) * 1000, median(latencies.postgresql) * 1000];
  return [
    {
      name: 'one durable insert, embedded: p50',
      value: `${round(e)} ms`,
      against: `PostgreSQL ${round(p)} ms`,
      ratio: round(e / p),
      floor: '≤ 3.3',
    },
  ];
}

const PARTS: Record<string, (bench: Bench) => Promise<Figure[]>> = { bulk, small, embedded };

const bench = await prepare();
const figures: Figure[] = [];
for (const [name, part] of Object.entries(PARTS))
  if (!flags.only || name.includes(flags.only)) figures.push(...(await part(bench)));
await bench.close();
console.table(figures);
const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`;
console.log(machine);
mkdirSync('bench-results', { recursive: true });
writeFileSync(
  'bench-results/bench.json',
  `${JSON.stringify({ machine, quick: flags.quick ?? false, figures }, null, 2)}\n`,
);
