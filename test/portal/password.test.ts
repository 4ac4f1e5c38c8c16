import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { newPasswordLink } from '../../src/access/index.ts';
import { LANGUAGES } from '../../src/kernel/languages.ts';
import { ENGINES } from '../support/database.ts';
import { type Mailbox, parsed, rawHeader, startMailbox, type TakenMail } from '../support/mailbox.ts';
import { addUser } from '../support/people.ts';
import {
  ACCOUNT_URL,
  call,
  requestStatements,
  requestToken,
  startWorld,
  type World,
} from '../support/server.ts';
import { type Page, Visitor, wordsOf } from '../support/visitor.ts';

const PASSWORD = 'correct horse battery';
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What the mail of each language says, and the page that it leads to. */
const SAID: Record<string, { subject: string; lines: string[]; page: string }> = {
  en: {
    subject: 'Set your password for Academy',
    lines: [
      'Somebody, most likely you, asked for a new password for the login {login} at Academy.',
      'The link can be used once, until March 2, 2026 at 10:00 AM.',
      'If you did not ask for it, you need not do anything: your password stays as it is.',
    ],
    page: 'Set your password',
  },
  de: {
    subject: 'Ihr Passwort für Academy',
    lines: [
      'Jemand, vermutlich Sie, hat ein neues Passwort für den Benutzernamen {login} bei Academy angefordert.',
      'Der Link gilt einmal, bis 2. März 2026 um 10:00.',
    ],
    page: 'Passwort festlegen',
  },
  ru: {
    subject: 'Ваш пароль: Academy',
    lines: ['Ссылкой можно воспользоваться один раз, до 2 марта 2026 г. в 10:00.'],
    page: 'Задайте пароль',
  },
  es: {
    subject: 'Su contraseña de Academy',
    lines: ['El enlace puede usarse una sola vez, hasta el 2 de marzo de 2026 a las 10:00.'],
    page: 'Establecer la contraseña',
  },
  fr: {
    subject: 'Votre mot de passe pour Academy',
    lines: ['Le lien peut servir une seule fois, jusqu’au 2 mars 2026 à 10:00.'],
    page: 'Choisir votre mot de passe',
  },
};

