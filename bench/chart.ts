import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from './support.ts';

/**
 * node dist/bench/chart.js: takes the parts that bench-results/bench.json has measured into docs/performance.json, and
 * makes docs/performance.svg and the table of docs/performance.md of all that are there.
 */

interface Results {
  readonly machine: string;
  readonly measuredAt: string;
  readonly figures: readonly Figure[];
}

/** What was measured last of each part, and when. */
interface Kept {
  readonly figures: readonly (Figure & { readonly measuredOn: string; readonly machine: string })[];
}

const KEPT = 'docs/performance.json';
const MEASURED = 'bench-results/bench.json';

function taken(): Kept {
  const kept = JSON.parse(readFileSync(KEPT, 'utf8')) as Kept;
  if (!existsSync(MEASURED)) return kept;
  const { machine, measuredAt, figures } = JSON.parse(readFileSync(MEASURED, 'utf8')) as Results;
  const measuredOn = measuredAt.slice(0, 10);
  const parts = [...new Set([...kept.figures, ...figures].map(({ part }) => part))];
  return {
    figures: parts.flatMap((part) => {
      const now = figures.filter((figure) => figure.part === part);
      return now.length > 0
        ? now.map((figure) => ({ ...figure, measuredOn, machine }))
        : kept.figures.filter((figure) => figure.part === part);
    }),
  };
}

const ROW = 34;
const [WIDTH, LEFT, BAR] = [920, 500, 300];
/** The goal stands here on every bar, so that all can be compared: as many times better or worse than asked. */
const GOAL_AT = 0.4;

const all = taken();
const { figures } = all;
/** Ratios can be compared between machines, figures cannot. */
const machines = [...new Set(figures.map(({ machine }) => machine))];
const letterOf = (machine: string): string => String.fromCharCode(65 + machines.indexOf(machine));
writeFileSync(KEPT, `${JSON.stringify(all, null, 2)}\n`);

const escapeXml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const sign = (figure: Figure): string => (figure.goal.at === 'least' ? '≥' : '≤');

/** How much better than asked: 1 is the goal, 2 twice as good. */
const merit = ({ ratio, goal }: Figure): number =>
  goal.at === 'least' ? ratio / goal.ratio : goal.ratio / Math.max(ratio, 0.001);

function bar(figure: Figure, place: number): string {
  const y = 40 + place * ROW;
  // Logarithmic: four times as good as asked fills the bar, a quarter as good leaves it empty.
  const share = Math.min(1, Math.max(0.02, GOAL_AT + (Math.log2(merit(figure)) / 4) * (1 - GOAL_AT)));
  const isMet = merit(figure) >= 1;
  return [
    `<text x="${LEFT - 12}" y="${y + 14}" text-anchor="end">${escapeXml(figure.work)}</text>`,
    `<rect x="${LEFT}" y="${y}" width="${BAR}" height="20" class="track"/>`,
    `<rect x="${LEFT}" y="${y}" width="${(BAR * share).toFixed(1)}" height="20" class="${isMet ? 'met' : 'missed'}"/>`,
    `<text x="${LEFT + BAR + 10}" y="${y + 14}" class="figure">${figure.ratio} (${sign(figure)} ${figure.goal.ratio})</text>`,
  ].join('');
}

const height = 60 + figures.length * ROW;
const goalX = LEFT + BAR * GOAL_AT;
const chart = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="Each figure against its goal">
<style>text{fill:#24292f}.track{fill:#eaeef2}.met{fill:#2f6f4e}.missed{fill:#b5482a}.figure{font-weight:600}.goal{stroke:#24292f;stroke-dasharray:3 3}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.track{fill:#30363d}.met{fill:#56b184}.missed{fill:#e5805f}.goal{stroke:#e6edf3}}</style>
<text x="${goalX}" y="16" text-anchor="middle">goal</text><text x="${LEFT + BAR}" y="16" text-anchor="end">better →</text>
${figures.map(bar).join('\n')}
<line x1="${goalX}" x2="${goalX}" y1="24" y2="${height - 24}" class="goal"/>
</svg>
`;
writeFileSync('docs/performance.svg', chart);

const table = [
  '<!-- bench: begin -->',
  `Measured on ${machines.map((machine) => `${letterOf(machine)}: ${machine}`).join('; ')}.`,
  '',
  '| engine | work | figure | against | ratio | goal | measured |',
  '|---|---|---|---|---|---|---|',
  ...figures.map(
    (figure) =>
      `| ${figure.engine === 'none' ? '' : figure.engine} | ${figure.work} | ${figure.value} ${figure.unit} | ${figure.against}: ${figure.base} | **${figure.ratio}** | ${sign(figure)} ${figure.goal.ratio} | ${figure.measuredOn}, ${letterOf(figure.machine)} |`,
  ),
  '<!-- bench: end -->',
].join('\n');
const page = readFileSync('docs/performance.md', 'utf8');
writeFileSync(
  'docs/performance.md',
  page.replace(/<!-- bench: begin -->[\s\S]*<!-- bench: end -->/, () => table),
);
