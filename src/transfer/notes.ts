import { gunzipSync, gzipSync } from 'node:zlib';
import type { Member } from './columns.ts';
import type { FileReason } from './reasons.ts';

/** What is remembered of a file: how it was read, and each row that is no outcome of the operation. */

/** How a file was read. */
export interface Reading {
  readonly encoding: string;
  readonly delimiter: string;
  readonly header: readonly string[];
  /** What each column means; null for those that are ignored. */
  readonly members: readonly (Member | null)[];
}

/** A row that was not written by itself. */
export interface Note {
  readonly row: number;
  readonly outcome: 'refused' | 'unchanged';
  readonly reason: FileReason;
  readonly detail?: string | undefined;
  readonly cells: readonly string[];
}

const DAY_MS = 86_400_000;
/** As long as an operation can be undone. */
const KEPT_MS = 30 * DAY_MS;

/** What was kept before is of no use any more. */
export const expiredAt = (now: Date): Date => new Date(now.getTime() - KEPT_MS);

const PART_CHARACTERS = 256 * 1024;

/** Notes in the order of their rows, compressed as they come: of a file in which everything is wrong not all is held in memory. */
export class Notes {
  readonly #parts: Buffer[] = [];
  #text = '';
  refused = 0;
  unchanged = 0;
  /** The first that was refused. */
  first: Note | null = null;

  add(note: Note): void {
    if (note.outcome === 'refused') this.first ??= note;
    this[note.outcome]++;
    this.#text += `${JSON.stringify(note)}\n`;
    if (this.#text.length >= PART_CHARACTERS) this.#flush();
  }

  #flush(): void {
    if (this.#text !== '') this.#parts.push(gzipSync(this.#text));
    this.#text = '';
  }

  *[Symbol.iterator](): Generator<Note> {
    this.#flush();
    for (const part of this.#parts)
      for (const line of gunzipSync(part).toString('utf8').split('\n'))
        if (line !== '') yield JSON.parse(line) as Note;
  }

  /** With the reading at the front, and the length of each part before it. */
  toBytes(reading: Reading): Buffer {
    this.#flush();
    const parts = [gzipSync(JSON.stringify(reading)), ...this.#parts];
    return Buffer.concat(parts.flatMap((part) => [lengthOf(part), part]));
  }

  static fromBytes(bytes: Buffer): { reading: Reading; notes: Notes } {
    const [first, ...parts] = splitParts(bytes);
    if (!first) throw new Error('the notes of a file have no beginning');
    const notes = new Notes();
    notes.#parts.push(...parts);
    for (const { outcome } of notes) notes[outcome]++;
    return { reading: JSON.parse(gunzipSync(first).toString('utf8')) as Reading, notes };
  }
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}

function splitParts(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    parts.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}

/** Numbers of rows, ascending, as the steps between them: nearly always ones, which compress to nothing. */
export function packNumbers(numbers: readonly number[]): Buffer {
  const steps = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, place) => {
    steps.writeUInt32LE(number - (numbers[place - 1] ?? 0), place * 4);
  });
  return gzipSync(steps);
}

export function unpackNumbers(packed: Buffer): number[] {
  const steps = gunzipSync(packed);
  const numbers: number[] = [];
  for (let at = 0, number = 0; at < steps.length; at += 4) {
    number += steps.readUInt32LE(at);
    numbers.push(number);
  }
  return numbers;
}
