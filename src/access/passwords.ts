import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { refuse } from '../kernel/errors.ts';

/** argon2id by OWASP's smallest recommended cost: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Longer ones only make the server hash more; bytes of UTF-8. */
export const MAX_PASSWORD_BYTES = 1024;
/** Two verifications take both cores of a small machine for some 20 ms; the rest is told to come back. */
const MAX_VERIFICATIONS = 2;

let running = 0;
let dummy: Promise<string> | undefined;

export const hashPassword = (password: string): Promise<string> => hash(password, COST);

/**
 * Whether the password fits the hash. With no hash a dummy is verified, so that an unknown login takes as long.
 * Refuses `access.busy` when two verifications already run.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) return false;
  if (running >= MAX_VERIFICATIONS) refuse('access.busy', { seconds: 1 });
  running++;
  try {
    dummy ??= hashPassword('nobody has this password');
    const fits = await verify(passwordHash ?? (await dummy), password);
    return fits && passwordHash !== null;
  } finally {
    running--;
  }
}

/** A random password that can be typed: 96 bits. */
export const newPassword = (): string => randomBytes(12).toString('base64url');
