import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import pg from 'pg';
import { type Database, databaseOver, type OnStatement } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { OneConnection } from './lanes.ts';
import { WorkerStream } from './pglite-stream.ts';
import type { FromWorker, ToWorker } from './pglite-worker.ts';

/** PGlite 0.5 is PostgreSQL 18; a folder of another major version is left alone. */
const MAJOR_VERSION = '18';
/** An initialised folder made at build time: initdb in WebAssembly takes 4 to 10 s, copying takes 0.3 s. */
export const TEMPLATE = fileURLToPath(new URL('../../pglite-template', import.meta.url));
/** The engine starts no background process, so nobody else writes checkpoints or vacuums. */
const CHECKPOINT_EVERY_MS = 5 * 60_000;
const VACUUM_EVERY_MS = 30 * 60_000;

export interface EmbeddedDatabase extends Database {
  /** How often the engine has flushed a file to disk since it was opened. */
  countFsyncs(): Promise<number>;
}

/** Opens (or makes) the data folder. Throws DataFolderInUse when another process holds it. */
export async function openEmbedded(directory: string, onStatement?: OnStatement): Promise<EmbeddedDatabase> {
  const folder = path.join(path.resolve(directory), 'pg');
  mkdirSync(path.dirname(folder), { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(folder);
  try {
    return await start(folder, onStatement, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function start(
  folder: string,
  onStatement: OnStatement | undefined,
  unlock: () => Promise<void>,
): Promise<EmbeddedDatabase> {
  const isFresh = !existsSync(path.join(folder, 'PG_VERSION'));
  if (isFresh && existsSync(TEMPLATE)) cpSync(TEMPLATE, folder, { recursive: true });
  if (!isFresh) checkVersion(folder);
  const worker = new Worker(new URL('./pglite-worker.js', import.meta.url), {
    workerData: { directory: folder, isFresh },
  });
  worker.setMaxListeners(50);
  await started(worker);
  const connection = new OneConnection(async () => {
    const client = new pg.Client({
      stream: () => new WorkerStream(worker) as never,
      user: 'postgres',
      database: 'postgres',
    });
    await client.connect();
    return client;
  });
  const pools = {
    small: connection.lane('small'),
    read: connection.lane('read'),
    bulk: connection.lane('bulk'),
  };
  const upkeep: NodeJS.Timeout[] = [];
  const database = databaseOver('embedded', pools, onStatement, async () => {
    for (const timer of upkeep) clearInterval(timer);
    await connection.end();
    await asked(worker, 'close', 'closed');
    await worker.terminate();
    await unlock();
  });
  upkeep.push(
    every(CHECKPOINT_EVERY_MS, database, 'checkpoint'),
    every(VACUUM_EVERY_MS, database, 'vacuum (analyze)'),
  );
  return {
    ...database,
    countFsyncs: async () => {
      const answer = await asked(worker, 'count', 'count');
      return answer.type === 'count' ? answer.fsyncs : 0;
    },
  };
}

function checkVersion(folder: string): void {
  const version = readFileSync(path.join(folder, 'PG_VERSION'), 'utf8').trim();
  if (version !== MAJOR_VERSION)
    throw new Error(
      `The data folder ${folder} was written by version ${version} of the embedded engine; this program reads version ${MAJOR_VERSION}. ` +
        'Nothing was changed. Open it with the earlier program and move the data.',
    );
}

function every(ms: number, database: Database, statement: string): NodeJS.Timeout {
  const run = async (): Promise<void> => {
    await database.writeOnce(sql.raw(statement), 'bulk').catch(() => undefined);
  };
  return setInterval(() => void run(), ms).unref();
}

const started = (worker: Worker): Promise<void> =>
  new Promise((done, fail) => {
    worker.once('error', fail);
    worker.once('message', (message: FromWorker) => {
      if (message.type === 'ready') done();
      else
        fail(
          new Error(
            `The embedded database did not start: ${'message' in message ? message.message : message.type}`,
          ),
        );
    });
  });

const asked = (worker: Worker, question: ToWorker, answer: FromWorker['type']): Promise<FromWorker> =>
  new Promise((done) => {
    const listen = (message: FromWorker): void => {
      if (message.type !== answer) return;
      worker.off('message', listen);
      done(message);
    };
    worker.on('message', listen);
    worker.postMessage(question);
  });
