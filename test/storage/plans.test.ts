import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { insertItems } from '../../src/content/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { openDatabase, takeStatistics } from '../../src/storage/index.ts';
import { ENGINES, freshDatabase } from '../support/database.ts';
import { addCourse } from '../support/people.ts';
import { loaded, placeOf } from '../support/place.ts';
import { call, startWorldOver } from '../support/server.ts';

/** How the planner goes about lists of what was loaded at once. */
const LOADED = 20_000;

for (const engine of ENGINES)
  describe(`plans after a load (${engine})`, () => {
    test('demo load ends with statistics of what it loaded', async () => {
      const place = await placeOf(engine);
      await loaded(place, 300, 200);
      const db = await openDatabase(place.where);
      const { rows } = await db.read((tx) =>
        sql<{ relname: string; estimate: number }>`select relname, reltuples::int as estimate from pg_class
          where relname in ('content_item', 'users') order by relname`.execute(tx),
      );
      assert.deepEqual(rows, [
        { relname: 'content_item', estimate: 200 },
        { relname: 'users', estimate: 301 },
      ]);
      await db.close();
      await place.remove();
    });

    test('the few items of one type are found without reading all others', async () => {
      const run: { text: string; parameters: readonly unknown[] }[] = [];
      const db = await freshDatabase(engine, (text, parameters) => run.push({ text, parameters }));
      const world = await startWorldOver(db, []);
      const rare = await addCourse(world, 'Quiz');
      const items = Array.from({ length: LOADED }, (_, n) => ({
        itemId: newId(),
        contentType: 'Course' as const,
        title: `Course ${n}`,
        subtitle: '',
        description: '',
        code: null,
        folderId: null,
        url: null,
        authorId: world.account.ownerId,
        addedAt: world.clock.now,
        defaultDueType: 'unlimited' as const,
        defaultDueAt: null,
        defaultDuePeriodHours: null,
        defaultLock: false,
        selfEnrollment: false,
        courseFields: [],
      }));
      await db.write((tx) => insertItems(tx, world.account.accountId, items));
      await takeStatistics(db);
      run.length = 0;
      const answer = await call(world, 'GET', '/contents?contentTypes[]=Quiz');
      const found = (answer.json as { contentItems: { contentItemId: string }[] }).contentItems;
      assert.deepEqual(
        found.map((item) => item.contentItemId),
        [rare],
      );
      const list = run.find(({ text }) => text.includes('from content_item')) ?? assert.fail('no statement');
      const { rows } = await db.read((tx) =>
        sql<{ 'QUERY PLAN': string }>`explain ${rawWith(list.text, list.parameters)}`.execute(tx),
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, /content_item_type/, plan);
      await world.close();
    });
  });

/** The statement again, its parameters in their places. */
function rawWith(text: string, parameters: readonly unknown[]) {
  const parts = text.split(/\$\d+/);
  const places = [...text.matchAll(/\$(\d+)/g)].map(([, number]) => parameters[Number(number) - 1]);
  return sql.join(
    parts.flatMap((part, place) => [
      sql.raw(part),
      ...(place < places.length ? [sql`${places[place]}`] : []),
    ]),
    sql``,
  );
}
