import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { createAccount } from '../../src/people/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { placeOf } from '../support/place.ts';
import { run } from '../support/process.ts';

/** `rollbook mail off` and `on`, as an operator runs them. */

for (const engine of ENGINES)
  test(`an account's mail is switched off and on (${engine})`, async () => {
    const place = await placeOf(engine);
    const inDatabase = async <T>(work: (db: Database) => Promise<T>): Promise<T> => {
      const db = await openDatabase(place.where);
      try {
        return await work(db);
      } finally {
        await db.close();
      }
    };
    await inDatabase((db) =>
      createAccount(db, {
        name: 'Academy',
        url: 'https://academy.example',
        ownerLogin: 'owner',
        ownerEmail: 'owner@academy.example',
        ownerPassword: 'a plain password',
        plan: 'business',
        now: new Date(),
      }),
    );
    const mail = (word: string, account: string) =>
      run(['mail', word, '--account', account, '--json', ...place.args]);
    const settings = () => inDatabase((db) => db.writeOnce(sql`select is_enabled from mail_settings`));
    const off = await mail('off', 'https://academy.example/');
    assert.equal(off.code, 0, off.err);
    assert.deepEqual(JSON.parse(off.out), { accountUrl: 'https://academy.example', isEnabled: false });
    assert.deepEqual(await settings(), [{ is_enabled: false }]);
    const nobody = await mail('on', 'https://nobody.example');
    assert.equal(nobody.code, 1);
    assert.match(nobody.err, /account: there is no account with the address https:\/\/nobody\.example/);
    assert.deepEqual(await settings(), [{ is_enabled: false }]);
    assert.equal((await mail('on', 'https://academy.example')).code, 0);
    assert.deepEqual(await settings(), [{ is_enabled: true }]);
    await place.remove();
  });
