import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Authenticator, Caller, Context } from '../src/access/index.ts';
import type { Enrollments } from '../src/enrollment/index.ts';
import { buildServer } from '../src/http/server.ts';
import { newId } from '../src/kernel/ids.ts';
import { retries } from '../src/retries/index.ts';
import { allRoutes } from '../src/routes.ts';
import { Courier } from '../src/webhooks/index.ts';

/** The same server answering the same validated body without a database, in a process of its own. */

const FLAG = '--bare-server';

async function runBare(): Promise<void> {
  const nowhere = { enroll: async () => ({ operationId: newId() }) } as unknown as Enrollments;
  const caller = {} as Caller;
  const server = await buildServer<Caller, Context>(
    allRoutes(undefined as unknown as Authenticator, nowhere, new Courier({})),
    {
      authenticate: async () => caller,
      authorize: () => undefined,
      context: () => ({}) as Context,
      isStale: () => false,
      forget: () => undefined,
      retries,
      clock: () => new Date(),
      maxBodyBytes: 64 * 1024 * 1024,
      logLevel: 'silent',
      version: '0',
    },
  );
  process.send?.(await server.listen({ host: '127.0.0.1', port: 0 }));
}

export async function startBare(): Promise<{ url: string; close: () => Promise<void> }> {
  const child = fork(fileURLToPath(import.meta.url), [FLAG]);
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    close: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

if (process.argv.includes(FLAG)) await runBare();
