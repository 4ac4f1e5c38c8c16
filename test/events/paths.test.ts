import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { Enrollments } from '../../src/enrollment/index.ts';
import { KINDS } from '../../src/operations/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES, temporaryFolder } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { loaded, placeOf } from '../support/place.ts';
import { run } from '../support/process.ts';
import { type Answer, type CallOptions, call, startWorld, type World } from '../support/server.ts';
import { type Effects, effectsOf } from './effects.ts';

/**
 * Every path that creates, changes or ends an enrollment, walked: what is told of it is what it did, learner by learner,
 * whichever path it was. A path without a row in one of the tables below fails the last test.
 */

/** How many pairs of each kind; what is left out is none. */
interface Does {
  readonly enrolls?: number;
  readonly changes?: number;
  readonly ends?: number;
}

interface Path {
  readonly path: string;
  /** The call in the source that leads in: `file method`. */
  readonly door: string;
  readonly does: Does;
  /** Makes what is needed; the path itself is what it returns. */
  readonly prepare: () => Promise<() => Promise<unknown>>;
}

const counts = (effects: Effects): Required<Does> => ({
  enrolls: effects.LEARNERS_ENROLLED_IN_COURSE.length,
  changes: effects.ENROLLMENTS_CHANGED.length,
  ends: effects.LEARNERS_UNENROLLED.length,
});
const NOTHING = { enrolls: 0, changes: 0, ends: 0 };

/** Pairs of a small request, and of one that is written in chunks. */
const FEW = 3;
const MANY = 12;
const LIMITS = { smallPairs: 10, chunkPairs: 5 };

const ENROLL = 'src/enrollment/enroll-routes.ts enroll';
const EDIT = 'src/enrollment/routes.ts edit';
const REENROLL = 'src/enrollment/routes.ts reenroll';
const END = 'src/enrollment/routes.ts end';
const UNDO = 'src/enrollment/undo-routes.ts undo';
const CANCEL = 'src/enrollment/undo-routes.ts cancel';
const IMPORT = 'src/transfer/routes.ts importFile';
const DELETE_USER = 'src/people/standing.ts endOf';
/** Behind others: `importFile` is the door. */
const INNER = ['src/transfer/import.ts writeRows'];
const COMMANDS = {
  load: 'src/cli/demo-load.ts enroll',
  enroll: 'src/cli/enroll.ts enroll',
  import: 'src/cli/transfer.ts importFile',
  undo: 'src/cli/undo.ts undo',
};

const DOORS = new Set<string>([CANCEL, ...Object.values(COMMANDS)]);

