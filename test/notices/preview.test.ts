import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { ENGINES } from '../support/database.ts';
import { type Mailbox, startMailbox } from '../support/mailbox.ts';
import { addCourse } from '../support/people.ts';
import { count } from '../support/random.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { passUntil, told } from './telling.ts';

/** What a plan says people would be told is what they are told when it is executed: through a real mail server. */

const LEARNERS = count(100, 3_400);
const COURSES = 3;

interface Message {
  readonly userId: string;
  readonly courseId: string;
  readonly messageType: string;
  readonly withheld?: string;
}

for (const engine of ENGINES)
  describe(`a plan says who is told (${engine})`, () => {
    let world: World;
    let mailbox: Mailbox;
    /** After so many messages mail is switched off, before the last of them is answered. */
    let stopAfter = Number.POSITIVE_INFINITY;
    const switchMail = (isOn: boolean) =>
      world.db.writeOnce(sql`update mail_settings set is_enabled = ${isOn}`);
    before(async () => {
      mailbox = await startMailbox({
        onMail: async () => {
          if (mailbox.taken.length + 1 >= stopAfter) await switchMail(false);
          return null;
        },
      });
      world = await startWorld(engine, { now: new Date('2026-03-02T09:30:00Z'), mail: mailbox.config });
    });
    after(async () => {
      await world.close();
      await mailbox.close();
    });

    /** Learners, of whom every tenth has no address. */
    async function addLearners(): Promise<string[]> {
      const rows = await world.db.writeOnce(
        sql<{ user_id: string }>`
          insert into users (account_id, user_id, department_id, login, login_key, email, email_key, added_at)
          select account_id, ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, root_department_id, 'l' || n, 'l' || n,
                 case when n % 10 > 0 then 'l' || n || '@academy.example' end,
                 case when n % 10 > 0 then 'l' || n || '@academy.example' end, created_at
          from account, generate_series(1, ${LEARNERS}::int) n returning user_id`,
      );
      return rows.map((row) => row.user_id);
    }

    async function planned(token: string): Promise<Message[]> {
      const messages: Message[] = [];
      for (let page = ''; ; ) {
        const path = `/enrollment/plan/${token}/messages?pageSize=999&pageToken=${page}`;
        const answer = (await call(world, 'GET', path)).json as {
          messages: Message[];
          nextPageToken?: string;
        };
        messages.push(...answer.messages);
        if (!answer.nextPageToken) return messages;
        page = answer.nextPageToken;
      }
    }

    test(`${LEARNERS * COURSES} enrollments send exactly that; the switch stops the rest`, async () => {
      const learnerIds = await addLearners();
      const courseIds: string[] = [];
      for (let no = 0; no < COURSES; no++) courseIds.push(await addCourse(world, 'Page'));
      const [enrolled = ''] = learnerIds;
      const before = { learnerIds: [enrolled], courseIds: courseIds.slice(0, 1), dueDateType: 'unlimited' };
      assert.equal((await call(world, 'POST', '/enrollment', { json: before })).status, 201);
      const telling = { notifier: world.app.notifier, jobs: world.app.jobs };
      await passUntil(world, telling, new Date(world.clock.now.getTime() + 120_000));
      await world.app.jobs.round();
      assert.deepEqual(await told(world), [`assigned ${enrolled} ${courseIds[0]}`]);
      await world.db.writeOnce(sql`delete from mail_message`);
      mailbox.taken.length = 0;

      const json = { learnerIds, courseIds, dueDateType: 'unlimited' };
      const plan = (
        await call(world, 'POST', '/enrollment/plan', { json, headers: { prefer: 'return=minimal' } })
      ).json as {
        planToken: string;
        messages: { learners: number; withoutAddress: number }[];
      };
      const messages = await planned(plan.planToken);
      assert.equal(messages.length, LEARNERS * COURSES - 1);
      assert.equal(
        plan.messages.reduce((sum, { learners }) => sum + learners, 0),
        messages.length,
      );
      const withheld = messages.filter((message) => message.withheld === 'no_address');
      assert.equal(withheld.length, Math.floor(LEARNERS / 10) * COURSES);
      assert.equal(
        plan.messages.reduce((sum, one) => sum + one.withoutAddress, 0),
        withheld.length,
      );

      const executed = await call(world, 'POST', '/enrollment', {
        json,
        headers: { 'enrollment-plan': plan.planToken },
      });
      assert.equal(executed.status, 201, executed.text);
      await world.app.notifier.round();
      await world.app.jobs.round();
      stopAfter = LEARNERS / 2;
      world.clock.now = new Date(world.clock.now.getTime() + 61_000);
      await world.app.jobs.round();
      const sentBefore = mailbox.taken.length;
      assert.ok(sentBefore >= stopAfter && sentBefore < stopAfter + 5, `the rest waits: ${sentBefore}`);
      const textOf = ({ messageType, userId, courseId }: Message): string =>
        `${messageType} ${userId} ${courseId}`;
      assert.deepEqual((await told(world)).sort(), messages.map(textOf).sort());

      const states = async () =>
        (
          await world.db.read((tx) =>
            sql<{ state: string; reason: string | null; n: number }>`
              select state, reason, count(*)::int as n from mail_message group by 1, 2 order by 1, 2`.execute(
              tx,
            ),
          )
        ).rows;
      stopAfter = Number.POSITIVE_INFINITY;
      await switchMail(true);
      world.clock.now = new Date(world.clock.now.getTime() + 11 * 60_000);
      await world.app.jobs.round();
      const silent = Math.floor(LEARNERS / 10);
      assert.deepEqual(await states(), [
        { state: 'dropped', reason: 'no_address', n: silent },
        { state: 'sent', reason: null, n: LEARNERS - silent },
      ]);
      assert.equal(new Set(mailbox.taken.flatMap(({ to }) => to)).size, LEARNERS - silent);
      assert.equal(mailbox.taken.length, LEARNERS - silent, 'one message each');
    });
  });
