import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { accentsOf } from '../../src/pages/colours.ts';
import { AXE, faultsOf } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { type Login, type Stage, setStage } from './stage.ts';
import { LOOKS, type Look, signIn, VIEWPORTS } from './table.ts';

/** Beyond what axe looks for anyway. */
const ALL = { rules: { 'target-size': { enabled: true } } };
const CONTRAST = { runOnly: ['color-contrast'] };
/** What 1280 × 1024 is when it is enlarged to 400 %, and the narrowest that pages must fit. */
const NARROWEST = { width: 320, height: 256 };
/** Pale, dark, loud, and what is neither readable on light nor on dark. */
const ACCENTS = ['#ffff00', '#000080', '#ff0000', '#ffffff', '#808080'];
const ACCENTED = ['sign-in-required', 'learning', 'course-done', 'sessions', 'session-chosen', 'catalogue'];

describe('every page of the portal, in every state', () => {
  let stage: Stage;
  let browser: Browser;
  const pages = new Map<Look['as'], Page>();

  before(async () => {
    stage = await setStage();
    browser = await launchBrowser();
    for (const login of ['nobody', 'learner', 'newcomer'] as const)
      pages.set(login, await opened(browser, stage, login));
  });
  after(async () => {
    await browser.close();
    await stage.close();
  });

  const shown = async (look: Look, viewport: { width: number; height: number }): Promise<Page> => {
    const page = pages.get(look.as ?? 'learner');
    assert.ok(page);
    await page.setViewportSize(viewport);
    await look.show(page, stage);
    await page.waitForLoadState();
    return page;
  };

  for (const [place, viewport] of Object.values(VIEWPORTS).entries())
    test(`axe finds nothing at ${viewport.width}, light and dark; nothing sticks out`, async () => {
      for (const look of LOOKS) {
        const page = await shown(look, viewport);
        await fits(page, `${look.name} at ${viewport.width}`);
        assert.deepEqual(await faultsOf(page, ALL), [], `${look.name}, light`);
        await page.emulateMedia({ colorScheme: 'dark' });
        assert.deepEqual(await faultsOf(page, CONTRAST), [], `${look.name}, dark`);
        await page.emulateMedia({ colorScheme: 'light' });
        if (place > 0) continue;
        await page.setViewportSize(NARROWEST);
        await fits(page, `${look.name} at ${NARROWEST.width}`);
        await page.evaluate("document.documentElement.dir = 'rtl'");
        await fits(page, `${look.name} from right to left`);
      }
    });

  test('everything that can be used is reached by Tab, is seen to have the focus, and stands in view', async () => {
    for (const look of LOOKS) {
      const page = await shown(look, VIEWPORTS.phone);
      const usable = (await page.evaluate(USABLE)) as number;
      let reached = 0;
      for (let n = 0; reached < usable && n < 2 * usable + 5; n++) {
        await page.keyboard.press('Tab');
        const focus = (await page.evaluate(FOCUSED)) as { reached: number; fault: string | null };
        assert.equal(focus.fault, null, look.name);
        reached = focus.reached;
      }
      assert.equal(reached, usable, look.name);
    }
  });

  test('whatever accent an administrator picks, axe finds enough contrast in both themes', async () => {
    for (const look of LOOKS.filter(({ name }) => ACCENTED.includes(name))) {
      const page = await shown(look, VIEWPORTS.phone);
      for (const accent of ACCENTS)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          const href = `/pages/accent-${accent.slice(1)}.css`;
          if ((await page.locator(`link[href="${href}"]`).count()) === 0)
            await page.evaluate(
              `new Promise((done) => { const sheet = document.querySelector('link[href*="/accent-"]'); sheet.onload = done; sheet.href = '${href}'; })`,
            );
          const link = await page.evaluate("getComputedStyle(document.querySelector('.skip')).color");
          const text = Number.parseInt(accentsOf(accent)[colorScheme].text.slice(1), 16);
          assert.equal(link, `rgb(${text >> 16}, ${(text >> 8) & 255}, ${text & 255})`, 'it is in use');
          assert.deepEqual(await faultsOf(page, CONTRAST), [], `${look.name}, ${accent}, ${colorScheme}`);
        }
      await page.emulateMedia({ colorScheme: 'light' });
    }
  });

  test('who wants no motion gets none', async () => {
    const page = await shown(LOOKS[0] as Look, VIEWPORTS.phone);
    const behaviour = () => page.evaluate('getComputedStyle(document.documentElement).scrollBehavior');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    assert.equal(await behaviour(), 'auto');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    assert.equal(await behaviour(), 'smooth');
    const sheet = readFileSync(new URL('../../../assets/pages.css', import.meta.url), 'utf8');
    assert.doesNotMatch(sheet, /\b(transition|animation)\b/);
  });
});

async function opened(browser: Browser, stage: Stage, login: Login | 'nobody'): Promise<Page> {
  const context = await browser.newContext({ locale: 'en', timezoneId: 'UTC', reducedMotion: 'reduce' });
  await context.addInitScript({ content: AXE });
  const page = await context.newPage();
  if (login !== 'nobody') await signIn(page, stage, login);
  return page;
}

async function fits(page: Page, name: string): Promise<void> {
  const [content, window] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )) as [number, number];
  assert.ok(content <= window, `${name}: ${content} in ${window}`);
}

const USABLE = `document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea').length`;

/** How many elements have had the focus; what is wrong with the one that has it. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  const seen = (window.hadFocus ??= new Set());
  // What is within a frame has the focus itself.
  if (element === document.body || element.tabIndex < 0 || element.tagName === 'IFRAME') return { reached: seen.size, fault: null };
  seen.add(element);
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { top, bottom } = element.getBoundingClientRect();
  const isMarked = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  const isInView = bottom > 0 && top < innerHeight;
  return { reached: seen.size, fault: isMarked && isInView ? null : element.outerHTML };
})()`;
