// Writes every generated file; with --check it only compares, and fails naming those that are stale.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('./', import.meta.url);
const root = new URL('../', import.meta.url);
const isCheck = process.argv.includes('--check');
const stale = [];
for (const name of readdirSync(folder)
  .filter((file) => /^generate-.+\.mjs$/.test(file))
  .sort()) {
  const { path, generate } = await import(new URL(name, folder));
  const text = await generate();
  const file = fileURLToPath(new URL(path, root));
  let before = '';
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // It does not exist yet.
  }
  if (before === text) continue;
  if (isCheck) stale.push(path);
  else {
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
if (stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run npm run gen.`);
  process.exitCode = 1;
}
