import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { type Notice, queueMail } from '../../src/mail/index.ts';
import { createAccount } from '../../src/people/index.ts';
import { ENGINES } from '../support/database.ts';
import { freePort, mailTo, parsed, startMailbox, type TakenMail } from '../support/mailbox.ts';
import { addCourse, addUser } from '../support/people.ts';
import { count } from '../support/random.ts';
import { type Answer, call, requestToken, startWorld, type World } from '../support/server.ts';
import {
  addPerson,
  ask,
  assignment,
  closeAll,
  HOUR_MS,
  keep,
  messagesIn,
  NOW,
  pass,
  recipients,
  said,
  startPost,
  statesIn,
} from './sending.ts';

/** Who is written to and when, against a real mail server; only the clock is ours. */

/** As the owner, whose first token has run out once the clock was moved. */
const askOwner = async (
  world: World,
  method: string,
  path: string,
  json?: Record<string, unknown>,
): Promise<Answer> => {
  const { clientId, clientSecret } = world.account;
  const token = await requestToken(world.url, clientId, clientSecret);
  return call(world, method, path, { token, ...(json ? { json } : {}) });
};

const change = async (world: World, json: Record<string, unknown>): Promise<void> => {
  const answer = await askOwner(world, 'POST', '/mail/settings', json);
  assert.equal(answer.status, 200, answer.text);
};
const MINUTE_MS = 60_000;

