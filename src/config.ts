import { parseArgs } from 'node:util';
import { isAddress } from './kernel/addresses.ts';
import { DEFAULT_MAX_AGE_HOURS, readSmtpUrl, type SmtpTarget } from './mail/index.ts';

/** What the operator decides. Flags win over the environment; nothing else reads the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly databaseUrl: string | null;
  /** null: only where it is safe (an empty embedded folder, served on loopback) */
  readonly demo: boolean | null;
  readonly publicUrl: string | null;
  /** The origin of what users upload; null: the origin of the pages, within a sandbox. */
  readonly contentUrl: string | null;
  /** Whether webhooks may go to private and loopback addresses, and OpenID providers be there. */
  readonly allowPrivateTargets: boolean;
  readonly logLevel: string;
  readonly maxBodyBytes: number;
  /** Of a file that is uploaded for a content item. */
  readonly maxFileBytes: number;
  readonly maxPairs: number;
  /** How long events can be read again. */
  readonly eventRetentionDays: number;
  readonly mail: MailConfig;
}

export interface MailConfig {
  /** null: there is no mail server, and messages wait until they are too old. */
  readonly target: SmtpTarget | null;
  /** To the mail server, at the same time. */
  readonly connections: number;
  /** What is older is never sent. */
  readonly maxAgeHours: number;
}

/** A flag or variable that cannot be understood; the message names it. */
export class ConfigError extends Error {}

export const DATABASE_OPTIONS = { data: { type: 'string' }, 'database-url': { type: 'string' } } as const;

