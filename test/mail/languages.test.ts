import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/kernel/ids.ts';
import type { Notice } from '../../src/mail/index.ts';
import { ENGINES } from '../support/database.ts';
import { parsed, rawHeader, type TakenMail } from '../support/mailbox.ts';
import { addCourse, addSession, addTraining } from '../support/people.ts';
import { ACCOUNT_URL } from '../support/server.ts';
import { addPerson, ask, assignment, NOW, type Post, startPost } from './sending.ts';

/** What arrives: texts, links and headers, in every language, read back by a program that is not ours. */

const DUE = new Date('2026-03-05T22:59:59.999Z');
const LATE = new Date('2026-02-25T22:59:59.999Z');

interface Expectation {
  readonly subject: string;
  /** Lines of the text, all of which must be there. */
  readonly lines: readonly string[];
}

/** By language and kind: written out, so that no code of ours proves itself. */
const EXPECTED: Record<string, Record<string, Expectation>> = {
  en: {
    assigned: {
      subject: 'New for you: Fire & safety',
      lines: ['Hello Ann Lee,', 'Fire & safety has been assigned to you.', 'Due: March 5, 2026 at 11:59 PM'],
    },
    due_soon: {
      subject: 'Due soon: Fire & safety',
      lines: ['Fire & safety is due soon, and you have not completed it yet.', '3 days are left.'],
    },
    overdue: {
      subject: 'Overdue: Fire & safety',
      lines: ['Fire & safety was due, and you have not completed it yet.', 'It is 5 days late.'],
    },
    escalation: {
      subject: 'Overdue for Bo Ek: Fire & safety',
      lines: ['Bo Ek has not completed Fire & safety, which was due.'],
    },
    unlock_asked: {
      subject: 'Bo Ek asks for more time: Fire & safety',
      lines: ['Fire & safety is locked for Bo Ek, who asks you to unlock it.', 'Message: Was ill'],
    },
    session_chosen: {
      subject: 'You have a seat: First aid – Monday group',
      lines: ['You have a seat in First aid – Monday group.', 'Where: Room 5'],
    },
    session_changed: {
      subject: 'Session changed: First aid – Monday group',
      lines: ['The session First aid – Monday group has changed. This is what holds now:'],
    },
    session_cancelled: {
      subject: 'Session cancelled: First aid – Tuesday group',
      lines: ['The session First aid – Tuesday group does not take place.'],
    },
    digest: {
      subject: 'Your learning: 2 messages',
      lines: ['* New for you: Fire & safety', '* Overdue: Fire & safety'],
    },
  },
  de: {
    assigned: {
      subject: 'Neu für Sie: Fire & safety',
      lines: ['Guten Tag Ann Lee,', 'Fire & safety wurde Ihnen zugewiesen.', 'Fällig: 5. März 2026 um 23:59'],
    },
    due_soon: {
      subject: 'Bald fällig: Fire & safety',
      lines: [
        'Fire & safety ist bald fällig, und Sie haben es noch nicht abgeschlossen.',
        'Es bleiben 3 Tage.',
      ],
    },
    overdue: {
      subject: 'Überfällig: Fire & safety',
      lines: [
        'Fire & safety war fällig, und Sie haben es noch nicht abgeschlossen.',
        'Es ist 5 Tage überfällig.',
      ],
    },
    escalation: {
      subject: 'Überfällig bei Bo Ek: Fire & safety',
      lines: ['Bo Ek hat Fire & safety nicht rechtzeitig abgeschlossen.'],
    },
    unlock_asked: {
      subject: 'Bo Ek bittet um mehr Zeit: Fire & safety',
      lines: [
        'Fire & safety ist für Bo Ek gesperrt. Bo Ek bittet Sie, es freizugeben.',
        'Nachricht: Was ill',
      ],
    },
    session_chosen: {
      subject: 'Sie haben einen Platz: First aid – Monday group',
      lines: ['Sie haben einen Platz in First aid – Monday group.', 'Wo: Room 5'],
    },
    session_changed: {
      subject: 'Termin geändert: First aid – Monday group',
      lines: ['Der Termin First aid – Monday group hat sich geändert. Jetzt gilt:'],
    },
    session_cancelled: {
      subject: 'Termin abgesagt: First aid – Tuesday group',
      lines: ['Der Termin First aid – Tuesday group findet nicht statt.'],
    },
    digest: {
      subject: 'Ihr Lernen: 2 Nachrichten',
      lines: ['* Neu für Sie: Fire & safety', '* Überfällig: Fire & safety'],
    },
  },
  ru: {
    assigned: {
      subject: 'Новое назначение: Fire & safety',
      lines: ['Здравствуйте, Ann Lee!', 'Вам назначено: Fire & safety.', 'Срок: 5 марта 2026 г. в 23:59'],
    },
    due_soon: {
      subject: 'Скоро срок: Fire & safety',
      lines: ['Скоро срок: Fire & safety. Обучение ещё не завершено.', 'Осталось 3 дня.'],
    },
    overdue: {
      subject: 'Срок прошёл: Fire & safety',
      lines: ['Срок прошёл: Fire & safety. Обучение ещё не завершено.', 'Просрочено на 5 дней.'],
    },
    escalation: {
      subject: 'Срок прошёл (Bo Ek): Fire & safety',
      lines: ['Обучение не завершено в срок: Fire & safety. Учащийся: Bo Ek.'],
    },
    unlock_asked: {
      subject: 'Просьба о дополнительном времени (Bo Ek): Fire & safety',
      lines: ['Доступ к «Fire & safety» закрыт. Bo Ek просит вас открыть его снова.', 'Сообщение: Was ill'],
    },
    session_chosen: {
      subject: 'Вы записаны: First aid – Monday group',
      lines: ['Вы записаны на сессию: First aid – Monday group.', 'Где: Room 5'],
    },
    session_changed: {
      subject: 'Сессия изменена: First aid – Monday group',
      lines: ['Сессия изменена: First aid – Monday group. Теперь так:'],
    },
    session_cancelled: {
      subject: 'Сессия отменена: First aid – Tuesday group',
      lines: ['Сессия не состоится: First aid – Tuesday group.'],
    },
    digest: {
      subject: 'Ваше обучение: 2 сообщения',
      lines: ['* Новое назначение: Fire & safety', '* Срок прошёл: Fire & safety'],
    },
  },
  es: {
    assigned: {
      subject: 'Nuevo para usted: Fire & safety',
      lines: [
        'Hola, Ann Lee:',
        'Se le ha asignado Fire & safety.',
        'Vencimiento: 5 de marzo de 2026 a las 23:59',
      ],
    },
    due_soon: {
      subject: 'Vence pronto: Fire & safety',
      lines: ['El plazo de Fire & safety vence pronto y todavía no lo ha completado.', 'Quedan 3 días.'],
    },
    overdue: {
      subject: 'Vencido: Fire & safety',
      lines: [
        'El plazo de Fire & safety ha vencido y todavía no lo ha completado.',
        'Lleva 5 días de retraso.',
      ],
    },
    escalation: {
      subject: 'Vencido para Bo Ek: Fire & safety',
      lines: ['Bo Ek no ha completado Fire & safety, cuyo plazo ha vencido.'],
    },
    unlock_asked: {
      subject: 'Bo Ek pide más tiempo: Fire & safety',
      lines: ['Fire & safety está bloqueado para Bo Ek, que le pide que lo desbloquee.', 'Mensaje: Was ill'],
    },
    session_chosen: {
      subject: 'Tiene una plaza: First aid – Monday group',
      lines: ['Tiene una plaza en First aid – Monday group.', 'Dónde: Room 5'],
    },
    session_changed: {
      subject: 'Sesión modificada: First aid – Monday group',
      lines: ['La sesión First aid – Monday group ha cambiado. Ahora es así:'],
    },
    session_cancelled: {
      subject: 'Sesión cancelada: First aid – Tuesday group',
      lines: ['La sesión First aid – Tuesday group no se celebrará.'],
    },
    digest: {
      subject: 'Su aprendizaje: 2 mensajes',
      lines: ['* Nuevo para usted: Fire & safety', '* Vencido: Fire & safety'],
    },
  },
  fr: {
    assigned: {
      subject: 'Nouveau pour vous : Fire & safety',
      lines: ['Bonjour Ann Lee,', 'Fire & safety vous a été attribué.', 'Échéance : 5 mars 2026 à 23:59'],
    },
    due_soon: {
      subject: 'Bientôt à échéance : Fire & safety',
      lines: [
        'Fire & safety arrive bientôt à échéance et vous ne l’avez pas encore terminé.',
        'Il reste 3 jours.',
      ],
    },
    overdue: {
      subject: 'En retard : Fire & safety',
      lines: [
        'Fire & safety est arrivé à échéance et vous ne l’avez pas encore terminé.',
        'Retard : 5 jours.',
      ],
    },
    escalation: {
      subject: 'En retard pour Bo Ek : Fire & safety',
      lines: ['Bo Ek n’a pas terminé Fire & safety, qui est arrivé à échéance.'],
    },
    unlock_asked: {
      subject: 'Bo Ek demande plus de temps : Fire & safety',
      lines: [
        'Fire & safety est verrouillé pour Bo Ek, qui vous demande de le déverrouiller.',
        'Message : Was ill',
      ],
    },
    session_chosen: {
      subject: 'Vous avez une place : First aid – Monday group',
      lines: ['Vous avez une place dans First aid – Monday group.', 'Où : Room 5'],
    },
    session_changed: {
      subject: 'Session modifiée : First aid – Monday group',
      lines: ['La session First aid – Monday group a changé. Voici ce qui vaut maintenant :'],
    },
    session_cancelled: {
      subject: 'Session annulée : First aid – Tuesday group',
      lines: ['La session First aid – Tuesday group n’aura pas lieu.'],
    },
    digest: {
      subject: 'Votre formation : 2 messages',
      lines: ['* Nouveau pour vous : Fire & safety', '* En retard : Fire & safety'],
    },
  },
};

