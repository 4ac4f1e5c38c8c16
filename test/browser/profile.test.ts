import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { faultsOf } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { enroll } from '../support/learning.ts';
import { addCourse, addModule, addSession, addTraining, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** Profile, calendar, notifications and asking to unlock, by keyboard; axe looks at every state on the way. */

const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;

/** Each size in one theme; in both for screenshots. */
const WALKS = [
  { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  ...(process.env['ROLLBOOK_SCREENSHOTS']
    ? ([
        { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
        { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
      ] as const)
    : []),
] as const;

describe('what people say of themselves, in a browser', () => {
  let world: World;
  let browser: Browser;
  before(async () => {
    world = await startWorld('embedded', { now: new Date('2026-03-02T09:00:00Z') });
    browser = await launchBrowser();
  });
  after(async () => {
    await browser.close();
    await world.close();
  });

  for (const [no, { viewport, colorScheme }] of WALKS.entries())
    test(`settings, a calendar, more time: at ${viewport.width}, ${colorScheme}`, async () => {
      const { login, locked } = await furnish(world, `walker-${no}`);
      const context = await browser.newContext({ locale: 'en', viewport, colorScheme, bypassCSP: true });
      const page = await context.newPage();
      const look = async (name: string): Promise<void> => {
        await faultless(page, `${name}-${viewport.width}-${colorScheme}`);
        const width = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok((width as number) <= viewport.width, `${name}: nothing sticks out`);
      };
      const press = async (role: 'link' | 'button', name: string): Promise<void> => {
        await page.getByRole(role, { name }).first().focus();
        await page.keyboard.press('Enter');
      };
      await page.goto(`${world.url}/sign-in`);
      await page.locator('#login').fill(login);
      await page.locator('#password').fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'My learning' }).waitFor();

      await press('link', 'Notifications');
      await page.getByRole('link', { name: 'Overdue: Data protection' }).waitFor();
      await look('news');
      await press('button', 'Send me no more reminders');
      await page.getByText('This was saved.').waitFor();
      await look('news-stopped');

      await page.goto(world.url + locked);
      await look('unlock');
      await page.locator('#message').focus();
      await page.keyboard.insertText('x'.repeat(501));
      await press('button', 'Ask to unlock');
      await page.getByText('These are 501 characters.').waitFor();
      await look('unlock-fault');
      await page.locator('#message').fill('I was ill last week.\nOne more day, please.');
      await press('button', 'Ask to unlock');
      await page.getByText('Your request was sent.').waitFor();
      await look('unlock-asked');
      await declineAll(world, 'The test is over. Talk to Ann about the next one.');
      await page.reload();
      await page.getByText('Talk to Ann').waitFor();
      await look('unlock-declined');

      await press('link', 'Profile');
      await page.getByLabel('Time zone').waitFor();
      await look('profile');
      await page.getByLabel('Time zone').fill('Atlantis');
      await press('button', 'Save');
      await page.getByRole('alert').waitFor();
      assert.equal(await page.getByLabel('Time zone').inputValue(), 'Atlantis');
      await look('profile-fault');
      await press('link', 'Subscribe to my calendar');
      await page.getByRole('button', { name: 'Make an address' }).waitFor();
      await look('calendar');
      await press('button', 'Make an address');
      await page.getByLabel('Address of my calendar').waitFor();
      await look('calendar-made');
      await page.reload();
      await page.getByRole('button', { name: 'Make a new address' }).waitFor();
      assert.equal(await page.getByLabel('Address of my calendar').count(), 0);
      await look('calendar-kept');
      await press('button', 'Remove the address');
      await page.getByText('The address no longer works.').waitFor();

      await press('link', 'Back to my profile');
      await page.getByLabel('Time zone').waitFor();
      await page.getByLabel('Language').selectOption({ label: 'Русский' });
      await page.getByLabel('Time zone').fill('Europe/Moscow');
      await press('button', 'Save');
      await page.getByText('Настройки сохранены.').waitFor();
      await look('profile-russian');
      await context.close();
    });
});

/** axe finds nothing; a picture is taken where one is wanted. */
async function faultless(page: Page, name: string): Promise<void> {
  assert.deepEqual(await faultsOf(page), [], name);
  const folder = process.env['ROLLBOOK_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: `${folder}/portal-${name}.png`, fullPage: true });
}

async function declineAll(world: World, answer: string): Promise<void> {
  const { unlockRequests } = (await call(world, 'GET', '/enrollment/unlock-requests?state=open')).json as {
    unlockRequests: { requestId: string }[];
  };
  assert.ok(unlockRequests.length > 0);
  for (const { requestId } of unlockRequests)
    await call(world, 'POST', `/enrollment/unlock-requests/${requestId}/decline`, { json: { answer } });
}

/** Somebody with something new of every kind, and a lock. */
async function furnish(world: World, login: string): Promise<{ login: string; locked: string }> {
  const userId = await addUser(world, { login, password: PASSWORD });
  const date = (days: number): string => new Date(world.clock.now.getTime() + days * DAY_MS).toISOString();
  const due = (days: number, more = {}) => ({
    dueDateType: 'due_date',
    dueDate: date(days),
    accessDate: date(-20),
    ...more,
  });
  const add = async (title: string, terms: Record<string, unknown>): Promise<string> =>
    enroll(world, userId, await addCourse(world, 'Page', { title }), terms);
  await add('Fire safety, also for those who work at night', due(3));
  const locked = await add('Data protection', due(-1, { lockAfterDueDate: true }));
  const course = await addCourse(world);
  const training = await addTraining(world, { title: 'Ladders in the yard' });
  await addModule(world, course, training);
  await enroll(world, userId, course);
  const session = await addSession(world, training, { title: 'In the morning' });
  await call(world, 'POST', `/training/session/${session}/participants`, { json: { userIds: [userId] } });
  return { login, locked: `/my/learning/${locked}` };
}
