import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { ENGINES, temporaryFolder } from '../support/database.ts';
import { loaded, type Place, placeOf } from '../support/place.ts';
import { killAll, run, runUnread, serve } from '../support/process.ts';
import { call, requestToken } from '../support/server.ts';

/** `rollbook enroll`, `operations`, `undo` and `cancel`, as an operator runs them. */

const WHO = ['--account', 'https://loaded.example', '--login', 'owner'];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LEARNERS = 20;

interface Person {
  readonly id: string;
  readonly login: string;
  readonly email: string;
}

interface Item {
  readonly id: string;
  readonly code: string;
}

interface Told {
  readonly operationId: string;
  readonly [member: string]: unknown;
}

for (const engine of ENGINES)
  describe(`enrolling on the command line (${engine})`, () => {
    let place: Place;
    let client: { clientId: string; clientSecret: string };
    let people: Person[];
    let items: Item[];
    const folder = temporaryFolder();
    const at = (name: string): string => path.join(folder, name);

    async function withDatabase<T>(work: (db: Database) => Promise<T>): Promise<T> {
      const db = await openDatabase(place.where);
      try {
        return await work(db);
      } finally {
        await db.close();
      }
    }
    const inDatabase = <T>(query: ReturnType<typeof sql<T>>): Promise<T[]> =>
      withDatabase((db) => db.writeOnce(query));

    before(async () => {
      place = await placeOf(engine);
      client = await loaded(place, LEARNERS, 4);
      await withDatabase(async (db) => {
        await db.writeOnce(sql`update content_item set code = 'C-' || title where code is null`);
        people = await db.writeOnce(sql<Person>`
          select user_id as id, login, email from users where login <> 'owner' order by user_id`);
        items = await db.writeOnce(sql<Item>`select item_id as id, code from content_item order by item_id`);
      });
    });
    after(async () => {
      killAll();
      await place.remove();
    });

    const ask = (command: string, ...args: string[]) => run([command, ...args, ...WHO, ...place.args]);
    const person = (n: number): Person => people[n] ?? assert.fail(`there is no learner ${n}`);
    const item = (n: number): Item => items[n] ?? assert.fail(`there is no item ${n}`);
    const toldBy = ({ out }: { out: string }): Told => JSON.parse(out) as Told;
    const enrolled = async (): Promise<string[]> =>
      (
        await inDatabase(sql<{ pair: string }>`
          select concat_ws(' ', learner_id, item_id, access_at, due_at, due_rule, lock_after_due) as pair
          from enrollment order by 1`)
      ).map(({ pair }) => pair);

    test('names are ids, logins, addresses and codes, also line by line in a file; nothing twice', async () => {
      writeFileSync(at('some.txt'), `\uFEFF${person(2).login}\r\n\r\n  ${person(0).id.toUpperCase()}\n`);
      const done = await ask(
        'enroll',
        ...[
          '--learner',
          person(0).id,
          '--learner',
          person(1).email.toUpperCase(),
          '--learner',
          `@${at('some.txt')}`,
        ],
        ...['--course', item(0).code, '--course', item(1).id, '--json'],
      );
      assert.deepEqual([done.code, done.err], [0, '']);
      const { operationId, ...rest } = toldBy(done);
      assert.match(operationId, UUID);
      assert.deepEqual(rest, {
        created: 6,
        changed: 0,
        unchanged: 0,
        refused: 0,
        unknownNames: [],
        refusedPairs: [],
      });
      const again = await ask('enroll', '--learner', person(1).login, '--course', item(0).code);
      assert.equal(again.code, 0, again.err);
      assert.match(
        again.out,
        /^operationId: [0-9a-f-]{36}\ncreated: 0\nchanged: 0\nunchanged: 1\nrefused: 0\n$/,
      );
    });

    test('an undo is foreseen and done, and is an operation like the others', async () => {
      const before = await enrolled();
      assert.equal(before.length, 6);
      const done = toldBy(
        await ask(
          'enroll',
          '--learner',
          person(6).id,
          '--learner',
          person(7).id,
          '--course',
          item(0).id,
          '--json',
        ),
      );
      const foreseen = await ask('undo', done.operationId, '--preview');
      assert.deepEqual([foreseen.code, foreseen.err], [0, '']);
      assert.equal(foreseen.out, `causeId: ${done.operationId}\nchanged: 2\nunchanged: 0\nrefused: 0\n`);

      const undone = await ask('undo', done.operationId, '--json');
      assert.equal(undone.code, 0, undone.err);
      const { operationId, ...told } = toldBy(undone);
      const one = toldBy(await ask('operations', operationId, '--json'));
      assert.deepEqual([one['kind'], one['causeId'], one['state']], ['undo', done.operationId, 'done']);
      assert.deepEqual(told, {
        causeId: done.operationId,
        changed: 2,
        unchanged: 0,
        refused: 0,
        keptPairs: [],
      });
      assert.deepEqual(await enrolled(), before);
    });

    if (engine === 'embedded') {
      test('a folder that a server holds ends with 3', async () => {
        const server = await serve(place.args);
        const [refused, told] = await Promise.all([
          ask('enroll', '--learner', person(0).id, '--course', item(0).id),
          ask('operations', '--json'),
        ]);
        assert.deepEqual([refused.code, told.code], [3, 3], refused.err);
        assert.equal(await server.end('SIGTERM'), 0);
      });
      // A start of this engine takes seconds: what follows is the same code on both.
      return;
    }

    test('dates and lock are as the flags say', async () => {
      const enroll = (n: number, ...args: string[]) =>
        ask('enroll', '--learner', person(n).id, '--course', item(2).id, '--json', ...args);
      const access = ['--access-date', '2031-02-03'];
      const dated = await enroll(0, ...access, '--due-date', '2031-03-04', '--lock-after-due-date');
      const timed = await enroll(1, '--access-date', '2031-02-03T04:05:06Z', '--due-period', '24');
      for (const { code, err } of [dated, timed]) assert.equal(code, 0, err);
      const rows = await inDatabase(sql<{ access_at: Date; due_at: Date; lock_after_due: boolean }>`
        select access_at, due_at, lock_after_due from enrollment where item_id = ${item(2).id} order by learner_id`);
      assert.deepEqual(
        rows.map((row) => [row.access_at.toISOString(), row.due_at.toISOString(), row.lock_after_due]),
        [
          ['2031-02-03T00:00:00.000Z', '2031-03-04T23:59:59.999Z', true],
          ['2031-02-03T04:05:06.000Z', '2031-02-04T04:05:06.000Z', false],
        ],
      );
    });

    test('all or nothing ends with 1 and says which names it does not know; lenient does the rest and ends with 4', async () => {
      await inDatabase(sql`update users set status = 3 where user_id = ${person(5).id}`);
      const before = await enrolled();
      const some = ['--learner', person(4).login, '--learner', person(5).id];
      const strict = await ask('enroll', ...some, '--course', item(3).code);
      assert.deepEqual([strict.code, strict.out], [1, '']);
      assert.match(
        strict.err,
        new RegExp(`^rollbook: Wrong parameters: learnerIds ${person(5).id} are inactive`),
      );
      const unknown = await ask(
        'enroll',
        '--learner',
        'nobody',
        '--learner',
        person(4).id,
        '--course',
        'C-none',
      );
      assert.deepEqual(
        [unknown.code, unknown.err],
        [1, 'rollbook: Wrong parameters: unknown learnerIds nobody.\n'],
      );
      assert.deepEqual(await enrolled(), before);

      const lenient = await ask(
        'enroll',
        ...some,
        '--learner',
        'nobody',
        '--course',
        item(3).code,
        '--lenient',
        '--json',
      );
      assert.equal(lenient.code, 4, lenient.err);
      const { operationId, ...told } = toldBy(lenient);
      const refused = {
        learnerId: person(5).id,
        courseId: item(3).id,
        outcome: 'refused',
        reason: 'learner_inactive',
      };
      assert.deepEqual(told, {
        created: 1,
        changed: 0,
        unchanged: 0,
        refused: 1,
        unknownNames: [{ learner: 'nobody', reason: 'learner_unknown' }],
        refusedPairs: [refused],
      });
      const only = await ask('operations', operationId, '--outcome', 'refused', '--json');
      assert.equal(only.code, 0, only.err);
      const one = JSON.parse(only.out) as { operationId: string; outcomes: unknown[] };
      assert.deepEqual([one.operationId, one.outcomes], [operationId, [refused]]);
      assert.equal((await ask('operations', operationId, '--follow')).code, 4);
    });

    test('operations are listed, the last ones in order, and told one by one', async () => {
      const list = await ask('operations', '--kind', 'enroll', '--state', 'done', '--json');
      const { operations } = JSON.parse(list.out) as { operations: Told[] };
      assert.deepEqual(
        operations.map(({ kind, state, source }) => [kind, state, source]),
        operations.map(() => ['enroll', 'done', 'cli']),
      );
      assert.ok(operations.length >= 4);
      const times = operations.map(({ createdAt }) => String(createdAt));
      assert.deepEqual(times, [...times].sort());
      const last = operations.at(-1) ?? assert.fail();
      const limited = await ask('operations', '--limit', '1', '--kind', 'enroll', '--state', 'done');
      const line = new RegExp(
        `^${String(last['createdAt']).replaceAll('+', '\\+')}  ${last.operationId}  enroll +done +\\d`,
      );
      assert.match(limited.out, line);
      assert.equal(limited.out.split('\n').length, 2);

      const one = await ask('operations', last.operationId, '--follow', '--json');
      assert.deepEqual(toldBy(one), last);
      const shown = await ask('operations', last.operationId);
      assert.match(shown.out, new RegExp(`^operationId: ${last.operationId}\nkind: enroll\nstate: done\n`));
      assert.doesNotMatch(shown.out, /undefined|object/);
      const outcomes = (await ask('operations', last.operationId, '--outcomes')).out.split('\r\n');
      assert.equal(outcomes[0], 'learnerId,courseId,outcome,reason,enrollmentId');
      assert.match(outcomes[1] ?? '', /^[0-9a-f-]{36},[0-9a-f-]{36},created,,[0-9a-f-]{36}$/);
    });

    test('what a later operation relies on is kept by an undo, which ends with 4', async () => {
      const pair = ['--learner', person(6).id, '--course', item(0).id];
      const done = toldBy(await ask('enroll', ...pair, '--learner', person(7).id, '--json'));
      assert.equal((await ask('enroll', ...pair)).code, 0);
      const kept = await ask('undo', done.operationId);
      assert.equal(kept.code, 4);
      assert.match(kept.out, /^operationId: .*\ncauseId: .*\nchanged: 1\nunchanged: 1\nrefused: 0\n$/);
      assert.equal(
        kept.err,
        `learner ${person(6).id}, content item ${item(0).id}: unchanged, confirmed_since\n`,
      );
      const twice = await ask('undo', done.operationId);
      assert.deepEqual([twice.code, twice.err], [1, `rollbook: Operation ${done.operationId} is undone.\n`]);
    });

    test('an answer that is not read to its end is no fault', async () => {
      const pair = ['--learner', person(12).id, '--course', item(0).id];
      const id = toldBy(await ask('enroll', ...pair, '--json')).operationId;
      for (const args of [[], [id], [id, '--outcomes'], [id, '--outcomes', '--json']])
        assert.deepEqual(await runUnread(['operations', ...args, ...WHO, ...place.args]), {
          code: 0,
          err: '',
        });
    });

    test('an operation that waits for its turn is cancelled; one that is over is not', async () => {
      const server = await serve(place.args);
      const token = await requestToken(server.url, client.clientId, client.clientSecret);
      const before = await enrolled();
      const accepted = async (n: number): Promise<string> => {
        const json = { learnerIds: [person(n).id], courseIds: [item(1).id], dueDateType: 'unlimited' };
        const headers = { prefer: 'respond-async' };
        const answer = await call({ url: server.url, token }, 'POST', '/enrollment', { json, headers });
        assert.equal(answer.status, 202, answer.text);
        return answer.headers.get('location')?.split('/').at(-1) ?? assert.fail();
      };
      let [first, second] = ['', ''];
      let cancelling: ReturnType<typeof ask> | undefined;
      await withDatabase((db) =>
        db.write(async (tx) => {
          // Nobody writes an enrollment, so that the first does not end and the second does not begin.
          await sql`lock table enrollment in share mode`.execute(tx);
          [first, second] = [await accepted(10), await accepted(11)];
          cancelling = ask('cancel', second, '--json');
          const isCancelled = sql`select from operation where operation_id = ${second} and state = 'cancelled'`;
          for (const giveUp = Date.now() + 20_000; (await isCancelled.execute(tx)).rows.length === 0; )
            assert.ok(Date.now() < giveUp, 'it was not cancelled');
        }),
      );
      const cancelled = (await cancelling) ?? assert.fail();
      assert.equal(cancelled.code, 0, cancelled.err);
      const { operationId, ...told } = toldBy(cancelled);
      assert.deepEqual(told, { causeId: second, changed: 0, unchanged: 0, refused: 0, keptPairs: [] });
      const undo = toldBy(await ask('operations', operationId, '--json'));
      assert.deepEqual([undo['kind'], undo['state'], undo['causeId']], ['undo', 'done', second]);
      assert.equal((await ask('operations', first, '--follow')).code, 0);
      assert.equal((await ask('operations', second, '--follow')).code, 1);
      assert.equal((await enrolled()).length, before.length + 1);
      for (const [id, state] of [
        [first, 'done'],
        [second, 'cancelled'],
      ] as const) {
        const refused = await ask('cancel', id);
        assert.deepEqual([refused.code, refused.err], [1, `rollbook: Operation ${id} is ${state}.\n`]);
      }
      await server.end('SIGTERM');
    });

    test('a user does what they may: who manages nothing enrolls nobody and sees no operation of others', async () => {
      const as = (...args: string[]) =>
        run([...args, '--account', 'https://loaded.example', '--login', person(8).login, ...place.args]);
      const enrolling = await as('enroll', '--learner', person(8).id, '--course', item(0).id);
      assert.deepEqual([enrolling.code, enrolling.err], [1, 'rollbook: Permission denied.\n']);
      assert.deepEqual(JSON.parse((await as('operations', '--json')).out), { operations: [] });
      const { operations } = JSON.parse((await ask('operations', '--json')).out) as { operations: Told[] };
      const foreign = await as('operations', operations[0]?.operationId ?? '');
      assert.equal(foreign.code, 1);
      assert.match(foreign.err, /^rollbook: Operation not found/);
    });
  });

