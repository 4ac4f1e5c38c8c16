import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/kernel/ids.ts';
import { insertUsers } from '../../src/people/index.ts';
import { ENGINES, type Engine } from '../support/database.ts';
import { addCourse } from '../support/people.ts';
import { count, type Random, randomFrom, SEED } from '../support/random.ts';
import { call, startWorld, type World } from '../support/server.ts';

/**
 * What is exported imports again: into the account as it is, where nothing changes, and into the account without its
 * enrollments, where just the same pairs have just the same terms.
 */

const ROWS = count(3_000, 100_000);
const COURSES = 20;
/** What importing a file may take beside what the server has: a multiple of the largest file, whatever its rows. */
const MAX_GROWTH = 400 * 1024 * 1024;

/** Texts that files are broken by. */
const NASTY = ['=1+1', "'+49", '@x', 'a;b', 'say "so"', 'zwei\nZeilen', 'a,b|c\td', 'Ж日', '-', "''=", ' x '];

interface Terms {
  readonly dueDateType: string;
  readonly accessDate?: string;
  readonly dueDate?: string;
  readonly duePeriod?: number;
  readonly lockAfterDueDate?: boolean;
}

function randomTerms(random: Random): Terms {
  const access = new Date(
    Date.UTC(2026, random(12), 1 + random(28), random(24), random(60), 0, random(2) * 123),
  );
  const due = new Date(access.getTime() + random(1_000) * 3_600_000 + random(2));
  const lock = { lockAfterDueDate: random(2) === 1 };
  const start = random(3) === 0 ? {} : { accessDate: access.toISOString() };
  switch (random(4)) {
    case 0:
      return { dueDateType: 'unlimited', ...start };
    case 1:
      return { dueDateType: 'default', ...start, ...(random(2) === 0 ? lock : {}) };
    case 2:
      return {
        dueDateType: 'due_date',
        accessDate: access.toISOString(),
        dueDate: due.toISOString(),
        ...lock,
      };
    default:
      return { dueDateType: 'due_period', ...start, duePeriod: 1 + random(5_000), ...lock };
  }
}

const nasty = (random: Random): string => NASTY[random(NASTY.length)] ?? '';

async function fill(world: World, random: Random): Promise<void> {
  const learners = Math.ceil(ROWS / COURSES);
  const { accountId, rootDepartmentId } = world.account;
  const learnerIds: string[] = [];
  for (let from = 0; from < learners; from += 5_000) {
    const users = Array.from({ length: Math.min(5_000, learners - from) }, (_, n) => ({
      userId: newId(),
      departmentId: rootDepartmentId,
      status: 1,
      login: `${nasty(random)}${from + n}`,
      email: n % 7 === 0 ? '' : `${from + n}@academy.example`,
      passwordHash: null,
      fields: {},
    }));
    await world.db.write((tx) => insertUsers(tx, accountId, users, world.clock.now));
    learnerIds.push(...users.map(({ userId }) => userId));
  }
  const defaults = [
    {},
    { defaultDueDateType: 'due_period', defaultDuePeriod: 100, defaultLockAfterDueDate: true },
    { defaultDueDateType: 'due_date', defaultDueDate: '2027-01-01' },
  ];
  for (let n = 0; n < COURSES; n++) {
    const code = n % 4 === 0 ? {} : { code: `${nasty(random)}${n}` };
    const course = await addCourse(world, 'Course', {
      title: `${nasty(random)} ${n}`,
      ...code,
      ...defaults[n % 3],
    });
    // In as many requests as there are terms.
    for (let from = 0; from < learners; from += Math.ceil(learners / 7)) {
      const some = learnerIds.slice(from, from + Math.ceil(learners / 7));
      const json = { courseIds: [course], learnerIds: some, ...randomTerms(random) };
      assert.equal((await call(world, 'POST', '/enrollment', { json })).status, 201);
    }
    // What the default was is not what it is now.
    const edit = { title: `${nasty(random)} ${n}`, ...code, ...defaults[random(3)] };
    assert.equal((await call(world, 'POST', `/content/${course}`, { json: edit })).status, 200);
  }
}

