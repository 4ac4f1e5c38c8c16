#!/usr/bin/env node
import { ConfigError } from '../config.ts';
import { Refusal } from '../kernel/errors.ts';
import { DataFolderInUse } from '../storage/index.ts';
import { EXIT } from './support.ts';

/** A command: what it is for, its usage, and what it does with its flags. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly examples?: readonly string[];
  run(argv: readonly string[]): Promise<void>;
}

/** By name; each is loaded when it is asked for: half a second is spared by what is not. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  'account create': async () => (await import('./account.ts')).accountCreate,
  'client create': async () => (await import('./client.ts')).clientCreate,
  enroll: async () => (await import('./enroll.ts')).enrollCommand,
  import: async () => (await import('./transfer.ts')).importCommand,
  export: async () => (await import('./transfer.ts')).exportCommand,
  operations: async () => (await import('./operations.ts')).operationsCommand,
  undo: async () => (await import('./undo.ts')).undoCommand,
  cancel: async () => (await import('./undo.ts')).cancelCommand,
  'mail on': async () => (await import('./mail.ts')).mailOn,
  'mail off': async () => (await import('./mail.ts')).mailOff,
  'demo load': async () => (await import('./demo-load.ts')).demoLoad,
  migrate: async () => (await import('./migrate.ts')).migrateCommand,
  'audit verify': async () => (await import('./audit.ts')).auditVerify,
};

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return [
    'rollbook <command> [options]',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(16)} ${command.summary}`),
    '',
    'Every command takes --help, --data FOLDER or --database-url URL, and --json.',
    '',
  ].join('\n');
}

function helpOf({ name, usage, summary, examples = [] }: Command): string {
  const shown = examples.length > 0 ? `\nExamples:\n${examples.map((line) => `  ${line}\n`).join('')}` : '';
  return `rollbook ${name} ${usage}\n\n${summary}\n${shown}`;
}

async function main(argv: readonly string[]): Promise<void> {
  const found = Object.entries(COMMANDS).find(([name]) =>
    name.split(' ').every((word, place) => argv[place] === word),
  );
  if (!found) {
    const isAsked = argv.length === 0 || argv[0] === '--help' || argv[0] === 'help';
    if (!isAsked)
      throw new ConfigError(
        `There is no command ${argv.filter((word) => !word.startsWith('-')).join(' ') || argv[0]}.\n\n${await overview()}`,
      );
    process.stdout.write(await overview());
    return;
  }
  const [name, load] = found;
  const command = await load();
  const rest = argv.slice(name.split(' ').length);
  if (rest.includes('--help')) process.stdout.write(helpOf(command));
  else await command.run(rest);
}

const hasNoReader = (error: unknown): boolean => (error as { code?: string }).code === 'EPIPE';

// Whoever reads the answer may stop early, as `head` does: what is still to be written is nobody's, and no fault.
process.stdout.on('error', (error) => {
  if (!hasNoReader(error)) throw error;
});

main(process.argv.slice(2)).catch((error: unknown) => {
  if (hasNoReader(error)) return;
  const isExpected =
    error instanceof ConfigError || error instanceof Refusal || error instanceof DataFolderInUse;
  process.stderr.write(
    `rollbook: ${isExpected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode =
    error instanceof DataFolderInUse ? EXIT.inUse : error instanceof ConfigError ? EXIT.usage : EXIT.failed;
});
