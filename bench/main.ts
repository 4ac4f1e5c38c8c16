import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { beside } from './beside.ts';
import { bulk } from './bulk.ts';
import { decode } from './decode.ts';
import { jobs } from './jobs.ts';
import { lists } from './lists.ts';
import { pages } from './pages.ts';
import { portal } from './portal.ts';
import { small } from './small.ts';
import { start } from './start.ts';
import { type Figure, isMet, type Part } from './support.ts';

/**
 * npm run bench [-- --quick] [-- --only PART]
 * Each figure is a ratio against something measured in the same run, the median of at least three rounds.
 * Fails only when it cannot measure; whether a goal is met is for the reader of the table.
 */

const PARTS: readonly Part[] = [decode, start, small, bulk, jobs, beside, lists, pages, portal];

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' } } });
const chosen = PARTS.filter(({ name }) => !values.only || values.only.split(',').includes(name));
if (chosen.length === 0) {
  console.error(`--only: there is ${PARTS.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GB, Node ${process.version}`;
const figures: Figure[] = [];
for (const { name, run } of chosen) {
  console.error(`measuring ${name} …`);
  const measured = await run({ quick: values.quick ?? false, times: 3 });
  figures.push(...measured);
  console.table(
    measured.map((figure) => ({
      engine: figure.engine,
      work: figure.work,
      figure: `${figure.value} ${figure.unit}`,
      against: `${figure.against}: ${figure.base}`,
      ratio: figure.ratio,
      goal: `${figure.goal.at === 'least' ? '≥' : '≤'} ${figure.goal.ratio}`,
      met: isMet(figure) ? 'yes' : 'NO',
    })),
  );
}
console.log(machine);
mkdirSync('bench-results', { recursive: true });
writeFileSync(
  'bench-results/bench.json',
  `${JSON.stringify({ machine, measuredAt: new Date().toISOString(), quick: values.quick ?? false, figures }, null, 2)}\n`,
);
process.exit(0);
