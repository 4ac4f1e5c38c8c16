// Builds dist/: compiles, makes the command executable, and prepares an initialised folder for the embedded engine.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = new URL('../node_modules/@typescript/native/bin/tsc', import.meta.url);

if (!existsSync(compiler)) {
  // Installed without development packages: the package brings its dist/ along.
  if (existsSync(new URL('../dist/src/cli/main.js', import.meta.url))) process.exit(0);
  console.error('The compiler is missing; install with development packages (npm ci).');
  process.exit(1);
}
for (const part of ['src', 'test', 'bench', 'examples'])
  rmSync(`${root}dist/${part}`, { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [fileURLToPath(compiler), '-p', root], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
chmodSync(`${root}dist/src/cli/main.js`, 0o755);

if (!existsSync(`${root}dist/pglite-template/PG_VERSION`)) {
  const { makeTemplate } = await import(new URL('../dist/src/storage/template.js', import.meta.url));
  await makeTemplate(`${root}dist/pglite-template`);
}
