import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { amcheck } from '@electric-sql/pglite/contrib/amcheck';
import { sql } from 'kysely';
import { Enrollments } from '../../src/enrollment/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES, temporaryFolder } from '../support/database.ts';
import { count, type Random, randomFrom, SEED } from '../support/random.ts';
import { LIMITS, type LoadReport, type Sent } from './power-report.ts';
import { Copy, type FlushRecord, readJournal, Shadow } from './shadow.ts';

/**
 * The power is cut: only what was flushed is left. At the flush points of a mixed load, what a disk would hold is
 * opened as a data folder of its own: every answered request must be there whole, every other whole or not at all.
 */

const OPERATIONS = count(60, 300);
/** Flush points that are opened. */
const POINTS = count(8, Number.POSITIVE_INFINITY);
/** Of those with an unfinished large request, how many are also taken up by the program. */
const ROLLED_FORWARD = count(2, 40);

interface Recording {
  readonly report: LoadReport;
  readonly records: readonly FlushRecord[];
  readonly pages: string;
}

/** Runs the load in a process of its own, with every fsync written down. */
async function recordLoad(operations: number, mode: 'on' | 'off'): Promise<Recording> {
  const [data, journal] = [temporaryFolder(), temporaryFolder()];
  const recorder = new URL('./flush-recorder.js', import.meta.url).href;
  const load = fileURLToPath(new URL('./power-load.js', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', recorder, load, data, journal, String(SEED), String(operations), mode],
    {
      env: { ...process.env, NODE_NO_WARNINGS: '1', FLUSH_ROOT: data, FLUSH_JOURNAL: journal },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0, 'the load itself failed');
  const report = JSON.parse(readFileSync(path.join(journal, 'report.json'), 'utf8')) as LoadReport;
  return { report, ...readJournal(journal) };
}

/** What a folder holds, as the engine finds it. */
interface Found {
  readonly pairs: ReadonlySet<string>;
  readonly users: ReadonlyMap<string, number>;
  readonly items: ReadonlyMap<string, boolean>;
  readonly unfinished: number;
  readonly faults: readonly string[];
}

/** Every index holds every row of its table, and every row of every table can be read. */
const INTEGRITY = `
  select c.relname as at, 'index' as what, bt_index_check(c.oid, true)::text as message
  from pg_class c join pg_am a on a.oid = c.relam and a.amname = 'btree'
  where c.relkind = 'i' and c.relpersistence <> 't'
  union all
  select c.relname, 'table', v.msg from pg_class c, lateral verify_heapam(c.oid) v
  where c.relkind = 'r' and c.relpersistence <> 't'`;

/** Sentences that must be true of the ledger in whatever state it was cut. */
const LEDGER: Readonly<Record<string, string>> = {
  'each enrollment was counted by its chunk':
    'select (select count(*) from enrollment) = (select coalesce(sum(created), 0) from operation_chunk) as holds',
  'each enrollment belongs to a chunk':
    'select not exists (select from enrollment e where not exists (select from operation_chunk c where c.chunk = e.chunk)) as holds',
  'each enrollment has its event':
    'select (select count(*) from enrollment) = (select coalesce(sum(learners), 0) from outbox) as holds',
  'each completed operation adds up':
    "select not exists (select from operation where state = 'done' and total <> created + unchanged + refused) as holds",
  'each operation is complete or has a plan': `select not exists (select from operation o left join operation_plan p using (account_id, operation_id)
    where (o.state = 'done') = (p.operation_id is not null)) as holds`,
  'a plan has written the chunks it says': `select not exists (select from operation_plan p where next_chunk <>
    (select count(*) from operation_chunk c where c.operation_id = p.operation_id)) as holds`,
  'positions have no gaps': `select not exists (select from seal s where position <>
    (select count(*) from operation_chunk c where c.account_id = s.account_id and c.position is not null)) as holds`,
  'each user has a role':
    'select not exists (select from users u where not exists (select from user_role r where r.user_id = u.user_id)) as holds',
};

/** The engine's program, compiled once for all the folders that are opened. */
const program = (() => {
  const file = (name: string): Buffer =>
    readFileSync(new URL(name, import.meta.resolve('@electric-sql/pglite')));
  // The compiler knows browsers' globals only where browsers are meant; the engine's options say what type it is.
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { compile(bytes: Uint8Array): Promise<never> };
  };
  let compiled: Promise<{ pgliteWasmModule: never; fsBundle: Blob }> | undefined;
  return () => {
    compiled ??= WebAssembly.compile(file('pglite.wasm')).then((pgliteWasmModule) => ({
      pgliteWasmModule,
      fsBundle: new Blob([file('pglite.data')]),
    }));
    return compiled;
  };
})();

async function look(folder: string): Promise<Found> {
  const db = await PGlite.create(folder, { ...(await program()), extensions: { amcheck } });
  try {
    await db.exec('create extension if not exists amcheck');
    const faults = (await db.query<{ at: string; what: string; message: string | null }>(INTEGRITY)).rows
      .filter(({ message }) => message)
      .map(({ at, what, message }) => `${what} ${at}: ${message}`);
    for (const [sentence, query] of Object.entries(LEDGER))
      if (!(await db.query<{ holds: boolean }>(query)).rows[0]?.holds) faults.push(`not so: ${sentence}`);
    const pairs = await db.query<{ pair: string }>(
      "select learner_id || ' ' || item_id as pair from enrollment",
    );
    if (new Set(pairs.rows.map(({ pair }) => pair)).size < pairs.rows.length)
      faults.push('a pair is there twice');
    const users = await db.query<{ user_id: string; status: number }>('select user_id, status from users');
    const items = await db.query<{ item_id: string; is_retired: boolean }>(
      'select item_id, retired_at is not null as is_retired from content_item',
    );
    const plans = await db.query('select from operation_plan');
    return {
      pairs: new Set(pairs.rows.map(({ pair }) => pair)),
      users: new Map(users.rows.map((row) => [row.user_id, row.status])),
      items: new Map(items.rows.map((row) => [row.item_id, row.is_retired])),
      unfinished: plans.rows.length,
      faults,
    };
  } finally {
    await db.close();
  }
}

/** Of two moments of the monotonic clock. */
const isBefore = (one: string, other: string): boolean => BigInt(one) < BigInt(other);

const pairsOf = ({ learnerIds, courseIds }: Sent): string[] =>
  courseIds.flatMap((course) => learnerIds.map((learner) => `${learner} ${course}`));

/** What is wrong with a request, given what was found; `isPromised`: it was answered before the cut. */
function objectionTo(sent: Sent, isPromised: boolean, found: Found): string | null {
  const [id = ''] = sent.courseIds;
  const lost = isPromised ? `answered ${sent.status} and lost: ${sent.kind} ${id}` : null;
  switch (sent.kind) {
    case 'user':
      return found.users.has(id) ? null : lost;
    case 'deactivate':
      return found.users.get(id) === 3 ? null : lost;
    case 'course':
      return found.items.has(id) ? null : lost;
    case 'retire':
      return found.items.get(id) ? null : lost;
    case 'enroll': {
      const pairs = pairsOf(sent);
      const there = pairs.filter((pair) => found.pairs.has(pair)).length;
      if (there === pairs.length) return null;
      // A large one that was accepted has a plan, by which it is completed later.
      const isUnfinished = pairs.length > LIMITS.smallPairs && found.unfinished > 0;
      if (there > 0 && !isUnfinished) return `${there} of ${pairs.length} pairs: halved`;
      return lost;
    }
  }
}

function faultsOf(report: LoadReport, cutAt: string, found: Found): string[] {
  const faults = [...found.faults];
  const asked = new Set<string>();
  for (const sent of report.sent) {
    // What is sent after the cut cannot be there.
    if (isBefore(sent.sentAt, cutAt) && sent.kind === 'enroll')
      for (const pair of pairsOf(sent)) asked.add(pair);
    const isPromised = sent.answeredAt !== null && isBefore(sent.answeredAt, cutAt) && sent.status < 300;
    const objection = objectionTo(sent, isPromised, found);
    if (objection) faults.push(objection);
  }
  for (const pair of found.pairs) if (!asked.has(pair)) faults.push(`nobody asked for ${pair}`);
  return faults;
}

/** Opens the folder with the program, which takes up what is unfinished; what is still missing afterwards. */
async function rollForward(folder: string): Promise<string[]> {
  const db = await openDatabase({ directory: folder });
  const enrollments = new Enrollments(db, { maxPairs: 1_000_000, onWritten: () => undefined });
  // The lease of the process that was cut off runs out first.
  const until = Date.now() + 30_000;
  await enrollments.resume();
  while ((await enrollments.pending()) > 0) {
    if (Date.now() > until) return ['a large request was not completed'];
    await new Promise((done) => setTimeout(done, 50));
  }
  await enrollments.stop();
  const { rows } = await db.read((tx) =>
    sql<{ n: number }>`select count(*)::int as n from operation
      where state <> 'done' or total <> created + unchanged + refused`.execute(tx),
  );
  await db.close();
  return rows[0]?.n === 0 ? [] : ['an operation that was taken up does not add up'];
}

interface Outcome {
  readonly points: number;
  readonly opened: number;
  readonly rolledForward: number;
  readonly faults: readonly string[];
}

/** Numbers of flushes: the last, and others at random, half of them while a large request was being written. */
function drawPoints(
  { report, records }: Recording,
  wanted: number,
  random: Random,
  isPromising: (record: FlushRecord) => boolean,
): Set<number> {
  const large = report.sent.filter((sent) => pairsOf(sent).length > LIMITS.smallPairs);
  const isInLarge = ({ endedAt }: FlushRecord): boolean =>
    large.some(
      ({ sentAt, answeredAt }) =>
        isBefore(sentAt, endedAt) && answeredAt !== null && isBefore(endedAt, answeredAt),
    );
  const all = [...records.keys()].filter((n) => isPromising(records[n] as FlushRecord));
  const inLarge = all.filter((n) => isInLarge(records[n] as FlushRecord));
  const drawn = new Set([records.length - 1]);
  const most = Math.min(wanted, all.length);
  while (drawn.size < most) {
    const from = inLarge.length > 0 && random(2) === 0 ? inLarge : all;
    drawn.add(from[random(from.length)] ?? 0);
  }
  return drawn;
}

/** Opens the disk as it was at `wanted` of the flush points (all, if there are not as many). */
async function cutEverywhere(recording: Recording, wanted: number): Promise<Outcome> {
  const { report, records, pages } = recording;
  const random = randomFrom(SEED + 1);
  const folder = temporaryFolder();
  const copy = new Copy(folder);
  const shadow = new Shadow(pages);
  const isPromising = (record: FlushRecord): boolean => isBefore(report.readyAt, record.endedAt);
  const drawn = drawPoints(recording, wanted, random, isPromising);
  const last = records.length - 1;
  const faults: string[] = [];
  let [points, opened, rolledForward] = [0, 0, 0];
  for (const [n, record] of records.entries()) {
    const isNew = shadow.apply(record);
    const isPoint = isNew && isPromising(record);
    if (isPoint) points++;
    const isWanted = wanted === Number.POSITIVE_INFINITY ? isPoint || n === last : drawn.has(n);
    if (!isWanted) continue;
    // This is what the disk holds until the next flush begins: everything answered by then was promised.
    const next = records[n + 1];
    const cutAt = next?.beganAt ?? String(process.hrtime.bigint());
    copy.follow(shadow);
    opened++;
    const found = await look(path.join(folder, 'pg')).catch((error: Error) => error);
    if (found instanceof Error) {
      faults.push(`flush ${n} of ${records.length}: cannot be opened: ${found.message}`);
      continue;
    }
    let own = faultsOf(report, cutAt, found);
    if (own.length === 0 && found.unfinished > 0 && rolledForward < ROLLED_FORWARD && random(3) > 0) {
      rolledForward++;
      own = await rollForward(folder);
    }
    faults.push(...own.slice(0, 3).map((fault) => `flush ${n} of ${records.length}: ${fault}`));
    if (faults.length > 10) break;
  }
  shadow.close();
  return { points, opened, rolledForward, faults };
}

if (ENGINES.includes('embedded'))
  describe('power cut (embedded)', () => {
    test(`${OPERATIONS} operations, cut at flush points (seed ${SEED})`, async (t) => {
      const recording = await recordLoad(OPERATIONS, 'on');
      const { points, opened, rolledForward, faults } = await cutEverywhere(recording, POINTS);
      t.diagnostic(
        `${recording.report.sent.length} requests, ${recording.records.length} flushes, ${points} flush points, ${opened} opened, ${rolledForward} rolled forward`,
      );
      assert.deepEqual(faults, []);
      assert.ok(points > OPERATIONS / 8, 'there was hardly anything to cut');
    });

    test('the model notices: without flushing, answered requests are lost', async () => {
      const { faults } = await cutEverywhere(await recordLoad(10, 'off'), 1);
      assert.ok(
        faults.some((fault) => /answered 201 and lost/.test(fault)),
        faults.join('\n'),
      );
    });
  });
