import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { withPalette } from './png.ts';
import { setStage } from './stage.ts';
import { LOOKS, PICTURES, pictureOf, signIn, THEMES, VIEWPORTS } from './table.ts';

/**
 * npm run pictures [-- --only NAME,…] [-- --into FOLDER] [-- --rtl]
 * Pictures of every page in every state, phone and desktop, light and dark; the clock of the server stands still.
 */

/** What is longer is cut off. */
const MAX_HEIGHT = 2_000;

const { values } = parseArgs({
  options: { only: { type: 'string' }, into: { type: 'string' }, rtl: { type: 'boolean' } },
});
const folder = values.into ?? fileURLToPath(new URL(`../../../docs/${PICTURES}`, import.meta.url));
mkdirSync(folder, { recursive: true });
const wanted = new Set(values.only?.split(','));
const looks = LOOKS.filter(({ name }) => wanted.size === 0 || wanted.has(name));

const stage = await setStage();
const browser = await launchBrowser();
const pages = new Map<string, Page>();
try {
  for (const look of looks) {
    const login = look.as ?? 'learner';
    let page = pages.get(login);
    if (!page) {
      page = await (await browser.newContext({ locale: 'en', timezoneId: 'UTC' })).newPage();
      if (login !== 'nobody') await signIn(page, stage, login);
      pages.set(login, page);
    }
    for (const [size, viewport] of Object.entries(VIEWPORTS)) {
      await page.setViewportSize(viewport);
      await look.show(page, stage);
      await page.waitForLoadState();
      if (values.rtl) await page.evaluate("document.documentElement.dir = 'rtl'");
      const height = (await page.evaluate('document.documentElement.scrollHeight')) as number;
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme });
        const picture = await page.screenshot({
          fullPage: true,
          clip: { x: 0, y: 0, width: viewport.width, height: Math.min(MAX_HEIGHT, height) },
        });
        writeFileSync(path.join(folder, pictureOf(look.name, size, theme)), withPalette(picture));
      }
    }
    console.log(look.name);
  }
  if (!values.into) dropOld();
} finally {
  await browser.close();
  await stage.close();
}

/** Of pages that are no more. */
function dropOld(): void {
  const known = new Set(
    LOOKS.flatMap(({ name }) =>
      Object.keys(VIEWPORTS).flatMap((size) => THEMES.map((theme) => pictureOf(name, size, theme))),
    ),
  );
  for (const file of readdirSync(folder)) if (!known.has(file)) rmSync(path.join(folder, file));
}
