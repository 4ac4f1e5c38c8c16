import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import type { WriteLimits } from '../../src/enrollment/index.ts';
import { enrollmentId } from '../../src/kernel/ids.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { type Had, UndoModel } from '../support/undo-model.ts';

/**
 * Any history, with work of learners in between: whatever is undone last comes out as it was before, to the hash, and its
 * undo undone as it was after; what is undone later keeps just what the model says, for the reason that the model says.
 */

const RUNS = Number(process.env['ROLLBOOK_RUNS'] ?? (process.env['ROLLBOOK_TORTURE'] ? 500 : 12));

/** In one transaction; in chunks; and on the border between the two. */
const SIZES: readonly (Partial<WriteLimits> & { name: string })[] = [
  { name: 'small' },
  { name: 'in chunks of 2 pairs', smallPairs: 1, chunkPairs: 2 },
];

type Command =
  | {
      readonly does: 'enroll';
      readonly learners: number[];
      readonly courses: number[];
      readonly hours: number;
    }
  | { readonly does: 'edit' | 'reenroll'; readonly pick: number; readonly hours: number }
  | { readonly does: 'delete'; readonly picks: number[] }
  | { readonly does: 'work' | 'undo'; readonly pick: number };

const some = fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 3 });
const hours = fc.integer({ min: 1, max: 2 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant('enroll' as const), learners: some, courses: some, hours }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom('edit' as const, 'reenroll' as const),
      pick: fc.nat(),
      hours,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('delete' as const),
      picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('work' as const), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('undo' as const), pick: fc.nat() }) },
);
const histories = fc.array(command, { minLength: 1, maxLength: 10 });

interface Outcome {
  learnerId: string;
  courseId: string;
  outcome: string;
  reason?: string;
  enrollmentId: string;
}

interface Written {
  operationId: string;
  summary: Record<string, number>;
  outcomes: Outcome[];
}

interface Row {
  pair: string;
  id: string;
  term: number;
  /** Everything else. */
  rest: string;
}

const pairOf = ({ learnerId, courseId }: Pick<Outcome, 'learnerId' | 'courseId'>): string =>
  `${learnerId} ${courseId}`;

