import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { enroll } from '../support/learning.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';
import { scormPackage } from '../support/zip.ts';

const PASSWORD = 'correct horse battery';

/** Packages in a real browser: nothing else knows what a sandbox lets through. */
describe('packages in a browser', () => {
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

  const frameOf = (page: Page) => page.frameLocator('iframe');

  for (const version of ['1.2', '2004'] as const)
    test(`SCORM ${version}: reaches nothing of ours, is recorded, and finds again what it left`, async () => {
      const userId = await addUser(world, { login: `learner-${version}`, password: PASSWORD });
      const item = await addCourse(world, 'SCORM', { title: `Ladders ${version}` });
      const stored = await call(world, 'POST', `/content/${item}/file`, {
        csv: scormPackage(version),
        headers: { 'content-type': 'application/zip' },
      });
      assert.equal(stored.status, 200, stored.text);
      const enrollment = await enroll(world, userId, item);
      const page = await (await browser.newContext({ locale: 'en' })).newPage();
      const errors: string[] = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      await page.goto(`${world.url}/my/learning/${enrollment}`);
      await page.locator('#login').fill(`learner-${version}`);
      await page.locator('#password').fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: `Open Ladders ${version}` }).click();
      const frame = frameOf(page);
      await frame.getByText('nothing ab-initio').waitFor();
      await frame.getByText('out of reach').waitFor();
      const saved = page.waitForResponse(
        (answer) => answer.url().includes('/attempt') && answer.request().method() === 'POST',
      );
      await frame.getByRole('button').click();
      await frame.getByRole('button', { name: 'true' }).waitFor();
      assert.equal((await saved).status(), 204);
      await page.getByRole('link', { name: 'Back', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: `Ladders ${version}` }).waitFor();
      await page.getByText('Passed').waitFor();
      const list = await call(world, 'GET', `/learners/results?learnerIds[]=${userId}`);
      const [result] = (list.json as { results: { completionStatus: string; awardedScore: number }[] })
        .results;
      assert.equal(`${result?.completionStatus} ${result?.awardedScore}`, 'passed 80');
      await page.goto(`${world.url}/my/learning/${enrollment}/material`);
      await frame.getByText('x resume left').waitFor();
      assert.deepEqual(errors, []);
      await page.context().close();
    });
});
