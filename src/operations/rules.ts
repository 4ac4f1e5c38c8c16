import { createHash } from 'node:crypto';

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
  return createHash('sha256')
    .update(before)
    .update(
      `\n${position} ${chunk.chunk} ${chunk.operationId} ${chunk.created} ${chunk.changed} ${chunk.unchanged} ${chunk.digest.toString('hex')}`,
    )
    .digest();
}
