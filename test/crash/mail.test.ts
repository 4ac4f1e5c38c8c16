import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { sql } from 'kysely';
import { JobRunner } from '../../src/jobs/index.ts';
import { MAIL_JOB, MailSender, queueMail } from '../../src/mail/index.ts';
import { createAccount } from '../../src/people/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { ENGINES } from '../support/database.ts';
import { FROM, type Mailbox, parsed, startMailbox } from '../support/mailbox.ts';
import { type Place, placeOf } from '../support/place.ts';
import { killAll, type Running, serve } from '../support/process.ts';
import { count, randomFrom, SEED } from '../support/random.ts';

/**
 * kill -9 of a real server at the worst moment: the mail server has a message, and nobody has written that down. Whoever
 * comes next sends all that is left; what comes twice has the same Message-ID.
 */

const KILLS = count(1, 10);
const MESSAGES = 30;
const CONNECTIONS = 5;
/** Longer than a dead process is waited for. */
const LATER_MS = 120_000;

async function within<T>(place: Place, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await openDatabase(place.where);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** An account with an item and people, whose addresses begin with their number; their ids. */
async function fill(db: Database): Promise<{ accountId: number; itemId: string; userIds: string[] }> {
  const now = new Date();
  const account = await createAccount(db, {
    name: 'Academy',
    url: 'https://academy.example',
    ownerLogin: 'owner',
    ownerEmail: 'owner@academy.example',
    ownerPassword: 'a plain password',
    plan: 'business',
    now,
  });
  const { accountId, ownerId, rootDepartmentId } = account;
  await db.writeOnce(
    sql`insert into content_item (account_id, item_id, content_type, title, author_id, added_at)
      values (${accountId}, ${ownerId}, 'page', 'Knots', ${ownerId}, ${now})`,
  );
  await db.writeOnce(
    sql`insert into users (account_id, user_id, department_id, login, login_key, email, email_key, added_at)
      select ${accountId}, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ${rootDepartmentId}::uuid,
        'many-' || n, 'many-' || n, n || '@academy.example', n || '@academy.example', ${now}::timestamptz
      from generate_series(1, ${MESSAGES}::int) n`,
  );
  // Whoever is not enrolled any more is told nothing.
  await db.writeOnce(
    sql`insert into enrollment (account_id, learner_id, item_id, chunk, ordinal, access_at, due_rule, lock_after_due,
        version_chunk, recorded_at)
      select account_id, user_id, ${ownerId}::uuid, 1, row_number() over (order by user_id)::int, ${now}::timestamptz, 0, false,
        1, ${now}::timestamptz
      from users where account_id = ${accountId} and login like 'many-%'`,
  );
  const userIds = Array.from(
    { length: MESSAGES },
    (_, n) => `00000000-0000-7000-8000-${String(n + 1).padStart(12, '0')}`,
  );
  return { accountId, itemId: ownerId, userIds };
}

/** What is left is sent by this process, some minutes later. */
async function takeOver(db: Database, mailbox: Mailbox): Promise<void> {
  let later = LATER_MS;
  const clock = () => new Date(Date.now() + later);
  const sender = new MailSender(db, mailbox.config, clock);
  const runner = new JobRunner(db, { [MAIL_JOB]: sender.handler }, clock);
  // A job whose process was killed is tried again after a few seconds.
  for (let round = 0; round < 5; round++) {
    await runner.round();
    later += 10_000;
  }
  await runner.stop();
  sender.close();
}

for (const engine of ENGINES)
  describe(`kill -9 after the mail server took a message (${engine})`, () => {
    after(killAll);
    test(`${KILLS} kills (seed ${SEED})`, async () => {
      const random = randomFrom(SEED);
      const place = await placeOf(engine);
      let server: Running | undefined;
      let killAt = 0;
      let ended: Promise<unknown> | undefined;
      const mailbox = await startMailbox({
        onMail: async () => {
          if (mailbox.taken.length < killAt) return null;
          ended ??= server?.end('SIGKILL');
          await ended;
          return null;
        },
      });
      const { accountId, itemId, userIds } = await within(place, fill);
      for (let kill = 0; kill < KILLS; kill++) {
        await within(place, (db) =>
          db.write((tx) => {
            const now = new Date();
            return queueMail(
              tx,
              accountId,
              userIds.map((userId) => ({
                key: `${kill} ${userId}`,
                userId,
                content: { kind: 'assigned', itemId, dueAt: null },
                notBefore: now,
              })),
              now,
            );
          }),
        );
        mailbox.taken.length = 0;
        killAt = random(MESSAGES - CONNECTIONS);
        ended = undefined;
        server = await serve(place.args, {
          SMTP_URL: `smtp://127.0.0.1:${mailbox.port}?from=${FROM}&tls=off`,
          ROLLBOOK_DEMO: 'false',
        });
        const until = Date.now() + 60_000;
        while (!ended) {
          assert.ok(Date.now() < until, `only ${mailbox.taken.length} were sent`);
          await new Promise((done) => setTimeout(done, 20));
        }
        await ended;
        killAt = Number.POSITIVE_INFINITY;
        const states = await within(place, async (db) => {
          await takeOver(db, mailbox);
          const { rows } = await db.read((tx) =>
            sql<{ state: string; n: number }>`
              select state, count(*)::int as n from mail_message group by state`.execute(tx),
          );
          return rows;
        });
        assert.deepEqual(states, [{ state: 'sent', n: MESSAGES * (kill + 1) }]);
        const idsByRecipient = new Map<string, Set<string>>();
        for (const mail of mailbox.taken) {
          const [to = ''] = mail.to;
          const { messageId = '' } = await parsed(mail);
          idsByRecipient.set(to, (idsByRecipient.get(to) ?? new Set()).add(messageId));
        }
        assert.equal(idsByRecipient.size, MESSAGES, 'everybody was written to');
        for (const [to, ids] of idsByRecipient) assert.equal(ids.size, 1, `${to}: one Message-ID`);
        const twice = mailbox.taken.length - MESSAGES;
        assert.ok(twice >= 1 && twice <= CONNECTIONS, `${twice} came twice`);
      }
      await mailbox.close();
      await place.remove();
    });
  });
