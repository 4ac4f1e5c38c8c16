import { createHash } from 'node:crypto';
import type { Context } from '../access/index.ts';
import { newId } from '../kernel/ids.ts';

/** What every verb of this module answers with: the operation it became. */

export type OperationKind = 'enroll' | 'edit' | 'reenroll' | 'delete';

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
}

/** `asked` is everything that makes two requests the same, in an order of its own. */
export const newReceipt = (
  ctx: Pick<Context, 'caller' | 'source' | 'now'>,
  kind: OperationKind,
  asked: unknown,
  total: number,
): Receipt => ({
  accountId: ctx.caller.accountId,
  operationId: newId(),
  kind,
  actorId: ctx.caller.userId,
  clientId: ctx.caller.clientId,
  source: ctx.source,
  requestDigest: digestOf(asked),
  acceptedAt: ctx.now,
  total,
});

export const digestOf = (value: unknown): Buffer =>
  createHash('sha256').update(JSON.stringify(value)).digest();
