import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The link that stops reminders, pure: account, user and 160 bits signed with the account's key. It does not expire, as
 * old mail must be stoppable, and says nothing that could be used for anything else.
 */

const SIGNATURE_BYTES = 20;
const TOKEN_BYTES = 4 + 16 + SIGNATURE_BYTES;

/** Whose reminders. */
export interface StopClaim {
  readonly accountId: number;
  readonly userId: string;
}

const signature = (key: Buffer, { accountId, userId }: StopClaim): Buffer =>
  createHmac('sha256', key)
    .update(`no reminders ${accountId} ${userId}`)
    .digest()
    .subarray(0, SIGNATURE_BYTES);

export function signStop(key: Buffer, claim: StopClaim): string {
  const account = Buffer.alloc(4);
  account.writeUInt32BE(claim.accountId);
  const user = Buffer.from(claim.userId.replaceAll('-', ''), 'hex');
  return Buffer.concat([account, user, signature(key, claim)]).toString('base64url');
}

/** What a token claims, unproved; null if it cannot be one. */
export function readStop(token: string): StopClaim | null {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== token) return null;
  const userId = bytes
    .subarray(4, 20)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { accountId: bytes.readUInt32BE(0), userId };
}

/** Whether the account signed the token. */
export const isStopSigned = (key: Buffer, token: string, claim: StopClaim): boolean =>
  timingSafeEqual(Buffer.from(token, 'base64url').subarray(-SIGNATURE_BYTES), signature(key, claim));
