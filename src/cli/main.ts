#!/usr/bin/env node
import { ConfigError } from '../config.ts';
import { Refusal } from '../kernel/errors.ts';
import { DataFolderInUse } from '../storage/index.ts';
import { accountCreate } from './account.ts';
import { auditVerify } from './audit.ts';
import { clientCreate } from './client.ts';
import { demoLoad } from './demo-load.ts';
import { enrollCommand } from './enroll.ts';
import { mailCommands } from './mail.ts';
import { migrateCommand } from './migrate.ts';
import { operationsCommand } from './operations.ts';
import { serve } from './serve.ts';
import { EXIT } from './support.ts';
import { exportCommand, importCommand } from './transfer.ts';
import { cancelCommand, undoCommand } from './undo.ts';

/** A command: what it is for, its usage, and what it does with its flags. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly examples?: readonly string[];
  run(argv: readonly string[]): Promise<void>;
}

const COMMANDS: readonly Command[] = [
  serve,
  accountCreate,
  clientCreate,
  enrollCommand,
  importCommand,
  exportCommand,
  operationsCommand,
  undoCommand,
  cancelCommand,
  ...mailCommands,
  demoLoad,
  migrateCommand,
  auditVerify,
];

const overview = (): string =>
  [
    'rollbook <command> [options]',
    '',
    ...COMMANDS.map((command) => `  ${command.name.padEnd(16)} ${command.summary}`),
    '',
    'Every command takes --help, --data FOLDER or --database-url URL, and --json.',
    '',
  ].join('\n');

function helpOf({ name, usage, summary, examples = [] }: Command): string {
  const shown = examples.length > 0 ? `\nExamples:\n${examples.map((line) => `  ${line}\n`).join('')}` : '';
  return `rollbook ${name} ${usage}\n\n${summary}\n${shown}`;
}

async function main(argv: readonly string[]): Promise<void> {
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, place) => argv[place] === word));
  if (!command) {
    const isAsked = argv.length === 0 || argv[0] === '--help' || argv[0] === 'help';
    if (!isAsked)
      throw new ConfigError(
        `There is no command ${argv.filter((word) => !word.startsWith('-')).join(' ') || argv[0]}.\n\n${overview()}`,
      );
    process.stdout.write(overview());
    return;
  }
  const rest = argv.slice(command.name.split(' ').length);
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
