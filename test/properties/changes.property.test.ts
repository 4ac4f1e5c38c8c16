import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { enrollmentId } from '../../src/kernel/ids.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** Any history of enrolling, editing, re-enrolling and ending leaves what a simple model says. */

const RUNS = Number(process.env['ROLLBOOK_RUNS'] ?? (process.env['ROLLBOOK_TORTURE'] ? 2_000 : 60));

interface Terms {
  readonly accessDate: string;
  readonly dueDateType: string;
  readonly dueDate?: string;
  readonly duePeriod?: number;
  readonly lockAfterDueDate: boolean;
}

type Command =
  | {
      readonly does: 'enroll';
      readonly learners: number[];
      readonly courses: number[];
      readonly terms: Terms;
    }
  | { readonly does: 'edit' | 'reenroll'; readonly pick: number; readonly terms: Terms }
  | { readonly does: 'delete'; readonly picks: number[] };

const terms: fc.Arbitrary<Terms> = fc.record({
  accessDate: fc.constantFrom('2024-01-01', '2024-02-29 13:14:15'),
  dueDateType: fc.constantFrom('unlimited', 'due_date', 'due_period'),
  dueDate: fc.constantFrom('2025-05-05T12:00:00Z', '2031-12-31T08:00:00Z'),
  duePeriod: fc.integer({ min: 1, max: 3 }),
  lockAfterDueDate: fc.boolean(),
});
const some = fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 3 });
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    fc.record({ does: fc.constant('enroll' as const), learners: some, courses: some, terms }),
    fc.record({ does: fc.constantFrom('edit' as const, 'reenroll' as const), pick: fc.nat(), terms }),
    fc.record({
      does: fc.constant('delete' as const),
      picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    }),
  ),
  { minLength: 1, maxLength: 12 },
);

/** One version of an enrollment, as the model has it and as the tables do. */
interface Version {
  readonly pair: string;
  readonly term: number;
  readonly access: string;
  readonly due: string | null;
  readonly lock: boolean;
}

function versionOf(pair: string, term: number, wanted: Terms): Version {
  const access = new Date(
    `${wanted.accessDate.replace(' ', 'T')}${wanted.accessDate.includes(' ') ? 'Z' : 'T00:00:00Z'}`,
  );
  const dueAt =
    wanted.dueDateType === 'due_date'
      ? new Date(wanted.dueDate ?? '')
      : wanted.dueDateType === 'due_period'
        ? new Date(access.getTime() + (wanted.duePeriod ?? 0) * 3_600_000)
        : null;
  return {
    pair,
    term,
    access: access.toISOString(),
    due: dueAt?.toISOString() ?? null,
    lock: dueAt !== null && wanted.lockAfterDueDate,
  };
}

/** A due date and a period that come to the same are not the same terms: the rule is kept, too. */
const ruleOf = (wanted: Terms): string =>
  wanted.dueDateType + (wanted.dueDateType === 'due_period' ? wanted.duePeriod : '');

/** What should be there. Enrollments are told apart by a serial number until their ids are known. */
class Model {
  readonly current = new Map<string, { serial: number; version: Version; rule: string }>();
  readonly past: { serial: number; version: Version; cause: string }[] = [];
  readonly events = { LEARNERS_ENROLLED_IN_COURSE: 0, ENROLLMENTS_CHANGED: 0, LEARNERS_UNENROLLED: 0 };
  readonly terms = new Map<string, number>();
  serial = 0;
  operations = 0;