export const SERVE_OPTIONS = {
  ...DATABASE_OPTIONS,
  port: { type: 'string' },
  host: { type: 'string' },
  demo: { type: 'boolean' },
  'no-demo': { type: 'boolean' },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
export type FlagOptions = Readonly<Record<string, { type: 'string' | 'boolean'; multiple?: boolean }>>;

/** 64 MB: enough for a million ids. */
const DEFAULT_BODY_BYTES = 64 * 1024 * 1024;
/** Half an hour of film in good quality. */
export const DEFAULT_FILE_BYTES = 512 * 1024 * 1024;
const DEFAULT_PAIRS = 5_000_000;
export const DEFAULT_RETENTION_DAYS = 90;
const DEFAULT_MAIL_CONNECTIONS = 5;

export function readConfig(flags: Flags, environment: Environment = process.env): Config {
  const text = (flag: string, variable: string): string | undefined => {
    const value = flags[flag] ?? environment[variable];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const number = (flag: string, variable: string, fallback: number, max: number, min = 0): number => {
    const value = text(flag, variable);
    if (value === undefined) return fallback;
    const parsed = Number(value);
    if (!Number.isInteger(parsed) || parsed < min || parsed > max)
      throw new ConfigError(
        `${flags[flag] === undefined ? variable : `--${flag}`}: ${value} is not a whole number from ${min} to ${max}.`,
      );
    return parsed;
  };
  const data = flags['data'];
  return {
    host: text('host', 'HOST') ?? '127.0.0.1',
    port: number('port', 'PORT', 8080, 65_535),
    data: text('data', 'ROLLBOOK_DATA') ?? './data',
    // --data on the command line means the embedded engine, whatever the environment says.
    databaseUrl:
      text('database-url', 'DATABASE_URL') && (flags['database-url'] || data === undefined)
        ? (text('database-url', 'DATABASE_URL') ?? null)
        : null,
    demo: flags['no-demo'] ? false : flags['demo'] ? true : switchOf('ROLLBOOK_DEMO', environment),
    publicUrl: text('', 'ROLLBOOK_PUBLIC_URL') ?? null,
    contentUrl: originOf(text('', 'ROLLBOOK_CONTENT_URL'), text('', 'ROLLBOOK_PUBLIC_URL')),
    allowPrivateTargets: switchOf('ROLLBOOK_ALLOW_PRIVATE_TARGETS', environment) ?? false,
    logLevel: text('', 'ROLLBOOK_LOG_LEVEL') ?? 'warn',
    maxBodyBytes: number('', 'ROLLBOOK_MAX_BODY_BYTES', DEFAULT_BODY_BYTES, 1024 ** 3),
    maxFileBytes: number('', 'ROLLBOOK_MAX_FILE_BYTES', DEFAULT_FILE_BYTES, 1024 ** 4, 1),
    maxPairs: number('', 'ROLLBOOK_MAX_PAIRS', DEFAULT_PAIRS, 1_000_000_000),
    // A receiver of webhooks may be down for a day, and is told everything after it.
    eventRetentionDays: number('', 'ROLLBOOK_EVENT_RETENTION_DAYS', DEFAULT_RETENTION_DAYS, 3_650, 2),
    mail: {
      target: mailTarget(text('', 'SMTP_URL'), text('', 'ROLLBOOK_MAIL_FROM')),
      connections: number('', 'ROLLBOOK_MAIL_CONNECTIONS', DEFAULT_MAIL_CONNECTIONS, 100, 1),
      maxAgeHours: number('', 'ROLLBOOK_MAIL_MAX_AGE_HOURS', DEFAULT_MAX_AGE_HOURS, 8_760, 1),
    },
  };
}

function mailTarget(url: string | undefined, from: string | undefined): SmtpTarget | null {
  if (from !== undefined && !isAddress(from))
    throw new ConfigError(`ROLLBOOK_MAIL_FROM: ${from} is no single plain address.`);
  if (url === undefined) return null;
  const target = readSmtpUrl(url, from ?? null);
  if ('fault' in target) throw new ConfigError(`SMTP_URL ${target.fault}.`);
  return target;
}

/** What users upload must not have the origin of the pages, or it would act as whoever looks at it. */
function originOf(url: string | undefined, publicUrl: string | undefined): string | null {
  if (url === undefined) return null;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isOrigin = parsed && /^https?:$/.test(parsed.protocol) && parsed.pathname === '/' && !parsed.search;
  if (!isOrigin || parsed.username || parsed.hash)
    throw new ConfigError(`ROLLBOOK_CONTENT_URL: ${url} is no http or https address without a path.`);
  if (publicUrl && URL.canParse(publicUrl) && new URL(publicUrl).host === parsed.host)
    throw new ConfigError('ROLLBOOK_CONTENT_URL must have another host than ROLLBOOK_PUBLIC_URL.');
  return parsed.origin;
}

function switchOf(variable: string, environment: Environment): boolean | null {
  const value = environment[variable];
  if (value === undefined || value === '') return null;
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off)$/i.test(value)) return false;
  throw new ConfigError(`${variable}: ${value} is neither true nor false.`);
}

/**
 * Flags of a command, and under their own names its operands (`FILE`), all of which must be there but those in brackets
 * (`[ID]`); throws ConfigError for what it does not have.
 */
export function readFlags(
  argv: readonly string[],
  options: FlagOptions,
  operands: readonly string[] = [],
): Flags {
  const { values, positionals } = parse(argv, options);
  const missing = operands.slice(positionals.length).find((name) => !name.startsWith('['));
  if (missing !== undefined) throw new ConfigError(`${missing} is required.`);
  const more = positionals[operands.length];
  if (more !== undefined) throw new ConfigError(`Unexpected argument ${more}.`);
  const named = operands.map((name, place) => [name.replace(/^\[|\]$/g, ''), positionals[place]]);
  return { ...values, ...Object.fromEntries(named) };
}

function parse(
  argv: readonly string[],
  options: FlagOptions,
): { values: Flags; positionals: readonly string[] } {
  try {
    const parsed = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean' }, json: { type: 'boolean' } },
      allowPositionals: true,
    });
    return { values: parsed.values as Flags, positionals: parsed.positionals };
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}
