import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { addModule, enroll } from '../support/learning.ts';
import { startOpenIdProvider } from '../support/openid-provider.ts';
import { addCourse, addSession, addTraining, addUser } from '../support/people.ts';
import { ACCOUNT_URL, call, startWorld, type World } from '../support/server.ts';

/** What learners do, in a real browser. Every key is pressed; nothing is given the focus by a test. */

const PASSWORD = 'correct horse battery';
const NOW = new Date('2026-03-02T09:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const JOURNEYS: readonly [name: string, options: BrowserContextOptions][] = [
  ['360 × 740', { viewport: { width: 360, height: 740 } }],
  ['1280 × 800', { viewport: { width: 1280, height: 800 } }],
  ['without scripts', { viewport: { width: 360, height: 740 }, javaScriptEnabled: false }],
];

describe('the portal in a browser, by keyboard', () => {
  let world: World;
  let browser: Browser;
  let elsewhere: http.Server;
  let material: string;

  before(async () => {
    world = await startWorld('embedded', { now: NOW });
    browser = await launchBrowser();
    elsewhere = http.createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<title>Elsewhere</title><h1>What there is to read</h1>');
    });
    await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done));
    material = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/read`;
  });
  after(async () => {
    await browser.close();
    elsewhere.close();
    await world.close();
  });

  beforeEach(() => {
    world.clock.now = NOW;
  });

  const opened = async (options: BrowserContextOptions = {}): Promise<Page> => {
    const context = await browser.newContext({
      locale: 'en',
      timezoneId: 'UTC',
      viewport: { width: 360, height: 740 },
      ...options,
    });
    const page = await context.newPage();
    page.context().setDefaultTimeout(20_000);
    return page;
  };
  const inDays = (days: number): string => new Date(NOW.getTime() + days * DAY_MS).toISOString();

  /** Somebody with what a journey needs; what they have has names of its own. */
  interface Learner {
    readonly login: string;
    readonly userId: string;
    readonly sessions: { readonly morning: string; readonly evening: string };
    readonly training: string;
    readonly lockAt: Date;
  }
  let learners = 0;
  const arrange = async (): Promise<Learner> => {
    const login = `traveller-${++learners}`;
    const userId = await addUser(world, { login, password: PASSWORD });
    const link = (title: string) => addCourse(world, 'Link', { title, url: material });
    const due = (days: number, more = {}) => ({
      dueDateType: 'due_date',
      dueDate: inDays(days),
      accessDate: inDays(-20),
      ...more,
    });
    const course = await addCourse(world, 'Course', { title: 'Working safely' });
    await addModule(world, course, await link('Protective gear'));
    const lockAt = new Date(NOW.getTime() + HOUR_MS);
    const gathering = await addCourse(world, 'Course', { title: 'Ladders' });
    const training = await addTraining(world, { title: 'In the yard' });
    await addModule(world, gathering, training);
    const day = (startTime: string) => [{ startTime, duration: 7200, location: 'Yard 3' }];
    const morning = { title: 'In the morning', capacity: 1, days: day('2026-03-20 08:00:00') };
    const evening = { title: 'In the evening', days: day('2026-03-21 18:00:00') };
    const sessions = {
      morning: await addSession(world, training, morning),
      evening: await addSession(world, training, evening),
    };
    await enroll(world, userId, await link('Fire safety'), due(-2));
    await enroll(world, userId, course, due(3));
    await enroll(world, userId, await link('Data protection'), {
      ...due(0, { lockAfterDueDate: true }),
      dueDate: lockAt.toISOString(),
    });
    const trainingPath = `/my/learning/${await enroll(world, userId, gathering)}`;
    await enroll(world, userId, await link('First aid'), due(30, { accessDate: inDays(1) }));
    await addCourse(world, 'Course', { title: `Knots for ${login}`, selfEnrollment: true });
    return { login, userId, sessions, training: trainingPath, lockAt };
  };

  const signIn = async (page: Page, login: string): Promise<void> => {
    await page.goto(`${world.url}/my`);
    await tabTo(page, 'textbox', 'Login');
    await page.keyboard.type(login);
    await tabTo(page, 'textbox', 'Password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await heading(page, 'My learning');
  };
  const seatsOf = async (userId: string): Promise<string[]> => {
    const { rows } = await world.db.read((tx) =>
      sql<{
        session_id: string;
      }>`select session_id from training_seat where user_id = ${userId}`.execute(tx),
    );
    return rows.map((row) => row.session_id);
  };
  /** How much was written for somebody: what changed twice shows here. */
  const written = async (userId: string): Promise<Record<string, number>> => {
    const { rows } = await world.db.read((tx) =>
      sql<Record<string, number>>`
        select (select count(*)::int from enrollment where learner_id = ${userId}) as enrollments,
               (select count(*)::int from enrollment_past where learner_id = ${userId}) as ended,
               (select count(*)::int from training_seat where user_id = ${userId}) as seats,
               (select count(*)::int from certificate where learner_id = ${userId}) as certificates,
               (select count(*)::int from operation where actor_id = ${userId}) as operations`.execute(tx),
    );
    return rows[0] ?? {};
  };

  for (const [name, options] of JOURNEYS)
    test(`a learner’s way through everything: ${name}`, async () => {
      const { login, userId, sessions, lockAt } = await arrange();
      const page = await opened(options);
      const errors: string[] = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      page.on('pageerror', (error) => errors.push(String(error)));
      await signIn(page, login);

      // What is urgent stands first.
      const sections = await page.getByRole('heading', { level: 2 }).allInnerTexts();
      assert.deepEqual(
        sections.map((text) => text.replace(/\s+\d+$/, '')),
        ['Overdue', 'Due soon', 'Open', 'Upcoming'],
      );
      const first = page.getByRole('listitem').filter({ hasText: 'Fire safety' });
      await first.getByText('Was due 2 days ago').waitFor();

      // Open an item: it opens in a tab of its own; complete it; the certificate is there.
      await press(page, 'link', 'Working safely');
      await heading(page, 'Working safely');
      const opening = page.context().waitForEvent('page');
      await press(page, 'button', 'Open Protective gear');
      const read = await opening;
      await read.getByRole('heading', { name: 'What there is to read' }).waitFor();
      assert.equal(read.url(), material);
      await read.close();
      await page.reload();
      await page.getByText('In progress').first().waitFor();
      await press(page, 'button', 'I am done with Protective gear');
      await announced(page, 'status', 'Your progress was saved.');
      const file = page.waitForEvent('download');
      await press(page, 'link', 'Download the certificate');
      assert.match((await file).suggestedFilename(), /\.pdf$/);
      assert.equal(await (await file).failure(), null);
      await press(page, 'link', 'Back to my learning');
      await page
        .getByRole('region', { name: /Completed/ })
        .getByRole('link', { name: 'Working safely' })
        .waitFor();

      // Choose a session, switch to another, leave it.
      await press(page, 'link', 'Ladders');
      await press(page, 'link', /^Choose a session/);
      await press(page, 'button', 'Choose In the morning');
      await announced(page, 'status', 'You have a seat in this session.');
      assert.deepEqual(await seatsOf(userId), [sessions.morning]);
      await press(page, 'button', 'Switch to this one: In the evening');
      await page.getByRole('region', { name: 'Your session' }).getByText('In the evening').waitFor();
      assert.deepEqual(await seatsOf(userId), [sessions.evening]);
      await press(page, 'button', 'Leave this session');
      await announced(page, 'status', 'You have left the session.');
      assert.deepEqual(await seatsOf(userId), []);

      // A lock falls while the page is open: to the second.
      await press(page, 'link', 'My learning');
      world.clock.now = lockAt;
      await press(page, 'link', 'Data protection');
      await tabTo(page, 'button', 'I am done with Data protection');
      world.clock.now = new Date(lockAt.getTime() + 1000);
      await page.keyboard.press('Enter');
      await announced(page, 'alert', /It is not open for you at the moment. Nothing was changed./);
      await press(page, 'link', 'Back to my learning');
      await press(page, 'link', 'Data protection');
      await page.getByText(/This is locked since .* 10:00 AM/).waitFor();
      assert.equal(await page.getByRole('button', { name: /Data protection/ }).count(), 0);

      // What opens tomorrow says so, and does.
      world.clock.now = NOW;
      await press(page, 'link', 'My learning');
      await page
        .getByRole('region', { name: /Upcoming/ })
        .getByText('Opens tomorrow')
        .waitFor();
      await press(page, 'link', 'First aid');
      await page.getByText(/This opens Tuesday, March 3, 2026 at 9:00 AM/).waitFor();
      assert.equal(await page.getByRole('button', { name: /First aid/ }).count(), 0);
      world.clock.now = new Date(NOW.getTime() + DAY_MS);
      // A session that nobody used for half a day has ended meanwhile.
      await press(page, 'link', 'My learning');
      await heading(page, 'Sign in');
      await signIn(page, login);
      await press(page, 'link', 'First aid');
      await page.getByRole('button', { name: 'Open First aid' }).waitFor();

      // Enroll from the catalogue.
      await press(page, 'link', 'Catalogue');
      await tabTo(page, 'searchbox', 'Search');
      await page.keyboard.type(`knots ${login}`);
      await page.keyboard.press('Enter');
      await press(page, 'button', `Enroll me: Knots for ${login}`);
      await announced(page, 'status', 'You are enrolled now.');
      await press(page, 'link', 'My learning');
      await page.getByRole('region', { name: /Open/ }).getByRole('link', { name: 'Knots' }).waitFor();
      await press(page, 'button', 'Sign out');
      await announced(page, 'status', 'You have signed out.');
      // A refused form is told by its status; nothing else went wrong.
      assert.deepEqual(
        errors.filter((text) => !/status of 400/.test(text)),
        [],
      );
      await page.context().close();
    });

  test('errors are announced, beside their fields, and what was typed is kept', async () => {
    const { login } = await arrange();
    const page = await opened();
    await page.goto(`${world.url}/my`);
    await press(page, 'button', 'Sign in');
    const field = page.getByRole('textbox', { name: 'Login' });
    await focused(field);
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    const described = await field.getAttribute('aria-describedby');
    assert.equal(await page.locator(`#${described}`).innerText(), 'This field is required.');
    await page.keyboard.type(login);
    await page.keyboard.press('Enter');
    await focused(page.getByLabel('Password'));
    await page.keyboard.type('not it');
    await page.keyboard.press('Enter');
    await announced(page, 'alert', /Login or password is wrong/);
    assert.equal(await field.inputValue(), login);
    assert.equal(await page.getByLabel('Password').inputValue(), '');
    await page.context().close();
  });

  test('the last seat goes while one is looking: a friendly word, and what is still free', async () => {
    const { login, userId, sessions, training } = await arrange();
    const page = await opened();
    await signIn(page, login);
    await page.goto(world.url + training);
    await press(page, 'link', /^Choose a session/);
    await tabTo(page, 'button', 'Choose In the morning');
    await call(world, 'POST', `/training/session/${sessions.morning}/participants`, {
      json: { userIds: [await addUser(world)] },
    });
    await page.keyboard.press('Enter');
    await announced(page, 'alert', /The last seat has just been taken. See below what is still free./);
    assert.deepEqual(await seatsOf(userId), []);
    await press(page, 'button', 'Join the waiting list of In the morning');
    await announced(page, 'status', 'You are on the waiting list.');
    await press(page, 'button', 'Choose In the evening');
    await announced(page, 'status', 'You have a seat in this session.');
    assert.deepEqual(await seatsOf(userId), [sessions.evening]);
    await page.context().close();
  });

  test('a double click, the back button and a stale tab have no double effect', async () => {
    const { login, userId, sessions, training } = await arrange();
    const page = await opened();
    await signIn(page, login);
    const begun = await written(userId);

    await page.goto(`${world.url}/my/catalogue?q=${login}`);
    await page.getByRole('button', { name: /^Enroll me/ }).dblclick();
    await page.getByRole('heading', { level: 1, name: 'Knots' }).waitFor();
    await page.goto(`${world.url}/my`);
    const enrolled = await written(userId);
    assert.deepEqual(
      { ...enrolled, operations: 0 },
      { ...begun, enrollments: (begun['enrollments'] ?? 0) + 1, operations: 0 },
    );

    await press(page, 'link', 'Working safely');
    await page.getByRole('button', { name: 'I am done with Protective gear' }).dblclick();
    await announced(page, 'status', 'Your progress was saved.');
    await page.goBack();
    await page.goForward();
    const done = await written(userId);
    assert.deepEqual(done, { ...enrolled, certificates: 1 });

    // Two tabs show the same sessions; in the first one is chosen, twice.
    await page.goto(world.url + training);
    await press(page, 'link', /^Choose a session/);
    await heading(page, 'Choose a session: In the yard');
    const address = page.url();
    const [stale, old] = [await page.context().newPage(), await page.context().newPage()];
    await stale.goto(address);
    await old.goto(address);
    await page.getByRole('button', { name: 'Choose In the morning' }).dblclick();
    await announced(page, 'status', 'You have a seat in this session.');
    assert.deepEqual(await seatsOf(userId), [sessions.morning]);
    await press(stale, 'button', 'Choose In the morning');
    await announced(stale, 'status', 'You have a seat in this session.');
    assert.deepEqual(await seatsOf(userId), [sessions.morning]);
    // Back shows what is so now, and going back over what was sent sends nothing.
    await page.goBack();
    await page.getByRole('region', { name: 'Your session' }).getByText('In the morning').waitFor();
    await page.goForward();
    await press(page, 'button', 'Leave this session');
    await announced(page, 'status', 'You have left the session.');
    await page.goBack();
    await page.goForward();
    assert.deepEqual(await seatsOf(userId), []);
    // What a stale tab offers is chosen once, as if the page were new.
    await press(stale, 'button', 'Leave this session');
    await announced(stale, 'status', 'You have left the session.');
    assert.deepEqual(await seatsOf(userId), []);

    // Signed out in one tab: the other leads to signing in, and does nothing; nor after signing in anew.
    await press(page, 'button', 'Sign out');
    await heading(page, 'Sign in');
    await press(stale, 'button', 'Choose In the morning');
    await heading(stale, 'Sign in');
    await signIn(page, login);
    await press(old, 'button', 'Choose In the morning');
    await announced(old, 'alert', /This page was open while you signed in anew/);
    assert.deepEqual(await seatsOf(userId), []);
    await page.context().close();
  });

  test('sign in with a provider', async () => {
    const { login } = await arrange();
    const provider = await startOpenIdProvider(`${world.url}/sign-in/openid/callback`);
    const { issuer, clientId, clientSecret } = provider;
    const json = { issuer, clientId, clientSecret, label: 'Acme ID', claim: 'email' };
    await call(world, 'POST', '/portal/openid', { json });
    const setUrl = (url: string) => world.db.write((tx) => sql`update account set url = ${url}`.execute(tx));
    // Where the provider leads back to.
    await setUrl(world.url);
    provider.people.set('subject', { email: `${login}@academy.example`, email_verified: true });
    const page = await opened({ javaScriptEnabled: false });
    for (const subject of [null, 'subject']) {
      provider.subject = subject;
      await page.goto(`${world.url}/my/catalogue`);
      await press(page, 'link', 'Sign in with Acme ID');
      if (subject === null) await announced(page, 'alert', 'You did not sign in with Acme ID.');
    }
    await heading(page, 'Catalogue');
    await setUrl(ACCOUNT_URL);
    await call(world, 'DELETE', '/portal/openid');
    await provider.close();
    await page.context().close();
  });

  test('addresses of somebody else are not found', async () => {
    const [own, other] = [await arrange(), await arrange()];
    const page = await opened();
    await signIn(page, own.login);
    await page.goto(world.url + own.training);
    const path = await page.getByRole('link', { name: /^Choose a session/ }).getAttribute('href');
    const foreign = path?.replace(own.training, other.training) ?? '';
    for (const address of [other.training, `${other.training}/training/${foreign.split('/').at(-1)}`]) {
      const answer = await page.goto(world.url + address);
      assert.equal(answer?.status(), 404, address);
      await announced(page, 'alert', /what was here is not yours or has ended/);
    }
    await press(page, 'link', 'Back to my learning');
    await heading(page, 'My learning');
    await page.context().close();
  });
});