for (const engine of ENGINES)
  describe(`sending (${engine})`, () => {
    afterEach(closeAll);
    test('once per key, not before its time, nothing of what was rolled back', async () => {
      const post = keep(await startPost(engine));
      const { world, mailbox } = post;
      const userId = await addPerson(world, {}, 'ann@academy.example');
      const content = await assignment(world, 'Knots');
      const later = new Date(NOW.getTime() + HOUR_MS);
      assert.equal(await ask(world, [{ userId, content, key: 'a' }]), 1);
      assert.equal(
        await ask(world, [
          { userId, content, key: 'a' },
          { userId, content, key: 'b', notBefore: later },
        ]),
        1,
      );
      await assert.rejects(
        world.db.write(async (tx) => {
          await queueMail(tx, 1, [{ key: 'c', userId, content, notBefore: NOW }], NOW);
          throw new Error('rolled back');
        }),
        /rolled back/,
      );
      await world.app.jobs.round();
      assert.deepEqual(recipients(mailbox.taken), ['ann@academy.example']);
      assert.deepEqual(await statesIn(world), ['sent', 'waiting']);
      pass(world, HOUR_MS - 1000);
      await world.app.jobs.round();
      assert.equal(mailbox.taken.length, 1);
      pass(world, 1000);
      await world.app.jobs.round();
      assert.equal(mailbox.taken.length, 2);
      const ids = await Promise.all(mailbox.taken.map(async (mail) => (await parsed(mail)).messageId));
      assert.equal(new Set(ids).size, 2);
    });

    test('nobody to write to is noted, not failed; what holds when it is sent counts', async () => {
      const post = keep(await startPost(engine));
      const { world, mailbox } = post;
      const content = await assignment(world, 'Knots');
      const people = {
        none: await addPerson(world, {}, ''),
        moved: await addPerson(world, {}, 'old@academy.example'),
        bad: await addPerson(world, {}, 'a@b.example, c@d.example'),
        left: await addUser(world),
        gone: await addUser(world),
      };
      await ask(
        world,
        Object.values(people).map((userId) => ({ userId, content })),
      );
      const itemId = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
      await ask(world, [
        { userId: people.moved, content: { kind: 'assigned', itemId, dueAt: null }, key: 'no such item' },
      ]);
      await call(world, 'POST', `/user/${people.moved}`, { json: { email: 'new@academy.example' } });
      await call(world, 'POST', `/user/${people.left}/status`, { json: { status: 3 } });
      await call(world, 'DELETE', `/user/${people.gone}`);
      await world.app.jobs.round();
      assert.deepEqual(await statesIn(world), [
        'dropped no_address',
        'sent',
        'failed bad_address',
        'dropped inactive',
        'dropped obsolete',
      ]);
      assert.deepEqual(recipients(mailbox.taken), ['new@academy.example']);
    });

    test('what is too old is never sent, with a mail server or without', async () => {
      const post = keep(await startPost(engine));
      const { world, mailbox } = post;
      const userId = await addPerson(world);
      const content = await assignment(world, 'Knots');
      const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * HOUR_MS);
      const ages = [73, 72, 25, 23, 0];
      await ask(
        world,
        ages.map((hours) => ({ userId, content, notBefore: hoursAgo(hours) })),
      );
      await change(world, { maxAgeHours: 24 });
      await world.app.jobs.round();
      assert.deepEqual(await statesIn(world), [
        'dropped too_old',
        'dropped too_old',
        'dropped too_old',
        'sent',
        'sent',
      ]);
      assert.equal(mailbox.taken.length, 2);

      const without = keep(await startWorld(engine, { now: NOW }));
      const other = await addPerson(without);
      await ask(without, [{ userId: other, content: await assignment(without, 'Knots') }]);
      await without.app.jobs.round();
      assert.deepEqual(await statesIn(without), ['waiting']);
      const shown = (await askOwner(without, 'GET', '/mail/settings')).json as Record<string, unknown>;
      assert.deepEqual([shown['delivery'], shown['waiting']], ['not_configured', 1]);
      const ready = (await (await fetch(`${without.url}/readyz`)).json()) as Record<string, unknown>;
      assert.equal(ready['mailServer'], 'none');
      pass(without, 72 * HOUR_MS + 11 * MINUTE_MS);
      await without.app.jobs.round();
      assert.deepEqual(await statesIn(without), ['dropped too_old']);
    });

    test('more than enough for a day waits for the morning, and goes as one digest', async () => {
      const post = keep(await startPost(engine));
      const { world, mailbox } = post;
      await world.db.writeOnce(sql`update account set time_zone = 'America/New_York'`);
      await change(world, { maxPerDay: 3 });
      const ann = await addPerson(world, {}, 'ann@academy.example');
      const bo = await addPerson(world, {}, 'bo@academy.example');
      const titles = ['One', 'Two', 'Three', 'Four', 'Five', 'Six'];
      const contents: Notice[] = [];
      for (const title of titles) contents.push(await assignment(world, title));
      const seven = await assignment(world, 'Seven');
      await ask(
        world,
        contents.map((content) => ({ userId: ann, content })),
      );
      await ask(
        world,
        contents.slice(0, 2).map((content) => ({ userId: bo, content })),
      );
      await world.app.jobs.round();
      assert.deepEqual(recipients(mailbox.taken), [
        'ann@academy.example',
        'ann@academy.example',
        'ann@academy.example',
        'bo@academy.example',
        'bo@academy.example',
      ]);
      const waiting = (await messagesIn(world)).filter(({ state }) => state === 'waiting');
      assert.deepEqual(
        waiting.map(({ reason, dueAt }) => `${reason} ${dueAt.toISOString()}`),
        Array.from({ length: 3 }, () => 'cap 2026-03-03T13:00:00.000Z'),
        'eight o’clock in New York',
      );
      // A new day there, for what is new; what was put off is not due yet.
      world.clock.now = new Date('2026-03-03T05:00:00Z');
      await ask(world, [{ userId: ann, content: seven }]);
      mailbox.taken.length = 0;
      await world.app.jobs.round();
      assert.equal((await parsed(mailbox.taken[0])).subject, 'New for you: Seven');
      assert.equal(mailbox.taken.length, 1);
      world.clock.now = new Date('2026-03-03T13:00:00Z');
      mailbox.taken.length = 0;
      await world.app.jobs.round();
      assert.equal(mailbox.taken.length, 1);
      const digest = await parsed(mailbox.taken[0]);
      assert.equal(digest.subject, 'Your learning: 3 messages');
      for (const title of ['Four', 'Five', 'Six'])
        assert.match(digest.text ?? '', new RegExp(`^\\* New for you: ${title}$`, 'm'));
      assert.deepEqual(new Set(await statesIn(world)), new Set(['sent']));
      // The digest counted once: two had been sent, a third is.
      mailbox.taken.length = 0;
      await ask(
        world,
        contents.slice(0, 2).map((content) => ({ userId: ann, content })),
      );
      await world.app.jobs.round();
      assert.deepEqual((await statesIn(world)).slice(-2), ['sent', 'waiting cap']);
    });

    test('the switch stops the rest in the middle; on again, nothing recent is lost', async () => {
      const all = 200;
      let world: World | undefined;
      let switched: Promise<void> | undefined;
      let takenWhenOff = 0;
      const mailbox = keep(
        await startMailbox({
          onMail: async () => {
            if (mailbox.taken.length === 40 && world) {
              switched ??= change(world, { isEnabled: false }).then(() => {
                takenWhenOff = mailbox.taken.length;
              });
            }
            return null;
          },
        }),
      );
      world = keep(await startWorld(engine, { now: NOW, mail: said(mailbox.config) }));
      await change(world, { maxPerDay: 1_000 });
      const userId = await addPerson(world);
      const content = await assignment(world, 'Knots');
      await ask(
        world,
        Array.from({ length: all }, () => ({ userId, content })),
      );
      await world.app.jobs.round();
      assert.ok(switched, 'somebody pulled the switch');
      await switched;
      const sent = mailbox.taken.length;
      assert.ok(sent >= 40 && sent < all, `${sent}`);
      assert.ok(sent - takenWhenOff <= 5, `${sent - takenWhenOff} after the switch was off`);
      const states = await statesIn(world);
      assert.equal(states.filter((state) => state === 'sent').length, sent);
      assert.equal(states.filter((state) => state === 'waiting').length, all - sent);
      pass(world, HOUR_MS);
      await world.app.jobs.round();
      assert.equal(mailbox.taken.length, sent, 'off is off');
      await change(world, { isEnabled: true });
      await world.app.jobs.round();
      assert.equal(mailbox.taken.length, all);
      assert.equal(new Set(await idsOf(mailbox.taken)).size, all);
    });

    test('a mail server that is away: sending pauses ever longer, nothing is lost, and it shows', async () => {
      const port = await freePort();
      const world = keep(await startWorld(engine, { now: NOW, mail: said(mailTo(port)) }));
      const people: string[] = [];
      for (let n = 0; n < 12; n++) people.push(await addPerson(world));
      const content = await assignment(world, 'Knots');
      await ask(
        world,
        people.map((userId) => ({ userId, content })),
      );
      await world.app.jobs.round();
      const seen = async () => {
        const shown = (await askOwner(world, 'GET', '/mail/settings')).json as Record<string, unknown>;
        const metrics = await (await fetch(`${world.url}/metrics`)).text();
        const ready = (await (await fetch(`${world.url}/readyz`)).json()) as Record<string, unknown>;
        return [
          shown['delivery'],
          shown['waiting'],
          ready['mailServer'],
          /^rollbook_mail_waiting (\d+)$/m.exec(metrics)?.[1],
          /^rollbook_mail_server_up (\d)$/m.exec(metrics)?.[1],
        ];
      };
      assert.deepEqual(await seen(), ['server_down', 12, 'down', '12', '0']);
      const tried = async () => (await messagesIn(world)).reduce((sum, { attempts }) => sum + attempts, 0);
      const first = await tried();
      assert.ok(first <= 5, 'one wave');
      await world.app.jobs.round();
      assert.equal(await tried(), first, 'nothing is tried in the pause');
      // Pauses of one, two, four minutes: one message tries each time.
      for (const [minutes, attempts] of [
        [1, 1],
        [1, 0],
        [1, 1],
        [3, 0],
        [1, 1],
      ] as const) {
        const before = await tried();
        pass(world, minutes * MINUTE_MS);
        await world.app.jobs.round();
        assert.equal((await tried()) - before, attempts, `after ${minutes} minutes`);
      }
      const mailbox = keep(await startMailbox({ port }));
      pass(world, 61 * MINUTE_MS);
      await world.app.jobs.round();
      // Those that were tried wait for their own next attempt.
      pass(world, 61 * MINUTE_MS);
      await world.app.jobs.round();
      assert.equal(new Set(recipients(mailbox.taken)).size, 12);
      assert.equal(mailbox.taken.length, 12);
      assert.deepEqual(await seen(), ['on', 0, 'up', '0', '1']);
    });

    test('a refusal concerns the message: for now it is tried again, for good it fails, and may be sent again', async () => {
      const refusals = new Map([
        ['later@academy.example', { code: 450, text: '4.2.1 busy: later@academy.example' }],
        ['never@academy.example', { code: 550, text: '5.1.1 no such user: never@academy.example' }],
      ]);
      const mailbox = keep(await startMailbox({ onRecipient: (address) => refusals.get(address) ?? null }));
      const world = keep(await startWorld(engine, { now: NOW, mail: said(mailbox.config) }));
      const content = await assignment(world, 'Knots');
      for (const name of ['later', 'never', 'ok'])
        await ask(world, [{ userId: await addPerson(world, {}, `${name}@academy.example`), content }]);
      await world.app.jobs.round();
      const told = async () =>
        (await messagesIn(world)).map(({ state, reason, status }) => `${state} ${reason} ${status}`);
      assert.deepEqual(await told(), [
        'waiting temporary 450 4.2.1',
        'failed undeliverable 550 5.1.1',
        'sent null null',
      ]);
      const [, failed] = (
        (await call(world, 'GET', '/mail/messages')).json as { messages: { messageId: string }[] }
      ).messages;
      refusals.clear();
      pass(world, 59_000);
      await world.app.jobs.round();
      assert.equal(mailbox.taken.length, 1);
      pass(world, 1_000);
      await world.app.jobs.round();
      assert.deepEqual(recipients(mailbox.taken), ['later@academy.example', 'ok@academy.example']);
      const again = await call(world, 'POST', `/mail/messages/${failed?.messageId}/send`);
      assert.equal(again.status, 200);
      await world.app.jobs.round();
      assert.deepEqual(new Set(await statesIn(world)), new Set(['sent']));
    });

    test('accounts do not see, stop or wait for each other', async () => {
      const post = keep(await startPost(engine));
      const { world, mailbox } = post;
      const other = await createAccount(world.db, {
        name: 'Other',
        url: 'https://other.example',
        ownerLogin: 'owner',
        ownerEmail: 'boss@other.example',
        ownerPassword: 'a plain password',
        plan: 'business',
        now: NOW,
      });
      await change(world, { isEnabled: false });
      const own = await addPerson(world);
      await ask(world, [{ userId: own, content: await assignment(world, 'Knots') }]);
      await world.db.writeOnce(
        sql`insert into content_item (account_id, item_id, content_type, title, author_id, added_at)
          values (${other.accountId}, ${other.ownerId}, 'page', 'Ropes', ${other.ownerId}, ${NOW})`,
      );
      await world.db.write((tx) =>
        queueMail(
          tx,
          other.accountId,
          [
            {
              key: 'one',
              userId: other.ownerId,
              content: { kind: 'assigned', itemId: other.ownerId, dueAt: null },
              notBefore: NOW,
            },
            // Somebody of another account is nobody here.
            {
              key: 'two',
              userId: own,
              content: { kind: 'assigned', itemId: other.ownerId, dueAt: null },
              notBefore: NOW,
            },
          ],
          NOW,
        ),
      );
      await world.app.jobs.round();
      assert.deepEqual(recipients(mailbox.taken), ['boss@other.example']);
      const message = await parsed(mailbox.taken[0]);
      assert.match(message.messageId ?? '', new RegExp(`\\.${other.accountId}@other\\.example>$`));
      assert.match(message.text ?? '', /https:\/\/other\.example\/my$/m);
      assert.deepEqual(await statesIn(world), ['waiting', 'sent', 'dropped inactive']);
    });
  });

