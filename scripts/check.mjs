// npm run check: the rules of the house that a machine can see. Prints a line per rule; fails with what breaks it.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const isRepository = existsSync(path.join(root, '.git'));
const tracked = isRepository
  ? execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((file) => file && existsSync(path.join(root, file)))
  : [];
const read = (file) => readFileSync(path.join(root, file), 'utf8');
const sources = tracked.filter((file) => /^src\/.*\.ts$/.test(file));
const tests = tracked.filter((file) => /\.test\.ts$/.test(file));
const code = sources.filter((file) => !file.endsWith('.test.ts'));

/**
 * Left may import what stands to its right; http stands beside them and knows only kernel. client is used by programs
 * elsewhere: it imports nothing, and of us only the commands use it.
 */
const ORDER = [
  'cli',
  'portal',
  'learning',
  'results',
  'notices',
  'calendar',
  'webhooks',
  'feed',
  'transfer',
  'enrollment',
  'progress',
  'retries',
  'operations',
  'content',
  'training',
  'openid',
  'people',
  'groups',
  'mail',
  'files',
  'jobs',
  'access',
  'events',
  'storage',
  'outbound',
  'pages',
  'tables',
  'kernel',
];
/** The composition root and what it is made of. */
const ROOT_FILES = ['src/app.ts', 'src/routes.ts', 'src/config.ts', 'src/metrics.ts'];

const importsOf = (file) =>
  [...read(file).matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map(([, target]) =>
    path.posix.normalize(path.posix.join(path.posix.dirname(file), target)),
  );
const moduleOf = (file) => file.split('/')[1];

function importLaw() {
  const faults = [];
  for (const file of code) {
    if (ROOT_FILES.includes(file)) continue;
    for (const target of importsOf(file)) {
      if (!target.startsWith('src/')) continue;
      const [from, to] = [moduleOf(file), moduleOf(target)];
      if (from === to) continue;
      const mayUse =
        from === 'client' || to === 'client'
          ? from === 'cli'
          : from === 'http'
            ? to === 'kernel'
            : to === 'http'
              ? /routes\.ts$/.test(file) || (from === 'portal' && target === 'src/http/page.ts')
              : ROOT_FILES.includes(target)
                ? from === 'cli'
                : ORDER.indexOf(from) >= 0 && ORDER.indexOf(from) < ORDER.indexOf(to);
      if (!mayUse) faults.push(`${file} imports ${target}`);
      else if (
        !['kernel', 'http'].includes(to) &&
        !ROOT_FILES.includes(target) &&
        !target.endsWith('/index.ts')
      )
        faults.push(`${file} goes past the door of ${to}: ${target}`);
    }
  }
  return faults;
}

function pureRules() {
  return code
    .filter((file) => file.endsWith('/rules.ts'))
    .flatMap((file) =>
      [...read(file).matchAll(/^import (type )?(.*) from '([^']+)'/gm)]
        .filter(
          ([, type, names, target]) =>
            !type &&
            !/^\{\s*(type [^,}]+,?\s*)+\}$/.test(names) &&
            !/kernel\//.test(target) &&
            // A table, as pure as the rules that read it.
            !/^\.\/reasons\.ts$/.test(target) &&
            !/^node:crypto$/.test(target) &&
            !/access\/index/.test(target),
        )
        .map(([line]) => `${file}: ${line}`),
    );
}

const OWNED =
  'enrollment|enrollment_past|enrollment_plan|enrollment_plan_part|operation|operation_plan|outbox|operation_chunk';
const oneWayIn = () =>
  code
    .filter((file) => !file.startsWith('src/enrollment/'))
    .filter((file) => new RegExp(`(insert into|delete from|update)\\s+(${OWNED})\\b`).test(read(file)))
    // The sealer gives committed chunks their position.
    .filter(
      (file) =>
        file !== 'src/operations/queries.ts' ||
        /(insert into|delete from)\s+(enrollment|operation|outbox)\b|update\s+(enrollment|operation)\b(?!_chunk)/.test(
          read(file),
        ),
    )
    .map((file) => `${file} writes what only src/enrollment writes`);

const SQL_ELSEWHERE = ['src/access/caller.ts'];
const sqlInQueries = () =>
  code
    .filter((file) => /import .*\bsql\b.* from 'kysely'/.test(read(file)))
    .filter(
      (file) =>
        !/queries\.ts$/.test(file) && !file.startsWith('src/storage/') && !SQL_ELSEWHERE.includes(file),
    )
    .map((file) => `${file} has SQL; it belongs into queries.ts`);

const environment = () =>
  code
    .filter((file) => file !== 'src/config.ts' && /process\.env/.test(read(file)))
    .map((file) => `${file} reads the environment; only src/config.ts does`);

const GENERATED = ['src/client/api.ts'];
const sizes = () =>
  [...sources, ...tests]
    .filter((file) => !GENERATED.includes(file))
    .filter((file) => read(file).split('\n').length > 500)
    .map((file) => `${file} is longer than 500 lines`);

