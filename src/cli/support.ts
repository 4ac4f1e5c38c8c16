import { readFileSync } from 'node:fs';
import { actAs, type Context } from '../access/index.ts';
import { type Config, ConfigError, readConfig, readFlags } from '../config.ts';
import { userNamed } from '../people/index.ts';
import { type Database, migrate, openDatabase } from '../storage/index.ts';

/** What the commands share: the database they work on, required flags, and how they answer. */

type Options = Record<string, { type: 'string' | 'boolean' }>;
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** How a command ends, for whoever runs it in a script. */
export const EXIT = { failed: 1, usage: 2, inUse: 3, someRefused: 4 } as const;

export function configOf(
  argv: readonly string[],
  options: Options,
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
  const value = flags[name];
  if (typeof value !== 'string' || value === '') throw new ConfigError(`--${name} is required.`);
  return value;
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
  const lines = Object.entries(answer).map(([name, value]) => `${name}: ${value}`);
  process.stdout.write(`${flags['json'] ? JSON.stringify(answer) : lines.join('\n')}\n`);
}

/** The package's version. */
export function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
