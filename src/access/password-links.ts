import { HOUR_MS } from '../kernel/dates.ts';
import { sha256 } from '../kernel/hash.ts';
import { accountOfToken, newToken } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import * as queries from './password-link-queries.ts';

/**
 * Links with which people set their passwords. A secret is made when its mail is sent, told there and nowhere else; what
 * is kept is its hash. It can be used once.
 */

/** Who asked for a link looks for it at once; who is invited may be away. */
const LIFETIME_MS = { password_reset: HOUR_MS, invitation: 7 * 24 * HOUR_MS };
export type LinkPurpose = keyof typeof LIFETIME_MS;

export interface PasswordLink {
  /** Under the account's address. */
  readonly path: string;
  readonly expiresAt: Date;
}

export const PASSWORD_LINK_PATH = '/sign-in/password';

/** A new link for a user who is active and still has this address; null for anybody else. Earlier ones stay valid. */
export async function newPasswordLink(
  tx: WriteTx,
  accountId: number,
  { userId, address, purpose }: { userId: string; address: string; purpose: LinkPurpose },
  now: Date,
): Promise<PasswordLink | null> {
  const secret = newToken(accountId);
  const expiresAt = new Date(now.getTime() + LIFETIME_MS[purpose]);
  const link = { accountId, linkHash: sha256(secret), userId, address, expiresAt };
  return (await queries.insertLink(tx, link, now))
    ? { path: `${PASSWORD_LINK_PATH}/${secret}`, expiresAt }
    : null;
}

/** Whose link it is; null when it is used, expired, ended otherwise, or was never one of this account. Uses nothing up. */
export const ownerOfLink = async (
  tx: ReadTx,
  accountId: number,
  secret: string,
  now: Date,
): Promise<{ readonly userId: string; readonly login: string } | null> =>
  accountOfToken(secret) === accountId ? queries.findLink(tx, accountId, sha256(secret), now) : null;
