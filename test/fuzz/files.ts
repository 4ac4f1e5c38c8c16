import { MEMBERS } from '../../src/transfer/index.ts';
import type { Random } from '../support/random.ts';
import type { Prey } from './target.ts';
import { idFor, nastyText, oneIn, pick } from './values.ts';

/** Random tables, most of which nearly make sense. */

const DATES = ['2026-05-01', '2026-05-01 10:00:00', '31.12.2026', '', 'none', '9999-12-31', '0000-00-00'];
const TYPES = ['', 'unlimited', 'default', 'due_date', 'due_period', 'later'];
const LINE_ENDS = ['\n', '\r\n', '\r'];

function cellFor(random: Random, member: string, prey: Prey): string {
  if (oneIn(random, 15)) return nastyText(random);
  if (/learner|login|email/.test(member))
    return oneIn(random, 4) ? pick(random, ['owner', 'nobody', '']) : idFor(random, 'learnerIds', prey);
  if (/^course/.test(member)) return oneIn(random, 6) ? nastyText(random) : idFor(random, 'courseIds', prey);
  if (/Date$/.test(member)) return pick(random, DATES);
  if (member === 'dueDateType') return pick(random, TYPES);
  return pick(random, ['', '1', '72', '-1', 'true', '=1+1']);
}

const written = (random: Random, cell: string): string =>
  oneIn(random, 40) ? `"${cell}` : /[",;\t|\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** A file as bytes: some columns, some rows, and now and then what breaks it. */
export function tableBytes(random: Random, prey: Prey): Buffer {
  const columns = oneIn(random, 10)
    ? [nastyText(random), pick(random, MEMBERS)]
    : ['learner', 'course', ...MEMBERS.filter(() => oneIn(random, 5))];
  const delimiter = pick(random, [',', ';', '\t', '|']);
  const rows = Array.from({ length: random(12) }, () =>
    columns.map((member) => written(random, cellFor(random, member, prey))),
  );
  const text = [columns.map((name) => written(random, name)), ...rows]
    .map((cells) => cells.join(delimiter) + pick(random, LINE_ENDS))
    .join('');
  const encoding = pick(random, ['utf8', 'utf8', 'utf8', 'latin1', 'utf16le'] as const);
  const bytes = Buffer.from((oneIn(random, 5) ? '\ufeff' : '') + text, encoding);
  return oneIn(random, 20) ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
}
