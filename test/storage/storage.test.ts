import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  type Database,
  DataFolderInUse,
  migrate,
  openDatabase,
  openEmbedded,
} from '../../src/storage/index.ts';
import { clusterUrl, ENGINES, freshDatabase, freshFolder, freshPostgresql } from '../support/database.ts';

for (const engine of ENGINES)
  describe(`storage (${engine})`, () => {
    let db: Database;
    before(async () => {
      db = await freshDatabase(engine);
      await db.writeOnce(sql`create table probe (id int primary key, note text)`);
    });
    after(() => db.close());
    const notes = async (): Promise<string[]> =>
      (await db.read((tx) => sql<{ note: string }>`select note from probe order by id`.execute(tx))).rows.map(
        (row) => row.note,
      );

    test('what throws inside a transaction leaves nothing, and the next one is not inside it', async () => {
      await assert.rejects(
        db.write(async (tx) => {
          await sql`insert into probe values (1, 'ghost')`.execute(tx);
          throw new Error('changed my mind');
        }),
        /changed my mind/,
      );
      await assert.rejects(db.write((tx) => sql`insert into probe values ('x', 1, 2)`.execute(tx)));
      assert.deepEqual(await notes(), []);
      await db.write((tx) => sql`insert into probe values (2, 'kept')`.execute(tx));
      assert.deepEqual(await notes(), ['kept']);
    });

    test('a transaction that must be repeated is repeated, whole', async () => {
      let attempts = 0;
      await db.write(async (tx) => {
        await sql`insert into probe values (${10 + attempts}, 'again')`.execute(tx);
        attempts++;
        if (attempts < 3) await sql`do $$ begin raise exception using errcode = '40001'; end $$`.execute(tx);
      });
      assert.equal(attempts, 3);
      assert.deepEqual(await notes(), ['kept', 'again']);
    });

    test('both engines speak the same types and error codes', async () => {
      const { rows } = await db.read((tx) =>
        sql`select 9007199254740993::int8 as big, '2026-01-01T00:00:00Z'::timestamptz as at, array[1,2] as list, '\\x00ff'::bytea as bytes, current_setting('TimeZone') as zone`.execute(
          tx,
        ),
      );
      assert.deepEqual(rows, [
        {
          big: '9007199254740993',
          at: new Date('2026-01-01T00:00:00Z'),
          list: [1, 2],
          bytes: Buffer.from([0, 255]),
          zone: 'UTC',
        },
      ]);
      await assert.rejects(db.writeOnce(sql`insert into probe values (2, 'twice')`), {
        code: '23505',
        constraint: 'probe_pkey',
      });
    });

    test('migrating again changes nothing; a changed migration is noticed', async () => {
      assert.deepEqual(await migrate(db), []);
      await db.writeOnce(sql`update schema_migration set checksum = 'other' where name = '0001_people.sql'`);
      await assert.rejects(migrate(db), /0001_people.sql was changed after it was applied/);
    });
  });

if (ENGINES.includes('postgresql'))
  describe('PostgreSQL alone', () => {
    test('the lane of reads cannot write', async () => {
      const db = await freshDatabase('postgresql');
      await assert.rejects(
        db.read((tx) => sql`delete from account`.execute(tx)),
        { code: '25006' },
      );
      await db.close();
    });

    test('two that migrate at once: every migration is applied by one of them', async () => {
      const { url, remove } = await freshPostgresql();
      const [one, two] = [await openDatabase({ url }), await openDatabase({ url })];
      await one.writeOnce(sql`drop schema public cascade`);
      await one.writeOnce(sql`create schema public`);
      const applied = (await Promise.all([migrate(one), migrate(two)])).flat();
      const all = readdirSync(new URL('../../../migrations/', import.meta.url)).filter((name) =>
        /^\d{4}_\w+\.sql$/.test(name),
      );
      assert.deepEqual(applied.sort(), all.sort());
      await Promise.all([one.close(), two.close()]);
      await remove();
      assert.ok(await clusterUrl());
    });
  });

if (ENGINES.includes('embedded'))
  describe('the embedded engine alone', () => {
    test('at least one file is flushed between a write and its answer', async () => {
      const db = await openEmbedded(await freshFolder());
      await db.writeOnce(sql`create table probe (id int)`);
      for (let n = 0; n < 20; n++) {
        const before = await db.countFsyncs();
        await db.writeOnce(sql`insert into probe values (${n})`);
        assert.ok((await db.countFsyncs()) > before, `write ${n}`);
      }
      await db.close();
    });

    test('a folder that is open cannot be opened again, by whatever spelling; afterwards it can', async () => {
      const folder = await freshFolder();
      const db = await openDatabase({ directory: folder });
      for (const spelling of [folder, `${folder}/`, `${folder}/../${folder.split('/').at(-1)}`])
        await assert.rejects(
          openDatabase({ directory: spelling }),
          (error: unknown) => error instanceof DataFolderInUse && error.pid === String(process.pid),
        );
      await db.writeOnce(sql`create table probe (id int)`);
      await db.close();
      const again = await openDatabase({ directory: folder });
      await again.read((tx) => sql`select * from probe`.execute(tx));
      await again.close();
    });

    test('whoever is in more of a hurry gets the one connection first', async () => {
      const db = await freshDatabase('embedded');
      const order: string[] = [];
      const one = sql`select 1`;
      const holder = db.write(
        (tx) => new Promise<void>((done) => setTimeout(() => one.execute(tx).then(() => done()), 50)),
        'bulk',
      );
      await new Promise((done) => setTimeout(done, 10));
      const waiting = [
        db.write(async () => void order.push('bulk'), 'bulk'),
        db.read(async () => void order.push('read')),
        db.write(async () => void order.push('small'), 'small'),
      ];
      await Promise.all([holder, ...waiting]);
      assert.deepEqual(order, ['small', 'read', 'bulk']);
      await db.close();
    });
  });