for (const engine of ENGINES)
  describe(`passwords (${engine})`, () => {
    let world: World;
    let mailbox: Mailbox;
    let no = 0;
    const begun = new Date('2026-03-02T09:00:00Z');
    before(async () => {
      mailbox = await startMailbox();
      world = await startWorld(engine, { now: begun, mail: mailbox.config });
    });
    after(async () => {
      await world.close();
      await mailbox.close();
    });

    const owner = async (): Promise<World> => ({
      ...world,
      token: await requestToken(world.url, world.account.clientId, world.account.clientSecret),
    });
    const person = async (): Promise<{ userId: string; login: string }> => {
      const login = `person-${++no}`;
      return { login, userId: await addUser(await owner(), { login, password: PASSWORD }) };
    };
    const post = async (path: string, json: Record<string, unknown>) =>
      call(await owner(), 'POST', path, { json });
    const pass = (ms: number): void => {
      world.clock.now = new Date(world.clock.now.getTime() + ms);
    };
    /** What is sent until nothing is left to do. */
    const delivered = async (): Promise<TakenMail[]> => {
      mailbox.taken.length = 0;
      for (let round = 0; round < 3; round++) await world.app.jobs.round();
      return [...mailbox.taken];
    };
    const ask = async (login: string, visit = new Visitor(world)): Promise<Page> => {
      await visit.get('/sign-in/forgot');
      return visit.submit('/sign-in/forgot', { login });
    };
    const pathIn = async (mail: TakenMail | undefined): Promise<string> => {
      const found = /https:\/\/academy\.example(\/sign-in\/password\/[\w-]{43})$/m.exec(
        (await parsed(mail)).text ?? '',
      );
      assert.ok(found?.[1], mail?.source);
      return found[1];
    };
    /** A link for somebody, as it was sent to them. */
    const linkFor = async (login: string): Promise<string> => {
      await ask(login);
      const mails = await delivered();
      assert.deepEqual(
        mails.map(({ to }) => to),
        [[`${login}@academy.example`]],
      );
      return pathIn(mails[0]);
    };
    const statusOf = async (path: string): Promise<number> => (await new Visitor(world).get(path)).status;
    const setBy = async (path: string, password: string): Promise<Page> => {
      const visit = new Visitor(world);
      await visit.get(path);
      return visit.submit('/sign-in/password', { password });
    };
    const mayEnter = async (login: string, password: string): Promise<boolean> =>
      (await new Visitor(world).signIn(login, password)).location === '/my';

    for (const locale of LANGUAGES)
      test(`the whole way in ${locale}: asked for, sent, opened, set, signed in`, async () => {
        const said = SAID[locale];
        assert.ok(said);
        const { login, userId } = await person();
        await post(`/user/${userId}/mail`, { locale, wantsReminders: false });
        const visit = new Visitor(world, { 'accept-language': locale });
        const asked = await ask(locale === 'de' ? ` ${login}@ACADEMY.example ` : login.toUpperCase(), visit);
        assert.equal(`${asked.status} ${asked.location}`, '303 /sign-in/forgot?sent=1');
        assert.match((await visit.get('/sign-in/forgot?sent=1')).text, /role="status"/);
        const [mail, ...others] = await delivered();
        assert.ok(mail);
        assert.deepEqual([mail.to, others], [[`${login}@academy.example`], []]);
        const message = await parsed(mail);
        const plain = (message.text ?? '').replace(/[\u00a0\u202f\u2009]/g, ' ');
        assert.equal(message.subject, said.subject);
        for (const line of said.lines)
          assert.ok(plain.split('\n').includes(line.replace('{login}', login)), `${line}\n${plain}`);
        const path = await pathIn(mail);
        assert.ok((message.html || '').includes(`href="${ACCOUNT_URL}${path}"`));
        assert.doesNotMatch(message.html || '', /<img|<script|src=/i);
        assert.equal(rawHeader(mail, 'Content-Language'), locale);
        assert.equal(rawHeader(mail, 'List-Unsubscribe'), undefined);
        assert.doesNotMatch(mail.source, /unsubscribe/);

        const head = await fetch(world.url + path, { method: 'HEAD' });
        assert.equal(head.status, 200);
        for (let look = 0; look < 2; look++) await visit.get(path);
        const { page } = visit;
        assert.equal(page.status, 200, 'opening it uses nothing up');
        assert.ok(wordsOf(page).includes(said.page), page.text);
        assert.match(page.text, new RegExp(`name="login" value="${login}" readonly`));
        assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
        assert.equal(page.headers.get('cache-control'), 'no-store');
        assert.doesNotMatch(page.text, /<script|(href|src|action)="(?!\/)[^"#d]/, 'nothing leads elsewhere');
        assert.equal(page.text.split(path.slice(-43)).length, 2, 'the secret stands in one field only');
        const empty = await visit.submit('/sign-in/password', { password: '' });
        assert.equal(empty.status, 400);
        assert.match(empty.text, /<input id="password"[^>]*aria-describedby="password-fault"/);
        const long = await visit.submit('/sign-in/password', { password: 'ä'.repeat(513) });
        assert.equal(long.status, 400);
        const done = await visit.submit('/sign-in/password', { password: `new ${locale}` });
        assert.equal(`${done.status} ${done.location}`, '303 /sign-in?set=1');
        assert.match((await visit.get('/sign-in?set=1')).text, /role="status"/);
        assert.deepEqual(
          [await mayEnter(login, PASSWORD), await mayEnter(login, `new ${locale}`)],
          [false, true],
        );
        const again = await visit.get(path);
        assert.equal(again.status, 404);
        assert.match(again.text, /href="\/sign-in\/forgot"/);
      });

    test('nobody can tell whether there is such a person: answer, cookies and statements are the same', async () => {
      const { login } = await person();
      const gone = await person();
      const left = await person();
      const mute = await person();
      await call(await owner(), 'DELETE', `/user/${gone.userId}`);
      await post(`/user/${left.userId}/status`, { status: 3 });
      await post(`/user/${mute.userId}`, { email: '' });
      const seen: string[] = [];
      for (const name of [login, `${login}@academy.example`, 'nobody', gone.login, left.login, mute.login]) {
        const visit = new Visitor(world);
        await visit.get('/sign-in/forgot');
        world.statements.length = 0;
        const { status, headers, text } = await visit.submit('/sign-in/forgot', { login: name });
        const shown = [...headers].map(([key, value]) =>
          /^(x-request-id|date|set-cookie)$/.test(key) ? key : `${key}: ${value}`,
        );
        seen.push(JSON.stringify({ status, text, shown, statements: requestStatements(world) }));
      }
      assert.equal(new Set(seen).size, 1, [...new Set(seen)].join('\n'));
      const to = (await delivered()).flatMap((mail) => mail.to);
      assert.deepEqual(new Set(to), new Set([`${login}@academy.example`]));
    });

    test('faults stand beside the field; too many are told to wait, whoever is meant', async () => {
      const visit = new Visitor(world);
      await visit.get('/sign-in/forgot');
      const empty = await visit.submit('/sign-in/forgot', { login: ' ' });
      assert.equal(empty.status, 400);
      assert.match(empty.text, /<input id="login"[^>]*aria-invalid="true" aria-describedby="login-fault"/);
      const stale = await new Visitor(world).post('/sign-in/forgot', { login: '"<b>' });
      assert.equal(stale.status, 403);
      assert.match(stale.text, /value="&quot;&lt;b&gt;"/);
      assert.equal((await ask('no\0body')).status, 303);
      assert.equal((await new Visitor(world).signIn('no\0body', 'x\0')).status, 401);
      const { login } = await person();
      for (const name of [login, 'no such person']) {
        for (let time = 0; time < 10; time++) assert.equal((await ask(name)).status, 303);
        const eleventh = await ask(name);
        assert.equal(eleventh.status, 429, name);
        assert.match(eleventh.text, /Try again in 5 minutes\./);
      }
      const mails = await delivered();
      assert.equal(mails.length, 5, 'not more to one person within an hour');
      for (const mail of mails) assert.equal(await statusOf(await pathIn(mail)), 200);
      pass(61 * MINUTE_MS);
      await linkFor(login);
    });

    test('links to set a password count for no cap and wait for none; the switch stops them, and the page says so', async () => {
      const { login } = await person();
      await post('/mail/settings', { maxPerDay: 1 });
      await linkFor(login);
      await linkFor(login);
      const { rows } = await world.db.read((tx) =>
        sql`select from mail_message where kind = 'password_reset' and counted_on is not null`.execute(tx),
      );
      assert.equal(rows.length, 0);
      await ask(login);
      await post('/mail/settings', { isEnabled: false, maxPerDay: 10 });
      try {
        const visit = new Visitor(world);
        assert.match(
          wordsOf(await visit.get('/sign-in/forgot')),
          /Academy sends no e-mail at the moment\. Ask/,
        );
        assert.doesNotMatch(visit.page.text, /<form/);
        const answer = await visit.post('/sign-in/forgot', { login });
        assert.match(wordsOf(answer), /Ask your administrator/);
        assert.deepEqual(await delivered(), []);
      } finally {
        await post('/mail/settings', { isEnabled: true });
      }
      pass(61 * MINUTE_MS);
      assert.deepEqual(await delivered(), [], 'who asked an hour ago has given up');
    });

    test('a link dies after 60 minutes, and with a password, an e-mail, a status or its user', async () => {
      const { login, userId } = await person();
      const dies = async (what: string, how: () => Promise<unknown>): Promise<void> => {
        const path = await linkFor(login);
        assert.equal(await statusOf(path), 200, what);
        const visit = new Visitor(world);
        await visit.get(path);
        await how();
        assert.equal(await statusOf(path), 404, what);
        const sent = await visit.submit('/sign-in/password', { password: 'too late' });
        assert.equal(sent.status, 404, what);
      };
      await dies('time', async () => {
        pass(60 * MINUTE_MS - 1);
        const [last] = mailbox.taken;
        assert.equal(await statusOf(await pathIn(last)), 200);
        pass(1);
      });
      await dies('another password', () => post(`/user/${userId}/password`, { password: 'by the owner' }));
      await dies('another e-mail', async () => {
        await post(`/user/${userId}`, { email: 'elsewhere@academy.example' });
        await post(`/user/${userId}`, { email: `${login}@academy.example` });
      });
      await dies('deactivation', async () => {
        await post(`/user/${userId}/status`, { status: 3 });
        await post(`/user/${userId}/status`, { status: 1 });
      });
      pass(61 * MINUTE_MS);
      await dies('a scheduled end', async () => {
        await post(`/user/${userId}/scheduled_deactivation`, { date: world.clock.now.toISOString() });
        await post(`/user/${userId}/status`, { status: 1 });
      });
      await dies('a newer link that was used', async () => {
        assert.equal((await setBy(await linkFor(login), 'newest')).status, 303);
      });
      await dies('deletion', async () => call(await owner(), 'DELETE', `/user/${userId}`));
      assert.ok(!(await mayEnter(login, 'too late')));
    });

    test('of ten who use one link at once, one sets the password; sessions and tokens of before end', async () => {
      const { login, userId } = await person();
      const before = new Visitor(world);
      await before.signIn(login, PASSWORD);
      const token = await world.tokenOf(userId);
      const path = await linkFor(login);
      const racers = Array.from({ length: 10 }, () => new Visitor(world));
      for (const racer of racers) await racer.get(path);
      const answers = await Promise.all(
        racers.map((racer, place) => racer.submit('/sign-in/password', { password: `racer ${place}` })),
      );
      const won = answers.flatMap(({ status }, place) => (status === 303 ? [place] : []));
      assert.equal(won.length, 1);
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([303, 404]));
      const entered: number[] = [];
      for (const place of racers.keys()) if (await mayEnter(login, `racer ${place}`)) entered.push(place);
      assert.deepEqual(entered, won);
      assert.equal((await before.get('/my')).status, 303);
      assert.equal((await call(world, 'GET', '/role', { token })).code, 'auth.bad_token');
    });

    test('of a secret nothing is stored but its hash, and no other leads anywhere', async () => {
      const { login, userId } = await person();
      const path = await linkFor(login);
      const secret = path.slice(-43);
      const bytes = Buffer.from(secret, 'base64url');
      assert.equal(bytes.readUInt32BE(0), world.account.accountId);
      for (const table of ['password_link', 'mail_message', 'job']) {
        const { rows } = await world.db.read((tx) =>
          sql<{ row: string }>`select t::text as row from ${sql.table(table)} t`.execute(tx),
        );
        for (const { row } of rows)
          assert.ok(!row.includes(secret) && !row.includes(bytes.toString('hex')), `${table}: ${row}`);
      }
      const ofOther = Buffer.from(bytes);
      ofOther.writeUInt32BE(world.account.accountId + 1, 0);
      const changed = Buffer.from(bytes);
      changed[31] = (changed[31] ?? 0) ^ 1;
      for (const bad of [ofOther.toString('base64url'), changed.toString('base64url'), 'x', secret.slice(1)])
        assert.equal(await statusOf(`/sign-in/password/${bad}`), 404, bad);
      assert.equal((await new Visitor(world).get('/sign-in/password')).location, '/sign-in/forgot');
      const made = (address: string) =>
        world.db.write((tx) =>
          newPasswordLink(tx, 1, { userId, address, purpose: 'password_reset' }, world.clock.now),
        );
      assert.equal(await made('older@academy.example'), null, 'whose address has changed since it was read');
      assert.ok(await made(`${login}@academy.example`));
    });

    test('an invitation: with the new user or later, valid for seven days, told why not', async () => {
      const login = `invited-${++no}`;
      const userId = (
        await post('/user', {
          departmentId: world.account.rootDepartmentId,
          fields: { login, first_name: 'Ann' },
          email: `${login}@academy.example`,
          sendLoginEmail: true,
          invitationMessage: 'Welcome!\nWe start at <nine>.',
        })
      ).json as string;
      const [mail, ...others] = await delivered();
      assert.equal(others.length, 0);
      const message = await parsed(mail);
      assert.equal(message.subject, 'You have an account at Academy');
      const text = message.text ?? '';
      assert.match(
        text,
        /^Hello Ann,\n\nWelcome!\nWe start at <nine>\.\n\nYou can now use Academy\. Your login is .*\n\nSet your/,
      );
      assert.doesNotMatch(text, /If you did not ask/);
      assert.match(message.html || '', /Welcome!<br>\n?We start at &lt;nine&gt;\.<br>/);
      const { rows } = await world.db.read((tx) =>
        sql<{ data: object }>`select data from mail_message where user_id = ${userId}`.execute(tx),
      );
      assert.deepEqual(rows, [{ data: {} }], 'what was said is not kept');
      const path = await pathIn(mail);
      const invite = (json: Record<string, unknown> = {}) => post(`/user/${userId}/invitation`, json);
      assert.equal((await invite()).status, 202);
      const second = await pathIn((await delivered())[0]);
      pass(7 * DAY_MS - 1);
      assert.equal(await statusOf(second), 200);
      pass(1);
      assert.deepEqual([await statusOf(path), await statusOf(second)], [404, 404]);
      assert.equal((await invite({ invitationMessage: 'Once more' })).status, 202);
      const [third] = await delivered();
      assert.equal((await setBy(await pathIn(third), 'my own')).location, '/sign-in?set=1');
      assert.ok(await mayEnter(login, 'my own'));
      for (let time = 1; time < 5; time++) assert.equal((await invite()).status, 202);
      const why = async (): Promise<string> => {
        const { status, json } = await invite();
        return `${status} ${(json as { message: string }).message}`;
      };
      const no409 = `409 No invitation can be sent to ${userId}:`;
      assert.equal(await why(), `${no409} the user was invited 5 times within an hour.`);
      pass(61 * MINUTE_MS);
      await post('/mail/settings', { isEnabled: false });
      assert.equal(await why(), `${no409} the account sends no mail.`);
      await post('/mail/settings', { isEnabled: true });
      await post(`/user/${userId}`, { email: 'two@a.example, three@a.example' });
      assert.equal(await why(), `${no409} the e-mail address of the user is not one plain address.`);
      await post(`/user/${userId}`, { email: '' });
      assert.equal(await why(), `${no409} the user has no e-mail address.`);
      await post(`/user/${userId}/status`, { status: 3 });
      assert.equal(await why(), `${no409} the user is not active.`);
      await delivered();
    });

    test('one’s own password: asked for the old one, other sessions end, this one goes on', async () => {
      const { login, userId } = await person();
      const visit = new Visitor(world);
      await visit.signIn(login, PASSWORD);
      const other = new Visitor(world);
      await other.signIn(login, PASSWORD);
      const token = await world.tokenOf(userId);
      await visit.get('/my/password');
      const change = (old: string, password: string) => visit.submit('/my/password', { old, new: password });
      const empty = await change('', '');
      assert.equal(empty.status, 400);
      for (const name of ['old', 'new'])
        assert.match(empty.text, new RegExp(`<input id="${name}"[^>]*aria-describedby="${name}-fault"`));
      assert.equal(empty.text.match(/<input[^>]* autofocus/g)?.length, 1, 'the first is in focus');
      const long = await change(PASSWORD, 'x'.repeat(1025));
      assert.match(long.text, /id="new-fault">This password is too long\./);
      const wrong = await change('not it', 'another one');
      assert.equal(wrong.status, 401);
      assert.match(wrong.text, /id="old-fault">This is not your present password\./);
      assert.ok(!wrong.text.includes('another one'), 'no password is written into a page');
      assert.equal((await other.get('/my')).status, 200);
      const link = await linkFor(login);
      const done = await change(PASSWORD, 'another one');
      assert.equal(`${done.status} ${done.location}`, '303 /my/password?changed=1');
      assert.match(wordsOf(await visit.get('/my/password?changed=1')), /Your password is changed/);
      assert.equal((await other.get('/my')).status, 303);
      assert.equal((await call(world, 'GET', '/role', { token })).code, 'auth.bad_token');
      assert.equal(await statusOf(link), 404);
      assert.deepEqual(
        [await mayEnter(login, PASSWORD), await mayEnter(login, 'another one')],
        [false, true],
      );
      for (let time = 0; time < 10; time++) await change('guess', 'another one');
      const late = await change('another one', 'a third');
      assert.equal(late.status, 429, 'guesses are counted as those of the sign-in page');
      await world.db.writeOnce(sql`update users set password_hash = null where user_id = ${userId}`);
      assert.match(wordsOf(await visit.get('/my/password')), /You have no password/);
      assert.doesNotMatch(visit.page.text, /action="\/my\/password"/);
    });
  });
