import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Config, ConfigError, DATABASE_OPTIONS } from '../config.ts';
import { isUuid } from '../kernel/ids.ts';
import { DELIMITERS, type Delimiter, OUTPUT_ENCODINGS } from '../tables/index.ts';
import {
  exportFile,
  type ImportReport,
  importFile,
  MEMBERS,
  type Naming,
  type RowOutcome,
} from '../transfer/index.ts';
import type { Command } from './main.ts';
import { ProgressBar } from './progress.ts';
import {
  ACTOR_OPTIONS,
  asUser,
  configOf,
  EXIT,
  type Flags,
  given,
  oneOf,
  print,
  SHOWN,
  withDatabase,
} from './support.ts';
import { asOperation } from './writing.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const FORMAT_OPTIONS = { ...DATABASE_OPTIONS, ...ACTOR_OPTIONS, delimiter: text, encoding: text };

const IMPORT_OPTIONS = {
  ...FORMAT_OPTIONS,
  map: text,
  existing: text,
  errors: text,
  'dry-run': flag,
  'all-or-nothing': flag,
};

export const importCommand: Command = {
  name: 'import',
  summary:
    'Enroll by a CSV file, in the name of a user. Ends with 4 if some rows were refused; docs/files.md says how files are read.',
  usage:
    "FILE --account URL --login L [--dry-run] [--existing keep|change] [--all-or-nothing] [--map 'login=Column&course=Column'] [--errors FILE] [--delimiter comma|semicolon|tab|pipe] [--encoding NAME]",
  run: async (argv) => {
    const { flags, config } = configOf(argv, IMPORT_OPTIONS, ['FILE']);
    const options = {
      encoding: given(flags, 'encoding'),
      delimiter: oneOf(flags, 'delimiter', Object.keys(DELIMITERS) as Delimiter[]),
      naming: namingOf(given(flags, 'map')),
      existing: oneOf(flags, 'existing', ['keep', 'change'] as const) ?? 'keep',
      isTrial: flags['dry-run'] === true,
      allOrNothing: flags['all-or-nothing'] === true,
    };
    const bytes = readBytes(String(flags['FILE']), config);
    const refused = await withDatabase(config, (db) =>
      asUser(db, flags, async (ctx) => {
        const report = await asOperation(ctx, { flags, config }, (named, enrollments) =>
          importFile(named, enrollments, bytes, options),
        );
        return tell(flags, report);
      }),
    );
    if (refused > 0) process.exitCode = EXIT.someRefused;
  },
};

/** `login=Kennung&course=Kurs`, or as a proposal of the server says it: `map[login]=Kennung&…`. */
function namingOf(map: string | undefined): Naming {
  const naming: Record<string, string> = {};
  for (const [key, column] of new URLSearchParams(map ?? '')) {
    const member = key.replace(/^map\[(\w+)\]$/, '$1');
    if (!(MEMBERS as readonly string[]).includes(member))
      throw new ConfigError(`--map: ${key} is none of ${MEMBERS.join(', ')}.`);
    naming[member] = column;
  }
  return naming;
}

function readBytes(file: string, { maxBodyBytes }: Config): Buffer {
  try {
    const { size } = statSync(file);
    if (size > maxBodyBytes)
      throw new ConfigError(
        `${file} has ${size} bytes, and ${maxBodyBytes} are the most (ROLLBOOK_MAX_BODY_BYTES).`,
      );
    return readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${file} cannot be read: ${(error as Error).message}.`);
  }
}

/** Prints what became of the file, and writes the file of errors; returns how many rows were refused. */
async function tell(flags: Flags, report: ImportReport): Promise<number> {
  const { operationId, reading, summary } = report;
  const refused: RowOutcome[] = [];
  for await (const rows of report.rows('refused')) {
    refused.push(...rows.slice(0, SHOWN - refused.length));
    if (refused.length === SHOWN) break;
  }
  const errors = given(flags, 'errors');
  if (errors !== undefined && summary.refused > 0) await writeWhole(errors, report.errorFile());
  const answer = { ...(operationId ? { operationId } : {}), encoding: reading.encoding, ...summary };
  if (flags['json']) print(flags, { ...answer, refusedRows: refused });
  else {
    print(flags, answer);
    for (const { row, reason, detail } of refused)
      process.stderr.write(`row ${row}: ${reason}${detail ? ` (${detail})` : ''}\n`);
    if (summary.refused > refused.length)
      process.stderr.write(`and ${summary.refused - refused.length} more rows were refused\n`);
  }
  return summary.refused;
}

/** Under another name until it is whole: half a file must not be taken for one. */
async function writeWhole(file: string, content: AsyncIterable<string | Buffer>): Promise<void> {
  await pipeline(Readable.from(content, { objectMode: false }), createWriteStream(`${file}.part`));
  await rename(`${file}.part`, file);
}

const EXPORT_OPTIONS = { ...FORMAT_OPTIONS, learners: text, courses: text };

export const exportCommand: Command = {
  name: 'export',
  summary: 'Write the enrollments that a user may see to a CSV file, which can be imported again.',
  usage:
    'FILE --account URL --login L [--courses ID,ID …] [--learners ID,ID …] [--delimiter comma|semicolon|tab|pipe] [--encoding utf-8|utf-8-bom|utf-16le]',
  run: async (argv) => {
    const { flags, config } = configOf(argv, EXPORT_OPTIONS, ['FILE']);
    const format = {
      delimiter: oneOf(flags, 'delimiter', Object.keys(DELIMITERS) as Delimiter[]) ?? 'comma',
      encoding: oneOf(flags, 'encoding', OUTPUT_ENCODINGS) ?? 'utf-8',
    };
    const filter = { courseIds: idsOf(flags, 'courses'), learnerIds: idsOf(flags, 'learners') };
    const file = String(flags['FILE']);
    const bar = new ProgressBar('Rows', !flags['json']);
    let rows = 0;
    await withDatabase(config, (db) =>
      asUser(db, flags, async (ctx) => {
        rows = 0;
        const onRows = (count: number): void => {
          rows += count;
          bar.update(rows);
        };
        await writeWhole(file, await exportFile(ctx, filter, { ...format, onRows }));
      }),
    );
    bar.end();
    print(flags, { file, rows });
  },
};

function idsOf(flags: Flags, name: string): readonly string[] | undefined {
  const ids = given(flags, name)?.split(',');
  const bad = ids?.find((id) => !isUuid(id));
  if (bad !== undefined) throw new ConfigError(`--${name}: ${bad} is not an id.`);
  return ids;
}
