import { sha256 } from '../kernel/hash.ts';

/** The hash chain: what a sealed chunk's hash covers. Ids, counts and digests, never personal text. */

export interface UnsealedChunk {
  readonly chunk: bigint;
  readonly operationId: string;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly digest: Buffer;
}

/** SHA-256 over the hash before and everything the chunk claims. */
export function chainHash(before: Buffer, position: bigint, chunk: UnsealedChunk): Buffer {
  const claim = `\n${position} ${chunk.chunk} ${chunk.operationId} ${chunk.created} ${chunk.changed} ${chunk.unchanged} ${chunk.digest.toString('hex')}`;
  return sha256(Buffer.concat([before, Buffer.from(claim)]));
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
