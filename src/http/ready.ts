import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Refusal } from '../kernel/errors.ts';
import { CONTENT_TYPE } from './encode.ts';
import { type Format, negotiateOrDefault } from './negotiate.ts';
import { renderRefusal } from './refusal.ts';
import { type Answer, Reply, type Route } from './route.ts';

/** Answers as they go out: the end of every request's way. */

export interface Ready {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** null: no body */
  readonly body: string | Buffer | Readable | null;
}

/** The answer, up to its first part: what that throws can still be refused, or tried again with fresh rights. */
export async function prepare<Ctx>(route: Route<Ctx>, result: unknown, format: Format): Promise<Ready> {
  const isReply = result instanceof Reply;
  const chosen = ((isReply ? result.answer : null) ?? route.answer) as Answer<unknown>;
  const ready = {
    status: chosen.status,
    headers: isReply ? result.headers : {},
    contentType: chosen.contentType ?? CONTENT_TYPE[format],
  };
  if (chosen.bodies.length === 0 && !chosen.contentType) return { ...ready, body: null };
  const encoded = chosen.encode(isReply ? result.value : result, format);
  if (typeof encoded === 'string' || Buffer.isBuffer(encoded)) return { ...ready, body: encoded };
  const parts = encoded[Symbol.asyncIterator]();
  const first = await parts.next();
  const whole = async function* () {
    if (!first.done) yield first.value;
    yield* { [Symbol.asyncIterator]: () => parts };
  };
  return { ...ready, body: Readable.from(whole(), { objectMode: false }) };
}

/** A refusal in the caller's format; XML where that cannot be told. */
export function readyRefusal(refusal: Refusal, accept: string | undefined, prefersJson: boolean): Ready {
  const format = negotiateOrDefault(accept, prefersJson);
  const { headers, body } = renderRefusal(refusal, format, prefersJson);
  return { status: refusal.status, headers, contentType: CONTENT_TYPE[format], body };
}

/** Text above it goes out as bytes: the system would make room for three times its length to encode it. */
const LARGE_TEXT = 16_384;

export function send(reply: FastifyReply, ready: Ready): void {
  const { body } = ready;
  reply.code(ready.status).headers(ready.headers);
  if (body === null) reply.send();
  else if (body instanceof Readable && reply.request.method === 'HEAD') {
    // Nobody wants what would be read for it.
    body.destroy();
    reply.header('content-type', ready.contentType).send(Readable.from([]));
  } else
    reply
      .header('content-type', ready.contentType)
      .send(typeof body === 'string' && body.length > LARGE_TEXT ? Buffer.from(body) : body);
}