const STOPPABLE = ['due_soon', 'overdue', 'digest'];
/** Narrow spaces stand where languages want them; a reader sees a space. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f\u2009]/g, ' ');

for (const engine of ENGINES)
  describe(`messages as they arrive (${engine})`, () => {
    let post: Post;
    let notices: Record<string, Notice | { kind: 'digest'; entries: Notice[] }>;
    before(async () => {
      post = await startPost(engine);
      const { world } = post;
      const itemId = await addCourse(world, 'Page', { title: 'Fire & safety' });
      const learnerId = await addPerson(world, { first_name: 'Bo', last_name: 'Ek' });
      const trainingId = await addTraining(world, { title: 'First aid' });
      const sessionId = await addSession(world, trainingId, {
        title: 'Monday group',
        days: [{ startTime: '2026-03-09 10:00:00', duration: 7_200, location: 'Room 5' }],
      });
      const requestId = newId();
      await world.db.writeOnce(
        sql`insert into unlock_request (account_id, request_id, chunk, ordinal, due_at, learner_id, item_id, asked_at, message)
          values (1, ${requestId}, 1, 1, ${LATE}, ${learnerId}, ${itemId}, ${NOW}, 'Was ill')`,
      );
      const assigned: Notice = { kind: 'assigned', itemId, dueAt: DUE };
      const overdue: Notice = { kind: 'overdue', itemId, dueAt: LATE };
      notices = {
        assigned,
        due_soon: { kind: 'due_soon', itemId, dueAt: DUE },
        overdue,
        escalation: { kind: 'escalation', itemId, dueAt: LATE, learnerId },
        unlock_asked: { kind: 'unlock_asked', requestId, itemId, learnerId, dueAt: LATE },
        session_chosen: { kind: 'session_chosen', trainingId, sessionId },
        session_changed: { kind: 'session_changed', trainingId, sessionId },
        session_cancelled: {
          kind: 'session_cancelled',
          trainingId,
          sessionTitle: 'Tuesday group',
          startsAt: new Date('2026-03-10T10:00:00Z'),
        },
        digest: { kind: 'digest', entries: [assigned, overdue] },
      };
    });
    after(() => post.close());

    async function sent(userId: string, kinds: readonly string[]): Promise<TakenMail[]> {
      const { world, mailbox } = post;
      mailbox.taken.length = 0;
      const asked = kinds.flatMap((kind) => notices[kind] ?? []).map((content) => ({ userId, content }));
      assert.equal(asked.length, kinds.length);
      await ask(world, asked);
      await world.app.jobs.round();
      assert.equal(mailbox.taken.length, kinds.length);
      return mailbox.taken;
    }

    for (const [locale, byKind] of Object.entries(EXPECTED))
      test(`${locale}: every kind, its text, links and headers`, async () => {
        const { world } = post;
        const kinds = Object.keys(byKind);
        assert.deepEqual(kinds, Object.keys(notices));
        const userId = await addPerson(world, { first_name: 'Ann', last_name: 'Lee' });
        await world.db.writeOnce(
          sql`update users set locale = ${locale}, time_zone = 'Europe/Berlin' where user_id = ${userId}`,
        );
        for (const mail of await sent(userId, kinds)) {
          const message = await parsed(mail);
          const kind = kinds.find((one) => byKind[one]?.subject === plain(message.subject ?? ''));
          assert.ok(kind, `an unexpected subject: ${message.subject}`);
          const text = plain(message.text ?? '');
          const lines = text.split('\n').map((line) => line.trim());
          for (const line of byKind[kind]?.lines ?? [])
            assert.ok(lines.includes(line), `${kind}: ${line}\n${text}`);
          assert.ok(
            lines.some((line) => line.endsWith(`: ${ACCOUNT_URL}/my`)),
            text,
          );
          assert.ok(text.includes('Europe/Berlin') && text.includes('UTC'), 'both time zones are named');
          const html = message.html || '';
          assert.match(html, new RegExp(`<html lang="${locale}" dir="ltr">`));
          assert.match(html, new RegExp(`<a href="${ACCOUNT_URL}/my"`));
          if (kind !== 'digest' && 'itemId' in (notices[kind] ?? {}))
            assert.match(html, /<bdi>Fire &amp; safety<\/bdi>/);
          assert.doesNotMatch(
            html,
            /<img|<script|src=/i,
            'nothing is loaded, so that nothing tells who reads',
          );
          assert.equal(rawHeader(mail, 'Auto-Submitted'), 'auto-generated');
          assert.equal(rawHeader(mail, 'Content-Language'), locale);
          assert.equal(rawHeader(mail, 'X-Mailer'), undefined);
          assert.match(message.messageId ?? '', /^<[0-9a-f-]{36}\.1@academy\.example>$/);
          assert.equal(message.date?.getTime(), NOW.getTime());
          assert.equal(message.from?.text, '"Academy" <academy@mail.example>');
          const stop = rawHeader(mail, 'List-Unsubscribe');
          assert.equal(stop !== undefined, STOPPABLE.includes(kind), kind);
          assert.equal(
            rawHeader(mail, 'List-Unsubscribe-Post'),
            stop && 'List-Unsubscribe=One-Click',
            'RFC 8058',
          );
          if (stop) {
            assert.match(stop, new RegExp(`^<${ACCOUNT_URL}/mail/unsubscribe/[\\w-]{54}>$`));
            assert.ok(text.includes(stop.slice(1, -1)) && html.includes(stop.slice(1, -1)));
          }
        }
      });

    test('a region decides how dates look; an unknown language falls back; without a name nobody is named', async () => {
      const { world } = post;
      const userId = await addPerson(world);
      for (const [locale, date] of [
        ['en-GB', 'Due: 5 March 2026 at 22:59'],
        ['de-AT', 'Fällig: 5. März 2026 um 22:59'],
        ['fi', 'Due: March 5, 2026 at 10:59 PM'],
      ] as const) {
        await world.db.writeOnce(sql`update users set locale = ${locale} where user_id = ${userId}`);
        const [mail] = await sent(userId, ['assigned']);
        const text = plain((await parsed(mail)).text ?? '');
        assert.ok(text.includes(date), text);
        assert.match(text, /^(Hello|Guten Tag),\n/);
        assert.doesNotMatch(text, /Europe/);
      }
    });

    test('nothing that people write becomes a header or markup', async () => {
      const { world, mailbox } = post;
      mailbox.taken.length = 0;
      const userId = await addPerson(
        world,
        { first_name: 'Eve\r\nBcc: all@victim.example' },
        'eve@academy.example',
      );
      const title = 'A\r\nBcc: all@victim.example\r\n\r\n<script>alert(1)</script> \u202eevil & "co"';
      await world.db.writeOnce(sql`update account set name = ${'Acme\r\nX-Evil: 1 <x@y.example>,'}`);
      try {
        await ask(world, [{ userId, content: await assignment(world, title) }]);
        await world.app.jobs.round();
      } finally {
        await world.db.writeOnce(sql`update account set name = 'Academy'`);
      }
      const [mail] = mailbox.taken;
      assert.ok(mail);
      assert.deepEqual(mail.to, ['eve@academy.example']);
      for (const name of ['Bcc', 'X-Evil', 'Cc']) assert.equal(rawHeader(mail, name), undefined);
      const message = await parsed(mail);
      assert.equal(
        message.subject,
        'New for you: A Bcc: all@victim.example <script>alert(1)</script> evil & "co"',
      );
      assert.equal(message.from?.value.length, 1);
      assert.equal(message.from?.value[0]?.address, 'academy@mail.example');
      assert.doesNotMatch(message.html || '', /<script>/);
      assert.match(message.html || '', /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    });
  });
