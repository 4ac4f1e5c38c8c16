import { Duplex } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker } from './pglite-worker.ts';

let nextStreamId = 1;
const TERMINATE = 0x58;

/** The socket that the `pg` driver believes to talk to: bytes to and from the engine's worker thread. */
export class WorkerStream extends Duplex {
  readonly #worker: Worker;
  readonly #id = nextStreamId++;
  readonly #listener: (message: FromWorker) => void;

  constructor(worker: Worker) {
    super();
    this.#worker = worker;
    this.#listener = (message) => {
      if (!('id' in message) || message.id !== this.#id) return;
      if (message.type === 'data')
        this.push(Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.byteLength));
      else this.destroy(new Error(message.message));
    };
    worker.on('message', this.#listener);
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // A Terminate message would end the only session, which later clients share.
    if (bytes[0] !== TERMINATE) this.#post({ id: this.#id, bytes: new Uint8Array(bytes) });
    done();
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#worker.off('message', this.#listener);
    this.#post({ id: this.#id, reset: true });
    done(error);
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}
