import type { AddressInfo } from 'node:net';
import { buildApp } from '../app.ts';
import { type Config, SERVE_OPTIONS } from '../config.ts';
import { isEmpty } from '../people/index.ts';
import { type Database, migrate, openDatabase } from '../storage/index.ts';
import { createDemo, DEMO_LOGINS } from './demo.ts';
import type { Command } from './main.ts';
import { configOf, version } from './support.ts';

/** An operator's stop must end within 10 s, whatever hangs. */
const STOP_WITHIN_MS = 9_000;

export const serve: Command = {
  name: 'serve',
  summary: 'Serve the API. An empty data folder on a loopback address gets a demo account.',
  usage: '[--port 8080] [--host 127.0.0.1] [--data ./data | --database-url URL] [--demo|--no-demo]',
  run: async (argv) => {
    const { config } = configOf(argv, SERVE_OPTIONS);
    const db = await openDatabase(
      config.databaseUrl ? { url: config.databaseUrl } : { directory: config.data },
    );
    try {
      await start(db, config);
    } catch (error) {
      await db.close();
      throw error;
    }
  },
};

async function start(db: Database, config: Config): Promise<void> {
  await migrate(db);
  const app = await buildApp(db, { ...config, version: version() });
  await app.server.listen({ host: config.host, port: config.port });
  const { port } = app.server.server.address() as AddressInfo;
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  if (await wantsDemo(db, config)) await offerDemo(db, config, port);
  await app.enrollments.resume();
  app.dispatcher.start();
  await app.mail.start();
  // Without a mail server nobody could be told: events wait, and recent ones are followed when there is one.
  if (config.mail.target) app.notifier.start();
  app.jobs.start();
  app.retention.start();
  process.stdout.write(`API:  ${url}\nDocs: ${url}/docs\n`);
  process.stdout.write(`Rollbook is ready: ${url}\n`);
  const stop = (): void => {
    setTimeout(() => process.exit(0), STOP_WITHIN_MS).unref();
    app
      .stop()
      .then(() => db.close())
      .catch((error: unknown) => {
        process.stderr.write(`rollbook: ${String(error)}\n`);
        process.exitCode = 1;
      });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

const isLoopback = (host: string): boolean => /^(localhost|127\.|::1$|\[::1\]$)/.test(host);

/** Unasked only where nobody else can reach it: an embedded folder on a loopback address. */
async function wantsDemo(db: Database, config: Config): Promise<boolean> {
  const isSafe = config.databaseUrl === null && isLoopback(config.host);
  return (config.demo ?? isSafe) && (await isEmpty(db));
}

async function offerDemo(db: Database, config: Config, port: number): Promise<void> {
  const isSafe = config.databaseUrl === null && isLoopback(config.host);
  const demo = await createDemo(db, {
    url: config.publicUrl ?? `http://localhost:${port}`,
    hasKnownPassword: isSafe,
    now: new Date(),
  });
  const logins = DEMO_LOGINS.map(
    ({ login, what }) => `  ${login.padEnd(12)} ${demo.passwords.get(login)}   (${what})`,
  );
  process.stdout.write(
    [
      `Demo account: ${demo.accountUrl}`,
      'Logins and passwords:',
      ...logins,
      'An API client of the owner:',
      `client_id: ${demo.clientId}`,
      `client_secret: ${demo.clientSecret}`,
      '',
    ].join('\n'),
  );
}
