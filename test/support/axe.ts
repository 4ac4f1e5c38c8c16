import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** Accessibility faults of a page in a browser. */

export const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, or what some of its rules find, each with the elements. The page's policy must be bypassed, or AXE be there. */
export async function faultsOf(
  page: Page,
  options: Readonly<Record<string, unknown>> = {},
): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.addScriptTag({ content: AXE });
  const wanted = JSON.stringify({ resultTypes: ['violations'], ...options });
  return (await page.evaluate(
    `axe.run(document, ${wanted}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html.slice(0, 200)).join(' | ')))`,
  )) as string[];
}