/** Pairs and terms, as one text. */
async function state(world: World): Promise<string> {
  const { rows } = await world.db.read((tx) =>
    sql<{ digest: string; n: string }>`
      select count(*) as n, md5(string_agg(t::text, ' ' order by learner_id, item_id)) as digest from (
        select learner_id, item_id, access_at, due_at, due_period_hours, due_rule, lock_after_due from enrollment) t`.execute(
      tx,
    ),
  );
  return JSON.stringify(rows[0]);
}

interface Summary {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly refused: number;
}

for (const engine of ENGINES)
  describe(`files, there and back (${engine}, seed ${SEED}, ${ROWS} rows)`, () => {
    let world: World;
    const random = randomFrom(SEED);
    before(async () => {
      world = await startWorld(engine as Engine);
      await fill(world, random);
    });
    after(() => world.close());

    const exported = async (query: string): Promise<Uint8Array<ArrayBuffer>> => {
      const response = await fetch(`${world.url}/enrollments/export?${query}`, {
        headers: { authorization: `Bearer ${world.token}` },
      });
      assert.equal(response.status, 200);
      return new Uint8Array(await response.arrayBuffer());
    };
    async function imported(csv: Uint8Array<ArrayBuffer>, query: string): Promise<Summary> {
      const answer = await call(world, 'POST', `/enrollment/import?${query}`, { csv });
      assert.equal(answer.status, 200, answer.text.slice(0, 500));
      const { summary, rows } = answer.json as { summary: Summary; rows: unknown[] };
      assert.deepEqual(rows, [], 'no row is refused');
      return summary;
    }

    for (const query of [
      'delimiter=comma&encoding=utf-8',
      'delimiter=semicolon&encoding=utf-8-bom',
      'delimiter=tab&encoding=utf-16le',
      'delimiter=pipe',
    ])
      test(`an export imports again unchanged (${query})`, async () => {
        const before = await state(world);
        const csv = await exported(query);
        const all = { created: 0, changed: 0, unchanged: ROWS, refused: 0 };
        assert.deepEqual(await imported(csv, 'outcome=refused'), all);
        assert.deepEqual(await imported(csv, 'outcome=refused&existing=change'), all);
        assert.equal(await state(world), before);
        assert.deepEqual(await exported(query), csv);
      });

    test('into the emptied account it makes just the same pairs and terms, within bounded memory', async () => {
      const before = await state(world);
      const csv = await exported('');
      const { rows } = await world.db.read((tx) =>
        sql<{ chunk: string; ordinal: number }>`select chunk, ordinal from enrollment`.execute(tx),
      );
      assert.equal(rows.length, ROWS);
      await emptied();
      const resident = process.memoryUsage().rss;
      let peak = resident;
      const watch = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage().rss);
      }, 50);
      const from = performance.now();
      const summary = await imported(csv, 'outcome=refused');
      const seconds = (performance.now() - from) / 1_000;
      clearInterval(watch);
      assert.deepEqual(summary, { created: ROWS, changed: 0, unchanged: 0, refused: 0 });
      assert.equal(await state(world), before);
      console.log(
        `${engine}: ${ROWS} rows (${(csv.length / 1e6).toFixed(1)} MB) in ${seconds.toFixed(1)} s, ${Math.round((peak - resident) / 1e6)} MB more`,
      );
      assert.ok(peak - resident < MAX_GROWTH, `${peak - resident} bytes more`);
    });

    async function emptied(): Promise<void> {
      const all = (await call(world, 'GET', '/enrollment')).json as { enrollmentId: string }[];
      const json = { enrollmentIds: all.map(({ enrollmentId }) => enrollmentId) };
      assert.equal((await call(world, 'POST', '/enrollment/delete', { json })).status, 204);
    }
  });
