import type { IncomingMessage } from 'node:http';
import { refuse } from '../kernel/errors.ts';
import { ClientGone, reserve } from './body.ts';
import { FormReader } from './form-reader.ts';

/** A file that is read while it comes in, from a body or from a form: for files that may be larger than memory. */

export interface IncomingFile {
  /** As the sender calls it. */
  readonly name: string | null;
  /** To be read once. Refuses `request.file_too_large`, `request.malformed_form`; throws ClientGone. */
  readonly bytes: AsyncIterable<Buffer>;
  release(): void;
}

/** What one such file takes of the memory that bodies share: a part of it, and what the socket holds. */
const MEMORY_BYTES = 3 * 1024 * 1024;
/** A client that sends nothing for so long is gone. */
const IDLE_MS = 60_000;
/** What a form has beside its file. */
const FORM_BYTES = 64 * 1024;

/** Begins to read a file: of a form, as far as its name. Refuses what is announced to be too large, and `server.busy`. */
export async function openFile(
  message: IncomingMessage,
  contentType: string,
  limit: number,
): Promise<IncomingFile> {
  const isForm = /^\s*multipart\/form-data\b/i.test(contentType);
  const announced = Number(message.headers['content-length'] ?? 0);
  if (announced > limit + (isForm ? FORM_BYTES : 0)) refuse('request.file_too_large', { limit });
  const release = reserve(MEMORY_BYTES);
  try {
    const chunks = chunksOf(message);
    if (!isForm) return { name: null, bytes: limited(chunks, limit), release };
    const form = new FormReader(chunks, contentType, FORM_BYTES);
    const name = await form.toFile();
    return { name, bytes: limited(form.content(), limit), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** What comes in, while anything does. */
async function* chunksOf(message: IncomingMessage): AsyncGenerator<Buffer> {
  const idle = setTimeout(() => message.destroy(), IDLE_MS);
  try {
    // A refusal is answered on the same connection, so that it must outlive who stops reading.
    for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      yield chunk;
      idle.refresh();
    }
  } catch (error) {
    if (message.errored || (message.destroyed && !message.complete)) throw new ClientGone();
    throw error;
  } finally {
    clearTimeout(idle);
  }
  if (!message.complete) throw new ClientGone();
}

async function* limited(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  let taken = 0;
  for await (const chunk of chunks) {
    taken += chunk.length;
    if (taken > limit) refuse('request.file_too_large', { limit });
    yield chunk;
  }
}

/** A client that is still sending when it is refused would find the connection broken before it reads why. */
const DRAIN_MS = 10_000;
const drained = new WeakSet<IncomingMessage>();

/** Throws away what still comes in, for some seconds; then the connection is closed. */
export function drain(message: IncomingMessage): void {
  if (message.complete) return;
  drained.add(message);
  const late = setTimeout(() => message.socket.destroy(), DRAIN_MS).unref();
  message.once('end', () => clearTimeout(late)).resume();
}

export const isDrained = (message: IncomingMessage): boolean => drained.has(message);