  #start(pair: string, wanted: Terms): void {
    const term = (this.terms.get(pair) ?? 0) + 1;
    this.terms.set(pair, term);
    this.current.set(pair, {
      serial: this.serial++,
      version: versionOf(pair, term, wanted),
      rule: ruleOf(wanted),
    });
    this.events.LEARNERS_ENROLLED_IN_COURSE++;
  }

  #move(pair: string, cause: string): void {
    const { serial, version } = this.#at(pair);
    this.past.push({ serial, version, cause });
  }

  #at(pair: string) {
    const own = this.current.get(pair);
    assert.ok(own);
    return own;
  }

  #pairOf(serial: number): string | undefined {
    return [...this.current].find(([, own]) => own.serial === serial)?.[0];
  }

  enroll(pairs: readonly string[], wanted: Terms): number {
    for (const pair of pairs) if (!this.current.has(pair)) this.#start(pair, wanted);
    this.operations++;
    return 201;
  }

  edit(serial: number, wanted: Terms): number {
    const pair = this.#pairOf(serial);
    if (pair === undefined) return 400;
    this.operations++;
    const own = this.#at(pair);
    const next = versionOf(pair, own.version.term, wanted);
    if (JSON.stringify([next, ruleOf(wanted)]) === JSON.stringify([own.version, own.rule])) return 200;
    this.#move(pair, 'edited');
    this.events.ENROLLMENTS_CHANGED++;
    this.current.set(pair, { serial, version: next, rule: ruleOf(wanted) });
    return 200;
  }

  reenroll(serial: number, wanted: Terms): number {
    const pair = this.#pairOf(serial);
    if (pair === undefined) return 400;
    this.operations++;
    this.#move(pair, 'reenrolled');
    this.#start(pair, wanted);
    return 200;
  }

  end(serials: readonly number[]): number {
    const pairs = new Set(serials.map((serial) => this.#pairOf(serial)));
    if (pairs.has(undefined)) return 400;
    this.operations++;
    for (const pair of pairs as Set<string>) {
      this.#move(pair, 'ended');
      this.current.delete(pair);
      this.events.LEARNERS_UNENROLLED++;
    }
    return 204;
  }
}

interface Row extends Version {
  id: string;
  cause: string;
}

/** Both tables, with the ids that the wire has. */
async function tables(world: World): Promise<{ current: Row[]; past: Row[] }> {
  const read = async (table: string, cause: string): Promise<Row[]> => {
    const { rows } = await world.db.read((tx) =>
      sql<{
        learner_id: string;
        item_id: string;
        term: number;
        access_at: Date;
        due_at: Date | null;
        lock_after_due: boolean;
        chunk: string;
        ordinal: number;
        cause: string;
      }>`select *, ${sql.raw(cause)} as cause from ${sql.table(table)} order by version_chunk, ordinal`.execute(
        tx,
      ),
    );
    return rows.map((row) => ({
      id: enrollmentId({
        accountId: world.account.accountId,
        chunk: BigInt(row.chunk),
        ordinal: row.ordinal,
      }),
      pair: `${row.learner_id} ${row.item_id}`,
      term: row.term,
      access: row.access_at.toISOString(),
      due: row.due_at?.toISOString() ?? null,
      lock: row.lock_after_due,
      cause: row.cause,
    }));
  };
  return { current: await read('enrollment', "''"), past: await read('enrollment_past', 'past_cause') };
}

const byText = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

for (const engine of ENGINES)
  describe(`histories of enrollments (${engine}, ${RUNS} cases)`, () => {
    let world: World;
    let learners: string[];
    let courses: string[];
    before(async () => {
      // Small enough that some requests are written in chunks.
      world = await startWorld(engine, { limits: { smallPairs: 3, chunkPairs: 2 } });
      const times = (make: () => Promise<string>) => Promise.all(Array.from({ length: 3 }, make));
      learners = await times(() => addUser(world));
      courses = await times(() => addCourse(world));
    });
    after(() => world.close());

    const clear = (): Promise<unknown> =>
      world.db.write(async (tx) => {
        for (const table of ['outbox', 'enrollment', 'enrollment_past', 'operation_chunk', 'operation'])
          await sql`delete from ${sql.table(table)}`.execute(tx);
      });

    test('what is there, what is past, what is told, and the ids', () =>
      fc.assert(
        fc.asyncProperty(commands, async (list) => {
          await clear();
          const model = new Model();
          /** Serial number → id, as they become known. */
          const ids: string[] = [];
          for (const command of list) await play(command, model, ids);
          await agree(model, ids);
        }),
        { numRuns: RUNS, endOnFailure: true },
      ));

    async function play(command: Command, model: Model, ids: string[]): Promise<void> {
      const post = async (path: string, json: unknown) => (await call(world, 'POST', path, { json })).status;
      if (command.does === 'enroll') {
        const learnerIds = command.learners.map((n) => learners[n] ?? '');
        const courseIds = command.courses.map((n) => courses[n] ?? '');
        const pairs = new Set(
          learnerIds.flatMap((learner) => courseIds.map((course) => `${learner} ${course}`)),
        );
        const expected = model.enroll([...pairs], command.terms);
        assert.equal(await post('/enrollment', { learnerIds, courseIds, ...command.terms }), expected);
      } else if (model.serial === 0) return;
      else if (command.does === 'delete') {
        const serials = command.picks.map((pick) => pick % model.serial);
        const expected = model.end(serials);
        assert.equal(
          await post('/enrollment/delete', { enrollmentIds: serials.map((n) => ids[n]) }),
          expected,
        );
      } else {
        const serial = command.pick % model.serial;
        const path = `/enrollment/${ids[serial]}${command.does === 'edit' ? '' : '/reenroll'}`;
        const expected = model[command.does](serial, command.terms);
        assert.equal(await post(path, command.terms), expected);
      }
      for (const row of (await tables(world)).current) {
        const serial = model.current.get(row.pair)?.serial;
        assert.ok(serial !== undefined, 'a pair that the model does not have');
        assert.equal(ids[serial] ?? row.id, row.id, 'an enrollment keeps its id');
        ids[serial] = row.id;
      }
    }

    async function agree(model: Model, ids: readonly string[]): Promise<void> {
      const found = await tables(world);
      const expected = {
        current: [...model.current.values()].map(({ serial, version }) => ({
          id: ids[serial],
          ...version,
          cause: '',
        })),
        past: model.past.map(({ serial, version, cause }) => ({ id: ids[serial], ...version, cause })),
      };
      assert.deepEqual(byText(found.current), byText(expected.current));
      assert.deepEqual(byText(found.past), byText(expected.past));
      assert.equal(new Set(ids).size, ids.length, 'no id is used twice');
      const { rows } = await world.db.read((tx) =>
        sql`select (select count(*) from operation)::int as operations,
          (select count(*) from operation where state <> 'done' or total <> created + changed + unchanged + refused)::int as unfinished,
          (select coalesce(sum(learners), 0) from outbox where event_type = 'LEARNERS_ENROLLED_IN_COURSE')::int as enrolled,
          (select coalesce(sum(learners), 0) from outbox where event_type = 'LEARNERS_UNENROLLED')::int as ended,
          (select coalesce(sum(learners), 0) from outbox where event_type = 'ENROLLMENTS_CHANGED')::int as changed,
          (select count(*) from enrollment_past where past_at < recorded_at)::int as reversed,
          (select count(*) from outbox o where learners <> case event_type
             when 'LEARNERS_UNENROLLED' then (select count(*) from enrollment_past p where p.past_chunk = o.chunk and p.item_id = o.item_id)
             when 'ENROLLMENTS_CHANGED' then (select count(*) from (
               select version_chunk, chunk, item_id from enrollment union all select version_chunk, chunk, item_id from enrollment_past) e
               where e.version_chunk = o.chunk and e.chunk <> o.chunk and e.item_id = o.item_id)
             else (select count(distinct ordinal) from (
               select chunk, ordinal, item_id from enrollment union all select chunk, ordinal, item_id from enrollment_past) e
               where e.chunk = o.chunk and e.item_id = o.item_id) end)::int as underivable`.execute(tx),
      );
      assert.deepEqual(rows[0], {
        operations: model.operations,
        unfinished: 0,
        enrolled: model.events.LEARNERS_ENROLLED_IN_COURSE,
        ended: model.events.LEARNERS_UNENROLLED,
        changed: model.events.ENROLLMENTS_CHANGED,
        reversed: 0,
        underivable: 0,
      });
    }
  });
