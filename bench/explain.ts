import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { buildApp } from '../src/app.ts';
import { openDatabase } from '../src/storage/index.ts';
import { idsOf, loaded, placeOf } from '../test/support/place.ts';
import { call, requestToken } from '../test/support/server.ts';

/**
 * node dist/bench/explain.js [--quick]: EXPLAIN (ANALYZE, BUFFERS) of every statement that the hot paths run, taken
 * from real requests against a large table, into docs/explain.md. Fails if one reads a large table from end to end.
 */

const isQuick = process.argv.includes('--quick');
const [LEARNERS, COURSES] = isQuick ? [5_000, 20] : [50_000, 100];
/** Beside what was enrolled in bulk: single pairs, each an operation and a chunk of its own. */
const SINGLE_COURSES = isQuick ? 2 : 4;
/** A table of fewer rows may be read whole. */
const LARGE_ROWS = 10_000;
const SHOWN = 160;

interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

if (process.env['ROLLBOOK_TEST_ENGINE'] === 'embedded') throw new Error('EXPLAIN is taken on PostgreSQL');
const place = await placeOf('postgresql');
if (!('url' in place.where)) throw new Error('a PostgreSQL has a URL');
const { url } = place.where;
const client = await loaded(place, LEARNERS, COURSES + 2 + SINGLE_COURSES, {
  enrollments: LEARNERS * COURSES,
});
const direct = new pg.Client({ connectionString: url });
await direct.connect();
await addSingles();

/** As if each learner had been enrolled alone in each of the last courses, before everything else, and edited since. */
async function addSingles(): Promise<void> {
  await direct.query(
    `create temporary table single as
       select u.account_id, u.user_id, i.item_id, row_number() over () as chunk, gen_random_uuid() as operation_id
       from users u cross join (select * from content_item order by item_id desc limit $1) i`,
    [SINGLE_COURSES],
  );
  await direct.query(`insert into operation (account_id, operation_id, kind, state, actor_id, source, request_digest, accepted_at, completed_at, total, created)
    select account_id, operation_id, 'enroll', 'done', user_id, 'api', '', now(), now(), 1, 1 from single`);
  await direct.query(`insert into operation_chunk (account_id, chunk, operation_id, created, unchanged, digest)
    select account_id, chunk, operation_id, 1, 0, '' from single`);
  await direct.query(`insert into enrollment (account_id, learner_id, item_id, chunk, ordinal, access_at, due_rule, lock_after_due, version_chunk, recorded_at)
    select account_id, user_id, item_id, chunk, 0, now(), 0, false, chunk, now() from single`);
  await direct.query(`insert into enrollment_past (account_id, learner_id, item_id, chunk, ordinal, access_at, due_rule, lock_after_due,
      type_group, term, version_chunk, recorded_at, past_chunk, past_at, past_cause)
    select account_id, user_id, item_id, chunk, 0, now(), 0, false, 0, 1, chunk, now() - interval '1 hour', chunk, now(), 'edited' from single`);
}

let recorded: Statement[] = [];
const db = await openDatabase({ url }, (text, parameters) => recorded.push({ text, parameters }));
const app = await buildApp(db, {
  logLevel: 'silent',
  maxBodyBytes: 64 * 1024 * 1024,
  maxPairs: 5_000_000,
  version: '0',
});
const address = await app.server.listen({ host: '127.0.0.1', port: 0 });
const token = await requestToken(address, client.clientId, client.clientSecret);
const server = { url: address, token };
const { learnerIds, courseIds } = await idsOf(server);
// The first reader gives every chunk its position; statistics of before would be of no use to anybody.
await call(server, 'GET', '/enrollments?pageSize=1');
await direct.query('vacuum (analyze)');
const [full, fresh, other] = [courseIds[0] ?? '', courseIds[COURSES] ?? '', courseIds[COURSES + 1] ?? ''];
const terms = { dueDateType: 'due_period', duePeriod: 720 };

/** A page token in the middle of everything. */
async function middle(more = ''): Promise<string> {
  const first = await call(
    server,
    'GET',
    `/enrollments?pageSize=1&courseIds[]=${courseIds[COURSES / 2]}${more}`,
  );
  return (first.json as { nextPageToken: string }).nextPageToken;
}

const page = (filter: string) => () => call(server, 'GET', `/enrollments?pageSize=50${filter}`);
const enroll = (learners: readonly string[], courses: readonly string[]) => () =>
  call(server, 'POST', '/enrollment', { json: { learnerIds: learners, courseIds: courses, ...terms } });
const inMiddle = await middle();
/** After everything that was loaded. */
const asOf = new Date().toISOString();
let enrollmentId = '';

