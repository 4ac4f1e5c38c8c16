import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES, type Engine } from '../support/database.ts';
import { hangUp } from '../support/hang-up.ts';
import { addCourse, addDepartment, addTraining, addUser, everything } from '../support/people.ts';
import { type Answer, type CallOptions, call, startWorld, type World } from '../support/server.ts';

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const NOW = new Date('2026-03-02T09:30:00Z');

interface Imported {
  readonly operationId?: string;
  readonly encoding: string;
  readonly delimiter: string;
  readonly columns: readonly { name: string; member?: string }[];
  readonly summary: Readonly<Record<'created' | 'changed' | 'unchanged' | 'refused', number>>;
  readonly rows: readonly {
    row: number;
    outcome: string;
    reason?: string;
    detail?: string;
    learnerId?: string;
    courseId?: string;
    enrollmentId?: string;
  }[];
}

/** A world with a few learners and courses; chunks of a few rows, so that a file has several. */
async function startSchool(engine: Engine) {
  const world = await startWorld(engine, { now: NOW, limits: { chunkPairs: 4 } });
  const sales = await addDepartment(world, 'Sales');
  const ids = {
    sales,
    ann: await addUser(world, { departmentId: sales, login: 'ann' }),
    ben: await addUser(world, { departmentId: sales, login: 'Ben' }),
    eve: await addUser(world, { login: 'eve' }),
    idle: await addUser(world, { login: 'idle', status: 3 }),
    course: await addCourse(world, 'Course', { code: 'SAFE-1' }),
    period: await addCourse(world, 'Course', {
      code: 'PERIOD',
      defaultDueDateType: 'due_period',
      defaultDuePeriod: 48,
      defaultLockAfterDueDate: true,
    }),
    retired: await addCourse(world, 'Course', { code: 'OLD' }),
    training: await addTraining(world),
  };
  assert.equal((await call(world, 'DELETE', `/content/${ids.retired}`)).status, 204);
  return { world, ids };
}

