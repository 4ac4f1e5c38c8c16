import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { counters, DurableNodeFS, syncTree } from './durable-fs.ts';

/**
 * The embedded engine in a thread of its own: a long query must not hold the event loop that answers requests.
 * Speaks PostgreSQL's wire protocol in chunks of bytes; one session, served in order of arrival.
 */

/** 32 MB instead of 128: halves the memory of a small installation, and the working set is small. */
const SETTINGS = ['-c', 'wal_sync_method=fsync', '-c', 'shared_buffers=32MB', '-c', 'TimeZone=UTC'];

export type ToWorker =
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly reset: true }
  | 'close'
  | 'count';
export type FromWorker =
  | { readonly type: 'ready' | 'closed' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'count'; readonly fsyncs: number }
  | { readonly type: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'error'; readonly id: number; readonly message: string };

const port = parentPort;
if (!port) throw new Error('this file runs as a worker only');
const { directory, isFresh } = workerData as { directory: string; isFresh: boolean };

const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

try {
  const database = await PGlite.create({
    fs: new DurableNodeFS(directory),
    startParams: [...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'), ...SETTINGS],
  });
  if (isFresh) {
    await database.exec('checkpoint');
    syncTree(directory);
  }
  serve(database);
  send({ type: 'ready' });
} catch (error) {
  send({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
}

function serve(database: PGlite): void {
  let queue: Promise<unknown> = Promise.resolve();
  port?.on('message', (message: ToWorker) => {
    if (message === 'count') send({ type: 'count', fsyncs: counters.fsyncs });
    else if (message === 'close')
      queue = queue.then(() => database.close()).then(() => send({ type: 'closed' }));
    // A client went away: whatever it left open is rolled back before the next one is served.
    else if ('reset' in message)
      queue = queue.then(() => database.exec('ROLLBACK; DISCARD ALL')).catch(() => undefined);
    else queue = queue.then(() => run(database, message.id, message.bytes));
  });
}

async function run(database: PGlite, id: number, bytes: Uint8Array): Promise<void> {
  try {
    await database.execProtocolRawStream(bytes, {
      onRawData: (data: Uint8Array) => {
        const copy = data.slice();
        send({ type: 'data', id, bytes: copy }, [copy.buffer as ArrayBuffer]);
      },
    });
  } catch (error) {
    send({ type: 'error', id, message: String(error) });
  }
}
