import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { loaded, placeOf } from '../support/place.ts';
import { run } from '../support/process.ts';

/** `rollbook mail off` and `on`, as an operator runs them. */

for (const engine of ENGINES)
  test(`an account's mail is switched off and on (${engine})`, async () => {
    const place = await placeOf(engine);
    await loaded(place, 1, 1);
    const mail = (word: string, account: string) =>
      run(['mail', word, '--account', account, '--json', ...place.args]);
    const isEnabled = async (): Promise<unknown> => {
      const db = await openDatabase(place.where);
      try {
        return (await db.writeOnce(sql`select is_enabled from mail_settings`))[0];
      } finally {
        await db.close();
      }
    };
    const off = await mail('off', 'https://loaded.example/');
    assert.equal(off.code, 0, off.err);
    assert.deepEqual(JSON.parse(off.out), { accountUrl: 'https://loaded.example', isEnabled: false });
    assert.deepEqual(await isEnabled(), { is_enabled: false });
    const nobody = await mail('on', 'https://nobody.example');
    assert.equal(nobody.code, 1);
    assert.match(nobody.err, /account: there is no account with the address https:\/\/nobody\.example/);
    assert.deepEqual(await isEnabled(), { is_enabled: false });
    assert.equal((await mail('on', 'https://loaded.example')).code, 0);
    assert.deepEqual(await isEnabled(), { is_enabled: true });
    await place.remove();
  });
