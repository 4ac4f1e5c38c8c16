import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { assertAudited } from '../support/audit.ts';
import { ENGINES } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/**
 * Any history, asked for at every instant of it: what was current then is what a model kept when it was then. And nothing
 * that was written honestly is a fault to the audit.
 */

const RUNS = Number(process.env['ROLLBOOK_RUNS'] ?? (process.env['ROLLBOOK_TORTURE'] ? 1_000 : 8));

type Command =
  | { readonly does: 'enroll'; readonly learners: number[]; readonly courses: number[]; readonly due: string }
  | { readonly does: 'edit' | 'reenroll'; readonly pick: number; readonly due: string }
  | { readonly does: 'delete'; readonly picks: number[] }
  | { readonly does: 'undo'; readonly pick: number };

const due = fc.constantFrom('2031-01-01', '2032-02-02', '2033-03-03');
const some = fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 3 });
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    fc.record({ does: fc.constant('enroll' as const), learners: some, courses: some, due }),
    fc.record({ does: fc.constantFrom('edit' as const, 'reenroll' as const), pick: fc.nat(), due }),
    fc.record({
      does: fc.constant('delete' as const),
      picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ does: fc.constant('undo' as const), pick: fc.nat() }),
  ),
  { minLength: 2, maxLength: 10 },
);

/** Pair → its enrollment and due date, as the wire spells them. */
type State = ReadonlyMap<string, string>;

interface Listed {
  enrollmentId: string;
  courseId: string;
  learnerId: string;
  dueDate?: string;
}
const stateOf = (list: readonly Listed[]): State =>
  new Map(list.map((e) => [`${e.learnerId} ${e.courseId}`, `${e.enrollmentId} ${e.dueDate}`]));
const sorted = (state: State): string[] => [...state].map((entry) => entry.join(' ')).sort();