for (const engine of ENGINES)
  for (const { name, ...limits } of SIZES)
    describe(`undo, ${name} (${engine}, ${RUNS} histories)`, () => {
      let world: World;
      let learners: string[];
      let courses: string[];
      before(async () => {
        world = await startWorld(engine, { limits });
        const times = (make: () => Promise<string>) => Promise.all(Array.from({ length: 3 }, make));
        learners = await times(() => addUser(world));
        courses = await times(() => addCourse(world));
      });
      after(() => world.close());

      /** Everything that anybody can see of enrollments: whose, terms, and the progress of their term. */
      async function rows(): Promise<Row[]> {
        const { rows: found } = await world.db.read((tx) =>
          sql<{
            learner_id: string;
            item_id: string;
            chunk: string;
            ordinal: number;
            term: number;
            rest: string;
          }>`
            select e.learner_id, e.item_id, e.chunk, e.ordinal, e.term, concat_ws(' ', e.access_at, e.due_at, e.due_period_hours,
                   e.due_rule, e.lock_after_due, e.type_group, p.status, p.percent, p.views) as rest
            from enrollment e left join progress p on p.account_id = e.account_id and p.learner_id = e.learner_id
              and p.item_id = e.item_id and p.term = e.term
            order by e.learner_id, e.item_id`.execute(tx),
        );
        const { accountId } = world.account;
        return found.map((row) => ({
          pair: `${row.learner_id} ${row.item_id}`,
          id: enrollmentId({ accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal }),
          term: row.term,
          rest: row.rest,
        }));
      }
      const hashOf = (state: readonly Row[]): string =>
        createHash('sha256').update(JSON.stringify(state)).digest('hex');

      const post = async (path: string, json?: unknown): Promise<Written> => {
        world.clock.now = new Date(world.clock.now.getTime() + 1);
        const headers = { prefer: 'return=representation' };
        const answer = await call(world, 'POST', path, { headers, ...(json === undefined ? {} : { json }) });
        assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
        return answer.json as Written;
      };
      const termsOf = ({ hours: duePeriod }: { hours: number }) => ({ dueDateType: 'due_period', duePeriod });

      /** Sends a command that writes; null if there is nothing it could be about. */
      async function send(wanted: Command, state: readonly Row[]): Promise<Written | null> {
        const at = (pick: number): string => state[pick % state.length]?.id ?? '';
        if (wanted.does === 'enroll')
          return post('/enrollment', {
            learnerIds: wanted.learners.map((n) => learners[n]),
            courseIds: wanted.courses.map((n) => courses[n]),
            ...termsOf(wanted),
          });
        if (state.length === 0) return null;
        if (wanted.does === 'delete')
          return post('/enrollment/delete', { enrollmentIds: wanted.picks.map(at) });
        if (wanted.does === 'edit') return post(`/enrollment/${at(wanted.pick)}`, termsOf(wanted));
        return wanted.does === 'reenroll'
          ? post(`/enrollment/${at(wanted.pick)}/reenroll`, termsOf(wanted))
          : null;
      }

      function recordIn(model: UndoModel, kind: string, written: Written, is: readonly Row[]): void {
        const now = new Map(is.map((row) => [row.pair, { id: row.id, term: row.term }]));
        const changed = new Map<string, Had>();
        const unchanged: string[] = [];
        for (const one of written.outcomes)
          if (one.outcome === 'unchanged') unchanged.push(pairOf(one));
          else changed.set(pairOf(one), now.get(pairOf(one)) ?? null);
        model.record(written.operationId, kind, changed, unchanged);
      }

      /** Undoes, and holds what is told and what is there against the model. */
      async function undo(model: UndoModel, id: string): Promise<string> {
        const was = new Map((await rows()).map((row) => [row.pair, row]));
        const judged = model.judge(id);
        const preview = await post(`/operations/${id}/undo?preview=true`);
        assert.deepEqual(await rows(), [...was.values()], 'a preview changes nothing');
        const written = await post(`/operations/${id}/undo`);
        assert.deepEqual(written.outcomes, preview.outcomes);
        assert.deepEqual(written.summary, preview.summary);
        assert.deepEqual(
          new Map(written.outcomes.map((one) => [pairOf(one), one.reason ?? null])),
          new Map([...judged].sort(byPlaceIn(written.outcomes))),
        );
        model.undo(written.operationId, id);
        const is = new Map((await rows()).map((row) => [row.pair, row]));
        for (const pair of new Set([...was.keys(), ...is.keys()]))
          if (judged.get(pair) !== null)
            assert.deepEqual(is.get(pair), was.get(pair), 'what is kept stays as it is');
        for (const pair of judged.keys()) {
          const had = model.hadIn(model.stateOf(pair));
          const { id: now, term } = is.get(pair) ?? {};
          assert.deepEqual([now, term], [had?.id, had?.term], pair);
        }
        return written.operationId;
      }
      const byPlaceIn = (outcomes: readonly Outcome[]) => {
        const places = new Map(outcomes.map((one, place) => [pairOf(one), place]));
        return ([one]: [string, unknown], [other]: [string, unknown]) =>
          (places.get(one) ?? -1) - (places.get(other) ?? -1);
      };

      async function play(model: UndoModel, wanted: Command): Promise<void> {
        const state = await rows();
        if (wanted.does === 'undo') {
          const all = [...model.operations.keys()];
          const id = all[wanted.pick % all.length];
          if (id === undefined) return;
          if (model.isInTurn(id)) await undo(model, id);
          else assert.equal((await call(world, 'POST', `/operations/${id}/undo`)).code, 'operation.state');
        } else if (wanted.does === 'work') {
          const row = state[wanted.pick % state.length];
          if (!row) return;
          world.clock.now = new Date(world.clock.now.getTime() + 1);
          const path = `/enrollment/${row.id}/progress`;
          assert.equal((await call(world, 'POST', path, { json: { progress: 50 } })).status, 200);
          model.work(row.pair);
        } else {
          const written = await send(wanted, state);
          if (written) recordIn(model, wanted.does, written, await rows());
        }
      }

      const clear = (): Promise<unknown> =>
        world.db.write(async (tx) => {
          for (const table of [
            'outbox',
            'enrollment',
            'enrollment_past',
            'operation_chunk',
            'operation',
            'progress',
          ])
            await sql`delete from ${sql.table(table)}`.execute(tx);
        });

      test('whatever was done last is undone to the hash, and its undo likewise; anything else as the model says', () =>
        fc.assert(
          fc.asyncProperty(histories, command, async (history, last) => {
            await clear();
            const model = new UndoModel();
            for (const one of history) await play(model, one);
            const state = await rows();
            const written = await send(last, state);
            if (written) {
              const after = await rows();
              recordIn(model, last.does, written, after);
              const { operationId } = written;
              const undone = await undo(model, operationId);
              assert.equal(hashOf(await rows()), hashOf(state), 'undone');
              const redone = await undo(model, undone);
              assert.equal(hashOf(await rows()), hashOf(after), 'its undo undone');
              await undo(model, redone);
              assert.equal(hashOf(await rows()), hashOf(state), 'and undone again');
            }
            await agree(model);
          }),
          { numRuns: RUNS, endOnFailure: true },
        ));

      test('undoing everything, the last first, passes every state of before, and ends with nothing', () =>
        fc.assert(
          fc.asyncProperty(histories, async (history) => {
            await clear();
            const model = new UndoModel();
            const done: { id: string; hash: string }[] = [];
            for (const one of history) {
              if (one.does === 'work' || one.does === 'undo') continue;
              const state = await rows();
              const written = await send(one, state);
              if (!written) continue;
              recordIn(model, one.does, written, await rows());
              done.push({ id: written.operationId, hash: hashOf(state) });
            }
            for (const { id, hash } of done.reverse()) {
              await undo(model, id);
              assert.equal(hashOf(await rows()), hash);
            }
            assert.deepEqual(await rows(), []);
          }),
          { numRuns: RUNS, endOnFailure: true },
        ));

      /** States of operations, outcomes asked for later, and events: each concerns as many as it says. */
      async function agree(model: UndoModel): Promise<void> {
        const { rows: operations } = await world.db.read((tx) =>
          sql<{ operation_id: string; state: string; isWhole: boolean }>`
            select operation_id, state, total = created + changed + unchanged + refused as "isWhole" from operation`.execute(
            tx,
          ),
        );
        assert.equal(operations.length, model.operations.size);
        for (const { operation_id: id, state, isWhole } of operations) {
          assert.equal(state, model.operations.get(id)?.isUndone ? 'undone' : 'done');
          assert.ok(isWhole);
        }
        const { rows: underivable } = await world.db.read((tx) =>
          sql`select o.* from outbox o where learners <> case event_type
              when 'LEARNERS_UNENROLLED' then (
                select count(*) from enrollment_past p where p.past_chunk = o.chunk and p.item_id = o.item_id
                  and (p.past_cause = 'ended' or p.left_chunk is not null))
              else (select count(*) from (
                select item_id, version_chunk, chunk, restored_place from enrollment
                union all select item_id, version_chunk, chunk, restored_place from enrollment_past) e
                where e.version_chunk = o.chunk and e.item_id = o.item_id
                  and case o.event_type when 'ENROLLMENTS_CHANGED' then e.chunk <> o.chunk and e.restored_place is null
                      else e.chunk = o.chunk or e.restored_place is not null end) end`.execute(tx),
        );
        assert.deepEqual(underivable, []);
      }
    });
