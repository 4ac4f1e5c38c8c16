import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What is signed with an account's key, pure. Both carry the number of the account, so that its key is found without
 * crossing accounts; nothing in them is believed before the signature is.
 *
 * - the token of a link: a JSON Web Token (HS256) that names a certificate and expires;
 * - the code printed on a certificate: account, id and 160 bits of signature, so that nobody can make up a code or walk
 *   from one to the next.
 */

const HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
const CODE_SIGNATURE_BYTES = 20;
const CODE_BYTES = 4 + 16 + CODE_SIGNATURE_BYTES;

const sign = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const isEqual = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** What a link or a code claims to be about. */
export interface Claim {
  readonly accountId: number;
  readonly certificateId: string;
}

interface LinkClaim extends Claim {
  readonly expiresAt: Date;
}

export function signLink(key: Buffer, claim: LinkClaim): string {
  const payload = { acc: claim.accountId, sub: claim.certificateId, exp: claim.expiresAt.getTime() / 1000 };
  const signed = `${HEADER}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
  return `${signed}.${sign(key, signed).toString('base64url')}`;
}

/** What a token claims, unproved; null if it cannot be one of ours. */
export function readLink(token: string): LinkClaim | null {
  const [header, payload = '', signature, ...rest] = token.split('.');
  if (header !== HEADER || signature === undefined || rest.length > 0) return null;
  try {
    const { acc, sub, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (!Number.isInteger(acc) || typeof sub !== 'string' || typeof exp !== 'number') return null;
    return { accountId: acc, certificateId: sub, expiresAt: new Date(exp * 1000) };
  } catch {
    return null;
  }
}

/** Whether the account signed the token. */
export function isSigned(key: Buffer, token: string): boolean {
  const end = token.lastIndexOf('.');
  return isEqual(Buffer.from(token.slice(end + 1), 'base64url'), sign(key, token.slice(0, end)));
}

const codeSignature = (key: Buffer, { accountId, certificateId }: Claim): Buffer =>
  sign(key, `certificate ${accountId} ${certificateId}`).subarray(0, CODE_SIGNATURE_BYTES);

/** The code of a certificate, the same every time. */
export function signCode(key: Buffer, claim: Claim): string {
  const account = Buffer.alloc(4);
  account.writeUInt32BE(claim.accountId);
  const id = Buffer.from(claim.certificateId.replaceAll('-', ''), 'hex');
  return Buffer.concat([account, id, codeSignature(key, claim)]).toString('base64url');
}

/** What a code claims, unproved; null if it cannot be one. */
export function readCode(code: string): Claim | null {
  const bytes = Buffer.from(code, 'base64url');
  if (bytes.length !== CODE_BYTES || bytes.toString('base64url') !== code) return null;
  const hex = bytes.subarray(4, 20).toString('hex');
  const certificateId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { accountId: bytes.readUInt32BE(0), certificateId };
}

/** Whether the account signed the code. */
export const isCodeSigned = (key: Buffer, code: string, claim: Claim): boolean =>
  isEqual(Buffer.from(code, 'base64url').subarray(-CODE_SIGNATURE_BYTES), codeSignature(key, claim));