for (const engine of ENGINES)
  describe(`what was current at an instant (${engine}, ${RUNS} histories)`, () => {
    let world: World;
    let learners: string[];
    let courses: string[];
    before(async () => {
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
        await sql`update seal set position = 0, hash = '\\x'`.execute(tx);
      });

    const post = (path: string, json: unknown) => call(world, 'POST', path, { json });
    const list = async (query: string): Promise<Listed[]> =>
      (await call(world, 'GET', `/enrollment${query}`)).json as Listed[];

    test('is what the model kept then, in lists, pages and alone', () =>
      fc.assert(
        fc.asyncProperty(commands, async (wanted) => {
          await clear();
          const start = world.clock.now;
          /** What was there after each command. */
          const kept: { at: Date; state: State }[] = [{ at: start, state: new Map() }];
          const ids: string[] = [];
          const operations: string[] = [];
          // It knows pairs and due dates. What an undo leads to is the matter of other tests: here it is taken as it is.
          let model: ReadonlyMap<string, string> = new Map();
          for (const command of wanted) {
            world.clock.now = new Date(world.clock.now.getTime() + 1000);
            const answer = await send(command, ids, operations);
            if (answer && answer.status < 300) {
              model = expected(command, model, kept.at(-1)?.state ?? new Map(), ids);
              operations.push(answer.headers.get('location')?.split('/').at(-1) ?? '');
            }
            const now = await list('');
            for (const { enrollmentId } of now) if (!ids.includes(enrollmentId)) ids.push(enrollmentId);
            const state = stateOf(now);
            const dates = new Map([...state].map(([pair, what]) => [pair, what.split(' ')[1] ?? '']));
            if (command.does === 'undo') model = dates;
            assert.deepEqual(sorted(dates), sorted(model));
            kept.push({ at: world.clock.now, state });
          }
          world.clock.now = new Date(world.clock.now.getTime() + 1000);
          for (const [n, { at, state }] of kept.entries()) {
            await agreeAt(at, state, ids, n);
            if (n > 0) await agreeAt(new Date(at.getTime() + 999), state, ids, n + 1);
          }
          await assertAudited(world);
          // Nothing is left that knows of these seconds, and a token lasts for only so many.
          world.clock.now = start;
        }),
        { numRuns: RUNS, endOnFailure: true },
      ));

    async function send(command: Command, ids: readonly string[], operations: readonly string[]) {
      const terms = 'due' in command ? { dueDateType: 'due_date', dueDate: command.due } : {};
      if (command.does === 'enroll')
        return post('/enrollment', {
          learnerIds: command.learners.map((n) => learners[n]),
          courseIds: command.courses.map((n) => courses[n]),
          ...terms,
        });
      if (command.does === 'undo')
        return operations.length === 0
          ? null
          : post(`/operations/${operations[command.pick % operations.length]}/undo`, {});
      if (ids.length === 0) return null;
      if (command.does === 'delete')
        return post('/enrollment/delete', { enrollmentIds: command.picks.map((n) => ids[n % ids.length]) });
      const path = `/enrollment/${ids[command.pick % ids.length]}`;
      return post(command.does === 'edit' ? path : `${path}/reenroll`, terms);
    }

    /** What a command that was taken leads to. */
    function expected(
      command: Command,
      model: ReadonlyMap<string, string>,
      state: State,
      ids: readonly string[],
    ): Map<string, string> {
      const next = new Map(model);
      const pairOf = (n: number): string | undefined =>
        [...state].find(([, what]) => what.startsWith(ids[n % ids.length] ?? ' '))?.[0];
      if (command.does === 'enroll') {
        for (const learner of command.learners)
          for (const course of command.courses) {
            const pair = `${learners[learner]} ${courses[course]}`;
            if (!next.has(pair)) next.set(pair, command.due);
          }
      } else if (command.does === 'delete') for (const n of command.picks) next.delete(pairOf(n) ?? '');
      else if (command.does !== 'undo') next.set(pairOf(command.pick) ?? '', command.due);
      return next;
    }

    /** The whole list, and in turn one of the other ways to ask. */
    async function agreeAt(at: Date, state: State, ids: readonly string[], n: number): Promise<void> {
      const asOf = at.toISOString();
      assert.deepEqual(sorted(stateOf(await list(`?asOf=${asOf}`))), sorted(state), `the list as of ${asOf}`);
      const [learner = ''] = learners;
      const [course = ''] = courses;
      const only = (isWanted: (pair: string) => boolean) =>
        sorted(new Map([...state].filter(([pair]) => isWanted(pair))));
      const ways = [
        async () => [await paged(asOf), sorted(state)] as const,
        async () =>
          [
            await list(`?learnerIds[]=${learner}&asOf=${asOf}`),
            only((pair) => pair.startsWith(learner)),
          ] as const,
        async () =>
          [await list(`?courseIds[]=${course}&asOf=${asOf}`), only((pair) => pair.endsWith(course))] as const,
      ];
      const way = ways[n % (ways.length + 1)];
      if (way) {
        const [found, wanted] = await way();
        assert.deepEqual(sorted(stateOf(found)), wanted, `way ${n % 4} as of ${asOf}`);
      } else if (ids.length > 0) {
        const id = ids[n % ids.length] ?? '';
        const isThere = [...state.values()].some((what) => what.startsWith(id));
        const { status } = await call(world, 'GET', `/enrollment/${id}?asOf=${asOf}`);
        assert.equal(status, isThere ? 200 : 400, `${id} as of ${asOf}`);
      }
    }

    /** The first page names the instant; the others have it from their token. */
    async function paged(asOf: string): Promise<Listed[]> {
      const found: Listed[] = [];
      for (let token: string | undefined = ''; token !== undefined; ) {
        const which: string = token === '' ? `asOf=${asOf}` : `pageToken=${token}`;
        const answer = await call(world, 'GET', `/enrollments?pageSize=2&${which}`);
        assert.equal(answer.status, 200, answer.text);
        const page = answer.json as { enrollments: Listed[]; nextPageToken?: string };
        found.push(...page.enrollments);
        token = page.nextPageToken;
      }
      return found;
    }
  });
