import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type RawBuilder, sql } from 'kysely';
import { type Fault, seal } from '../../src/operations/index.ts';
import { audited } from '../support/audit.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** Whatever is changed behind Rollbook's back is found; what Rollbook wrote is not. */

/** Flips per column. */
const FLIPS = Number(process.env['ROLLBOOK_RUNS'] ?? (process.env['ROLLBOOK_TORTURE'] ? 40 : 1));

/** Every column that the audit covers (docs/history.md); account_id is where it looks. */
const COVERED: Readonly<Record<string, readonly string[]>> = {
  operation: [
    ...[
      'operation_id',
      'kind',
      'actor_id',
      'client_id',
      'source',
      'cause_id',
      'request_digest',
      'accepted_at',
    ],
    ...['state', 'total', 'created', 'changed', 'unchanged', 'refused'],
  ],
  operation_chunk: [
    ...[
      'chunk',
      'operation_id',
      'place',
      'created',
      'changed',
      'unchanged',
      'refused',
      'digest',
      'position',
      'hash',
    ],
    ...['ids', 'item_ids', 'id_reasons', 'item_reasons', 'hash_version', 'terms'],
  ],
  enrollment: [
    ...['learner_id', 'item_id', 'chunk', 'ordinal', 'access_at', 'due_at', 'due_period_hours', 'due_rule'],
    ...['lock_after_due', 'type_group', 'term', 'version_chunk', 'recorded_at', 'restored_chunk'],
  ],
  enrollment_past: [
    ...['learner_id', 'item_id', 'chunk', 'ordinal', 'access_at', 'due_at', 'due_period_hours', 'due_rule'],
    ...['lock_after_due', 'type_group', 'term', 'version_chunk', 'recorded_at', 'restored_chunk'],
    ...['past_chunk', 'past_at', 'past_cause', 'left_chunk'],
  ],
  seal: ['position', 'hash'],
};
/** What is not covered, and why: said in the docs. */
const NOT_COVERED: Readonly<Record<string, readonly string[]>> = {
  operation: ['account_id', 'reason', 'completed_at'],
  operation_chunk: ['account_id'],
  enrollment: ['account_id', 'restored_place'],
  enrollment_past: ['account_id', 'restored_place'],
  seal: ['account_id', 'events', 'kept_position', 'kept_events'],
};

/** Another value of the same type: a byte or a bit of it, at random. */
const CHANGED: Readonly<Record<string, (column: string) => string>> = {
  uuid: (c) =>
    `(overlay(${c}::text placing (case substr(${c}::text, 5, 1) when 'a' then 'b' else 'a' end) from 5 for 1))::uuid`,
  bytea: (c) => {
    const [place, by] = [randomInt(1_000_000), 1 + randomInt(255)];
    const at = `${place} % length(${c})`;
    return `set_byte(${c}, ${at}, (get_byte(${c}, ${at}) + ${by}) % 256)`;
  },
  text: (c) => `case ${c} when 'done' then 'failed' when 'undone' then 'done' else ${c} || 'x' end`,
  boolean: (c) => `not ${c}`,
  integer: (c) => `${c} # (1 << (random() * 20)::int)`,
  bigint: (c) => `${c} # (1::bigint << (random() * 50)::int)`,
  smallint: (c) => `(${c}::int # (1 << (random() * 10)::int))::smallint`,
  'timestamp with time zone': (c) => `${c} + (1 + (random() * 1000)::int) * interval '1 microsecond'`,
};

/** Something of every kind: small and large, lenient, edited, re-enrolled, ended, imported, undone, and undone again. */
async function writeEverything(world: World): Promise<void> {
  const learners = await Promise.all(Array.from({ length: 5 }, () => addUser(world)));
  const inactive = await addUser(world, { status: 3 });
  const courses = await Promise.all(Array.from({ length: 3 }, () => addCourse(world)));
  const retired = await addCourse(world);
  assert.equal((await call(world, 'DELETE', `/content/${retired}`)).status, 204);
  let second = 0;
  const post = async (path: string, json: object, headers: Record<string, string> = {}) => {
    world.clock.now = new Date(world.clock.now.getTime() + 1000 * ++second);
    const answer = await call(world, 'POST', path, { json, headers });
    assert.ok(answer.status < 300, `${path}: ${answer.text}`);
    return answer.headers.get('location') ?? '';
  };
  const period = { dueDateType: 'due_period', duePeriod: 100, lockAfterDueDate: true };
  const date = { dueDateType: 'due_date', dueDate: '2031-05-05' };
  await post('/enrollment', { learnerIds: learners.slice(0, 2), courseIds: [courses[0]], ...period });
  const lenient = { prefer: 'handling=lenient' };
  const mixed = { learnerIds: [learners[2], inactive], courseIds: [courses[0], retired], ...date };
  await post('/enrollment', mixed, lenient);
  const large = await post('/enrollment', { learnerIds: learners, courseIds: courses.slice(1), ...period });
  const list = (await call(world, 'GET', '/enrollment')).json as { enrollmentId: string }[];
  const ids = list.map(({ enrollmentId }) => enrollmentId);
  const edit = await post(`/enrollment/${ids[0]}`, date);
  await post(`/enrollment/${ids[0]}`, date);
  const reenroll = await post(`/enrollment/${ids[1]}/reenroll`, period);
  const end = await post('/enrollment/delete', { enrollmentIds: [ids[2], ids[3]] });
  await post('/enrollment/delete', { enrollmentIds: ids.slice(4, 10) });
  const undo = await post(`${end}/undo`, {});
  await post(`${edit}/undo`, {});
  await post(`${reenroll}/undo`, {});
  await post(`${undo}/undo`, {});
  await post(`${large}/undo`, {});
  await post('/enrollment', { learnerIds: learners.slice(3), courseIds: [courses[1]], ...date });
  const csv = `learner,course,dueDate\n${learners[4]},${courses[0]},2032-01-01\n`;
  const imported = await call(world, 'POST', '/enrollment/import', { csv });
  assert.ok(imported.status < 300, imported.text);
  await seal(world.db, world.account.accountId);
}

