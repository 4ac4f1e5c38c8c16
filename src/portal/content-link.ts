import { createHmac, timingSafeEqual } from 'node:crypto';
import type { MaterialPlace } from '../learning/index.ts';

/**
 * Addresses of files on a host of their own, where nobody is signed in: which material, for which session and until when,
 * signed with the account's key. It gives nothing that the session does not at that moment, as that is asked each time.
 */

export interface LinkClaim extends MaterialPlace {
  readonly accountId: number;
  readonly sessionHash: Buffer;
  readonly expiresAt: Date;
}

/** Account, session, enrollment, module, end. */
const CLAIM_BYTES = 4 + 32 + 16 + 16 + 6;
const NO_MODULE = '00000000-0000-0000-0000-000000000000';

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const idFrom = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const sign = (key: Buffer, claim: Buffer): Buffer =>
  createHmac('sha256', key).update('material').update(claim).digest();

export function signMaterial(key: Buffer, claim: LinkClaim): string {
  const ids = [claim.enrollmentId, claim.moduleId ?? NO_MODULE].map(bytesOf);
  const bytes = Buffer.concat([Buffer.alloc(4), claim.sessionHash, ...ids, Buffer.alloc(6)]);
  bytes.writeUInt32BE(claim.accountId, 0);
  bytes.writeUIntBE(claim.expiresAt.getTime(), CLAIM_BYTES - 6, 6);
  return Buffer.concat([bytes, sign(key, bytes)]).toString('base64url');
}

/** What a token claims, unproved; null if it cannot be one of ours. */
export function readMaterialLink(token: string): LinkClaim | null {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== CLAIM_BYTES + 32 || bytes.toString('base64url') !== token) return null;
  const moduleId = idFrom(bytes.subarray(52, 68));
  return {
    accountId: bytes.readUInt32BE(0),
    sessionHash: bytes.subarray(4, 36),
    enrollmentId: idFrom(bytes.subarray(36, 52)),
    moduleId: moduleId === NO_MODULE ? null : moduleId,
    expiresAt: new Date(bytes.readUIntBE(CLAIM_BYTES - 6, 6)),
  };
}

/** Whether the account signed the token. */
export function isMaterialSigned(key: Buffer, token: string): boolean {
  const bytes = Buffer.from(token, 'base64url');
  return timingSafeEqual(bytes.subarray(CLAIM_BYTES), sign(key, bytes.subarray(0, CLAIM_BYTES)));
}
