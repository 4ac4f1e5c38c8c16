import { sha256 } from '../kernel/hash.ts';
import { millisecondOfChunk, millisecondOfId } from '../kernel/ids.ts';

/** The hash chain: what a sealed chunk's hash covers. Ids, counts and digests, never personal text. */

/** Who did what, when and through which door; not the reason, which is text that may have to be erased. */
export interface OperationClaim {
  readonly operationId: string;
  readonly kind: string;
  readonly actorId: string;
  readonly clientId: string | null;
  readonly source: string;
  readonly causeId: string | null;
  readonly requestDigest: Buffer;
  /** Microseconds since 1970, as text. */
  readonly acceptedMicros: string;
  readonly total: string;
}

export interface ChunkClaim {
  readonly chunk: bigint;
  readonly place: number;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly refused: number;
  /** How its digest was made, and its hash is. */
  readonly version: number;
  readonly digest: Buffer;
  readonly operation: OperationClaim;
}

/** SHA-256 over the hash before and everything the chunk claims. */
export function chainHash(before: Buffer, position: bigint, chunk: ChunkClaim): Buffer {
  const claim = chunk.version === 1 ? claimOfOld(position, chunk) : claimOf(position, chunk);
  return sha256(Buffer.concat([before, Buffer.from(claim)]));
}

/** Of chunks from before terms were kept with them. */
function claimOfOld(position: bigint, { operation, ...chunk }: ChunkClaim): string {
  const { created, changed, unchanged, digest } = chunk;
  return `\n${position} ${chunk.chunk} ${operation.operationId} ${created} ${changed} ${unchanged} ${digest.toString('hex')}`;
}

/** A JSON array, so that no value can pass for two. */
const claimOf = (position: bigint, { operation, ...chunk }: ChunkClaim): string =>
  `\n${JSON.stringify([
    chunk.version,
    String(position),
    String(chunk.chunk),
    chunk.place,
    chunk.created,
    chunk.changed,
    chunk.unchanged,
    chunk.refused,
    chunk.digest.toString('hex'),
    operation.operationId,
    operation.kind,
    operation.actorId,
    operation.clientId,
    operation.source,
    operation.causeId,
    operation.requestDigest.toString('hex'),
    operation.acceptedMicros,
    operation.total,
  ])}`;

/** Chunks and ids of events, each in order of their numbers, in one order of the time when those were drawn. */
export function inOrder<Chunk extends { readonly chunk: bigint }>(
  chunks: readonly Chunk[],
  eventIds: readonly string[],
): (Chunk | string)[] {
  const merged: (Chunk | string)[] = [];
  let at = 0;
  for (const chunk of chunks) {
    const drawnAt = millisecondOfChunk(chunk.chunk);
    for (let id = eventIds[at]; id !== undefined && millisecondOfId(id) < drawnAt; id = eventIds[++at])
      merged.push(id);
    merged.push(chunk);
  }
  return [...merged, ...eventIds.slice(at)];
}

export interface Counts {
  readonly acceptedAt: Date;
  readonly completedAt: Date | null;
  readonly total: number;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly refused: number;
}

/** How far an operation is: pairs done of all, pairs a second, and the seconds left at that rate. */
export function progressOf(
  counts: Counts,
  now: Date,
): { done: number; total: number; rate: number; etaSeconds: number | undefined } {
  const done = counts.created + counts.changed + counts.unchanged + counts.refused;
  const seconds = Math.max(
    ((counts.completedAt ?? now).getTime() - counts.acceptedAt.getTime()) / 1000,
    0.001,
  );
  const rate = Math.round((done / seconds) * 10) / 10;
  const isOver = counts.completedAt !== null || rate === 0;
  return {
    done,
    total: counts.total,
    rate,
    etaSeconds: isOver ? undefined : Math.ceil((counts.total - done) / rate),
  };
}
