import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { addCourseOf, addTrack, enroll, record } from '../support/learning.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts';
import { addCourse, addModule, addSession, addTraining, addUser } from '../support/people.ts';
import { ACCOUNT_URL, call, startWorld, type World } from '../support/server.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
];
const THEMES = ['light', 'dark'] as const;
const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('the portal in a browser', () => {
  let world: World;
  let browser: Browser;
  let paths: Record<string, string>;
  let provider: OpenIdProvider;

  before(async () => {
    world = await startWorld('embedded', { now: new Date('2026-03-02T09:00:00Z') });
    browser = await launchBrowser();
    paths = await furnish(world);
    provider = await startOpenIdProvider(`${world.url}/sign-in/openid/callback`);
    const { issuer, clientId, clientSecret } = provider;
    const json = { issuer, clientId, clientSecret, label: 'Acme ID', claim: 'email' };
    await call(world, 'POST', '/portal/openid', { json });
  });
  after(async () => {
    await browser.close();
    await provider.close();
    await world.close();
  });

  const opened = async (options: BrowserContextOptions): Promise<Page> => {
    const context = await browser.newContext({ locale: 'en', timezoneId: 'UTC', ...options });
    return context.newPage();
  };

  /** With the keyboard alone. */
  const signIn = async (page: Page): Promise<void> => {
    await page.goto(`${world.url}/my`);
    await page.locator('#login').focus();
    await page.keyboard.type('learner');
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'My learning' }).waitFor();
  };

  for (const viewport of SIZES)
    for (const javaScriptEnabled of [true, false])
      test(`sign in, see what is urgent, open and complete a course at ${viewport.width}${javaScriptEnabled ? '' : ', without scripts'}`, async () => {
        const page = await opened({ viewport, javaScriptEnabled });
        const errors: string[] = [];
        page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
        await signIn(page);
        const sections = await page.getByRole('heading', { level: 2 }).allInnerTexts();
        assert.deepEqual(
          sections.map((text) => text.replace(/\s+\d+$/, '')).filter((text) => text !== 'Completed'),
          ['Overdue', 'Due soon', 'Open', 'Upcoming'],
        );
        const width = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok((width as number) <= viewport.width, 'nothing sticks out');
        const name = `Journey ${viewport.width} ${javaScriptEnabled}`;
        await page.getByRole('link', { name }).focus();
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { level: 1, name }).waitFor();
        await page.getByRole('button', { name: 'I am done with Page 1' }).focus();
        await page.keyboard.press('Enter');
        await page.getByText('Your progress was saved.').waitFor();
        await page.getByRole('link', { name: 'Download the certificate' }).waitFor();
        await page.getByRole('link', { name: 'Back to my learning' }).click();
        const completed = page.getByRole('region', { name: /Completed/ });
        await completed.getByRole('link', { name }).waitFor();
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByText('You have signed out.').waitFor();
        assert.deepEqual(errors, []);
        await page.context().close();
      });

  test('enroll from the catalogue, choose, switch and leave a session, by keyboard', async () => {
    const page = await opened({ viewport: SIZES[0] as { width: number; height: number } });
    await signIn(page);
    const press = async (role: 'link' | 'button', name: string | RegExp): Promise<void> => {
      await page.getByRole(role, { name }).first().focus();
      await page.keyboard.press('Enter');
    };
    await press('link', 'Catalogue');
    await press('button', 'Enroll me: Knots');
    await page.getByText('You are enrolled now.').waitFor();
    await page.goto(world.url + paths['course']);
    await press('link', /Choose a session/);
    await press('button', 'Choose In the morning');
    await page.getByText('You have a seat in this session.').waitFor();
    await press('button', 'Switch to this one: In the evening');
    await page.getByRole('region', { name: 'Your session' }).getByText('In the evening').waitFor();
    await press('button', 'Leave this session');
    await page.getByText('You have left the session.').waitFor();
    await page.context().close();
  });

  test('sign in with a provider, by keyboard', async () => {
    const setUrl = (url: string) => world.db.write((tx) => sql`update account set url = ${url}`.execute(tx));
    // Where the provider leads back to.
    await setUrl(world.url);
    provider.people.set('subject', { email: 'learner@academy.example', email_verified: true });
    const page = await opened({
      viewport: SIZES[0] as { width: number; height: number },
      javaScriptEnabled: false,
    });
    for (const subject of [null, 'subject']) {
      provider.subject = subject;
      await page.goto(`${world.url}/my/catalogue`);
      await page.getByRole('link', { name: 'Sign in with Acme ID' }).focus();
      await page.keyboard.press('Enter');
      if (subject === null) await page.getByText('You did not sign in with Acme ID.').waitFor();
    }
    await page.getByRole('heading', { level: 1, name: 'Catalogue' }).waitFor();
    await setUrl(ACCOUNT_URL);
    await page.context().close();
  });

  test('a lock that comes while the page is open is met by a friendly page', async () => {
    const page = await opened({});
    await signIn(page);
    await page.goto(world.url + paths['locking']);
    const button = page.getByRole('button', { name: /I am done/ });
    await button.waitFor();
    const before = world.clock.now;
    world.clock.now = new Date(before.getTime() + 3_601_000);
    await button.click();
    await page.getByText('It is not open for you at the moment. Nothing was changed.').waitFor();
    await page.goto(world.url + paths['locking']);
    await page.getByText(/This is locked since/).waitFor();
    assert.equal(await page.getByRole('button', { name: /I am done/ }).count(), 0);
    world.clock.now = before;
    await page.context().close();
  });

  // Every size and every theme; each size in each theme at full counts, and for screenshots.
  const isFull = process.env['ROLLBOOK_TORTURE'] || process.env['ROLLBOOK_SCREENSHOTS'];
  for (const [place, viewport] of SIZES.entries())
    for (const colorScheme of isFull ? THEMES : THEMES.slice(place, place + 1))
      test(`axe finds nothing on any page and state at ${viewport.width}, ${colorScheme}`, async () => {
        const page = await opened({ viewport, colorScheme, bypassCSP: true });
        const folder = process.env['ROLLBOOK_SCREENSHOTS'];
        const look = async (name: string): Promise<void> => {
          await page.addScriptTag({ content: AXE });
          const faults = (await page.evaluate(
            `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html).join(' | ')))`,
          )) as string[];
          assert.deepEqual(faults, [], name);
          if (folder)
            await page.screenshot({
              path: `${folder}/portal-${name}-${viewport.width}-${colorScheme}.png`,
              fullPage: true,
            });
        };
        await page.goto(`${world.url}/sign-in`);
        await look('sign-in');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('This field is required.').first().waitFor();
        await look('sign-in-faults');
        await page.locator('#login').fill('learner');
        await page.locator('#password').fill('not it');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').waitFor();
        await look('sign-in-wrong');
        await signIn(page);
        await look('learning');
        for (const [name, path] of Object.entries(paths)) {
          await page.goto(world.url + path);
          await look(name);
        }
        await page.context().close();
      });
});

