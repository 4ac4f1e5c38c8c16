import { Worker } from 'node:worker_threads';
import { Refusal } from '../kernel/errors.ts';
import { PackedIds } from '../kernel/id-set.ts';
import { type BodyKind, decodeBody, owning, whole } from './body.ts';
import { CheckedIds } from './checked-ids.ts';
import type { Outcome, PackedMember, Task } from './decode-worker.ts';
import { isIdList, type Shape } from './wire.ts';

/** Up to here decoding takes a millisecond or two; beyond, another thread does it. */
const LARGE_BYTES = 64 * 1024;
/** Ids made texts between two turns of the event loop: some two milliseconds. */
const UNPACK_AT_ONCE = 5_000;
/** What one body may take while it is decoded; the largest takes a third of it. */
const WORKER_MEMORY_MB = 1_024;

interface Waiting {
  readonly done: (outcome: Outcome) => void;
  readonly fail: (error: unknown) => void;
}

/** Decodes bodies: small ones here, large ones in a thread that is started when the first one comes. */
export class Decoder {
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  /** Bytes → plain value of the shape. Those of a large body are given away. Refuses what {@link decodeBody} refuses. */
  async decode(
    shape: Shape,
    parts: readonly Buffer[],
    kind: BodyKind,
    contentType: string,
    formDefaults: Readonly<Record<string, string>>,
  ): Promise<unknown> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length <= LARGE_BYTES) return decodeBody(shape, whole(parts), kind, contentType, formDefaults);
    const outcome = await this.#ask({ shape, kind, contentType, formDefaults }, parts);
    if ('refusal' in outcome) throw new Refusal(outcome.refusal.code, outcome.refusal.details);
    if ('error' in outcome) throw new Error(outcome.error);
    for (const member of outcome.members)
      (outcome.value as Record<string, unknown>)[member.name] = await unpacked(shape, member);
    return outcome.value;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(task: Omit<Task, 'id' | 'parts'>, parts: readonly Buffer[]): Promise<Outcome> {
    const id = this.#nextId++;
    // Only memory that belongs to nobody else may be given away. Put together it would be copied here, all at once.
    const own = parts.map((part) => new Uint8Array(owning(part).buffer));
    return new Promise((done, fail) => {
      this.#waiting.set(id, { done, fail });
      this.#started().postMessage(
        { ...task, id, parts: own },
        own.map(({ buffer }) => buffer as ArrayBuffer),
      );
    });
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('./decode-worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY_MB },
    });
    worker.unref();
    worker.on('message', (outcome: Outcome) => {
      this.#waiting.get(outcome.id)?.done(outcome);
      this.#waiting.delete(outcome.id);
    });
    const lost = (): void => {
      if (this.#worker === worker) this.#worker = null;
      for (const { fail } of this.#waiting.values()) fail(new Refusal('server.busy', { seconds: 1 }));
      this.#waiting.clear();
    };
    // Out of memory: the body at hand was too much beside the others; the next one finds a new thread.
    worker.on('error', lost);
    worker.on('exit', lost);
    this.#worker = worker;
    return worker;
  }
}

async function unpacked(shape: Shape, { name, bytes, faults }: PackedMember): Promise<CheckedIds> {
  const packed = new PackedIds(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const member = shape.kind === 'object' ? shape.members.get(name)?.shape : undefined;
  if (member && isIdList(member) && member.isSet) return new CheckedIds(packed, faults);
  const ids: string[] = [];
  for (let at = 0; at < packed.length; at += UNPACK_AT_ONCE) {
    for (const id of packed.slice(at, at + UNPACK_AT_ONCE)) ids.push(id);
    await new Promise((done) => setImmediate(done));
  }
  return new CheckedIds(ids, faults);
}
