import net from 'node:net';

/** HTTP as bytes: requests that no client library would send, and answers read without one. */

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** What came of sending bytes: the answers, and how it ended. */
export interface Exchange {
  readonly answers: readonly RawAnswer[];
  /** answered: as many answers as were expected; closed: the server closed; hung: neither within the limit; unreadable: no HTTP. */
  readonly end: 'answered' | 'closed' | 'hung' | 'unreadable';
}

export type Sending =
  /** At once, on a connection that is kept. */
  | 'whole'
  /** In pieces with pauses. */
  | 'slow'
  /** At once, then no more: the server must answer or close. */
  | 'then end'
  /** The connection is torn down in the middle. */
  | 'torn';

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Takes one whole answer off the bytes; null if it is not whole yet. `isEnd`: nothing more will come. */
function takeAnswer(
  bytes: Buffer,
  isHead: boolean,
  isEnd: boolean,
): { answer: RawAnswer; rest: Buffer } | 'unreadable' | null {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return null;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return 'unreadable';
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const from = end + END_OF_HEAD.length;
  const done = (body: Buffer, to: number) => ({
    answer: { status, headers, body },
    rest: bytes.subarray(to),
  });
  if (isHead || status < 200 || status === 204 || status === 304) return done(Buffer.alloc(0), from);
  if (headers.get('transfer-encoding') === 'chunked') {
    const body = takeChunks(bytes, from);
    return body && done(body.bytes, body.to);
  }
  const length = headers.get('content-length');
  if (length === undefined) return isEnd ? done(bytes.subarray(from), bytes.length) : null;
  const to = from + Number(length);
  return bytes.length < to ? null : done(bytes.subarray(from, to), to);
}

function takeChunks(bytes: Buffer, from: number): { bytes: Buffer; to: number } | null {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    const to = line + 2 + size;
    if (bytes.length < to + 2) return null;
    if (size === 0) return { bytes: Buffer.concat(parts), to: to + 2 };
    parts.push(bytes.subarray(line + 2, to));
    at = to + 2;
  }
}

/** One caller: a connection that is kept while the server keeps it. */
export class RawClient {
  readonly #port: number;
  readonly #limitMs: number;
  #socket: net.Socket | null = null;

  constructor(url: string, limitMs: number) {
    this.#port = Number(new URL(url).port);
    this.#limitMs = limitMs;
  }

  /** Sends and waits for as many answers as are expected, or for the end of the connection. */
  async exchange(bytes: Buffer, sending: Sending, expected: number, isHead: boolean): Promise<Exchange> {
    const socket = await this.#open();
    let received: Buffer = Buffer.alloc(0);
    const answers: RawAnswer[] = [];
    const read = (isEnd: boolean): 'unreadable' | null => {
      for (;;) {
        const taken = takeAnswer(received, isHead, isEnd);
        if (taken === null || taken === 'unreadable') return taken;
        received = taken.rest;
        // An interim answer is not the answer.
        if (taken.answer.status >= 200) answers.push(taken.answer);
      }
    };
    const end = await new Promise<Exchange['end']>((done) => {
      const timer = setTimeout(() => done('hung'), this.#limitMs);
      const finish = (how: Exchange['end']): void => {
        clearTimeout(timer);
        done(how);
      };
      const onData = (part: Buffer): void => {
        received = received.length === 0 ? part : Buffer.concat([received, part]);
        if (read(false) === 'unreadable') finish('unreadable');
        if (sending !== 'then end' && answers.length >= expected) {
          socket.off('data', onData);
          finish('answered');
        }
      };
      socket.on('data', onData);
      socket.once('close', () => {
        finish(read(true) ?? 'closed');
      });
      void this.#send(socket, bytes, sending);
    });
    // What is sent bit by bit may be answered before its end: then the rest is still to come, or the tear.
    const isKept =
      end === 'answered' && sending === 'whole' && answers.at(-1)?.headers.get('connection') !== 'close';
    if (!isKept) this.close();
    else socket.removeAllListeners('close');
    return { answers, end };
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  async #send(socket: net.Socket, bytes: Buffer, sending: Sending): Promise<void> {
    if (sending === 'whole') socket.write(bytes);
    else if (sending === 'then end') socket.end(bytes);
    else if (sending === 'torn') {
      socket.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
      await pause(2);
      socket.destroy();
    } else {
      const size = Math.ceil(bytes.length / 4);
      for (let at = 0; at < bytes.length && !socket.destroyed; at += size) {
        socket.write(bytes.subarray(at, at + size));
        await pause(2);
      }
    }
  }

  async #open(): Promise<net.Socket> {
    const kept = this.#socket;
    if (kept && !kept.destroyed && kept.readable && kept.writable) return kept;
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    // What breaks shows as a close.
    socket.on('error', () => undefined);
    await new Promise<void>((done, fail) => {
      socket.once('connect', done);
      socket.once('error', fail);
    });
    this.#socket = socket;
    return socket;
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
