import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

/** A browser from the npm registry; a missing one fails the run. */

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** No sandbox, as tests may run as root; nothing that would call out. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Unpacks what the package carries for Linux on x86-64, if it is not there yet. The run does so before its first test: what one
 * process is still writing no other may start.
 */
export async function unpackBrowser(): Promise<{ executablePath: string; libraries: string } | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const { inflate } = (await import(inflater())) as { inflate: (file: string) => Promise<string> };
  const executablePath = await chromium.executablePath();
  const libraries = await inflate(path.join(packageFolder(), 'bin', 'al2023.tar.br'));
  return { executablePath, libraries };
}

export async function launchBrowser(): Promise<Browser> {
  const unpacked = await unpackBrowser();
  if (unpacked) {
    const { executablePath, libraries } = unpacked;
    const env = {
      ...process.env,
      LD_LIBRARY_PATH: [path.join(libraries, 'lib'), process.env['LD_LIBRARY_PATH'] ?? ''].join(':'),
    } as Record<string, string>;
    return playwright.launch({ executablePath, args: FLAGS, env });
  }
  const executablePath = INSTALLED.find((file) => existsSync(file));
  if (!executablePath)
    throw new Error(
      'No browser: the package carries one for Linux on x86-64 only, and no Chrome is installed.',
    );
  return playwright.launch({ executablePath, args: FLAGS });
}

const packageFolder = (): string => {
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  return main.slice(
    0,
    main.indexOf(path.join('@sparticuz', 'chromium')) + path.join('@sparticuz', 'chromium').length,
  );
};

/** The package's own unpacker; it keeps it beside its door. */
const inflater = (): string => path.join(packageFolder(), 'build', 'esm', 'lambdafs.js');
