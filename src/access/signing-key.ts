import { randomBytes } from 'node:crypto';
import type { Database } from '../storage/index.ts';
import { findSigningKey, keepSigningKey } from './signing-queries.ts';

const KEY_BYTES = 32;

/** The key that an account signs links with, made when it is first needed. */
export async function signingKeyOf(db: Database, accountId: number): Promise<Buffer> {
  const known = await db.read((tx) => findSigningKey(tx, accountId));
  return known ?? db.write((tx) => keepSigningKey(tx, accountId, randomBytes(KEY_BYTES)));
}
