import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Database } from '../storage/index.ts';
import type { Manifest } from './manifest.ts';
import { openEntry } from './package.ts';
import { OURS } from './package-rules.ts';

/** A file of a package as an answer to a browser: its scripts run, as nobody we know, beside one of ours that they talk to. */

/** What a package is told when it opens. */
export interface Launch {
  readonly version: Manifest['version'];
  readonly masteryScore: string | null;
  readonly learnerId: string;
  readonly learnerName: string;
  readonly attempt: Readonly<Record<string, string | undefined>> | null;
}

export interface PackageAnswer {
  readonly status: 200;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer> | string;
}

const [RUNTIME, START] = [`${OURS}runtime.js`, `${OURS}start.js`];

/** What a package may do in its window. Where it has an origin of its own, its windows may know each other. */
export const packageSandbox = (isApart: boolean): string =>
  `allow-scripts allow-forms allow-popups allow-modals allow-downloads${isApart ? ' allow-same-origin' : ''}`;

const policy = (isApart: boolean): string =>
  `sandbox ${packageSandbox(isApart)}; default-src 'self' https: data: blob: 'unsafe-inline' 'unsafe-eval'; base-uri 'self'`;

const texts = new Map<string, string>();
function textOf(name: string, load: () => string): string {
  const known = texts.get(name) ?? load();
  texts.set(name, known);
  return known;
}

const runtimeOf = (version: Manifest['version']): string => {
  const name = version === '1.2' ? 'scorm12' : 'scorm2004';
  return textOf(name, () =>
    readFileSync(createRequire(import.meta.url).resolve(`scorm-again/${name}/min`), 'utf8').replace(
      /\n\/\/# sourceMappingURL=.*/,
      '',
    ),
  );
};

/** Beside the compiled program or its source. */
function assetOf(name: string): string {
  return textOf(name, () => {
    for (const up of ['../../../assets/', '../../assets/'])
      try {
        return readFileSync(new URL(up + name, import.meta.url), 'utf8');
      } catch {}
    throw new Error(`assets/${name} is missing`);
  });
}

/** A file of a package, or one of those that we put beside them. `launch` is asked for only when it is told. Null if there is none. */
export async function answerWithEntry(
  db: Database,
  { accountId, fileId, path }: { accountId: number; fileId: string; path: string },
  isApart: boolean,
  launch: () => Promise<Launch>,
): Promise<PackageAnswer | null> {
  const headers = {
    'content-security-policy': policy(isApart),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // Its windows are of no origin that we know, and so are not of ours. Whoever has the address may read it.
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': '*',
    'cache-control': 'private, no-cache',
  };
  const script = { ...headers, 'content-type': 'text/javascript; charset=utf-8' };
  if (path === RUNTIME)
    return {
      status: 200,
      headers: { ...script, 'cache-control': 'private, max-age=3600' },
      body: runtimeOf((await launch()).version),
    };
  if (path === START) {
    const told = JSON.stringify(await launch());
    return {
      status: 200,
      headers: { ...script, 'cache-control': 'no-store' },
      body: assetOf('package-start.js').replace('LAUNCH', () => told),
    };
  }
  const entry = await openEntry(db, accountId, fileId, path, [RUNTIME, START]);
  return (
    entry && {
      status: 200,
      headers: { ...headers, 'content-type': entry.contentType, 'content-length': String(entry.size) },
      body: entry.body,
    }
  );
}
