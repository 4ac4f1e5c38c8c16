import { readFileSync } from 'node:fs';
import net from 'node:net';
import type { Engine } from '../test/support/database.ts';

/** What every part of the bench uses: figures, statistics, and a client that costs as little as it can. */

/** One line of the table: a figure, what it is measured against in the same run, and the goal of their ratio. */
export interface Figure {
  readonly part: string;
  readonly engine: Engine | 'none';
  readonly work: string;
  readonly value: number;
  readonly unit: 'rows/s' | 'requests/s' | 'ms' | 's' | 'MB' | 'kB';
  readonly against: string;
  readonly base: number;
  readonly ratio: number;
  readonly goal: { readonly at: 'least' | 'most'; readonly ratio: number };
}

export interface Flags {
  readonly quick: boolean;
  /** How often each figure is measured; the median counts. */
  readonly times: number;
}

export interface Part {
  readonly name: string;
  run(flags: Flags): Promise<Figure[]>;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

export async function millisecondsOf(work: () => unknown): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

export const isMet = ({ ratio, goal }: Figure): boolean =>
  goal.at === 'least' ? ratio >= goal.ratio : ratio <= goal.ratio;

/** A figure from measurements taken in the same rounds: medians, and the ratio of the medians. */
export function figure(
  about: Pick<Figure, 'part' | 'engine' | 'work' | 'unit' | 'against' | 'goal'>,
  measured: readonly number[],
  base: readonly number[],
): Figure {
  const [value, against] = [median(measured), median(base)];
  const digits = about.unit === 'ms' || about.unit === 's' ? 2 : 0;
  return {
    ...about,
    value: round(value, digits),
    base: round(against, digits),
    ratio: round(value / against),
  };
}

/** Peak resident memory of a process in MB, from Linux; NaN elsewhere. */
export function peakMemoryMb(pid: number | undefined): number {
  try {
    const kb = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kb) / 1024;
  } catch {
    return Number.NaN;
  }
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** One kept connection. Only what the bench needs of HTTP: a status line, and a body of a length that is announced. */
export class Caller {
  readonly #socket: net.Socket;
  readonly #head: string;
  #received: Buffer = Buffer.alloc(0);
  #done: ((status: number) => void) | null = null;
  #fail: ((error: Error) => void) | null = null;

  private constructor(socket: net.Socket, url: URL, headers: Readonly<Record<string, string>>) {
    this.#socket = socket;
    this.#head = Object.entries({ host: url.host, ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    socket.setNoDelay(true);
    socket.on('data', (part) => this.#read(part));
    const broken = (error?: Error): void => this.#fail?.(error ?? new Error('the connection was closed'));
    socket.on('error', broken);
    socket.on('close', () => broken());
  }

  static connect(url: string, token: string): Promise<Caller> {
    return Caller.connectWith(url, { authorization: token, accept: 'application/json' });
  }

  static connectWith(url: string, headers: Readonly<Record<string, string>>): Promise<Caller> {
    const at = new URL(url);
    return new Promise((done, fail) => {
      const socket = net.connect(Number(at.port), at.hostname, () => done(new Caller(socket, at, headers)));
      socket.once('error', fail);
    });
  }

  /** Sends a request and resolves with the status when the whole answer is there. */
  send(method: 'GET' | 'POST', path: string, json = ''): Promise<number> {
    return new Promise((done, fail) => {
      this.#done = done;
      this.#fail = fail;
      const body =
        json === ''
          ? '\r\n'
          : `content-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`;
      this.#socket.write(`${method} ${path} HTTP/1.1\r\n${this.#head}${body}`);
    });
  }

  #read(part: Buffer): void {
    this.#received = this.#received.length === 0 ? part : Buffer.concat([this.#received, part]);
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end).toLowerCase();
    const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + HEAD_END.length + length) return;
    this.#received = Buffer.alloc(0);
    const done = this.#done;
    this.#done = null;
    this.#fail = null;
    done?.(Number(head.slice(9, 12)));
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }
}

export interface Load {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

/** So many callers, each sending its next body when the last was answered. Fails at the first answer that is not 201. */
export async function closedLoop(
  url: string,
  token: string,
  bodies: readonly string[],
  callers: number,
): Promise<Load> {
  const connected = await Promise.all(Array.from({ length: callers }, () => Caller.connect(url, token)));
  const latencies: number[] = [];
  let next = 0;
  const work = async (caller: Caller): Promise<void> => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const from = performance.now();
      const status = await caller.send('POST', '/enrollment', body);
      if (status !== 201) throw new Error(`POST /enrollment answered ${status}`);
      latencies.push(performance.now() - from);
    }
  };
  const took = await millisecondsOf(() => Promise.all(connected.map(work)));
  for (const caller of connected) caller.close();
  return {
    rate: (bodies.length / took) * 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

/** Sends at fixed times whether or not earlier ones were answered, and measures from the time it was due. */
export async function openLoop(
  url: string,
  token: string,
  perSecond: number,
  nextBody: () => string,
  until: Promise<unknown>,
): Promise<number[]> {
  const connected = await Promise.all(Array.from({ length: 32 }, () => Caller.connect(url, token)));
  const free = [...connected];
  const latencies: number[] = [];
  const pending = new Set<Promise<void>>();
  let isOver = false;
  void until.finally(() => {
    isOver = true;
  });
  const from = performance.now();
  for (let n = 0; !isOver; n++) {
    const due = from + (n * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    while (free.length === 0) await Promise.race(pending);
    const caller = free.pop();
    if (!caller) continue;
    const one = caller.send('POST', '/enrollment', nextBody()).then((status) => {
      if (status !== 201) throw new Error(`POST /enrollment answered ${status}`);
      latencies.push(performance.now() - due);
      free.push(caller);
      pending.delete(one);
    });
    pending.add(one);
  }
  await Promise.all(pending);
  for (const caller of connected) caller.close();
  return latencies;
}

export const enrollmentBody = (learnerIds: readonly string[], courseIds: readonly string[]): string =>
  JSON.stringify({ courseIds, learnerIds, dueDateType: 'due_period', duePeriod: 720 });
