import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { seal } from '../../src/operations/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { loaded, placeOf } from '../support/place.ts';
import { run, serve } from '../support/process.ts';

/** `rollbook audit verify` as an operator meets it. */

for (const engine of ENGINES)
  describe(`rollbook audit verify (${engine})`, () => {
    test('0 and the end of the chain; 1 and a line for what was changed; 3 while a server holds the folder', async () => {
      const place = await placeOf(engine);
      await loaded(place, 40, 3, { enrollments: 100 });
      const withDatabase = async (work: (db: Database) => Promise<unknown>): Promise<void> => {
        const db = await openDatabase(place.where);
        await work(db);
        await db.close();
      };
      // What a server does a moment after it wrote.
      await withDatabase((db) => seal(db, 1));
      const verify = (...more: string[]) => run(['audit', 'verify', ...more, ...place.args]);
      const clean = await verify();
      assert.equal(clean.code, 0, clean.out + clean.err);
      assert.match(clean.out, /verified to position \d+, hash [0-9a-f]{64};.*\nNothing was changed\.\n$/);
      await withDatabase((db) =>
        db.write((tx) =>
          sql`update enrollment set access_at = access_at + interval '1 microsecond' where ordinal = 0`.execute(
            tx,
          ),
        ),
      );
      const changed = await verify('--account', 'https://loaded.example');
      assert.equal(changed.code, 1, changed.out + changed.err);
      assert.match(
        changed.out,
        /: position \d+ operation [0-9a-f-]{36}: enrollment [0-9a-f-]{36}: the access date is not what was given\n/,
      );
      const json = await verify('--json');
      assert.equal(json.code, 1);
      const report = JSON.parse(json.out) as { faults: { account: string }[]; accounts: unknown[] };
      assert.ok(report.faults.length > 0 && report.accounts.length === 1, json.out);
      assert.equal((await verify('--account', 'https://nobody.example')).code, 2);
      if (engine === 'embedded') {
        const server = await serve(place.args);
        assert.equal((await verify()).code, 3);
        await server.end('SIGTERM');
      }
      await place.remove();
    });
  });
