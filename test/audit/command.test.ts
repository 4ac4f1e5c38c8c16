import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { loaded, placeOf } from '../support/place.ts';
import { run, serve } from '../support/process.ts';
import { ACCOUNT_URL } from '../support/server.ts';

/** `rollbook audit verify` as an operator meets it. */

for (const engine of ENGINES)
  describe(`rollbook audit verify (${engine})`, () => {
    test('0 and the end of the chain; 1 and a line for what was changed; 3 while a server holds the folder', async () => {
      const place = await placeOf(engine);
      await loaded(place, 40, 3, 100);
      const verify = (...more: string[]) => run(['audit', 'verify', ...more, ...place.args]);
      const clean = await verify();
      assert.equal(clean.code, 0, clean.stdout + clean.stderr);
      assert.match(clean.stdout, /verified to position \d+, hash [0-9a-f]{64};.*\nNothing was changed\.\n$/);
      const db = await openDatabase(place.where);
      await db.write((tx) =>
        sql`update enrollment set access_at = access_at + interval '1 microsecond' where ordinal = 0`.execute(tx),
      );
      await db.close();
      const changed = await verify('--account', ACCOUNT_URL);
      assert.equal(changed.code, 1, changed.stdout + changed.stderr);
      assert.match(
        changed.stdout,
        /: position \d+ operation [0-9a-f-]{36}: enrollment [0-9a-f-]{36}: the access date is not what was given\n/,
      );
      const json = await verify('--json');
      assert.equal(json.code, 1);
      const report = JSON.parse(json.stdout) as { faults: { account: string }[]; accounts: unknown[] };
      assert.ok(report.faults.length > 0 && report.accounts.length === 1, json.stdout);
      assert.equal((await verify('--account', 'https://nobody.example')).code, 2);
      if (engine === 'embedded') {
        const server = await serve(place.args);
        assert.equal((await verify()).code, 3);
        await server.end('SIGTERM');
      }
      await place.remove();
    });
  });
