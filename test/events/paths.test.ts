import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { actAs } from '../../src/access/index.ts';
import { Enrollments } from '../../src/enrollment/index.ts';
import { KINDS } from '../../src/operations/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES, temporaryFolder } from '../support/database.ts';
import { addUser } from '../support/people.ts';
import { loaded, placeOf } from '../support/place.ts';
import { run } from '../support/process.ts';
import { startWorld } from '../support/server.ts';
import { type Effects, effectsOf } from './effects.ts';
import { type Does, LIMITS, MANY, pathsIn, type School } from './paths.ts';

/**
 * Every path that creates, changes or ends an enrollment, walked: what is told of it is what it did, learner by learner,
 * whichever path it was. A path without a row in the table (paths.ts) fails the last test.
 */

const counts = (effects: Effects): Required<Does> => ({
  enrolls: effects.LEARNERS_ENROLLED_IN_COURSE.length,
  changes: effects.ENROLLMENTS_CHANGED.length,
  ends: effects.LEARNERS_UNENROLLED.length,
});
const NOTHING = { enrolls: 0, changes: 0, ends: 0 };

/** Behind others: `importFile` is the door. */
const INNER = ['src/transfer/import.ts writeRows'];
const COMMANDS = {
  load: 'src/cli/demo-load.ts enroll',
  enroll: 'src/cli/enroll.ts enroll',
  import: 'src/cli/transfer.ts importFile',
  undo: 'src/cli/undo.ts undo',
  cancel: 'src/cli/undo.ts cancel',
};

const DOORS = new Set<string>(Object.values(COMMANDS));

for (const engine of ENGINES)
  describe(`what is told of every path (${engine})`, () => {
    const school = { people: [] as string[] } as unknown as School;
    before(async () => {
      school.world = await startWorld(engine, { limits: LIMITS });
      for (let n = 0; n < MANY; n++) school.people.push(await addUser(school.world));
    });
    after(() => school.world.close());

    for (const { path: title, door, does, isTakenBack, prepare } of pathsIn(school)) {
      DOORS.add(door);
      test(title, async () => {
        const work = await prepare();
        const { world } = school;
        const { told, done } = await effectsOf({ db: world.db, ...world.account }, async () => {
          await work();
        });
        assert.deepEqual(counts(done), { ...NOTHING, ...does });
        if (!isTakenBack) return assert.deepEqual(told, done);
        assert.ok(counts(told).enrolls > 0);
        assert.deepEqual(told.LEARNERS_UNENROLLED, told.LEARNERS_ENROLLED_IN_COURSE);
        assert.equal(counts(told).changes, 0);
      });
    }

    test('these were operations of every kind', async () => {
      const { rows } = await school.world.db.read((tx) =>
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
      // The second waits for its turn while the first cannot write; cancelled, it has done nothing and tells nothing.
      await walk({ enrolls: 1 }, async () => {
        const enrollments = new Enrollments(db, { maxPairs: 100, onWritten: () => undefined });
        const owner = {
          accountId,
          userId: (await list('user_id', 'users'))[0] ?? '',
          source: 'job' as const,
        };
        const terms = { accessAt: null, due: { type: 'unlimited' as const }, lock: null };
        const accept = (learnerId: string | undefined) =>
          actAs(db, { ...owner, now: new Date() }, (ctx) =>
            enrollments.enroll(
              { ...ctx, preferences: new Map([['respond-async', '']]) },
              { learnerIds: [learnerId ?? ''], courseIds: [other], terms },
            ),
          );
        let cancelling: Promise<unknown> = Promise.resolve();
        await db.write(async (tx) => {
          await sql`lock table enrollment in share mode`.execute(tx);
          await accept(learners[0]);
          const { operationId: second } = await accept(learners[1]);
          cancelling = command('cancel', second);
          const isCancelled = sql`select from operation where operation_id = ${second} and state = 'cancelled'`;
          for (const giveUp = Date.now() + 20_000; (await isCancelled.execute(tx)).rows.length === 0; )
            assert.ok(Date.now() < giveUp, 'it was not cancelled');
        });
        await cancelling;
        while ((await enrollments.pending()) > 0) await new Promise((next) => setTimeout(next, 20));
        await enrollments.stop();
      });
      const file = path.join(temporaryFolder(), 'rows.csv');
      writeFileSync(file, ['userId,courseId', ...learners.map((id) => `${id},${other}`)].join('\n'));
      await walk({ enrolls: 4 }, async () => void (await command('import', file)));
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

test('every call in the source that leads to a written enrollment is walked', () => {
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
