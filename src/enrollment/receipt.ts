import { createHash } from 'node:crypto';
import type { Context } from '../access/index.ts';
import { sha256 } from '../kernel/hash.ts';
import type { IdSet } from '../kernel/id-set.ts';
import { newId } from '../kernel/ids.ts';
import { IDS_AT_ONCE } from './limits.ts';

/** What every verb of this module answers with: the operation it became. */

export type OperationKind = 'enroll' | 'edit' | 'reenroll' | 'delete' | 'import' | 'undo';

/** An operation as it is known before anything is written: who asked for what. */
export interface Receipt {
  readonly accountId: number;
  readonly operationId: string;
  readonly kind: OperationKind;
  readonly actorId: string;
  readonly clientId: string | null;
  readonly source: string;
  readonly requestDigest: Buffer;
  readonly acceptedAt: Date;
  /** Outcomes it will have: pairs or enrollments. */
  readonly total: number;
  /** Accepted, and not complete yet when the caller's patience ended. */
  readonly isPending?: boolean;
  /** The operation that this one undoes. */
  readonly causeId?: string;
}

/** `requestDigest` covers everything that makes two requests the same. */
export const newReceipt = (
  ctx: Pick<Context, 'caller' | 'source' | 'now' | 'operationId'>,
  kind: OperationKind,
  requestDigest: Buffer,
  total: number,
): Receipt => ({
  accountId: ctx.caller.accountId,
  operationId: ctx.operationId ?? newId(),
  kind,
  actorId: ctx.caller.userId,
  clientId: ctx.caller.clientId,
  source: ctx.source,
  requestDigest,
  acceptedAt: ctx.now,
  total,
});

export const digestOf = (value: unknown): Buffer => sha256(JSON.stringify(value));

/** The same over a value and ids, slice by slice. */
export async function digestOfSet(value: unknown, ids: IdSet): Promise<Buffer> {
  if (ids.length <= IDS_AT_ONCE) return sha256(JSON.stringify(value) + ids.slice(0, ids.length).join());
  const hash = createHash('sha256').update(JSON.stringify(value));
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    if (at > 0) await new Promise((done) => setImmediate(done));
    hash.update(ids.slice(at, at + IDS_AT_ONCE).join());
  }
  return hash.digest();
}
