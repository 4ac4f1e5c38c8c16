import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Session } from '../access/index.ts';

/**
 * Secrets that forms bring along. Pages are compressed, and their length tells what repeats in them (BREACH): in each page a
 * secret is written as other bytes, a random mask and the secret under it.
 */

const BYTES = 32;

/** What forms of a session bring along: who knows it has read a page of that session. */
export const secretOf = ({ token }: Pick<Session, 'token'>): string =>
  createHash('sha256').update(`form ${token}`).digest('base64url');

/** A secret where there is no session yet. */
export const newSecret = (): string => randomBytes(BYTES).toString('base64url');
export const isSecret = (text: string | undefined): text is string =>
  text !== undefined && /^[\w-]{43}$/.test(text);

/** A secret as it stands in one page. */
export function masked(secret: string): string {
  const mask = randomBytes(BYTES);
  return Buffer.concat([mask, under(mask, Buffer.from(secret, 'base64url'))]).toString('base64url');
}

/** Whether a form brought a secret that some page showed. */
export function isShown(given: string | null, secret: string | undefined): boolean {
  const [bytes, wanted] = [given, secret].map((text) => Buffer.from(text ?? '', 'base64url'));
  if (bytes?.length !== 2 * BYTES || wanted?.length !== BYTES) return false;
  return timingSafeEqual(under(bytes.subarray(0, BYTES), bytes.subarray(BYTES)), wanted);
}

const under = (mask: Buffer, bytes: Buffer): Buffer =>
  Buffer.from(bytes.map((byte, place) => byte ^ (mask[place] ?? 0)));