test('what is not understood ends with 2 and names the flag; help has examples', async () => {
  const [who, what] = [
    ['--learner', 'ann'],
    ['--course', 'C'],
  ];
  for (const [args, message] of [
    [['enroll', ...what], /--learner is required/],
    [['enroll', ...who], /--course is required/],
    [['enroll', ...what, '--learner', '-', '--learner', '-'], /Standard input can be read once/],
    [['enroll', ...what, '--learner', '@/nowhere/at/all'], /--learner: @\/nowhere\/at\/all cannot be read/],
    [['enroll', ...who, ...what, '--due-date', 'soon'], /--due-date: must be a date as .*, got soon/],
    [['enroll', ...who, ...what, '--due-period', '0'], /--due-period is required .* at least 1/],
    [['enroll', ...who, ...what, '--due-date-type', 'never'], /--due-date-type: must be one of/],
    [
      ['enroll', ...who, ...what, '--due-date-type', 'unlimited', '--due-date', '2031-01-01'],
      /--due-date goes with --due-date-type due_date/,
    ],
    [['operations', 'last'], /ID: last is not an id/],
    [['operations', '--follow'], /--follow goes with the ID of an operation/],
    [
      ['operations', '0198c0de-0000-7000-8000-000000000000', '--state', 'done'],
      /--state goes without the ID of an operation/,
    ],
    [['operations', '--state', 'open'], /--state: must be one of accepted/],
    [['undo'], /ID is required/],
    [['cancel', 'it'], /ID: it is not an id/],
  ] as const) {
    const [command = '', ...rest] = args;
    const refused = await run([command, ...rest, ...WHO]);
    assert.equal(refused.code, 2, refused.err);
    assert.match(refused.err, message);
  }
  for (const command of ['enroll', 'operations', 'undo', 'cancel']) {
    const help = await run([command, '--help']);
    assert.equal(help.code, 0);
    assert.match(
      help.out,
      new RegExp(`^rollbook ${command} .*--account URL --login L[^]*\nExamples:\n  rollbook `),
    );
  }
});