const idsOf = (taken: readonly TakenMail[]): Promise<(string | undefined)[]> =>
  Promise.all(taken.map(async (mail) => (await parsed(mail)).messageId));

const MANY = count(300, 10_000);

for (const engine of ENGINES)
  test(`${MANY} messages to as many people, each once (${engine})`, async (t) => {
    t.after(closeAll);
    const post = keep(await startPost(engine));
    const { world, mailbox } = post;
    const itemId = await addCourse(world, 'Page', { title: 'Knots' });
    await world.db.writeOnce(
      sql`insert into users (account_id, user_id, department_id, login, login_key, email, email_key, added_at)
        select 1, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ${world.account.rootDepartmentId}::uuid,
          'many-' || n, 'many-' || n, 'many-' || n || '@academy.example', 'many-' || n || '@academy.example', ${NOW}
        from generate_series(1, ${MANY}::int) n`,
    );
    const userIds = Array.from(
      { length: MANY },
      (_, n) => `00000000-0000-7000-8000-${String(n + 1).padStart(12, '0')}`,
    );
    await ask(
      world,
      userIds.map((userId) => ({ userId, content: { kind: 'assigned', itemId, dueAt: null } })),
    );
    const from = performance.now();
    await world.app.jobs.round();
    const seconds = (performance.now() - from) / 1000;
    t.diagnostic(`${Math.round(MANY / seconds)} messages a second, ${MANY} in ${seconds.toFixed(1)} s`);
    assert.equal(mailbox.taken.length, MANY);
    assert.equal(new Set(recipients(mailbox.taken)).size, MANY);
    assert.deepEqual(new Set(await statesIn(world)), new Set(['sent']));
  });
