import { readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from './support.ts';

/**
 * node dist/bench/chart.js: docs/performance.svg and the table of docs/performance.md, from bench-results/bench.json. What was not
 * measured this time stays as it stands in the table.
 */

interface Results {
  readonly machine: string;
  readonly measuredAt: string;
  readonly figures: readonly Shown[];
}

/** What a row of the table says of a figure. */
type Shown = Omit<Figure, 'part'>;

const ROW = 34;
const [WIDTH, LEFT, BAR] = [920, 500, 300];
/** The goal stands here on every bar, so that all can be compared: as many times better or worse than asked. */
const GOAL_AT = 0.4;

const page = readFileSync('docs/performance.md', 'utf8');
const measured = JSON.parse(readFileSync('bench-results/bench.json', 'utf8')) as Results;
const { machine, measuredAt } = measured;
const isSame = (one: Shown, other: Shown): boolean => one.engine === other.engine && one.work === other.work;
const kept = shownIn(page);
const figures = [
  ...kept.map((figure) => measured.figures.find((fresh) => isSame(fresh, figure)) ?? figure),
  ...measured.figures.filter((fresh) => !kept.some((figure) => isSame(fresh, figure))),
];
const isWhole = figures.length === measured.figures.length;

function shownIn(text: string): Shown[] {
  const rows = text.matchAll(
    /^\| (\S*) \| (.+) \| ([\d.]+) (\S+) \| (.+): ([\d.]+) \| \*\*([\d.]+)\*\* \| (.) ([\d.]+) \|$/gm,
  );
  return [...rows].map(([, engine, work, value, unit, against, base, ratio, sign, goal]) => ({
    engine: (engine || 'none') as Shown['engine'],
    work: work ?? '',
    value: Number(value),
    unit: unit as Shown['unit'],
    against: against ?? '',
    base: Number(base),
    ratio: Number(ratio),
    goal: { at: sign === '≥' ? 'least' : 'most', ratio: Number(goal) },
  }));
}

const escapeXml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const sign = (figure: Shown): string => (figure.goal.at === 'least' ? '≥' : '≤');

/** How much better than asked: 1 is the goal, 2 twice as good. */
const merit = ({ ratio, goal }: Shown): number =>
  goal.at === 'least' ? ratio / goal.ratio : goal.ratio / Math.max(ratio, 0.001);

function bar(figure: Shown, place: number): string {
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
  `Measured ${measuredAt.slice(0, 10)} on ${machine}${isWhole ? '' : '; what was left out that day, before'}.`,
  '',
  '| engine | work | figure | against | ratio | goal |',
  '|---|---|---|---|---|---|',
  ...figures.map(
    (figure) =>
      `| ${figure.engine === 'none' ? '' : figure.engine} | ${figure.work} | ${figure.value} ${figure.unit} | ${figure.against}: ${figure.base} | **${figure.ratio}** | ${sign(figure)} ${figure.goal.ratio} |`,
  ),
  '<!-- bench: end -->',
].join('\n');
writeFileSync(
  'docs/performance.md',
  page.replace(/<!-- bench: begin -->[\s\S]*<!-- bench: end -->/, () => table),
);