/** Somebody with everything there is to see; page → its address. */
async function furnish(world: World): Promise<Record<string, string>> {
  const userId = await addUser(world, { login: 'learner', password: PASSWORD });
  const date = (days: number): string => new Date(world.clock.now.getTime() + days * DAY_MS).toISOString();
  const due = (days: number, more = {}) => ({
    dueDateType: 'due_date',
    dueDate: date(days),
    accessDate: date(-20),
    ...more,
  });
  const link = (title: string) =>
    addCourse(world, 'Link', {
      title,
      url: 'https://docs.example/',
      description: `What to know about ${title}.`,
    });
  const at = async (itemId: string, terms?: Record<string, unknown>): Promise<string> =>
    `/my/learning/${await enroll(world, userId, itemId, terms)}`;
  for (const { width } of SIZES)
    for (const script of [true, false]) {
      const course = await addCourse(world, 'Course', { title: `Journey ${width} ${script}` });
      await addModule(world, course, await addCourse(world, 'Page', { title: 'Page 1' }));
      await at(course, due(2));
    }
  const { courseId } = await addCourseOf(world, 2);
  const training = await addTraining(world, { title: 'Ladders in the yard' });
  const module = await call(world, 'POST', `/course/${courseId}/modules`, { json: { itemId: training } });
  const day = (from: string) => [{ startTime: from, duration: 7200, location: 'Yard 3' }];
  await addSession(world, training, {
    title: 'In the morning',
    capacity: 1,
    days: day('2026-03-20 08:00:00'),
  });
  await addSession(world, training, { title: 'In the evening', days: day('2026-03-21 18:00:00') });
  const coursePath = await at(courseId);
  await addCourse(world, 'Course', { title: 'Knots', description: 'For everybody.', selfEnrollment: true });
  const opened = async (type: string, content: Buffer): Promise<string> => {
    const item = await addCourse(world, type, { title: `${type} of ladders` });
    const stored = await call(world, 'POST', `/content/${item}/file`, {
      csv: new Uint8Array(content),
      headers: { 'content-type': 'application/octet-stream' },
    });
    assert.equal(stored.status, 200, stored.text);
    const path = await at(item);
    await record(world, path.split('/').at(-1) ?? '', { status: 'in_progress' });
    return `${path}/material`;
  };
  return {
    overdue: await at(await link('Fire safety, also for those who work at night'), due(-2)),
    locked: await at(await link('Data protection'), due(-1, { lockAfterDueDate: true })),
    locking: await at(await link('Ladders'), due(1 / 24, { lockAfterDueDate: true })),
    upcoming: await at(await link('First aid'), due(30, { accessDate: date(1) })),
    course: coursePath,
    track: await at(await addTrack(world, [courseId, (await addCourseOf(world, 1)).courseId])),
    picture: await opened('Image', Buffer.from(PIXEL, 'base64')),
    page: await opened(
      'Page',
      Buffer.from('<!doctype html><title>x</title><h1>Ladders</h1><p>Stand firmly.'),
    ),
    document: await opened('PDFDocument', Buffer.from('%PDF-1.7')),
    catalogue: '/my/catalogue',
    seats: `${coursePath}/training/${module.json as string}`,
    missing: '/my/nowhere',
  };
}
