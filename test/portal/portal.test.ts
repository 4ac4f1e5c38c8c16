import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createAccount } from '../../src/people/index.ts';
import { ENGINES } from '../support/database.ts';
import { addCourseOf, addTrack, enroll } from '../support/learning.ts';
import { addCourse, addModule, addTraining, addUser } from '../support/people.ts';
import { call, requestToken, startWorld, type World } from '../support/server.ts';
import { Visitor, wordsOf } from '../support/visitor.ts';

const PASSWORD = 'correct horse battery';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

for (const engine of ENGINES)
  describe(`portal (${engine})`, () => {
    let world: World;
    let no = 0;
    before(async () => {
      world = await startWorld(engine, { now: new Date('2026-03-02T09:00:00Z') });
    });
    after(() => world.close());

    const learner = async (): Promise<{ userId: string; login: string }> => {
      const login = `learner-${++no}`;
      return { login, userId: await addUser(world, { login, password: PASSWORD }) };
    };
    const visitor = async (login: string): Promise<Visitor> => {
      const visit = new Visitor(world);
      const answer = await visit.signIn(login, PASSWORD);
      assert.equal(`${answer.status} ${answer.location}`, '303 /my', answer.text);
      return visit;
    };
    const now = async (): Promise<World> => ({
      ...world,
      token: await requestToken(world.url, world.account.clientId, world.account.clientSecret),
    });

    test('sign in: faults beside the fields, what was typed is kept, then where one wanted to go', async () => {
      const { login } = await learner();
      const visit = new Visitor(world);
      const first = await visit.get('/my');
      assert.equal(`${first.status} ${first.location}`, '303 /sign-in?next=%2Fmy');
      await visit.get('/sign-in?next=%2Fmy%2Fcertificate%2Fx');
      const empty = await visit.submit('/sign-in', { login: '', password: '' });
      assert.equal(empty.status, 400);
      assert.match(
        empty.text,
        /<input id="login"[^>]*aria-invalid="true" aria-describedby="login-fault" autofocus>/,
      );
      assert.match(empty.text, /<p class="fault" id="password-fault">This field is required\.<\/p>/);
      const wrong = await visit.submit('/sign-in', { login, password: 'not it "<&' });
      assert.equal(wrong.status, 401);
      assert.match(wrong.text, /role="alert"[^>]*>Login or password is wrong/);
      assert.match(wrong.text, new RegExp(`name="login" value="${login}"`));
      assert.ok(!wrong.text.includes('not it'), 'no password is written into a page');
      const right = await visit.submit('/sign-in', { login, password: PASSWORD });
      assert.equal(`${right.status} ${right.location}`, '303 /my/certificate/x');
      const cookie = right.headers.getSetCookie().find((set) => set.startsWith('rollbook_session='));
      assert.match(cookie ?? '', /; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
      const unknown = await new Visitor(world).signIn('nobody-at-all', PASSWORD);
      assert.equal(unknown.status, 401);
      assert.equal((await visit.get('/sign-in')).location, '/my', 'who is signed in need not again');
    });

    test('pages carry a strict policy, and nothing inline', async () => {
      const { login } = await learner();
      const visit = await visitor(login);
      const page = await visit.get('/my');
      assert.equal(page.status, 200);
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; style-src 'self'/,
      );
      assert.equal(page.headers.get('cache-control'), 'no-store');
      assert.doesNotMatch(page.text, /<script|style=|\son\w+=/);
      for (const [, path = ''] of page.text.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)) {
        const sheet = await visit.get(path);
        assert.equal(`${sheet.status} ${sheet.headers.get('content-type')}`, '200 text/css; charset=utf-8');
      }
    });

    test('pages are compressed as a browser accepts it, and no secret stands in two of them alike', async () => {
      const visit = await visitor((await learner()).login);
      const encodings: (string | null)[] = [];
      for (const accepted of ['gzip, deflate, br', 'gzip;q=1.0, br;q=0', 'identity', '']) {
        visit.headers['accept-encoding'] = accepted;
        const page = await visit.get('/my');
        assert.match(page.text, /My learning/, accepted);
        assert.equal(page.headers.get('vary'), 'accept-encoding');
        encodings.push(page.headers.get('content-encoding'));
      }
      assert.deepEqual(encodings, ['br', 'gzip', null, null]);
      const secrets = new Set<string>();
      for (const path of ['/my', '/my', '/my/catalogue', '/my/catalogue'])
        for (const [, secret = ''] of (await visit.get(path)).text.matchAll(/name="csrf" value="([^"]+)"/g))
          secrets.add(secret);
      assert.equal(secrets.size, 4, 'one for each page');
      for (const csrf of secrets) {
        const again = await visit.post('/my/learning/x/done', { csrf });
        assert.equal(again.status, 404, 'each is known');
      }
      const stranger = new Visitor(world);
      const shown: string[] = [];
      for (const _ of [1, 2])
        shown.push(/name="csrf" value="([^"]+)"/.exec((await stranger.get('/sign-in')).text)?.[1] ?? '');
      assert.equal(new Set([...shown, ...stranger.cookies.values()]).size, 3);
    });

    test('an address elsewhere is not where one goes after signing in', async () => {
      const { login } = await learner();
      for (const next of [
        'https://evil.example/',
        '//evil.example',
        '/my/../..//evil.example',
        '/my\\evil',
        'javascript:1',
      ]) {
        const visit = new Visitor(world);
        await visit.get(`/sign-in?next=${encodeURIComponent(next)}`);
        const answer = await visit.submit('/sign-in', { login, password: PASSWORD });
        assert.equal(new URL(answer.location ?? '', world.url).origin, world.url, next);
      }
    });

    test('forms from elsewhere do nothing: without the secret, with another one, or from another site', async () => {
      const { login, userId } = await learner();
      const { courseId, moduleIds } = await addCourseOf(world, 1);
      const enrollmentId = await enroll(world, userId, courseId);
      const visit = await visitor(login);
      const other = await visitor((await learner()).login);
      await visit.get(`/my/learning/${enrollmentId}`);
      const path = `/my/learning/${enrollmentId}/done`;
      const csrf = /name="csrf" value="([^"]+)"/.exec(visit.page.text)?.[1] ?? '';
      await other.get('/my');
      const foreign = /name="csrf" value="([^"]+)"/.exec(other.page.text)?.[1] ?? '';
      const moduleId = moduleIds[0] ?? '';
      assert.equal((await visit.post(path, { moduleId })).status, 403);
      assert.equal((await visit.post(path, { moduleId, csrf: foreign })).status, 403);
      assert.equal(
        (await visit.post(path, { moduleId, csrf }, { 'sec-fetch-site': 'cross-site' })).status,
        403,
      );
      assert.match(wordsOf(await visit.get(`/my/learning/${enrollmentId}`)), /Not started/);
      assert.equal((await new Visitor(world).post('/sign-in', { login, password: PASSWORD })).status, 403);
      assert.equal((await visit.post(path, { moduleId, csrf })).status, 303);
    });

    test('a login is the same however Unicode spells it, and in whatever case', async () => {
      const login = 'Zo\u00eb.B\u00f6hm';
      await addUser(world, { login, password: PASSWORD });
      for (const spelling of [login.normalize('NFD'), login.toUpperCase(), ` ${login} `])
        await visitor(spelling);
    });

    test('too many attempts are told to wait; the API knows no sessions', async () => {
      const { login } = await learner();
      const visit = new Visitor(world);
      for (let attempt = 0; attempt < 10; attempt++) await visit.signIn(login, 'wrong');
      const answer = await visit.signIn(login, PASSWORD);
      assert.equal(answer.status, 429);
      assert.match(answer.text, /Try again in 5 minutes\./);
      const mine = await visitor((await learner()).login);
      const api = await fetch(`${world.url}/enrollment`, {
        headers: { cookie: `rollbook_session=${mine.cookies.get('rollbook_session')}` },
      });
      assert.equal(api.status, 401);
    });

    test('without a mail server nobody is promised a link: the page says whom to ask', async () => {
      const visit = new Visitor(world);
      await visit.get('/sign-in');
      const [, path = ''] = /href="([^"]+)">Forgot your password\?/.exec(visit.page.text) ?? [];
      assert.match(wordsOf(await visit.get(path)), /Ask your administrator to set a new password for you/);
      assert.match(wordsOf(await visit.post(path, { login: 'owner' })), /Ask your administrator/);
    });

    test('out at once: signed out, deactivated, another password, not used for long, another account', async () => {
      const { login, userId } = await learner();
      const visit = await visitor(login);
      const kept = visit.cookies.get('rollbook_session') ?? '';
      const isIn = async (token = kept): Promise<boolean> => {
        const again = new Visitor(world);
        again.cookies.set('rollbook_session', token);
        return (await again.get('/my')).status === 200;
      };
      assert.ok(await isIn());
      await visit.get('/my');
      const out = await visit.submit('/sign-out');
      assert.equal(out.location, '/sign-in?ended=1');
      assert.ok(!(await isIn()), 'signed out');
      assert.match(wordsOf(await visit.get('/sign-in?ended=1')), /You have signed out/);
      const second = (await visitor(login)).cookies.get('rollbook_session') ?? '';
      await call(world, 'POST', `/user/${userId}/status`, { json: { status: 3 } });
      assert.ok(!(await isIn(second)), 'deactivated');
      assert.equal((await new Visitor(world).signIn(login, PASSWORD)).status, 401);
      await call(world, 'POST', `/user/${userId}/status`, { json: { status: 1 } });
      assert.ok(!(await isIn(second)), 'a session that ended does not come back');
      const third = (await visitor(login)).cookies.get('rollbook_session') ?? '';
      await call(world, 'POST', `/user/${userId}/password`, { json: { password: 'quite another one' } });
      assert.ok(!(await isIn(third)), 'another password');
      const idle = await visitor((await learner()).login);
      const begun = world.clock.now;
      const at = async (hours: number): Promise<number> => {
        world.clock.now = new Date(begun.getTime() + hours * HOUR_MS);
        return (await idle.get('/my')).status;
      };
      assert.deepEqual([await at(11), await at(22.9), await at(35)], [200, 200, 303]);
      world.clock.now = begun;
      const strange = `${kept.slice(0, 2)}${kept[2] === 'A' ? 'B' : 'A'}${kept.slice(3)}`;
      assert.ok(!(await isIn(strange)));
    });

    test('my learning: by urgency, in words and exactly, nothing of anybody else', async () => {
      const { login, userId } = await learner();
      const stranger = await learner();
      const date = (days: number) => new Date(world.clock.now.getTime() + days * DAY_MS).toISOString();
      const titles = ['Overdue <b>&"', 'Locked', 'Soon', 'Later', 'Upcoming', 'Unlimited'];
      const ids = await Promise.all(
        titles.map((title) => addCourse(world, 'Link', { title, url: 'https://docs.example/' })),
      );
      const due = (days: number, more = {}) => ({
        dueDateType: 'due_date',
        dueDate: date(days),
        accessDate: date(-20),
        ...more,
      });
      const terms = [
        due(-2),
        due(-3, { lockAfterDueDate: true }),
        due(3),
        due(30),
        due(60, { accessDate: date(1) }),
        { dueDateType: 'unlimited' },
      ];
      const enrollments: string[] = [];
      for (const [place, id] of ids.entries())
        enrollments.push(await enroll(world, userId, id, terms[place]));
      await enroll(world, stranger.userId, await addCourse(world, 'Page', { title: 'Not mine' }));
      const visit = await visitor(login);
      const page = await visit.get('/my');
      const words = wordsOf(page);
      const order = [
        'Overdue 2',
        'Locked',
        'Overdue <b>&"',
        'Due soon 1',
        'Soon',
        'Open 2',
        'Later',
        'Unlimited',
        'Upcoming 1',
        'Upcoming',
      ];
      let from = words.indexOf('My learning', words.indexOf('Sign out'));
      for (const text of order) {
        const found = words.indexOf(text, from);
        assert.ok(found >= from, `${text} after ${from} in: ${words}`);
        from = found + 1;
      }
      for (const text of [
        'Was due 2 days ago',
        'Saturday, February 28, 2026',
        'Due in 3 days',
        'Opens tomorrow',
        'No due date',
        'Locked since',
      ])
        assert.ok(words.includes(text), `${text}: ${words}`);
      assert.ok(!words.includes('Not mine'));
      const locked = await visit.get(`/my/learning/${enrollments[1]}`);
      assert.match(wordsOf(locked), /This is locked since .*Ask your administrator/);
      assert.doesNotMatch(locked.text, /\/open"/);
      const upcoming = await visit.get(`/my/learning/${enrollments[4]}`);
      assert.match(wordsOf(upcoming), /This opens Tuesday, March 3, 2026/);
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      for (const place of [1, 4])
        for (const action of ['open', 'done']) {
          const refused = await visit.post(`/my/learning/${enrollments[place]}/${action}`, { csrf });
          assert.equal(refused.status, 400, 'by no address');
          assert.match(wordsOf(refused), /It is not open for you at the moment/);
        }
      for (const place of [1, 4]) {
        const away = await visit.get(`/my/learning/${enrollments[place]}/away`);
        assert.equal(`${away.status} ${away.location}`, `303 /my/learning/${enrollments[place]}`);
      }
      const german = new Visitor(world, { 'accept-language': 'de-AT, en;q=0.5' });
      await german.signIn(login, PASSWORD);
      assert.match(wordsOf(await german.get('/my')), /Überfällig 2.*War fällig vor 3 Tagen.*Bald fällig 1/);
    });

    test('a course: modules are opened and completed, the certificate comes, and somebody else sees none of it', async () => {
      const { login, userId } = await learner();
      const stranger = await visitor((await learner()).login);
      const course = await addCourse(world, 'Course', { title: 'Safety' });
      const link = await addCourse(world, 'Link', { title: 'Read', url: 'https://docs.example/read' });
      const moduleId = await addModule(world, course, link);
      const other = await addModule(world, course, await addCourse(world, 'Page', { title: 'Think' }));
      const enrollmentId = await enroll(world, userId, course);
      const visit = await visitor(login);
      const path = `/my/learning/${enrollmentId}`;
      await visit.get(path);
      const csrf = /name="csrf" value="([^"]+)"/.exec(visit.page.text)?.[1] ?? '';
      const opened = await visit.post(`${path}/open`, { csrf, moduleId });
      assert.equal(`${opened.status} ${opened.location}`, `303 ${path}/away?moduleId=${moduleId}`);
      const away = await visit.get(opened.location ?? '');
      assert.equal(away.headers.get('refresh'), '0; url=https://docs.example/read');
      assert.match(away.text, /<a class="button" href="https:\/\/docs\.example\/read"/);
      assert.equal((await stranger.get(opened.location ?? '')).status, 404);
      assert.equal((await visit.get(`${path}/away`)).status, 404, 'a course leads nowhere');
      assert.match(wordsOf(await visit.get(path)), /In progress/);
      for (const id of [moduleId, moduleId, other]) {
        const done = await visit.post(`${path}/done`, { csrf, moduleId: id });
        assert.equal(`${done.status} ${done.location}`, `303 ${path}?saved=1`);
      }
      const page = await visit.get(`${path}?saved=1`);
      assert.match(wordsOf(page), /Your progress was saved.*Completed/);
      const href = /href="(\/my\/certificate\/[^"]+)"/.exec(page.text)?.[1] ?? '';
      const link2 = await visit.get(href);
      assert.equal(link2.status, 303);
      const pdf = await fetch(world.url + link2.location);
      assert.equal(pdf.headers.get('content-type'), 'application/pdf');
      assert.equal((await stranger.get(href)).status, 404);
      assert.equal((await stranger.get(path)).status, 404);
      assert.match(wordsOf(await stranger.get(path)), /There is no such page/);
      await stranger.get('/my');
      const foreign = /name="csrf" value="([^"]+)"/.exec(stranger.page.text)?.[1] ?? '';
      for (const action of ['open', 'done'])
        assert.equal((await stranger.post(`${path}/${action}`, { csrf: foreign, moduleId })).status, 404);
      for (const unknown of [`/my/learning/${course}`, '/my/learning/x', '/my/nowhere'])
        assert.equal((await visit.get(unknown)).status, 404, unknown);
      assert.match(wordsOf(await visit.get('/my')), /Completed 1 Safety/);
    });

    test('what is not for the learner to say is not said: trainings, tests, courses with modules', async () => {
      const { login, userId } = await learner();
      const { courseId } = await addCourseOf(world, 1);
      const training = await call(world, 'POST', `/course/${courseId}/modules`, {
        json: { itemId: await addTraining(world) },
      });
      const quiz = await addModule(world, courseId, await addCourse(world, 'OnlineQuiz'));
      const enrollmentId = await enroll(world, userId, courseId);
      const visit = await visitor(login);
      await visit.get(`/my/learning/${enrollmentId}`);
      const csrf = /name="csrf" value="([^"]+)"/.exec(visit.page.text)?.[1] ?? '';
      for (const fields of [{}, { moduleId: training.json as string }, { moduleId: quiz }]) {
        const answer = await visit.post(`/my/learning/${enrollmentId}/done`, { csrf, ...fields });
        assert.equal(answer.status, 400, JSON.stringify(fields));
      }
      assert.match(wordsOf(visit.page), /Nothing was changed/);
      const page = await visit.get(`/my/learning/${enrollmentId}`);
      assert.match(wordsOf(page), /Not started.*Training with a session to choose/);
    });

    test('a learning track shows its courses, each with its modules', async () => {
      const { login, userId } = await learner();
      const one = await addCourseOf(world, 1);
      const two = await addCourseOf(world, 1);
      const track = await addTrack(world, [one.courseId, two.courseId]);
      const enrollmentId = await enroll(world, userId, track);
      const visit = await visitor(login);
      const path = `/my/learning/${enrollmentId}`;
      const page = await visit.get(path);
      assert.deepEqual(
        [...page.text.matchAll(new RegExp(`href="${path}/([^"]+)"`, 'g'))].map(([, id]) => id),
        [one.courseId, two.courseId],
      );
      for (const { courseId, moduleIds } of [one, two]) {
        await visit.get(`${path}/${courseId}`);
        const done = await visit.submit(`${path}/done`);
        assert.equal(done.location, `${path}/${courseId}?saved=1`);
        assert.equal(moduleIds.length, 1);
      }
      assert.match(wordsOf(await visit.get(path)), /Completed/);
      const foreign = await addCourseOf(world, 1);
      assert.equal((await visit.get(`${path}/${foreign.courseId}`)).status, 404);
      await call(await now(), 'POST', '/enrollment/delete', { json: { enrollmentIds: [enrollmentId] } });
      assert.equal((await visit.get(path)).status, 404, 'ended');
      assert.match(wordsOf(await visit.get('/my')), /You are not enrolled in anything/);
    });

    /** The last: from then on this server has two accounts, neither of them at the address of the other tests. */
    test('with several accounts the host says which; where there is none the page says so, in the reader’s language', async () => {
      await createAccount(world.db, {
        name: 'Works',
        url: 'http://works.example:8080/school',
        ownerLogin: 'owner',
        ownerEmail: 'owner@works.example',
        ownerPassword: PASSWORD,
        plan: 'business',
        now: world.clock.now,
      });
      const at = async (host: string, path: string, language = 'en'): Promise<string> => {
        const request = get(world.url + path, { headers: { host, 'accept-language': language } });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        const words = wordsOf({ text: (await response.toArray()).join('') });
        return `${response.statusCode} ${words}`;
      };
      assert.match(await at('academy.example', '/sign-in'), /^200 Skip to content Academy Sign in/);
      assert.match(await at('Works.example:8080', '/sign-in'), /^200 Skip to content Works Sign in/);
      for (const path of ['/sign-in', '/my', '/my/nowhere']) {
        const page = await at('elsewhere.example', path);
        assert.match(page, /^404 .*There is no account at this address\.$/, path);
        assert.doesNotMatch(page, /Academy|Works|Back to/);
      }
      assert.match(
        await at('127.0.0.1', '/my', 'de-AT'),
        /^404 .*Unter dieser Adresse gibt es kein Konto\.$/,
      );
      assert.match(
        await at('works.example', '/my', 'fr-;;q=!!, ru'),
        /^404 .*По этому адресу нет аккаунта\.$/,
      );
    });
  });