function errorsUsed() {
  const tables = ['src/kernel/errors.ts', 'src/kernel/directory-errors.ts'];
  const table = tables.flatMap((file) =>
    [...read(file).matchAll(/^ {2}'([a-z_.]+)':/gm)].map(([, name]) => name),
  );
  const all = code
    .filter((file) => !tables.includes(file))
    .map(read)
    .join('\n');
  return table
    .filter((name) => !all.includes(`'${name}'`))
    .map((name) => `the error ${name} is never refused`);
}

const generated = () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'scripts/generate.mjs'), '--check'],
    { encoding: 'utf8' },
  );
  return status === 0 ? [] : [stderr.trim()];
};

function lockFile() {
  const faults = [];
  if (/"resolved"/.test(read('package-lock.json')))
    faults.push('package-lock.json records download addresses');
  if (!/^omit-lockfile-registry-resolved=true$/m.test(read('.npmrc')))
    faults.push('.npmrc must have omit-lockfile-registry-resolved=true');
  return faults;
}

// Written in pieces, so that this file does not find itself.
const MACHINE_PATH = new RegExp(`(^|[^A-Za-z0-9_.])/(${['work', 'root', 'home'].join('|')})/`);
const machinePaths = () =>
  tracked
    .filter((file) => !/package-lock\.json$|\.png$/.test(file) && MACHINE_PATH.test(read(file)))
    .map((file) => `${file} names a path of a machine`);

function dependencies() {
  const manifest = JSON.parse(read('package.json'));
  const text = read('docs/dependencies.md');
  return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter((name) => !text.includes(`### ${name}\n`))
    .map((name) => `docs/dependencies.md has no paragraph on ${name}`);
}

const wholeTests = () =>
  tests
    .filter((file) => /\b(it|test|describe)\.(only|skip|todo)\b/.test(read(file)))
    .map((file) => `${file} singles out or skips a test`);

const format = () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      path.join(root, 'node_modules/@biomejs/biome/bin/biome'),
      'check',
      '--error-on-warnings',
      '--max-diagnostics=20',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  return status === 0 ? [] : [`${stdout}${stderr}`];
};

const links = () =>
  tracked
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .filter(([, target]) => !existsSync(path.join(root, path.dirname(file), target)))
        .map(([, target]) => `${file} links to ${target}, which is not there`),
    );

const numberOf = (file) => Number(path.basename(file).slice(0, 4));

/** Files whose number another file before them has. */
const numberedTwice = (files) =>
  files
    .filter((file, place) => files.map(numberOf).indexOf(numberOf(file)) !== place)
    .map((file) => `${file} has the number of another`);

/** A number names one decision: NNNN-title.md begins with `# N. `. */
function decisions() {
  const files = tracked.filter((file) => /^docs\/decisions\/\d{4}-.*\.md$/.test(file));
  return [
    ...files
      .filter((file) => !read(file).startsWith(`# ${numberOf(file)}. `))
      .map((file) => `${file} has another number in its title`),
    ...numberedTwice(files),
  ];
}

/** They are applied in order of their names; two with one number would depend on the rest of the name. */
const migrations = () => numberedTwice(tracked.filter((file) => /^migrations\/\d{4}_.*\.sql$/.test(file)));

/** Every address of the portal where a page is shown has its row, and every row its pictures. */
async function portalPages() {
  const { Portal } = await import(new URL('../dist/src/portal/index.js', import.meta.url));
  const table = await import(new URL('../dist/test/browser/table.js', import.meta.url));
  const shown = new Portal({}).routes
    .filter(({ method, path: address }) => method === 'GET' && !address.startsWith('/pages/'))
    .map(({ path: address }) => address);
  const rows = new Set([...table.LOOKS.map(({ route }) => route), ...Object.keys(table.NO_PAGES)]);
  return [
    ...shown
      .filter((address) => !rows.has(address))
      .map((address) => `${address} has no row in test/browser/table.ts`),
    ...[...rows]
      .filter((address) => !shown.includes(address))
      .map((address) => `test/browser/table.ts shows ${address}, which is no address of the portal`),
  ];
}

const RULES = [
  ['format and lint', format],
  ['generated files are fresh', generated],
  ...(isRepository
    ? [
        ['the import law', importLaw],
        ['rules are pure', pureRules],
        ['one way in: only src/enrollment writes enrollments', oneWayIn],
        ['SQL stands in queries.ts', sqlInQueries],
        ['only src/config.ts reads the environment', environment],
        ['no file is longer than 500 lines', sizes],
        ['every error of the table is used', errorsUsed],
        ['the lock file has no addresses', lockFile],
        ['no path of a machine', machinePaths],
        ['every dependency has its paragraph', dependencies],
        ['no test is skipped or singled out', wholeTests],
        ['links in the documents lead somewhere', links],
        ['each decision has a number of its own', decisions],
        ['each migration has a number of its own', migrations],
        ['every page of the portal is looked at', portalPages],
      ]
    : []),
];

let failed = 0;
for (const [name, rule] of RULES) {
  const faults = await rule();
  console.log(`${faults.length === 0 ? '✔' : '✖'} ${name}`);
  for (const fault of faults) console.log(`    ${fault}`);
  failed += faults.length;
}
if (!isRepository) console.log('  (not a git checkout: the rules on the source tree were left out)');
process.exitCode = failed === 0 ? 0 : 1;