const REQUESTS: [string, () => Promise<unknown>][] = [
  [
    'A first request with a token',
    async () => {
      const own = await requestToken(address, client.clientId, client.clientSecret);
      recorded = [];
      await call({ ...server, token: own }, 'GET', '/role');
    },
  ],
  ['POST /enrollment, one pair', enroll(learnerIds.slice(0, 1), [fresh])],
  ['POST /enrollment, 1,000 pairs', enroll(learnerIds.slice(1, 1_001), [fresh])],
  [`POST /enrollment, ${LEARNERS} pairs: accepted, then chunk by chunk`, enroll(learnerIds, [other])],
  ['GET /enrollments, the first page', page('')],
  ['GET /enrollments, a page in the middle', page(`&pageToken=${inMiddle}`)],
  ['GET /enrollments?asOf=, the first page', page(`&asOf=${asOf}`)],
  ['GET /enrollments?asOf=, a page in the middle', page(`&pageToken=${await middle(`&asOf=${asOf}`)}`)],
  ['GET /enrollments?asOf= by learner', page(`&asOf=${asOf}&learnerIds[]=${learnerIds[7]}`)],
  ['GET /enrollments?asOf= by course', page(`&asOf=${asOf}&courseIds[]=${full}`)],
  ['GET /enrollments by learner', page(`&learnerIds[]=${learnerIds[7]}`)],
  ['GET /enrollments by course', page(`&courseIds[]=${full}`)],
  ['GET /enrollments by learner and course', page(`&learnerIds[]=${learnerIds[7]}&courseIds[]=${full}`)],
  [
    'GET /enrollments by id',
    async () => {
      const found = await call(
        server,
        'GET',
        `/enrollment?learnerIds[]=${learnerIds[7]}&courseIds[]=${full}`,
      );
      enrollmentId = (found.json as { enrollmentId: string }[])[0]?.enrollmentId ?? '';
      recorded = [];
      await page(`&enrollmentIds[]=${enrollmentId}`)();
    },
  ],
  ['GET /enrollment/{enrollmentId}', () => call(server, 'GET', `/enrollment/${enrollmentId}`)],
];

/** Statements of one kind differ in their values only. */
const kindOf = (text: string): string => text.replace(/\s+/g, ' ').trim();
const isTransaction = (text: string): boolean => /^(begin|commit|rollback|set |start )/i.test(text.trim());

/** What the statement would do now if what this program wrote since the start were not there: rolled back afterwards. */
async function explain({ text, parameters }: Statement): Promise<string[]> {
  await direct.query('begin');
  try {
    if (/insert into (enrollment|operation)/.test(text)) await removeRecent();
    const { rows } = await direct.query(`explain (analyze, buffers, costs off) ${text}`, [...parameters]);
    return rows.map((row: Record<string, string>) => row['QUERY PLAN'] ?? '');
  } finally {
    await direct.query('rollback');
  }
}

let since = '0';
async function removeRecent(): Promise<void> {
  await direct.query('delete from operation_plan');
  await direct.query(
    `delete from operation where operation_id in (select operation_id from operation_chunk where chunk >= $1)`,
    [since],
  );
  for (const table of ['enrollment', 'outbox', 'operation_chunk'])
    await direct.query(`delete from ${table} where chunk >= $1`, [since]);
}

async function rowsOf(table: string): Promise<number> {
  const { rows: found } = await direct.query('select reltuples from pg_class where relname = $1', [table]);
  return Number(found[0]?.reltuples ?? 0);
}

const short = (line: string): string => {
  const plain = line.replace(/'\{[^}]*\}'/g, "'{…}'");
  return plain.length > SHOWN ? `${plain.slice(0, SHOWN)}…` : plain;
};

const sections: string[] = [];
const faults: string[] = [];
await new Promise((done) => setTimeout(done, 1_500));
since = (await direct.query('select coalesce(max(chunk), 0) + 1 as n from operation_chunk')).rows[0].n;
for (const [name, request] of REQUESTS) {
  recorded = [];
  await request();
  // What a chunk writes is sealed a moment later.
  if (/^POST/.test(name)) await new Promise((done) => setTimeout(done, 1_500));
  const seen = new Map<string, Statement>();
  for (const statement of recorded)
    if (!isTransaction(statement.text) && !seen.has(kindOf(statement.text)))
      seen.set(kindOf(statement.text), statement);
  sections.push(`## ${name}\n`);
  for (const [kind, statement] of seen) {
    const plan = await explain(statement);
    for (const line of plan) {
      const table = /Seq Scan on (\w+)/.exec(line)?.[1];
      if (table && (await rowsOf(table)) >= LARGE_ROWS) faults.push(`${name}: ${line.trim()}`);
    }
    sections.push(
      '```',
      kind.length > 400 ? `${kind.slice(0, 400)}…` : kind,
      '',
      ...plan.map(short),
      '```',
      '',
    );
  }
}
await app.stop();
await db.close();
const { rows } = await direct.query('select count(*)::int as n, version() as version from enrollment');
await direct.end();
await place.remove();
const text = [
  '# Plans',
  '',
  '`npm run explain` writes this page: EXPLAIN (ANALYZE, BUFFERS) of every statement that the hot paths run, taken from real requests.',
  `${rows[0].n} enrollments, ${LEARNERS} learners, ${COURSES + 2 + SINGLE_COURSES} courses; ${LEARNERS * SINGLE_COURSES} of them were enrolled one by one; ${String(rows[0].version).split(' ').slice(0, 2).join(' ')}.`,
  'No statement reads a large table from end to end; the program fails if one does.',
  '',
  ...sections,
].join('\n');
if (!isQuick) writeFileSync('docs/explain.md', text);
else console.log(text);
for (const fault of faults) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
