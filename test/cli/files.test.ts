import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ENGINES, temporaryFolder } from '../support/database.ts';
import { loaded, type Place, placeOf } from '../support/place.ts';
import { killAll, run, serve } from '../support/process.ts';

/** `rollbook import` and `rollbook export`, as an operator runs them. */

const WHO = ['--account', 'https://loaded.example', '--login', 'owner'];
const ROWS = 60;

for (const engine of ENGINES)
  describe(`files on the command line (${engine})`, () => {
    let place: Place;
    const folder = temporaryFolder();
    const at = (name: string): string => path.join(folder, name);
    before(async () => {
      place = await placeOf(engine);
      await loaded(place, 20, 3, { enrollments: ROWS });
    });
    after(async () => {
      killAll();
      await place.remove();
    });

    const ask = (command: string, ...args: string[]) => run([command, ...args, ...WHO, ...place.args]);
    const summaryOf = (out: string): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>;

    test('what is exported is imported again unchanged, and ends with 0', async () => {
      const exported = await ask('export', at('all.csv'), '--delimiter', 'semicolon', '--json');
      assert.deepEqual([exported.code, exported.err], [0, '']);
      assert.deepEqual(summaryOf(exported.out), { file: at('all.csv'), rows: ROWS });
      assert.equal(existsSync(at('all.csv.part')), false);
      assert.equal(readFileSync(at('all.csv'), 'utf8').split('\r\n').length, ROWS + 2);
      const imported = await ask('import', at('all.csv'), '--json', '--errors', at('none.csv'));
      assert.deepEqual([imported.code, imported.err], [0, '']);
      const { operationId, ...summary } = summaryOf(imported.out);
      assert.match(String(operationId), /^[0-9a-f-]{36}$/);
      assert.deepEqual(summary, {
        encoding: 'utf-8',
        created: 0,
        changed: 0,
        unchanged: ROWS,
        refused: 0,
        refusedRows: [],
      });
      assert.equal(existsSync(at('none.csv')), false);
    });

    test('rows that are refused end with 4, and stand in the file of errors; a dry run writes nothing', async () => {
      const [header, first] = readFileSync(at('all.csv'), 'utf8').split('\r\n');
      writeFileSync(
        at('some.csv'),
        `${header}\r\n${first}\r\n${first?.replace(/^[^;]+;[^;]+/, ';nobody')}\r\n`,
      );
      const imported = await ask('import', at('some.csv'), '--dry-run', '--errors', at('errors.csv'));
      assert.equal(imported.code, 4, imported.err);
      assert.match(imported.out, /^encoding: utf-8\ncreated: 0\nchanged: 0\nunchanged: 1\nrefused: 1\n$/);
      assert.equal(imported.err, 'row 3: learner_unknown\n');
      const errors = readFileSync(at('errors.csv'), 'utf8').split('\r\n');
      assert.equal(errors.length, 3);
      assert.match(errors[1] ?? '', /^;nobody;.*;3;learner_unknown;/);
    });

    test('what cannot be done at all ends with 1, what is not understood with 2', async () => {
      writeFileSync(at('unclear.csv'), 'Kennung,Kurs\na,b\n');
      const unclear = await ask('import', at('unclear.csv'));
      assert.equal(unclear.code, 1);
      assert.match(unclear.err, /^rollbook: The header is unclear.*map\[login\]=…/);
      const named = await ask('import', at('unclear.csv'), '--map', 'map[login]=Kennung&map[course]=Kurs');
      assert.equal(named.code, 4, named.err);
      for (const [args, message] of [
        [['import'], /FILE is required/],
        [['import', 'a', 'b'], /Unexpected argument b/],
        [['import', at('missing.csv')], /missing\.csv cannot be read/],
        [
          ['import', at('all.csv'), '--existing', 'drop'],
          /--existing: must be one of keep, change, got drop/,
        ],
        [['import', at('all.csv'), '--map', 'who=x'], /--map: who is none of learner, /],
        [['export', at('x.csv'), '--learners', 'ann'], /--learners: ann is not an id/],
      ] as const) {
        const [command, ...rest] = args;
        const refused = await ask(command, ...rest);
        assert.equal(refused.code, 2, refused.err);
        assert.match(refused.err, message);
      }
    });

    if (engine === 'embedded')
      test('a folder that a server holds ends with 3', async () => {
        const server = await serve(place.args);
        assert.equal((await ask('import', at('all.csv'))).code, 3);
        assert.equal(await server.end('SIGTERM'), 0);
      });
  });