for (const engine of ENGINES)
  describe(`what is told of every path (${engine})`, () => {
    let world: World;
    let people: string[];
    before(async () => {
      world = await startWorld(engine, { limits: LIMITS });
      people = [];
      for (let n = 0; n < MANY; n++) people.push(await addUser(world));
    });
    after(() => world.close());

    const few = (): string[] => people.slice(0, FEW);
    const post = async (path: string, options: CallOptions = {}, status?: number): Promise<Answer> => {
      const answer = await call(world, 'POST', path, options);
      if (status === undefined) assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
      else assert.equal(answer.status, status, answer.text);
      return answer;
    };
    const unlimited = { dueDateType: 'unlimited' };
    const bodyOf = (course: string, learnerIds: readonly string[]) => ({
      courseIds: [course],
      learnerIds,
      ...unlimited,
    });
    const enroll = (
      course: string,
      learnerIds: readonly string[],
      headers: Record<string, string> = {},
      status?: number,
    ) => post('/enrollment', { json: bodyOf(course, learnerIds), headers }, status);
    const operationOf = (answer: Answer): string =>
      answer.headers.get('location') ?? assert.fail(answer.text);
    const undo = (operation: string, status?: number) => post(`${operation}/undo`, {}, status);
    const enrolled = async (learnerIds: readonly string[]) => {
      const course = await addCourse(world);
      const operation = operationOf(await enroll(course, learnerIds));
      return { course, operation, ids: await idsIn(course) };
    };
    const idsIn = async (course: string): Promise<string[]> => {
      const { json } = await call(world, 'GET', `/enrollment?courseIds[]=${course}`);
      return (json as { enrollmentId: string }[]).map(({ enrollmentId }) => enrollmentId);
    };
    const LATER = { dueDateType: 'due_period', duePeriod: 24 };
    const edit = (id: string, json: object = LATER) => post(`/enrollment/${id}`, { json });
    const end = (enrollmentIds: readonly string[], status?: number) =>
      post('/enrollment/delete', { json: { enrollmentIds } }, status);
    const csvOf = (course: string, learnerIds: readonly string[], due: string) =>
      ['userId,courseId,dueDate', ...learnerIds.map((id) => `${id},${course},${due}`)].join('\n');
    const importing = (csv: string, query = '', status?: number) =>
      post(`/enrollment/import${query}`, { csv }, status);
    /** Asks after a job until what is said holds. */
    const until = async (operation: string, holds: (state: string, done: number) => boolean) => {
      for (const giveUp = Date.now() + 60_000; ; await new Promise((next) => setTimeout(next, 5))) {
        const { state, progress } = (await call(world, 'GET', operation)).json as {
          state: string;
          progress: { done: number };
        };
        if (holds(state, progress.done)) return;
        assert.ok(Date.now() < giveUp, state);
      }
    };
    const isOver = (state: string): boolean => state !== 'accepted' && state !== 'running';
    const plan = async (course: string, learnerIds: readonly string[]): Promise<Record<string, string>> => {
      const answer = await post('/enrollment/plan', { json: bodyOf(course, learnerIds) });
      return { 'enrollment-plan': (answer.json as { planToken: string }).planToken };
    };
    const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
    const LENIENT = { prefer: 'handling=lenient' };

    const enrolling: readonly Path[] = [
      {
        path: 'POST /enrollment',
        door: ENROLL,
        does: { enrolls: FEW },
        prepare: async () => {
          const course = await addCourse(world);
          return () => enroll(course, few());
        },
      },
      {
        path: 'POST /enrollment, some are enrolled already',
        door: ENROLL,
        does: { enrolls: 4 },
        prepare: async () => {
          const { course } = await enrolled(few());
          return () => enroll(course, people.slice(0, FEW + 4));
        },
      },
      {
        path: 'POST /enrollment, all are enrolled already',
        door: ENROLL,
        does: {},
        prepare: async () => {
          const { course } = await enrolled(few());
          return () => enroll(course, few());
        },
      },
      {
        path: 'POST /enrollment, refused',
        door: ENROLL,
        does: {},
        prepare: async () => {
          const course = await addCourse(world);
          return () => enroll(course, [...few(), UNKNOWN], {}, 400);
        },
      },
      {
        path: 'POST /enrollment, lenient',
        door: ENROLL,
        does: { enrolls: FEW },
        prepare: async () => {
          const course = await addCourse(world);
          return () => enroll(course, [...few(), UNKNOWN], LENIENT);
        },
      },
      {
        path: 'POST /enrollment, sent twice with one key',
        door: ENROLL,
        does: { enrolls: FEW },
        prepare: async () => {
          const course = await addCourse(world);
          const key = { 'idempotency-key': course };
          return async () => {
            await enroll(course, few(), key);
            await enroll(course, few(), key);
          };
        },
      },
      {
        path: 'POST /enrollment, large',
        door: ENROLL,
        does: { enrolls: MANY },
        prepare: async () => {
          const course = await addCourse(world);
          return () => enroll(course, people);
        },
      },
      {
        path: 'POST /enrollment, large, some are enrolled already',
        door: ENROLL,
        does: { enrolls: MANY - FEW },
        prepare: async () => {
          const { course } = await enrolled(few());
          return () => enroll(course, people);
        },
      },
      {
        path: 'POST /enrollment, large and lenient',
        door: ENROLL,
        does: { enrolls: MANY },
        prepare: async () => {
          const course = await addCourse(world);
          return () => enroll(course, [UNKNOWN, ...people], LENIENT);
        },
      },
      {
        path: 'POST /enrollment, large, refused',
        door: ENROLL,
        does: {},
        prepare: async () => {
          const course = await addCourse(world);
          return () => enroll(course, [UNKNOWN, ...people], {}, 400);
        },
      },
      {
        path: 'POST /enrollment, nobody waits',
        door: ENROLL,
        does: { enrolls: FEW },
        prepare: async () => {
          const course = await addCourse(world);
          return async () =>
            until(operationOf(await enroll(course, few(), { prefer: 'respond-async' })), isOver);
        },
      },
      {
        path: 'POST /enrollment/plan alone',
        door: ENROLL,
        does: {},
        prepare: async () => {
          const course = await addCourse(world);
          return () => plan(course, people);
        },
      },
      {
        path: 'POST /enrollment with a plan',
        door: ENROLL,
        does: { enrolls: FEW },
        prepare: async () => {
          const course = await addCourse(world);
          const headers = await plan(course, few());
          return () => enroll(course, few(), headers);
        },
      },
      {
        path: 'POST /enrollment with a large plan',
        door: ENROLL,
        does: { enrolls: MANY },
        prepare: async () => {
          const course = await addCourse(world);
          const headers = await plan(course, people);
          return () => enroll(course, people, headers);
        },
      },
      {
        path: 'POST /enrollment with a plan that holds no more',
        door: ENROLL,
        does: {},
        prepare: async () => {
          const course = await addCourse(world);
          const headers = await plan(course, few());
          await enroll(course, few());
          return () => enroll(course, few(), headers, 412);
        },
      },
    ];

    const changing: readonly Path[] = [
      {
        path: 'POST /enrollment/{id}',
        door: EDIT,
        does: { changes: 1 },
        prepare: async () => {
          const { ids } = await enrolled(few());
          return () => edit(ids[0] ?? '');
        },
      },
      {
        path: 'POST /enrollment/{id}, the same terms',
        door: EDIT,
        does: {},
        prepare: async () => {
          const { ids } = await enrolled(few());
          await edit(ids[0] ?? '');
          return () => edit(ids[0] ?? '');
        },
      },
      {
        path: 'POST /enrollment/{id}, refused',
        door: EDIT,
        does: {},
        prepare: async () => {
          const { ids } = await enrolled(few());
          return () => post(`/enrollment/${ids[0]}`, { json: { dueDateType: 'due_date' } }, 400);
        },
      },
      {
        path: 'POST /enrollment/{id}/reenroll',
        door: REENROLL,
        does: { enrolls: 1 },
        prepare: async () => {
          const { ids } = await enrolled(few());
          return () => post(`/enrollment/${ids[0]}/reenroll`, { json: unlimited });
        },
      },
      {
        path: 'POST /enrollment/import',
        door: IMPORT,
        does: { enrolls: FEW },
        prepare: async () => {
          const course = await addCourse(world);
          return () => importing(csvOf(course, few(), '2030-01-01'));
        },
      },
      {
        path: 'POST /enrollment/import in chunks; rows are new, other, the same, and refused',
        door: IMPORT,
        does: { enrolls: MANY - 6, changes: 4 },
        prepare: async () => {
          const course = await addCourse(world);
          await importing(csvOf(course, people.slice(0, 4), '2030-01-01'));
          await importing(csvOf(course, people.slice(4, 6), '2031-01-01'));
          return () => importing(csvOf(course, [...people, UNKNOWN], '2031-01-01'), '?existing=change');
        },
      },
      {
        path: 'POST /enrollment/import, who is enrolled stays so',
        door: IMPORT,
        does: {},
        prepare: async () => {
          const { course } = await enrolled(few());
          return () => importing(csvOf(course, few(), '2030-01-01'));
        },
      },
      ...['?dryRun=true', '?allOrNothing=true'].map((query) => ({
        path: `POST /enrollment/import${query}`,
        door: IMPORT,
        does: {},
        prepare: async () => {
          const course = await addCourse(world);
          const [learners, status] = query.includes('dry') ? [few()] : [[...few(), UNKNOWN], 422];
          return () => importing(csvOf(course, learners, '2030-01-01'), query, status);
        },
      })),
    ];

    const ending: readonly Path[] = [
      {
        path: 'POST /enrollment/delete',
        door: END,
        does: { ends: FEW },
        prepare: async () => {
          const { ids } = await enrolled(few());
          return () => end(ids);
        },
      },
      {
        path: 'POST /enrollment/delete, large',
        door: END,
        does: { ends: MANY },
        prepare: async () => {
          const { ids } = await enrolled(people);
          return () => end(ids);
        },
      },
      {
        path: 'POST /enrollment/delete, refused',
        door: END,
        does: {},
        prepare: async () => {
          const { ids } = await enrolled(few());
          return () => end([...ids, UNKNOWN], 400);
        },
      },
      {
        path: 'DELETE /user/{id}',
        door: DELETE_USER,
        does: { ends: 2 },
        prepare: async () => {
          const leaver = await addUser(world);
          for (let n = 0; n < 2; n++) await enrolled([leaver, ...few()]);
          return async () => assert.equal((await call(world, 'DELETE', `/user/${leaver}`)).status, 204);
        },
      },
      {
        path: 'POST /user/{id}/status: whoever is terminated stays enrolled',
        door: DELETE_USER,
        does: {},
        prepare: async () => {
          const leaver = await addUser(world);
          await enrolled([leaver]);
          return () => post(`/user/${leaver}/status`, { json: { status: 5 } });
        },
      },
    ];

    const undoing: readonly Path[] = [
      ...[FEW, MANY].map((number) => ({
        path: `undo of enrolling ${number}`,
        door: UNDO,
        does: { ends: number },
        prepare: async () => {
          const { operation } = await enrolled(people.slice(0, number));
          return () => undo(operation);
        },
      })),
      ...[FEW, MANY].map((number) => ({
        path: `undo of the undo of enrolling ${number}`,
        door: UNDO,
        does: { enrolls: number },
        prepare: async () => {
          const { operation } = await enrolled(people.slice(0, number));
          const undone = operationOf(await undo(operation));
          return () => undo(undone);
        },
      })),
      ...[FEW, MANY].map((number) => ({
        path: `undo of ending ${number}`,
        door: UNDO,
        does: { enrolls: number },
        prepare: async () => {
          const { ids } = await enrolled(people.slice(0, number));
          const ended = operationOf(await end(ids));
          return () => undo(ended);
        },
      })),
      {
        path: 'undo of the undo of ending',
        door: UNDO,
        does: { ends: FEW },
        prepare: async () => {
          const { ids } = await enrolled(few());
          const undone = operationOf(await undo(operationOf(await end(ids))));
          return () => undo(undone);
        },
      },
      {
        path: 'undo of an edit',
        door: UNDO,
        does: { changes: 1 },
        prepare: async () => {
          const { ids } = await enrolled(few());
          const edited = operationOf(await edit(ids[0] ?? ''));
          return () => undo(edited);
        },
      },
      {
        path: 'undo of enrolling again: the first is back',
        door: UNDO,
        does: { enrolls: 1 },
        prepare: async () => {
          const { ids } = await enrolled(few());
          const again = operationOf(await post(`/enrollment/${ids[0]}/reenroll`, { json: unlimited }));
          return () => undo(again);
        },
      },
      {
        path: 'undo of an import that enrolled some and changed others',
        door: UNDO,
        does: { ends: MANY - FEW, changes: FEW },
        prepare: async () => {
          const { course } = await enrolled(few());
          const answer = await importing(csvOf(course, people, '2031-01-01'), '?existing=change');
          return () => undo(operationOf(answer));
        },
      },
      {
        path: 'undo of enrolling, some were edited since: they stay',
        door: UNDO,
        does: { ends: FEW - 1 },
        prepare: async () => {
          const { operation, ids } = await enrolled(few());
          await edit(ids[0] ?? '');
          return () => undo(operation);
        },
      },
      {
        path: 'undo, only looked ahead',
        door: UNDO,
        does: {},
        prepare: async () => {
          const { operation } = await enrolled(people);
          return () => post(`${operation}/undo?preview=true`);
        },
      },
      {
        path: 'undo of what is undone already',
        door: UNDO,
        does: {},
        prepare: async () => {
          const { operation } = await enrolled(few());
          await undo(operation);
          return () => undo(operation, 409);
        },
      },
    ];

    for (const { path: title, door, does, prepare } of [...enrolling, ...changing, ...ending, ...undoing]) {
      DOORS.add(door);
      test(title, async () => {
        const work = await prepare();
        const { told, done } = await effectsOf({ db: world.db, ...world.account }, async () => {
          await work();
        });
        assert.deepEqual(counts(done), { ...NOTHING, ...does });
        assert.deepEqual(told, done);
      });
    }

    test('cancelling a job: whoever it had enrolled is told to have been, and to be no more', async () => {
      const courses: string[] = [];
      for (let n = 0; n < 30; n++) courses.push(await addCourse(world));
      const { told, done } = await effectsOf({ db: world.db, ...world.account }, async () => {
        const json = { courseIds: courses, learnerIds: people, ...unlimited };
        const answer = await post('/enrollment', { json, headers: { prefer: 'respond-async' } }, 202);
        await until(operationOf(answer), (_state, pairs) => pairs > 0);
        await post(`${operationOf(answer)}/cancel`);
      });
      assert.deepEqual(counts(done), NOTHING);
      assert.ok(counts(told).enrolls > 0);
      assert.deepEqual(told.LEARNERS_UNENROLLED, told.LEARNERS_ENROLLED_IN_COURSE);
      assert.equal(counts(told).changes, 0);
    });

    test('these were operations of every kind', async () => {
      const { rows } = await world.db.read((tx) =>
        sql<{ kind: string }>`select distinct kind from operation order by kind`.execute(tx),
      );
      assert.deepEqual(
        rows.map(({ kind }) => kind),
        [...KINDS].sort(),
      );
    });
  });

