import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built program in a process of its own, as an operator runs it. */

const PROGRAM = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const START_WITHIN_MS = 30_000;

export interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything printed on standard output until it was ready. */
  readonly output: string;
  /** Sends a signal and waits for the end; the exit code, or null after a kill. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...clean(), ...env } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => {
    out += part;
  });
  child.stderr.on('data', (part: Buffer) => {
    err += part;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** Runs a command whose answer nobody reads, as after `| head` has seen enough. */
export async function runUnread(args: readonly string[]): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: clean() });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (part: Buffer) => {
    err += part;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err };
}

const alive = new Set<ChildProcess>();
process.once('exit', () => killAll());

/** Ends whatever a failed test left running, paused ones too: a process that lives on would keep the test file from ending. */
export function killAll(): void {
  for (const child of alive) child.kill('SIGKILL');
}

/** Starts `serve` on a free port and waits until it says that it is ready. */
export async function serve(args: readonly string[], env: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--port', '0', ...args], {
    env: { ...clean(), ...env },
  });
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  let [output, errors] = ['', ''];
  child.stderr.on('data', (part: Buffer) => {
    errors += part;
  });
  const url = await new Promise<string>((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`not ready: ${output}${errors}`)), START_WITHIN_MS);
    child.stdout.on('data', (part: Buffer) => {
      output += part;
      const ready = /^Rollbook is ready: (\S+)$/m.exec(output)?.[1];
      if (!ready) return;
      clearTimeout(timer);
      done(ready);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(new Error(`ended with ${code}: ${errors}`));
    });
  });
  return {
    url,
    child,
    output,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill(signal);
      return ((await ended) as [number | null])[0];
    },
  };
}

/** The environment without what would configure the program. */
function clean(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_NO_WARNINGS: '1' };
  for (const name of Object.keys(env))
    if (/^(ROLLBOOK_|DATABASE_URL$|PORT$|HOST$)/.test(name)) delete env[name];
  return env;
}
