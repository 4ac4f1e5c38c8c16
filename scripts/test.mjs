// Runs every compiled test on both engines and ends with "N passed, N failed".
// --engine embedded|postgresql, --only TEXT (part of a file's path), --torture (full counts, of the tests that have them)
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    engine: { type: 'string' },
    only: { type: 'string' },
    torture: { type: 'boolean' },
    concurrency: { type: 'string' },
  },
});
/** A test that hangs fails by its name instead of holding up the run; at full counts the longest takes some ten minutes. */
const TIMEOUT_MS = values.torture ? 2_400_000 : 600_000;
/** What full counts make a difference to; the other tests are the same as in `npm test`. */
const TORTURED = /\/test\/(audit|crash|fuzz|notices|properties|race|retries|storage)\//;
const dist = fileURLToPath(new URL('../dist', import.meta.url));

function find(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return find(file);
    return entry.name.endsWith('.test.js') ? [file] : [];
  });
}

const files = [...find(path.join(dist, 'src')), ...find(path.join(dist, 'test'))]
  .filter((file) => !values.torture || TORTURED.test(file))
  .filter((file) => !values.only || path.relative(dist, file).includes(values.only))
  .sort();
if (files.length === 0) {
  console.error('There is no test to run.');
  console.log('0 passed, 0 failed');
  process.exit(1);
}

/**
 * Databases of tests flush as in earnest, on a disk in memory where there is room for it: waiting for a real disk is a third
 * of the run, and what a flush is for is tested by other means (test/crash/power, test/storage/fsync). Full counts need the disk.
 */
function folderInMemory() {
  const [parent, needed] = ['/dev/shm', 8 * 1024 ** 3];
  if (values.torture || process.env.TMPDIR || !existsSync(parent) || freemem() < needed) return null;
  const { bavail, bsize } = statfsSync(parent);
  if (bavail * bsize < needed) return null;
  const folder = mkdtempSync(path.join(parent, 'rollbook-tests-'));
  // PostgreSQL runs as another user where this is root.
  chmodSync(folder, 0o711);
  return folder;
}
const inMemory = folderInMemory();
if (inMemory) {
  process.env.TMPDIR = inMemory;
  process.once('exit', () => rmSync(inMemory, { recursive: true, force: true }));
  // A signal ends the run by an exit, so that what is in memory goes with it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
}

const support = (name) => import(new URL(`../dist/test/support/${name}.js`, import.meta.url));
const environment = { ...process.env, NODE_NO_WARNINGS: '1' };
if (values.engine) environment.ROLLBOOK_TEST_ENGINE = values.engine;
if (values.torture) environment.ROLLBOOK_TORTURE = '1';
if (values.engine !== 'embedded') {
  const { startCluster } = await support('postgres');
  const cluster = await startCluster();
  const { makeTemplateDatabase } = await support('database');
  await makeTemplateDatabase(cluster.url);
  environment.TEST_POSTGRES_URL = cluster.url;
}
if (values.engine !== 'postgresql') {
  const { temporaryFolder, templateFolder } = await support('database');
  const folder = temporaryFolder();
  cpSync(await templateFolder(), folder, { recursive: true });
  environment.TEST_FOLDER_TEMPLATE = folder;
}

if (files.some((file) => file.includes('/test/browser/'))) await (await support('browser')).unpackBrowser();

const startedAt = Date.now();
const runner = spawn(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${values.concurrency ?? 2}`,
    `--test-timeout=${TIMEOUT_MS}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('slowest.mjs', import.meta.url)}`,
    '--test-reporter-destination=stderr',
    ...files,
  ],
  { env: environment, stdio: ['ignore', 'pipe', 'inherit'] },
);
let tail = '';
runner.stdout.on('data', (part) => {
  process.stdout.write(part);
  tail = `${tail}${part}`.slice(-200_000);
});
const code = await new Promise((done) => runner.on('close', done));
const figure = (name) => Number(tail.match(new RegExp(`^\\S+ ${name} (\\d+)$`, 'm'))?.[1] ?? 0);
// A test that was cancelled or left to do did not pass.
const failed = figure('fail') + figure('cancelled') + figure('skipped') + figure('todo');
const passed = figure('pass');
if (values.torture) console.log(`\nTook ${Math.round((Date.now() - startedAt) / 60_000)} minutes.`);
console.log(`\n${passed} passed, ${failed > 0 || code === 0 ? failed : 1} failed`);
process.exit(code === 0 && failed === 0 && passed > 0 ? 0 : 1);