type Role = 'link' | 'button' | 'textbox' | 'searchbox';

/** Presses Tab until the focus is there, which it must be seen to be. */
async function tabTo(page: Page, role: Role, name: string | RegExp): Promise<void> {
  const wanted =
    name === 'Password'
      ? page.getByLabel('Password')
      : page.getByRole(role, { name, exact: typeof name === 'string' });
  await wanted.first().waitFor();
  const here = wanted.and(page.locator(':focus'));
  for (let n = 0; (await here.count()) === 0; n++) {
    assert.ok(n < 100, `Tab does not lead to ${role} ${name}`);
    await page.keyboard.press('Tab');
  }
  const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
  assert.notEqual(outline, 'none', `the focus on ${role} ${name} is not seen`);
}

async function press(page: Page, role: 'link' | 'button', name: string | RegExp): Promise<void> {
  await tabTo(page, role, name);
  await page.keyboard.press('Enter');
}

const heading = (page: Page, name: string): Promise<void> =>
  page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

/** Screen readers say it: it has its role, and the focus. */
async function announced(page: Page, role: 'status' | 'alert', text: string | RegExp): Promise<void> {
  await page.getByRole(role).and(page.locator(':focus')).filter({ hasText: text }).waitFor();
}

const focused = (field: ReturnType<Page['locator']>): Promise<void> =>
  field.and(field.page().locator(':focus')).waitFor();
