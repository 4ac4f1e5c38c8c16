import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { JobRunner } from '../../src/jobs/index.ts';
import { MAIL_JOB, type MailOptions, MailSender } from '../../src/mail/index.ts';
import { ENGINES } from '../support/database.ts';
import { type Mailbox, parsed, type SmtpRefusal, startMailbox } from '../support/mailbox.ts';
import { startWorld, type World } from '../support/server.ts';
import {
  addPerson,
  ask,
  assignment,
  closeAll,
  keep,
  messagesIn,
  NOW,
  pass,
  said,
  statesIn,
} from './sending.ts';

/** Senders beside that of the server: one that takes over, one that asks whether what it says still holds. */

function senderOf(world: World, mailbox: Mailbox, more: Partial<MailOptions> = {}) {
  const clock = () => world.clock.now;
  const sender = new MailSender(world.db, { ...mailbox.config, ...more }, clock);
  const runner = new JobRunner(world.db, { [MAIL_JOB]: sender.handler }, clock);
  return {
    round: () => runner.round(),
    close: async () => {
      sender.stop();
      await runner.stop();
      sender.close();
    },
  };
}

for (const engine of ENGINES)
  describe(`several senders (${engine})`, () => {
    afterEach(closeAll);
    test('one that was held up records nothing once another has taken over', async () => {
      let refuse: (refusal: SmtpRefusal) => void = () => undefined;
      const held = new Promise<SmtpRefusal>((done) => {
        refuse = done;
      });
      let arrived: () => void = () => undefined;
      const arrival = new Promise<void>((done) => {
        arrived = done;
      });
      const sources: string[] = [];
      const mailbox = keep(
        await startMailbox({
          onMail: (mail) => {
            sources.push(mail.source);
            if (sources.length > 1) return null;
            arrived();
            return held;
          },
        }),
      );
      const world = keep(await startWorld(engine, { now: NOW, mail: said(mailbox.config) }));
      await ask(world, [{ userId: await addPerson(world), content: await assignment(world, 'Knots') }]);
      const slow = world.app.jobs.round();
      await arrival;
      const other = keep(senderOf(world, mailbox));
      await other.round();
      assert.equal(sources.length, 1, 'as long as the first may be at it nobody else is');
      pass(world, 120_000);
      for (let round = 0; round < 3; round++) {
        await other.round();
        pass(world, 10_000);
      }
      assert.deepEqual(await statesIn(world), ['sent']);
      refuse({ code: 554, text: 'too late' });
      await slow;
      const [message] = await messagesIn(world);
      assert.deepEqual([message?.state, message?.status, message?.attempts], ['sent', null, 2]);
      const [first, second] = await Promise.all(
        sources.map(async (source) => (await parsed({ from: '', to: [], source })).messageId),
      );
      assert.ok(first);
      assert.equal(first, second, 'a repetition can be known as one');
    });

    test('what no longer holds is not said, alone or in a digest', async () => {
      const mailbox = keep(await startMailbox());
      const world = keep(await startWorld(engine, { now: NOW }));
      const userId = await addPerson(world);
      const [over, holds] = [await assignment(world, 'Over'), await assignment(world, 'Holds')];
      const asked: string[] = [];
      const sender = keep(
        senderOf(world, mailbox, {
          holds: async (_tx, accountId, all) => {
            asked.push(...all.map((one) => `${accountId} ${one.userId}`));
            return all.map(
              ({ notice }) => 'itemId' in notice && 'itemId' in holds && notice.itemId === holds.itemId,
            );
          },
        }),
      );
      await ask(world, [
        { userId, content: over },
        { userId, content: { kind: 'digest', entries: [over, holds] } },
        { userId, content: { kind: 'digest', entries: [over] } },
      ]);
      await sender.round();
      assert.deepEqual(await statesIn(world), ['dropped obsolete', 'sent', 'dropped obsolete']);
      assert.deepEqual(new Set(asked), new Set([`1 ${userId}`]));
      const message = await parsed(mailbox.taken[0]);
      assert.match(message.text ?? '', /Holds/);
      assert.doesNotMatch(message.text ?? '', /Over/);
    });
  });