for (const engine of ENGINES)
  describe(`audit (${engine}, ${FLIPS} changes of each column)`, () => {
    let world: World;
    before(async () => {
      world = await startWorld(engine, { limits: { smallPairs: 4, chunkPairs: 3 } });
      await writeEverything(world);
    });
    after(() => world.close());

    test('finds nothing in what Rollbook wrote', async () => {
      const { faults, summary } = await audited(world);
      assert.deepEqual(faults, []);
      assert.ok(summary.chunks > 15 && summary.versions > 20 && summary.old === 0, JSON.stringify(summary));
    });

    for (const [table, columns] of Object.entries(COVERED))
      test(`finds a changed byte in ${table}`, async () => {
        const types = await typesOf(world, table);
        assert.deepEqual(
          [...types.keys()].sort(),
          [...columns, ...(NOT_COVERED[table] ?? [])].sort(),
          'every column is covered, or said not to be',
        );
        for (const column of columns)
          for (let n = 0; n < FLIPS; n++) await isFound(world, table, column, types.get(column) ?? '');
      });

    test('finds bytes that are no terms at all', async () => {
      // Ones throughout: no number where an instant is.
      const { faults } = await changed(
        world,
        'operation_chunk',
        sql`update operation_chunk set terms = decode(repeat('ff', length(terms)), 'hex') where terms is not null`,
      );
      assert.ok(faults.some(({ detail }) => /digest/.test(detail)));
    });

    test('finds an access date that is no number', async () => {
      const { faults } = await changed(
        world,
        'operation_chunk',
        sql`update operation_chunk set terms = overlay(terms placing '\\x7ff8000000000000'::bytea from 2 for 8) where length(terms) > 9`,
      );
      assert.ok(faults.some(({ detail }) => /access date/.test(detail)));
    });

    for (const table of ['operation', 'operation_chunk', 'enrollment', 'enrollment_past'])
      test(`finds a missing row of ${table}`, async () => {
        for (let n = 0; n < FLIPS; n++) {
          const { faults } = await changed(
            world,
            table,
            sql`delete from ${sql.table(table)} where ctid = (
              select ctid from ${sql.table(table)} order by md5(ctid::text || ${randomBytes(4).toString('hex')}) limit 1)`,
          );
          assert.ok(faults.length > 0, 'a fault');
        }
      });
  });

async function typesOf(world: World, table: string): Promise<Map<string, string>> {
  const { rows } = await world.db.read((tx) =>
    sql<{ column_name: string; data_type: string }>`
      select column_name, data_type from information_schema.columns
      where table_schema = 'public' and table_name = ${table}`.execute(tx),
  );
  return new Map(rows.map((row) => [row.column_name, row.data_type]));
}

/** Audits after a change that `statement` makes to a table, and puts everything back. */
async function changed(
  world: World,
  table: string,
  statement: RawBuilder<unknown>,
): Promise<{ faults: Fault[]; rows: unknown[] }> {
  const saved = sql.table(`saved_${table}`);
  await world.db.write((tx) => sql`create table ${saved} as select * from ${sql.table(table)}`.execute(tx));
  try {
    const { rows } = await world.db.write((tx) => statement.execute(tx));
    return { faults: (await audited(world)).faults, rows };
  } finally {
    await world.db.write(async (tx) => {
      await sql`delete from ${sql.table(table)}`.execute(tx);
      await sql`insert into ${sql.table(table)} select * from ${saved}`.execute(tx);
      await sql`drop table ${saved}`.execute(tx);
    });
  }
}

/** What the database itself refuses: a constraint, or a number too large. */
const REFUSED = new Set(['23505', '23514', '22003', '22008']);

/** Changes one value at random to one that the database accepts, audits, and puts everything back. */
async function isFound(world: World, table: string, column: string, type: string): Promise<void> {
  const to = CHANGED[type];
  assert.ok(to, `${table}.${column} is ${type}`);
  const name = sql.ref(column);
  for (let attempt = 1; ; attempt++) {
    const salt = randomBytes(4).toString('hex');
    const change = sql`
      with victim as (
        select ctid as place, ${name}::text as was from ${sql.table(table)}
        where ${name} is not null ${type === 'bytea' ? sql`and length(${name}) > 0` : sql``}
        order by md5(ctid::text || ${salt}) limit 1)
      update ${sql.table(table)} t set ${name} = ${sql.raw(to(`t.${column}`))}
      from victim where t.ctid = victim.place
      returning victim.was, t.${name}::text as is`;
    try {
      const { faults, rows } = await changed(world, table, change);
      assert.equal(rows.length, 1, `nothing to change in ${table}.${column}`);
      assert.ok(faults.length > 0, `${JSON.stringify(rows)} in ${table}.${column} was not found`);
      return;
    } catch (error) {
      if (!REFUSED.has((error as { code?: string }).code ?? '') || attempt === 20) throw error;
    }
  }
}
