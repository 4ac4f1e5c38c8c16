import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { rawHeader } from '../support/mailbox.ts';
import { addCourse } from '../support/people.ts';
import { ACCOUNT_URL, type Answer, call } from '../support/server.ts';
import { addPerson, ask, NOW, type Post, startPost, statesIn } from './sending.ts';

/** The link that stops reminders: asked on a page, or by one click of a mail program. */

for (const engine of ENGINES)
  describe(`no more reminders (${engine})`, () => {
    let post: Post;
    let itemId: string;
    before(async () => {
      post = await startPost(engine);
      itemId = await addCourse(post.world, 'Page', { title: 'Knots' });
      await call(post.world, 'POST', '/mail/settings', { json: { maxPerDay: 1_000 } });
    });
    after(() => post.close());

    const remind = async (userId: string): Promise<string[]> => {
      const { world } = post;
      await ask(world, [
        { userId, content: { kind: 'overdue', itemId, dueAt: NOW } },
        { userId, content: { kind: 'assigned', itemId, dueAt: null } },
        {
          userId,
          content: {
            kind: 'digest',
            entries: [
              { kind: 'due_soon', itemId, dueAt: NOW },
              { kind: 'assigned', itemId, dueAt: null },
            ],
          },
        },
      ]);
      await world.app.jobs.round();
      return (await statesIn(world)).slice(-3);
    };

    /** The path of the link in the last message that has one. */
    const linkOf = (): string => {
      const link =
        post.mailbox.taken.map((mail) => rawHeader(mail, 'List-Unsubscribe')).findLast(Boolean) ?? '';
      return link.slice(1 + ACCOUNT_URL.length, -1);
    };

    const open = (method: string, path: string): Promise<Answer> =>
      call(post.world, method, path, { token: null, accept: 'text/html' });

    test('one click stops reminders, not assignments; another lets them come again', async () => {
      const { world, mailbox } = post;
      const userId = await addPerson(world);
      await call(world, 'POST', `/user/${userId}/mail`, { json: { locale: 'de' } });
      assert.deepEqual(await remind(userId), ['sent', 'sent', 'sent']);
      const path = linkOf();

      const page = await open('GET', path);
      assert.equal(page.status, 200);
      assert.match(page.text, /<html lang="de" dir="ltr">/);
      assert.match(page.text, /<form method="post"><button>Keine Erinnerungen mehr<\/button><\/form>/);
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; style-src 'sha256-/,
      );
      assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
      assert.deepEqual(await remind(userId), ['sent', 'sent', 'sent'], 'looking at the page stops nothing');

      const response = await fetch(world.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'List-Unsubscribe=One-Click',
      });
      assert.equal(response.status, 200);
      assert.match(await response.text(), /Sie bekommen keine Erinnerungen von <bdi>Academy<\/bdi> mehr\./);
      assert.equal((await open('POST', path)).status, 200, 'twice is once');
      mailbox.taken.length = 0;
      assert.deepEqual(await remind(userId), ['dropped unsubscribed', 'sent', 'sent']);
      assert.ok(mailbox.taken.every(({ source }) => !/Bald f/.test(source)));
      const shown = await call(world, 'GET', `/user/${userId}/mail`);
      assert.deepEqual(shown.json, { locale: 'de', wantsReminders: false });

      const other = await addPerson(world);
      assert.deepEqual(await remind(other), ['sent', 'sent', 'sent'], 'nobody else is concerned');

      assert.equal((await open('POST', `${path}?resume=true`)).status, 200);
      assert.deepEqual(await remind(userId), ['sent', 'sent', 'sent']);
    });

    test('a link that was not made here stops nothing', async () => {
      const userId = await addPerson(post.world);
      await remind(userId);
      const path = linkOf();
      const turned = path.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'));
      for (const bad of [turned, path.slice(0, -2), '/mail/unsubscribe/x']) {
        const page = await open('GET', bad);
        assert.equal(page.status, 200);
        assert.match(page.text, /This link is not known here/);
        const answer = await open('POST', bad);
        assert.deepEqual([answer.status, answer.code], [404, 'mail.unknown_link']);
      }
      assert.deepEqual(await remind(userId), ['sent', 'sent', 'sent']);
    });

    test('whoever is deleted leaves nothing, and their link opens nothing', async () => {
      const { world } = post;
      const userId = await addPerson(world);
      await remind(userId);
      const path = linkOf();
      await open('POST', path);
      const before = (await statesIn(world)).length;
      await ask(world, [{ userId, content: { kind: 'assigned', itemId, dueAt: null } }]);
      assert.equal((await call(world, 'DELETE', `/user/${userId}`)).status, 204);
      assert.equal((await statesIn(world)).length, before - 3);
      assert.equal((await open('POST', path)).status, 200);
      const traces = await tracesOf(post, userId);
      assert.deepEqual(traces, []);
    });
  });

/** The tables of mail in which somebody's id stands. */
async function tracesOf({ world }: Post, userId: string): Promise<string[]> {
  const found: string[] = [];
  for (const table of ['mail_message', 'mail_opt_out']) {
    const { rows } = await world.db.read((tx) =>
      sql`select from ${sql.table(table)} t where t::text like ${`%${userId}%`}`.execute(tx),
    );
    if (rows.length > 0) found.push(table);
  }
  const { rows } = await world.db.read((tx) =>
    sql`select from users where user_id = ${userId} and (locale is not null or time_zone is not null)`.execute(
      tx,
    ),
  );
  return rows.length > 0 ? [...found, 'users'] : found;
}
