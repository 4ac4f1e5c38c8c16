import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask, type Post, startPost, statesIn } from '../mail/sending.ts';
import { ENGINES } from '../support/database.ts';
import { addModule, enroll, record } from '../support/learning.ts';
import { addCourse, addSession, addTraining, addUser, daysOf } from '../support/people.ts';
import { ACCOUNT_URL, call, type World } from '../support/server.ts';
import { type Page, Visitor, wordsOf } from '../support/visitor.ts';

const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;

for (const engine of ENGINES)
  describe(`what people say of themselves (${engine})`, () => {
    let post: Post;
    let world: World;
    let no = 0;
    before(async () => {
      post = await startPost(engine);
      world = post.world;
    });
    after(() => post.close());

    interface Learner {
      readonly userId: string;
      readonly login: string;
      readonly visit: Visitor;
    }
    const learner = async (headers: Record<string, string> = {}): Promise<Learner> => {
      const login = `own-${++no}`;
      const userId = await addUser(world, { login, password: PASSWORD });
      const visit = new Visitor(world, headers);
      await visit.signIn(login, PASSWORD);
      return { userId, login, visit };
    };
    const preferences = async (userId: string): Promise<unknown> =>
      (await call(world, 'GET', `/user/${userId}/mail`)).json;
    const date = (days: number): string =>
      new Date(world.clock.now.getTime() + days * DAY_MS).toISOString().slice(0, 19);

    test('language and time zone: saved for everything that asks, spoken at once, and nothing else of anybody', async () => {
      const { userId, login, visit } = await learner();
      const other = await learner();
      await call(world, 'POST', `/user/${userId}`, {
        json: { fields: { FIRST_NAME: 'Ann <b>', LAST_NAME: 'Lee' } },
      });
      const before = (await call(world, 'GET', `/user/${userId}`)).text;
      const page = await visit.get('/my/profile');
      assert.match(
        wordsOf(page),
        new RegExp(`Name Ann <b> Lee Login ${login} E-mail ${login}@academy.example`),
      );
      assert.match(wordsOf(page), /If you leave it empty, it is that of Academy: UTC\./);
      const saved = await visit.submit('/my/profile', {
        locale: 'de',
        timeZone: ' america/new york ',
        login: 'else',
        userId: other.userId,
        wantsReminders: '',
      });
      assert.equal(`${saved.status} ${saved.location}`, '303 /my/profile?saved=1');
      const german = wordsOf(await visit.get('/my/profile?saved=1'));
      assert.match(
        german,
        /Ihre Einstellungen wurden gespeichert.*Für Sie ist jetzt Montag, 2\. März 2026 um 04:30/,
      );
      assert.match(wordsOf(await visit.get('/my')), /Meine Kurse/);
      const wanted = { locale: 'de', timeZone: 'America/New_York', wantsReminders: true };
      assert.deepEqual(await preferences(userId), wanted);
      assert.equal((await call(world, 'GET', `/user/${userId}`)).text, before);
      assert.deepEqual(await preferences(other.userId), { wantsReminders: true });
      await call(world, 'POST', `/user/${userId}/mail`, { json: { locale: 'de-AT' } });
      const region = await visit.get('/my/profile');
      assert.match(region.text, /<option value="de-AT" lang="de" selected>Deutsch<\/option>/);
      await visit.submit('/my/profile', { locale: 'de-AT' });
      assert.deepEqual(await preferences(userId), { ...wanted, locale: 'de-AT' }, 'a region stays');
      await visit.get('/my/profile');
      await visit.submit('/my/profile', { locale: '', timeZone: '' });
      assert.deepEqual(await preferences(userId), { wantsReminders: true });
      assert.match(wordsOf(await visit.get('/my')), /My learning/, 'as the browser says');
    });

    test('what cannot be saved is said beside the field, and what was typed is kept', async () => {
      const { userId, visit } = await learner();
      await visit.get('/my/profile');
      const csrf = /name="csrf" value="([^"]+)"/.exec(visit.page.text)?.[1] ?? '';
      const wrong = await visit.post('/my/profile', { csrf, locale: 'fr', timeZone: 'Atlantis/"City' });
      assert.equal(wrong.status, 400);
      assert.match(
        wrong.text,
        /<input id="timeZone"[^>]* value="Atlantis\/&quot;City"[^>]* aria-invalid="true" aria-describedby="timeZone-hint timeZone-fault" autofocus>/,
      );
      assert.match(
        wrong.text,
        /<p class="fault" id="timeZone-fault" role="alert">There is no such time zone/,
      );
      assert.match(wrong.text, /<option value="fr" lang="fr" selected>/);
      const finnish = await visit.post('/my/profile', { csrf, locale: 'fi', timeZone: 'Asia/Tokyo' });
      assert.equal(finnish.status, 400);
      assert.match(finnish.text, /id="locale-fault" role="alert">Choose one of the languages/);
      assert.match(finnish.text, /value="Asia\/Tokyo"/);
      for (const path of [
        '/my/profile',
        '/my/calendar',
        '/my/calendar/remove',
        '/my/notifications/reminders',
      ])
        assert.equal((await visit.post(path, { locale: 'fr' })).status, 403, `${path} without the secret`);
      assert.deepEqual(await preferences(userId), { wantsReminders: true });
    });

    test('a calendar: its address is shown once, replaced, taken away, and stands in no address of a page', async () => {
      const { userId, visit } = await learner({ 'accept-language': 'fr' });
      const calendarAt = async (address: string): Promise<Response> =>
        fetch(address.replace(ACCOUNT_URL, world.url));
      const make = async (): Promise<string> => {
        await visit.get('/my/calendar');
        const made = await visit.submit('/my/calendar');
        assert.equal(`${made.status} ${made.location}`, '303 /my/calendar');
        assert.match(
          made.headers.getSetCookie()[0] ?? '',
          /Path=\/my\/calendar; HttpOnly; SameSite=Strict; Secure; /,
        );
        const { text } = await visit.get('/my/calendar');
        const address = /<input id="address" readonly value="([^"]+)"/.exec(text)?.[1] ?? '';
        assert.match(address, /^https:\/\/academy\.example\/calendar\/[\w-]{43}\.ics$/);
        assert.ok(text.includes(`href="${address.replace('https:', 'webcal:')}"`));
        const again = await visit.get('/my/calendar');
        assert.ok(!again.text.includes(address) && !again.text.includes('id="address"'), 'shown once');
        return address;
      };
      assert.match(wordsOf(await visit.get('/my/calendar')), /Créer une adresse/);
      const first = await make();
      const course = await addCourse(world, 'Page', { title: 'Knots' });
      await enroll(world, userId, course, { dueDateType: 'due_date', dueDate: date(3) });
      const calendar = await (await calendarAt(first)).text();
      assert.match(calendar, /SUMMARY:Échéance : Knots/);
      assert.match(calendar, /État/, 'in the words of the page');
      assert.match(wordsOf(await visit.get('/my/calendar')), /adresse depuis.*2 mars 2026.*Dernière lecture/);
      const second = await make();
      assert.equal((await calendarAt(first)).status, 404);
      assert.equal((await calendarAt(second)).status, 200);
      await visit.get('/my/calendar');
      const removed = await visit.submit('/my/calendar/remove');
      assert.match(
        wordsOf(await visit.get(removed.location ?? '')),
        /L’adresse ne fonctionne plus.*Créer une adresse/,
      );
      assert.equal((await calendarAt(second)).status, 404);
      assert.equal((await call(world, 'GET', `/user/${userId}/calendar`)).status, 404);
    });

    test('what is new, without any mail: assigned, due soon, overdue, seats, changed days; nobody else’s, nothing that is over', async () => {
      const { userId, visit } = await learner();
      const stranger = await learner();
      assert.match(wordsOf(await visit.get('/my/notifications')), /What is new Nothing is new\./);
      const due = (days: number, access = -20) => ({
        dueDateType: 'due_date',
        dueDate: date(days),
        accessDate: date(access),
      });
      const add = async (title: string, terms?: Record<string, unknown>): Promise<string> =>
        enroll(world, userId, await addCourse(world, 'Page', { title }), terms);
      const soon = await add('Soon', due(3));
      await add('Late', due(-2));
      await add('Long ago', due(-45, -60));
      await add('Not yet', due(9, 1));
      await record(world, await add('Done', due(3)), { status: 'complete' });
      const course = await addCourse(world);
      const training = await addTraining(world, { title: 'Ladders' });
      await addModule(world, course, training);
      const seated = await enroll(world, userId, course);
      const session = await addSession(world, training, { title: 'Morning' });
      const seat = { json: { userIds: [userId] } };
      await call(world, 'POST', `/training/session/${session}/participants`, seat);
      world.clock.now = new Date(world.clock.now.getTime() + 60_000);
      const [day = ''] = await daysOf(world, session);
      const edited = await call(world, 'POST', `/training/day/${day}`, {
        json: { url: 'https://meet.example/' },
      });
      assert.ok(edited.status < 300, edited.text);
      const page = await visit.get('/my/notifications');
      const words = wordsOf(page);
      for (const text of [
        'New for you: Soon',
        'Due soon: Soon',
        'Due in 3 days',
        'Overdue: Late',
        'New for you: Long ago',
        'You have a seat: Ladders – Morning',
        'Session changed: Ladders – Morning',
      ])
        assert.ok(words.includes(text), `${text}: ${words}`);
      for (const text of ['Overdue: Long ago', 'Not yet', 'Done', 'Sent to you'])
        assert.ok(!words.includes(text), `${text}: ${words}`);
      const linkOf = ({ text }: Page, title: string): string | undefined =>
        new RegExp(`<h3 dir="auto"><a href="([^"]+)">${title}</a>`).exec(text)?.[1];
      assert.equal(linkOf(page, 'Due soon: Soon'), `/my/learning/${soon}`);
      assert.equal(linkOf(page, 'Session changed: Ladders – Morning'), `/my/learning/${seated}`);
      assert.match(wordsOf(await stranger.visit.get('/my/notifications')), /Nothing is new/);
      const ended = await call(world, 'POST', '/enrollment/delete', { json: { enrollmentIds: [soon] } });
      assert.equal(ended.status, 204);
      assert.doesNotMatch(wordsOf(await visit.get('/my/notifications')), /Soon/);
      world.clock.now = new Date(world.clock.now.getTime() + 31 * DAY_MS);
      const later = new Visitor(world);
      await later.signIn(`own-${no - 1}`, PASSWORD);
      const much = wordsOf(await later.get('/my/notifications'));
      assert.doesNotMatch(much, /Late|Ladders|Long ago/, 'what is old is not new');
      world.clock.now = new Date(world.clock.now.getTime() - 31 * DAY_MS);
    });

    test('what was sent, and whether one wants reminders: the same as in the mail’s link', async () => {
      const { userId, visit } = await learner();
      const itemId = await addCourse(world, 'Page', { title: 'Knots & bends' });
      const enrollmentId = await enroll(world, userId, itemId, { dueDateType: 'due_date', dueDate: date(2) });
      const dueAt = new Date(`${date(2)}Z`);
      const remind = async (): Promise<void> => {
        await ask(world, [
          { userId, content: { kind: 'due_soon', itemId, dueAt } },
          {
            userId,
            content: {
              kind: 'digest',
              entries: [
                { kind: 'assigned', itemId, dueAt },
                { kind: 'session_chosen', trainingId: itemId, sessionId: itemId },
              ],
            },
          },
        ]);
        await world.app.jobs.round();
      };
      await remind();
      assert.deepEqual((await statesIn(world)).slice(-2), ['sent', 'sent']);
      const page = await visit.get('/my/notifications');
      const [, sent = ''] = page.text.split('Sent to you by e-mail');
      assert.match(
        sent,
        new RegExp(`<a href="/my/learning/${enrollmentId}">New for you: Knots &amp; bends</a>`),
      );
      assert.match(sent, /Due soon: Knots &amp; bends/);
      assert.equal(sent.match(/<h3/g)?.length, 2, 'of what is gone nothing is told');
      assert.match(wordsOf(page), /You get reminders/);
      const stopped = await visit.submit('/my/notifications/reminders');
      assert.match(wordsOf(await visit.get(stopped.location ?? '')), /This was saved\. You get no reminders/);
      assert.deepEqual(await preferences(userId), { wantsReminders: false });
      await remind();
      assert.deepEqual((await statesIn(world)).slice(-2), ['dropped unsubscribed', 'sent']);
      await visit.submit('/my/notifications/reminders');
      assert.deepEqual(await preferences(userId), { wantsReminders: true });
      await call(world, 'POST', '/enrollment/delete', { json: { enrollmentIds: [enrollmentId] } });
      const [, kept = ''] = (await visit.get('/my/notifications')).text.split('Sent to you by e-mail');
      assert.match(
        kept,
        /<h3 dir="auto">Due soon: Knots &amp; bends<\/h3>/,
        'without a link: it is not theirs any more',
      );
    });
  });
