import { readFileSync } from 'node:fs';
import { actAs, type Context } from '../access/index.ts';
import { type Config, ConfigError, type FlagOptions, type Flags, readConfig, readFlags } from '../config.ts';
import { parseInstant, type WireInstant } from '../kernel/dates.ts';
import { isUuid } from '../kernel/ids.ts';
import { userNamed } from '../people/index.ts';
import { type Database, migrate, openDatabase } from '../storage/index.ts';

/** What the commands share: the database they work on, required flags, and how they answer. */

export type { Flags };

/** Of what was not done, so many are printed; whoever wants them all asks for a list. */
export const SHOWN = 20;

/** How a command ends, for whoever runs it in a script. */
export const EXIT = { failed: 1, usage: 2, inUse: 3, someRefused: 4 } as const;

export function configOf(
  argv: readonly string[],
  options: FlagOptions,
  operands: readonly string[] = [],
): { flags: Flags; config: Config } {
  const flags = readFlags(argv, options, operands);
  return { flags, config: readConfig(flags) };
}

/** Opens the configured database, with its schema up to date, for the time of `work`. */
export async function withDatabase<T>(config: Config, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await openDatabase(
    config.databaseUrl ? { url: config.databaseUrl } : { directory: config.data },
  );
  try {
    await migrate(db);
    return await work(db);
  } finally {
    await db.close();
  }
}

export const ACTOR_OPTIONS = { account: { type: 'string' }, login: { type: 'string' } } as const;

/** Runs a use case in the name of the user whom the flags --account and --login tell. */
export async function asUser<T>(db: Database, flags: Flags, work: (ctx: Context) => Promise<T>): Promise<T> {
  const now = new Date();
  const named = { accountUrl: required(flags, 'account'), login: required(flags, 'login'), now };
  return actAs(db, { ...(await userNamed(db, named)), source: 'cli', now }, work);
}

export function required(flags: Flags, name: string): string {
  const value = given(flags, name);
  if (value === undefined) throw new ConfigError(`--${name} is required.`);
  return value;
}

/** A text flag, if it is given and not empty. */
export const given = (flags: Flags, name: string): string | undefined => {
  const value = flags[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

export function oneOf<T extends string>(flags: Flags, name: string, values: readonly T[]): T | undefined {
  const value = given(flags, name);
  const found = values.find((one) => one === value);
  if (value !== undefined && found === undefined)
    throw new ConfigError(`--${name}: must be one of ${values.join(', ')}, got ${value}.`);
  return found;
}

/** A date flag. */
export function instant(flags: Flags, name: string): WireInstant | undefined {
  const value = given(flags, name);
  if (value === undefined) return undefined;
  const wire = parseInstant(value);
  if (wire === null)
    throw new ConfigError(`--${name}: must be a date as YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, got ${value}.`);
  return wire;
}

/** The id that an operand is. */
export function idOf(flags: Flags, name: string): string {
  const value = String(flags[name]);
  if (!isUuid(value)) throw new ConfigError(`${name}: ${value} is not an id.`);
  return value.toLowerCase();
}

/** A count flag; 0 if left out. */
export function count(flags: Flags, name: string, max = 100_000_000): number {
  const value = flags[name];
  if (value === undefined) return 0;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > max)
    throw new ConfigError(`--${name}: ${value} is not a whole number from 0 to ${max}.`);
  return number;
}

/** One object with --json, else a line per member. */
export function print(flags: Flags, answer: Record<string, unknown>): void {
  const lines = Object.entries(answer).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  process.stdout.write(`${flags['json'] ? JSON.stringify(answer) : lines.join('\n')}\n`);
}

/** The package's version. */
export function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
