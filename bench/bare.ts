import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Authenticator, Caller, Context } from '../src/access/index.ts';
import type { Enrollments } from '../src/enrollment/index.ts';
import type { FeedWatch } from '../src/feed/index.ts';
import { buildServer } from '../src/http/server.ts';
import { newId } from '../src/kernel/ids.ts';
import type { MailSender } from '../src/mail/index.ts';
import type { Providers } from '../src/openid/index.ts';
import { retries } from '../src/retries/index.ts';
import { allRoutes } from '../src/routes.ts';
import { Courier } from '../src/webhooks/index.ts';

/** The same server answering the same validated body without a database, in a process of its own. */

const FLAG = '--bare-server';

async function runBare(): Promise<void> {
  const nowhere = { enroll: async () => ({ operationId: newId() }) } as unknown as Enrollments;
  const caller = {} as Caller;
  const server = await buildServer<Caller, Context>(
    allRoutes(
      undefined as unknown as Authenticator,
      nowhere,
      new Courier({}),
      undefined as unknown as FeedWatch,
      undefined as unknown as MailSender,
      undefined as unknown as Providers,
    ),
    {
      authenticate: async () => caller,
      authorize: () => undefined,
      context: () => ({ preferences: new Map() }) as unknown as Context,
      isStale: () => false,
      forget: () => undefined,
      retries,
      clock: () => new Date(),
      maxBodyBytes: 64 * 1024 * 1024,
      maxFileBytes: 64 * 1024 * 1024,
      contentHost: null,
      logLevel: 'silent',
      version: '0',
    },
  );
  watchHolds();
  process.send?.(await server.listen({ host: '127.0.0.1', port: 0 }));
}

/** Answers every message with the longest time between two turns of the event loop since the message before. */
function watchHolds(): void {
  let [longest, last] = [0, performance.now()];
  const turn = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    setTimeout(turn, 1);
  };
  turn();
  process.on('message', () => {
    process.send?.(longest);
    longest = 0;
  });
}

export interface Bare {
  readonly url: string;
  /** Milliseconds that the server's event loop was held at longest since this was asked before. */
  longestHold(): Promise<number>;
  close(): Promise<void>;
}

export async function startBare(): Promise<Bare> {
  const child = fork(fileURLToPath(import.meta.url), [FLAG]);
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    longestHold: async () => {
      child.send('?');
      return ((await once(child, 'message')) as [number])[0];
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

if (process.argv.includes(FLAG)) await runBare();
