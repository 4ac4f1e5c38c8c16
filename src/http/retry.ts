import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { Refusal, refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import type { Attempt, KeptAnswer, KeyedRequest, Retries } from '../kernel/retries.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Ready } from './ready.ts';
import type { Input, Route } from './route.ts';
import { show } from './wire.ts';

/**
 * Requests that carry an Idempotency-Key run once: whoever sends one again gets the answer that was given. Where keys,
 * and what was answered, are kept is for whoever implements {@link Retries}.
 */

/** How the pipeline runs a request. */
interface Work<Ctx> {
  withRights<T>(work: (ctx: Ctx) => Promise<T>): Promise<T>;
  run(ctx: Ctx): Promise<Ready>;
  /** null if the route cannot answer again. */
  readonly rebuild: ((ctx: Ctx, effectId: string) => Promise<Ready>) | null;
  refused(refusal: Refusal): Ready;
  /** Told when the store failed: the answer goes out nevertheless. */
  unkept(error: unknown): void;
}

const MAX_KEY_LENGTH = 255;
/** Larger answers are not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** The key of a request; null if it has none. Refuses one that is no visible ASCII, in quotes or not. */
export function keyedRequestOf<Ctx>(
  route: Route<Ctx>,
  input: Pick<Input, 'file' | 'headers'> & { params: unknown; query: unknown; body: unknown },
  headers: IncomingHttpHeaders,
): KeyedRequest | null {
  const header = headers['idempotency-key'];
  if (header === undefined) return null;
  const key = readKey(String(header));
  if (key === null)
    refuse('request.invalid', {
      field: 'Idempotency-Key',
      detail: `must be 1 to ${MAX_KEY_LENGTH} visible ASCII characters, in quotes or not, got ${show(header)}`,
    });
  return {
    keyHash: sha256(key),
    fingerprint: fingerprintOf(key, route, input, headers['prefer']),
  };
}

/** A structured string (RFC 8941), or the same without quotes. */
export function readKey(header: string): string | null {
  const text = header.trim();
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (text.startsWith('"') ? '' : text);
  return /^[\x21-\x7e]+$/.test(key) && key.length <= MAX_KEY_LENGTH ? key : null;
}

/** The answer of the one run that counts, this or an earlier one. */
export async function answerOnce<Ctx>(
  retries: Retries<Ctx>,
  request: KeyedRequest,
  work: Work<Ctx>,
): Promise<Ready> {
  const claim = await work.withRights((ctx) => retries.claim(ctx, request));
  if ('kept' in claim) return claim.kept;
  const { attempt } = claim;
  const settle = (whole: KeptAnswer | null): Promise<void> =>
    (whole ? attempt.keep(whole) : attempt.release()).catch(work.unkept);
  try {
    const ready = await work.withRights((ctx) => runOrRebuild(ctx, attempt, work));
    const { whole, answer } = await gather(ready);
    await settle(whole);
    return answer;
  } catch (error) {
    const isKept = error instanceof Refusal && isLasting(error);
    await settle(isKept ? (await gather(work.refused(error))).whole : null);
    throw error;
  }
}

function runOrRebuild<Ctx>(ctx: Ctx, attempt: Attempt<Ctx>, work: Work<Ctx>): Promise<Ready> {
  if (attempt.earlier === null) return attempt.run(ctx, work.run);
  const { effectId } = attempt.earlier;
  if (effectId === null || work.rebuild === null) return refuse('retry.answer_lost');
  return work.rebuild(ctx, effectId);
}

/** Refusals that say something of the request; the others are of the moment, and asking again may end otherwise. */
const isLasting = ({ status, code }: Refusal): boolean =>
  status < 500 && ![401, 403, 429].includes(status) && code !== 'retry.running';

/** The answer whole, if it is small enough to be kept; and as it can be sent, either way. */
async function gather(ready: Ready): Promise<{ whole: KeptAnswer | null; answer: Ready }> {
  const { body } = ready;
  if (!(body instanceof Readable)) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const isSmall = (bytes?.length ?? 0) <= MAX_KEPT_BYTES;
    return { whole: isSmall ? { ...ready, body: bytes } : null, answer: ready };
  }
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body.iterator({ destroyOnReturn: false })) {
    parts.push(Buffer.from(part));
    length += parts.at(-1)?.length ?? 0;
    if (length > MAX_KEPT_BYTES) return { whole: null, answer: { ...ready, body: rejoined(parts, body) } };
  }
  const whole = { ...ready, body: Buffer.concat(parts) };
  return { whole, answer: whole };
}

/** What was read of a body, and the rest of it. */
const rejoined = (read: readonly Buffer[], rest: Readable): Readable =>
  Readable.from(
    (async function* () {
      yield* read;
      yield* rest;
    })(),
    { objectMode: false },
  );