if (ENGINES.includes('postgresql'))
  test('what is told of the commands', async () => {
    const place = await placeOf('postgresql');
    const who = ['--account', 'https://loaded.example', '--login', 'owner', '--json', ...place.args];
    const db = await openDatabase(place.where);
    const walk = async (does: Does, work: () => Promise<void>): Promise<void> => {
      const { told, done } = await effectsOf({ db, accountId }, work);
      assert.deepEqual(counts(done), { ...NOTHING, ...does });
      assert.deepEqual(told, done);
    };
    const command = async (...args: string[]): Promise<{ operationId: string }> => {
      const { code, out, err } = await run([...args, ...who]);
      assert.equal(code, 0, err);
      return JSON.parse(out) as { operationId: string };
    };
    let accountId = 0;
    try {
      await loaded(place, 5, 3);
      const list = async (column: string, table: string): Promise<string[]> => {
        const { rows } = await db.read((tx) =>
          sql<{ id: string }>`select ${sql.ref(column)} as id from ${sql.table(table)}
            where account_id = ${accountId} order by 1`.execute(tx),
        );
        return rows.map(({ id }) => id);
      };
      const { rows } = await db.read((tx) =>
        sql<{ account_id: number }>`select account_id from account`.execute(tx),
      );
      accountId = rows[0]?.account_id ?? 0;
      const learners = (await list('user_id', 'users')).slice(1);
      const [course = '', other = ''] = await list('item_id', 'content_item');
      let operationId = '';
      await walk({ enrolls: 5 }, async () => {
        const words = learners.flatMap((id) => ['--learner', id]);
        ({ operationId } = await command('enroll', ...words, '--course', course));
      });
      await walk({ ends: 5 }, async () => void (await command('undo', operationId)));
      const file = path.join(temporaryFolder(), 'rows.csv');
      writeFileSync(file, ['userId,courseId', ...learners.map((id) => `${id},${other}`)].join('\n'));
      await walk({ enrolls: 5 }, async () => void (await command('import', file)));
      await walk({ enrolls: 6 }, async () => {
        const sizes = ['--learners', '3', '--courses', '2', '--enrollments', '6'];
        const loading = ['demo', 'load', '--account', 'https://loaded.example', ...sizes, ...place.args];
        assert.equal((await run(loading)).code, 0);
      });
    } finally {
      await db.close();
      await place.remove();
    }
  });

const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file: `src/${file}`, text: readFileSync(path.join('src', file), 'utf8') }));

/** What of Enrollments writes no enrollment. */
const READING = new Set(['constructor', 'plan', 'pending', 'resume', 'stop']);

test('every call in the source that leads to a written enrollment is walked above', () => {
  const writing = Object.getOwnPropertyNames(Enrollments.prototype).filter((name) => !READING.has(name));
  const call = new RegExp(`\\benrollments\\.(${writing.join('|')})\\(|(?<!function )\\bimportFile\\(`, 'g');
  const doors = SOURCES.flatMap(({ file, text }) =>
    [...text.matchAll(call)].map(([, method = 'importFile']) => `${file} ${method}`),
  );
  assert.deepEqual(
    [...new Set(doors)].sort(),
    [...DOORS, ...INNER].sort(),
    'a new path needs a row; a row needs its path',
  );
});

test('nothing but the core writes enrollments', () => {
  const writes = /(insert into|update|delete from) enrollment(_past)?\b/;
  const writers = SOURCES.filter(({ text }) => writes.test(text)).map(({ file }) => path.dirname(file));
  assert.deepEqual([...new Set(writers)], ['src/enrollment']);
});
