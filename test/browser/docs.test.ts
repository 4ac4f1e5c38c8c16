import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { faultsOf } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { startWorld, type World } from '../support/server.ts';

const SIZES = [
  { width: 360, height: 740 },
  { width: 1280, height: 800 },
];

/**
 * Groups of endpoints are drawn as they come into view, and may be taken away again as they leave it; the page grows and
 * shrinks with them: at its bottom one begins again.
 */
async function scrollTo(page: Page, text: string): Promise<void> {
  const place = page.getByText(text);
  for (const giveUp = Date.now() + 60_000; !(await place.isVisible()); ) {
    assert.ok(Date.now() < giveUp, `not drawn: ${text}`);
    // By name, since tests know no types of a browser.
    const isAtBottom = await page.evaluate(
      'scrollY + innerHeight >= document.documentElement.scrollHeight - 2',
    );
    if (isAtBottom) await page.evaluate('scrollTo(0, 0)');
    else await page.mouse.wheel(0, 300);
    await page.waitForTimeout(200);
  }
}

describe('/docs in a browser', () => {
  let world: World;
  let browser: Browser;
  before(async () => {
    world = await startWorld('embedded');
    browser = await launchBrowser();
  });
  after(async () => {
    await browser.close();
    await world.close();
  });

  for (const viewport of SIZES)
    test(`shows the endpoints at ${viewport.width} pixels, under its policy, from our own files alone`, async () => {
      // axe is brought in from outside the page, past its policy; that the policy is kept shows in the console.
      const context = await browser.newContext({ viewport });
      const page = await context.newPage();
      const errors: string[] = [];
      const hosts = new Set<string>();
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('request', (request) => hosts.add(new URL(request.url()).host));
      await page.goto(`${world.url}/docs`);
      await scrollTo(page, 'Enroll learners in courses, learning tracks and materials');
      assert.deepEqual(errors, []);
      assert.deepEqual(
        [...hosts].filter((host) => host !== '' && host !== new URL(world.url).host),
        [],
      );
      const folder = process.env['ROLLBOOK_SCREENSHOTS'];
      if (folder) await page.screenshot({ path: `${folder}/docs-${viewport.width}.png` });
      await context.close();
    });

  test('has no accessibility fault that axe finds', async () => {
    const context = await browser.newContext({ bypassCSP: true });
    const page = await context.newPage();
    await page.goto(`${world.url}/docs`);
    await scrollTo(page, 'Enroll learners in courses, learning tracks and materials');
    const wcag = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] };
    assert.deepEqual(await faultsOf(page, wcag), []);
    await context.close();
  });
});
