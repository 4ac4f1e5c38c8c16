import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { faultsOf } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { type Mailbox, parsed, startMailbox } from '../support/mailbox.ts';
import { addUser } from '../support/people.ts';
import { startWorld, type World } from '../support/server.ts';

const LOOKS = [
  { viewport: { width: 360, height: 740 }, colorScheme: 'light', javaScriptEnabled: true },
  { viewport: { width: 1280, height: 800 }, colorScheme: 'dark', javaScriptEnabled: true },
  { viewport: { width: 360, height: 740 }, colorScheme: 'dark', javaScriptEnabled: false },
] as const;

describe('passwords in a browser', () => {
  let world: World;
  let mailbox: Mailbox;
  let browser: Browser;
  before(async () => {
    mailbox = await startMailbox();
    world = await startWorld('embedded', { mail: mailbox.config });
    browser = await launchBrowser();
  });
  after(async () => {
    await browser.close();
    await world.close();
    await mailbox.close();
  });

  for (const [place, look] of LOOKS.entries())
    test(`forgotten, set by the link, changed, by keyboard; axe finds nothing at ${look.viewport.width}, ${look.colorScheme}${look.javaScriptEnabled ? '' : ', without scripts'}`, async () => {
      const login = `walker-${place}`;
      await addUser(world, { login, password: 'forgotten' });
      const context = await browser.newContext({ locale: 'en', bypassCSP: true, ...look });
      const page = await context.newPage();
      const folder = process.env['ROLLBOOK_SCREENSHOTS'];
      const check = async (name: string): Promise<void> => {
        const width = (await page.evaluate('document.documentElement.scrollWidth')) as number;
        assert.ok(width <= look.viewport.width, `${name}: nothing sticks out`);
        if (look.javaScriptEnabled) {
          assert.deepEqual(await faultsOf(page), [], name);
        }
        const file = `portal-${name}-${look.viewport.width}-${look.colorScheme}.png`;
        if (folder && look.javaScriptEnabled)
          await page.screenshot({ path: `${folder}/${file}`, fullPage: true });
      };
      const type = async (id: string, text: string): Promise<void> => {
        await page.locator(id).focus();
        await page.keyboard.type(text);
        await page.keyboard.press('Enter');
      };
      await page.goto(`${world.url}/sign-in`);
      await page.getByRole('link', { name: 'Forgot your password?' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Send the link' }).click();
      await page.getByText('This field is required.').waitFor();
      await check('password-ask');
      await type('#login', login);
      await page.getByText('a message with a link is on its way').waitFor();
      await check('password-asked');
      for (let round = 0; round < 3; round++) await world.app.jobs.round();
      const mail = mailbox.taken.find(({ to }) => to.includes(`${login}@academy.example`));
      const [path] = /\/sign-in\/password\/[\w-]{43}/.exec((await parsed(mail)).text ?? '') ?? [];
      await page.goto(`${world.url}${path}`);
      await page.getByRole('button', { name: 'Save the password' }).click();
      await page.getByText('This field is required.').waitFor();
      await check('password-set');
      await type('#password', 'set by link');
      await page.getByText('Your password is set.').waitFor();
      await page.locator('#login').fill(login);
      await type('#password', 'set by link');
      await page.getByRole('heading', { level: 1, name: 'My learning' }).waitFor();
      await page.goto(`${world.url}${path}`);
      await page.getByText('A link can be used once').waitFor();
      await check('password-dead');
      await page.goto(`${world.url}/my/password`);
      await page.locator('#old').fill('not it');
      await type('#new', 'changed');
      await page.getByText('This is not your present password.').waitFor();
      await check('password-change');
      await page.locator('#old').fill('set by link');
      await type('#new', 'changed');
      await page.getByText('Your password is changed.').waitFor();
      await check('password-changed');
      await context.close();
    });
});