for (const engine of ENGINES)
  describe(`importing a file (${engine})`, () => {
    let world: World;
    let ids: Awaited<ReturnType<typeof startSchool>>['ids'];
    before(async () => {
      ({ world, ids } = await startSchool(engine));
    });
    after(() => world.close());

    const send = (
      csv: NonNullable<CallOptions['csv']>,
      query = '',
      options: CallOptions = {},
    ): Promise<Answer> => call(world, 'POST', `/enrollment/import${query}`, { csv, ...options });

    async function imported(
      csv: NonNullable<CallOptions['csv']>,
      query = '',
      options: CallOptions = {},
    ): Promise<Imported> {
      const answer = await send(csv, query, options);
      assert.equal(answer.status, 200, answer.text);
      const report = answer.json as Imported;
      assert.equal(
        answer.headers.get('location'),
        report.operationId ? `/operations/${report.operationId}` : null,
      );
      return report;
    }

    /** `row outcome reason`, for each row. */
    const told = ({ rows }: Imported): string[] =>
      rows.map(({ row, outcome, reason }) => [row, outcome, ...(reason ? [reason] : [])].join(' '));

    const enrollmentsOf = async (login: string): Promise<Record<string, unknown>[]> =>
      (await call(world, 'GET', `/enrollment?learnerIds[]=${login}`)).json as Record<string, unknown>[];

    /** Nothing but what the caller's token and time leave behind. */
    const state = () =>
      everything(world.db, [
        'access_token',
        'idempotency_key',
        'import_file',
        // Sealed a moment after they were written.
        'operation_chunk',
        'seal',
      ]);

    async function ended(): Promise<void> {
      const all = (await call(world, 'GET', '/enrollment')).json as { enrollmentId: string }[];
      if (all.length === 0) return;
      const json = { enrollmentIds: all.map(({ enrollmentId }) => enrollmentId) };
      assert.equal((await call(world, 'POST', '/enrollment/delete', { json })).status, 204);
    }

    test('learners are named by id, login or e-mail, courses by id or code; each row has dates of its own', async () => {
      const report = await imported(
        [
          'E-Mail;Login;learnerId;course;Access date;Due date;duePeriod;lock',
          'ANN@academy.example;;;SAFE-1;2026-03-05;2026-04-01;;yes',
          `;ben;;${ids.course};;;24;`,
          `;;${ids.eve};PERIOD;2026-03-10 08:00:00;;;`,
          `eve@academy.example;EVE;${ids.eve};SAFE-1;;;;`,
        ].join('\r\n'),
      );
      assert.deepEqual(told(report), ['2 created', '3 created', '4 created', '5 created']);
      assert.deepEqual(report.summary, { created: 4, changed: 0, unchanged: 0, refused: 0 });
      assert.equal(report.delimiter, 'semicolon');
      assert.deepEqual(report.columns[4], { name: 'Access date', member: 'accessDate' });
      const [ann] = await enrollmentsOf(ids.ann);
      assert.deepEqual(
        [ann?.['accessDate'], ann?.['dueDate'], ann?.['expirationDate'], ann?.['enrollmentId']],
        ['2026-03-05', '2026-04-01', '2026-04-01', report.rows[0]?.enrollmentId],
      );
      const [ben] = await enrollmentsOf(ids.ben);
      assert.deepEqual([ben?.['accessDate'], ben?.['dueDate']], ['2026-03-02', '2026-03-03']);
      const eve = (await enrollmentsOf(ids.eve)).find(({ courseId }) => courseId === ids.period);
      assert.deepEqual(
        [eve?.['accessDate'], eve?.['dueDate'], eve?.['shouldLockAfterDueDate']],
        ['2026-03-10', '2026-03-12', true],
        'the default of the course',
      );
      const operation = await call(world, 'GET', `/operations/${report.operationId}`);
      assert.deepEqual(
        { kind: 'import', state: 'done', ...report.summary },
        {
          kind: (operation.json as { kind: string }).kind,
          state: (operation.json as { state: string }).state,
          ...(operation.json as { summary: object }).summary,
        },
      );
    });

    test('who is enrolled stays as they are, or is changed where the caller wants it; a cell left empty says nothing', async () => {
      await ended();
      const rows = ['login,course,dueDate', 'ann,SAFE-1,2026-05-01', 'ben,SAFE-1,', 'eve,SAFE-1,'];
      const first = await imported(rows.join('\n'));
      const other = ['login,course,dueDate', 'ann,SAFE-1,2026-06-01', 'ben,SAFE-1,2026-07-01', 'eve,SAFE-1,'];
      const kept = await imported(other.join('\n'));
      assert.deepEqual(
        told(kept),
        [2, 3, 4].map((row) => `${row} unchanged already_enrolled`),
      );
      assert.equal((await enrollmentsOf(ids.ann))[0]?.['dueDate'], '2026-05-01');
      world.clock.now = new Date(NOW.getTime() + 60_000);
      const changed = await imported(other.join('\n'), '?existing=change');
      assert.deepEqual(told(changed), ['2 changed', '3 changed', '4 unchanged already_enrolled']);
      const [ann] = await enrollmentsOf(ids.ann);
      assert.deepEqual(
        [ann?.['dueDate'], ann?.['accessDate'], ann?.['enrollmentId']],
        ['2026-06-01', '2026-03-02', first.rows[0]?.enrollmentId],
      );
      const again = await imported(other.join('\n'), '?existing=change');
      assert.deepEqual(again.summary, { created: 0, changed: 0, unchanged: 3, refused: 0 });
      world.clock.now = NOW;
    });

    test('rows that cannot be imported are refused one by one, each with its reason, and can be fetched as a file', async () => {
      await ended();
      const rows = [
        'login,course,dueDate,Remark',
        'nobody,SAFE-1,,=1+1',
        'idle,SAFE-1,,',
        'ann,NOPE,,',
        `ann,${ids.training},,`,
        'ann,OLD,,',
        ',SAFE-1,,',
        'ann,,,',
        'ann,SAFE-1,tomorrow,',
        'ann,SAFE-1,2026-01-01,',
        'ann,SAFE-1,,,,too much',
        'ben,SAFE-1,,"kept, as it is"',
        'ben,SAFE-1,,',
        'BEN,SAFE-1,2026-09-01,',
      ];
      const report = await imported(rows.join('\n'));
      assert.deepEqual(told(report), [
        '2 refused learner_unknown',
        '3 refused learner_inactive',
        '4 refused course_unknown',
        '5 refused course_is_training',
        '6 refused course_retired',
        '7 refused learner_missing',
        '8 refused course_missing',
        '9 refused value_invalid',
        '10 refused due_before_access',
        '11 refused row_width',
        '12 created',
        '13 unchanged row_repeated',
        '14 refused row_contradicts',
      ]);
      assert.deepEqual(report.summary, { created: 1, changed: 0, unchanged: 1, refused: 11 });
      assert.match(report.rows[7]?.detail ?? '', /^dueDate: must be a date .* got "tomorrow"$/);
      const only = await imported(rows.join('\n'), '?outcome=unchanged');
      assert.deepEqual(told(only), ['12 unchanged already_enrolled', '13 unchanged row_repeated']);

      const errors = await call(world, 'GET', `/operations/${report.operationId}/errors`);
      assert.equal(errors.status, 200, errors.text);
      const lines = errors.text.split('\r\n');
      assert.equal(lines[0], 'login,course,dueDate,Remark,row,reason,detail');
      assert.match(lines[1] ?? '', /^nobody,SAFE-1,,'=1\+1,2,learner_unknown,The id names no user/);
      assert.equal(lines.length, 1 + 11 + 1);
      // As it is, it is refused for just the same reasons.
      const again = await imported(errors.text);
      const { refused } = again.summary;
      assert.equal(refused, 10, 'the row that was too wide has lost what was too much');
    });

    test('a dry run tells what would become of each row, and changes nothing', async () => {
      await ended();
      await imported('login,course\nann,SAFE-1\n');
      const rows = ['login,course,dueDate', 'ann,SAFE-1,2026-08-01', 'ben,SAFE-1,', 'nobody,SAFE-1,'].join(
        '\n',
      );
      const before = await state();
      const trial = await imported(rows, '?dryRun=true&existing=change');
      assert.equal(trial.operationId, undefined);
      assert.deepEqual(told(trial), ['2 changed', '3 created', '4 refused learner_unknown']);
      assert.equal(await state(), before);
      const real = await imported(rows, '?existing=change');
      assert.deepEqual(real.summary, trial.summary);
      assert.deepEqual(told(real), told(trial));
    });

    test('all or nothing: one row that would be refused refuses the file', async () => {
      const before = await state();
      const answer = await send('login,course\neve,PERIOD\nnobody,SAFE-1\n', '?allOrNothing=true');
      assert.deepEqual([answer.status, answer.code], [422, 'import.refused_rows']);
      assert.match(
        (answer.json as { message: string }).message,
        /^1 rows .* the first is row 3: The id names no user/,
      );
      assert.equal(await state(), before);
    });

    test('a header that is unclear is answered with a proposal, which can be sent; nothing is imported', async () => {
      await ended();
      const csv = 'Kennung,Training\nann,SAFE-1\n';
      const before = await state();
      const answer = await send(csv);
      assert.deepEqual([answer.status, answer.code], [422, 'import.header']);
      assert.match(
        (answer.json as { message: string }).message,
        /no column says which learner.*The columns are "Kennung", "Training".* map\[login\]=…&map\[course\]=Training$/,
      );
      assert.equal(await state(), before);
      const report = await imported(csv, '?map[login]=Kennung&map[course]=Training');
      assert.deepEqual(told(report), ['2 created']);
      assert.deepEqual(report.columns, [
        { name: 'Kennung', member: 'login' },
        { name: 'Training', member: 'course' },
      ]);
    });

    test('two files in one, a header alone, and other kinds of files are refused whole', async () => {
      const before = await state();
      const refusals: [string, number, string][] = [
        ['login,course\neve,SAFE-1\nlogin,course\neve,PERIOD\n', 400, 'import.second_header'],
        ['login,course\n', 400, 'table.no_rows'],
        ['', 400, 'table.empty'],
        ['PK\u0003\u0004', 400, 'table.not_text'],
        ['login,course\n"eve,SAFE-1\n', 400, 'table.malformed'],
      ];
      for (const [csv, status, code] of refusals) {
        const answer = await send(csv);
        assert.deepEqual([answer.status, answer.code], [status, code], answer.text);
      }
      const json = await call(world, 'POST', '/enrollment/import', { json: { a: 1 } });
      assert.deepEqual([json.status, json.code], [415, 'request.unsupported_type']);
      assert.match(json.text, /send text\/csv or .*, or a form with a file/);
      assert.equal(await state(), before);
    });

    test('a form carries the file; its letters are those that the part names', async () => {
      await ended();
      const form = new FormData();
      form.set('note', 'monthly');
      form.set(
        'file',
        new Blob([Buffer.from('login;course;Größe\nann;SAFE-1;1\n', 'latin1')], {
          type: 'text/csv; charset=iso-8859-1',
        }),
        'a.csv',
      );
      const report = await imported(form);
      assert.deepEqual(told(report), ['2 created']);
      assert.deepEqual([report.encoding, report.columns[2]?.name], ['windows-1252', 'Größe']);
      form.append('file', new Blob(['x']), 'b.csv');
      const two = await send(form);
      assert.deepEqual([two.status, two.code], [400, 'request.malformed_form']);
      form.delete('file');
      assert.equal((await send(form)).status, 400);
    });

    test('a file that is cut off in the middle imports nothing', async () => {
      await ended();
      const before = await state();
      const body = `login,course\n${'ann,SAFE-1\n'.repeat(1_000)}`;
      for (const part of [0.1, 0.5, 0.99])
        await hangUp(world, {
          path: '/enrollment/import',
          body,
          headers: { 'content-type': 'text/csv' },
          cut: { part, afterMs: 100 },
        });
      assert.equal(await state(), before);
    });

    test('learners beyond reach, and unknown ones, are refused alike', async () => {
      await ended();
      const manager = await addUser(world, {
        departmentId: ids.sales,
        role: 'department_administrator',
        manages: [ids.sales],
      });
      const token = await world.tokenOf(manager);
      const csv = [
        'learner,course',
        'ann,SAFE-1',
        'eve,SAFE-1',
        'nobody,SAFE-1',
        `${ids.eve},SAFE-1`,
        `${UNKNOWN},SAFE-1`,
      ];
      const report = await imported(csv.join('\n'), '', { token });
      assert.deepEqual(told(report), [
        '2 created',
        ...[3, 4, 5, 6].map((row) => `${row} refused learner_out_of_scope`),
      ]);
      assert.equal(report.rows[1]?.detail, undefined);
      const exported = await call(world, 'GET', '/enrollments/export', { token });
      assert.equal(exported.text.split('\r\n').length, 1 + 1 + 1);
    });

    test('names that differ, or mean several, are refused', async () => {
      // The login of one is the e-mail address of another.
      const twin = await addUser(world, { login: 'ann@academy.example' });
      const coded = await addCourse(world, 'Course', { code: ids.course });
      const report = await imported(
        [
          'learner,login,course',
          'ann@academy.example,,SAFE-1',
          'ann,ben,SAFE-1',
          `eve,eve,${ids.course}`,
          `${twin},ann@academy.example,SAFE-1`,
        ].join('\n'),
      );
      assert.deepEqual(told(report), [
        '2 refused learner_ambiguous',
        '3 refused learner_names_differ',
        '4 refused course_ambiguous',
        '5 created',
      ]);
      assert.equal((await call(world, 'DELETE', `/content/${coded}`)).status, 204);
    });

    test('a retry with the same key imports once and is answered the same, also from what is kept', async () => {
      await ended();
      const csv = 'login,course\nann,SAFE-1\nnobody,SAFE-1\n\nben,SAFE-1\n';
      const headers = { 'idempotency-key': 'import-1' };
      const first = await send(csv, '', { headers });
      const second = await send(csv, '', { headers });
      assert.equal(second.text, first.text);
      assert.deepEqual(told(first.json as Imported), ['2 created', '3 refused learner_unknown', '5 created']);
      const other = await send(`${csv}eve,SAFE-1\n`, '', { headers });
      assert.deepEqual([other.status, other.code], [422, 'retry.other_request']);
    });

    test('a file is kept for 30 days', async () => {
      const { operationId } = await imported('login,course\nnobody,SAFE-1\n');
      const statusAfter = async (days: number): Promise<number> => {
        world.clock.now = new Date(NOW.getTime() + days * 86_400_000);
        const token = await world.tokenOf(world.account.ownerId);
        return (await call(world, 'GET', `/operations/${operationId}/errors`, { token })).status;
      };
      assert.deepEqual([await statusAfter(29), await statusAfter(31)], [200, 404]);
      world.clock.now = NOW;
    });

    test('an operation that is no import has no file', async () => {
      const answer = await call(world, 'POST', '/enrollment', {
        json: { learnerIds: [ids.eve], courseIds: [ids.course], dueDateType: 'unlimited' },
      });
      const errors = await call(world, 'GET', `${answer.headers.get('location')}/errors`);
      assert.deepEqual([errors.status, errors.code], [404, 'import.no_file']);
      const unknown = await call(world, 'GET', `/operations/${UNKNOWN}/errors`);
      assert.deepEqual([unknown.status, unknown.code], [404, 'operation.unknown']);
    });
  });
