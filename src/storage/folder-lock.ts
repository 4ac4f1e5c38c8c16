import { createHash } from 'node:crypto';
import { realpathSync, renameSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Another process holds the data folder. */
export class DataFolderInUse extends Error {
  readonly pid: string;
  constructor(directory: string, pid: string) {
    super(
      `The data folder ${directory} is in use by process ${pid}. Stop that process, or choose another folder with --data.`,
    );
    this.name = 'DataFolderInUse';
    this.pid = pid;
  }
}

/** The kernel takes no longer path for a unix socket. */
const MAX_SOCKET_PATH = 103;
const ATTEMPTS = 5;
const ANSWER_MS = 2_000;

/** Beside the folder, by its real path, so that every spelling of it meets the same lock; a long path goes by its hash. */
function socketPath(directory: string): string {
  const real = path.join(realpathSync(path.dirname(directory)), path.basename(directory));
  const beside = `${realIfThere(real)}.lock`;
  if (Buffer.byteLength(beside) <= MAX_SOCKET_PATH) return beside;
  return path.join(
    tmpdir(),
    `rollbook-${createHash('sha256').update(beside).digest('hex').slice(0, 32)}.lock`,
  );
}

function realIfThere(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}

/**
 * Locks a data folder by listening on a socket that the kernel closes when this process ends, whatever ended it.
 * (A lock file would survive a kill, and a heartbeat would expire while a long query runs.) Returns how to release it.
 */
export async function lockFolder(directory: string): Promise<() => Promise<void>> {
  const socket = socketPath(directory);
  const releaseGuard = await takeGuard(directory, socket);
  try {
    const releaseSocket = await takeSocket(directory, socket);
    return async () => {
      await releaseSocket();
      await releaseGuard();
    };
  } catch (error) {
    await releaseGuard();
    throw error;
  }
}

/**
 * On Linux a name in the abstract namespace comes first: it leaves no file behind, so that of several starters after a
 * crash only one gets to remove the dead socket. (It does not reach into another container; the socket file does.)
 */
async function takeGuard(directory: string, socket: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => undefined;
  const name = `\0rollbook-${createHash('sha256').update(socket).digest('hex')}`;
  const server = answering();
  const outcome = await listen(server, name);
  if (outcome === 'EADDRINUSE') throw new DataFolderInUse(directory, (await askHolder(name)) ?? 'unknown');
  if (outcome !== 'listening') throw new Error(`Cannot lock the data folder ${directory}: ${outcome}.`);
  return closing(server);
}

async function takeSocket(directory: string, socket: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = answering();
    const outcome = await listen(server, socket);
    if (outcome === 'listening') return closing(server);
    if (outcome !== 'EADDRINUSE') throw new Error(`Cannot lock the data folder at ${socket}: ${outcome}.`);
    const holder = await askHolder(socket);
    if (holder !== null) throw new DataFolderInUse(directory, holder);
    removeStale(socket);
  }
  throw new Error(`Cannot lock the data folder ${directory}: others keep trying at the same time.`);
}

/** Tells whoever asks which process holds the lock. */
const answering = (): net.Server =>
  net.createServer((client) => client.on('error', () => undefined).end(String(process.pid))).unref();

const closing =
  (server: net.Server): (() => Promise<void>) =>
  () =>
    new Promise((done) => server.close(() => done()));

const listen = (server: net.Server, socket: string): Promise<string> =>
  new Promise((done) => {
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    server.listen(socket, () => done('listening'));
  });

/** The holder's process number, or null when nobody listens any more. */
const askHolder = (socket: string): Promise<string | null> =>
  new Promise((done) => {
    const client = net.connect(socket);
    let answer = '';
    client.setTimeout(ANSWER_MS, () => {
      client.destroy();
      done('unknown');
    });
    client.on('data', (bytes) => {
      answer += bytes;
    });
    client.on('end', () => done(answer || 'unknown'));
    client.on('error', (error: NodeJS.ErrnoException) =>
      done(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? null : 'unknown'),
    );
  });

/** Renaming first lets only one of several starters remove the dead socket. */
function removeStale(socket: string): void {
  const aside = `${socket}.${process.pid}`;
  try {
    renameSync(socket, aside);
    unlinkSync(aside);
  } catch {
    // Another starter was first.
  }
}
