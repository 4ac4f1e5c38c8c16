import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '../access/index.ts';
import { type Config, ConfigError, DATABASE_OPTIONS } from '../config.ts';
import { OUTCOMES, type Outcome, outcomesOf, toOutcome } from '../enrollment/index.ts';
import { toInstantText } from '../kernel/dates.ts';
import {
  KINDS,
  latestOperations,
  type OperationRow,
  readOperation,
  STATES,
  toOperation,
} from '../operations/index.ts';
import type { Database } from '../storage/index.ts';
import { csvLine, DELIMITERS } from '../tables/index.ts';
import type { Command } from './main.ts';
import { ProgressBar } from './progress.ts';
import {
  ACTOR_OPTIONS,
  asUser,
  configOf,
  count,
  EXIT,
  type Flags,
  given,
  idOf,
  instant,
  oneOf,
  print,
  SHOWN,
  withDatabase,
} from './support.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** What goes with a list, and what with one operation. */
const LIST_OPTIONS = { state: text, kind: text, actor: text, from: text, to: text, limit: text };
const ONE_OPTIONS = { outcomes: flag, outcome: text, follow: flag };

const LONGEST_LIST = 1_000;
const LOOK_EVERY_MS = 500;

export const operationsCommand: Command = {
  name: 'operations',
  summary: `List the operations that were accepted last, ${SHOWN} unless --limit says otherwise; or, with an ID, tell one: with --outcomes what became of every pair, as CSV, and with --follow first wait for its end. Users who do not see the whole account have their own. Following ends with 4 if something was refused, with 1 if it was cancelled or failed.`,
  usage: `[ID] --account URL --login L [--outcomes] [--outcome ${OUTCOMES.join('|')}] [--follow] | [--state ${STATES.join('|')}] [--kind ${KINDS.join('|')}] [--actor ID] [--from DATE] [--to DATE] [--limit N]`,
  examples: [
    'rollbook operations --account https://academy.example --login owner --kind import --from 2026-03-01',
    'rollbook operations 0198c0de-0000-7000-8000-000000000000 --account https://academy.example --login owner --follow',
    'rollbook operations 0198c0de-0000-7000-8000-000000000000 --account https://academy.example --login owner --outcome refused > refused.csv',
  ],
  run: async (argv) => {
    const options = { ...DATABASE_OPTIONS, ...ACTOR_OPTIONS, ...LIST_OPTIONS, ...ONE_OPTIONS };
    const { flags, config } = configOf(argv, options, ['[ID]']);
    const isOne = flags['ID'] !== undefined;
    for (const name of Object.keys(isOne ? LIST_OPTIONS : ONE_OPTIONS))
      if (flags[name] !== undefined)
        throw new ConfigError(`--${name} goes ${isOne ? 'without' : 'with'} the ID of an operation.`);
    await withDatabase(config, (db) => (isOne ? tellOne(db, flags, config) : tellList(db, flags)));
  },
};

async function tellList(db: Database, flags: Flags): Promise<void> {
  const filter = {
    actorId: given(flags, 'actor') === undefined ? null : idOf(flags, 'actor'),
    state: oneOf(flags, 'state', STATES) ?? null,
    kind: oneOf(flags, 'kind', KINDS) ?? null,
    from: instant(flags, 'from')?.at ?? null,
    to: instant(flags, 'to')?.at ?? null,
  };
  const limit = count(flags, 'limit', LONGEST_LIST) || SHOWN;
  await asUser(db, flags, async (ctx) => {
    const operations = await latestOperations(ctx, filter, limit);
    if (flags['json']) print(flags, { operations: operations.map((row) => toOperation(row, ctx.now)) });
    else process.stdout.write(operations.map(toLine).join(''));
  });
}

const toLine = (row: OperationRow): string =>
  `${[
    toInstantText(row.acceptedAt),
    row.operationId,
    row.kind.padEnd(8),
    row.state.padEnd(9),
    ...OUTCOMES.map((outcome) => `${row[outcome]} ${outcome}`),
  ].join('  ')}\n`;

async function tellOne(db: Database, flags: Flags, config: Config): Promise<void> {
  const operationId = idOf(flags, 'ID');
  const outcome = oneOf(flags, 'outcome', OUTCOMES);
  const ended = flags['follow'] ? await follow(db, flags, config, operationId) : null;
  await asUser(db, flags, async (ctx) => {
    if (flags['outcomes'] || outcome) return tellOutcomes(ctx, flags, operationId, outcome);
    const { progress, summary, ...operation } = toOperation(await readOperation(ctx, operationId), ctx.now);
    if (flags['json']) print(flags, { ...operation, progress, summary });
    else print(flags, { ...operation, ...progress, ...summary });
  });
  if (ended) process.exitCode = exitCodeOf(ended);
}

function exitCodeOf(row: OperationRow): number | undefined {
  if (isOpen(row) || row.state === 'cancelled' || row.state === 'failed') return EXIT.failed;
  return row.refused > 0 ? EXIT.someRefused : undefined;
}

const isOpen = ({ state }: OperationRow): boolean => state === 'accepted' || state === 'running';

/**
 * Waits for the end of an operation; each look is a read of its own, by the rights of its moment. In an embedded folder
 * there is nobody who could write it meanwhile, and nothing to wait for.
 */
async function follow(
  db: Database,
  flags: Flags,
  config: Config,
  operationId: string,
): Promise<OperationRow> {
  const bar = new ProgressBar('Written', !flags['json']);
  try {
    for (;;) {
      const row = await asUser(db, flags, (ctx) => readOperation(ctx, operationId));
      const { done, total } = toOperation(row, new Date()).progress;
      bar.update(done, total);
      if (!isOpen(row)) return row;
      if (config.databaseUrl === null) {
        process.stderr.write(`Nobody writes it while this command holds the folder: start the server.\n`);
        return row;
      }
      await pause(LOOK_EVERY_MS);
    }
  } finally {
    bar.end();
  }
}

/** As CSV; with --json as one object, written page by page. */
async function tellOutcomes(
  ctx: Context,
  flags: Flags,
  operationId: string,
  outcome: Outcome['outcome'] | undefined,
): Promise<void> {
  const { operation, outcomes } = await outcomesOf(ctx, operationId, outcome);
  const parts = flags['json'] ? jsonOf(toOperation(operation, ctx.now), outcomes) : csvOf(outcomes);
  await pipeline(Readable.from(parts), process.stdout, { end: false });
}

async function* jsonOf(
  operation: object,
  outcomes: AsyncIterable<readonly Outcome[]>,
): AsyncGenerator<string> {
  yield `${JSON.stringify(operation).slice(0, -1)},"outcomes":[`;
  let separator = '';
  for await (const page of outcomes) {
    yield separator + page.map((outcome) => JSON.stringify(toOutcome(outcome))).join();
    separator = ',';
  }
  yield ']}\n';
}

const COLUMNS = ['learnerId', 'courseId', 'outcome', 'reason', 'enrollmentId'] as const;

async function* csvOf(outcomes: AsyncIterable<readonly Outcome[]>): AsyncGenerator<string> {
  const line = (cells: readonly string[]): string => csvLine(cells, DELIMITERS.comma);
  yield line(COLUMNS);
  for await (const page of outcomes)
    yield page
      .map(toOutcome)
      .map((one) => line(COLUMNS.map((column) => one[column] ?? '')))
      .join('');
}
