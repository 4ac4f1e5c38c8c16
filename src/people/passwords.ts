import { type Context, changeRights, deleteTokensOf, hashPassword, ownerOfLink } from '../access/index.ts';
import { enqueue, type TransactionHandler } from '../jobs/index.ts';
import { isAddress } from '../kernel/addresses.ts';
import { HOUR_MS } from '../kernel/dates.ts';
import { refuse } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { newId } from '../kernel/ids.ts';
import { keyOf } from '../kernel/names.ts';
import { countAsked, type LinkMessage, type MailSender, queueMail } from '../mail/index.ts';
import type { Database, ReadTx, WriteTx } from '../storage/index.ts';
import { passwordFault } from './rules.ts';
import { actOn, requireOver } from './standing.ts';
import * as queries from './standing-queries.ts';

/**
 * How a password is set: by whoever manages the user, by the user, who knows the old one, and by a link that was sent to
 * the user's address. All of them do the same: tokens, sessions and other links of the user end.
 */

/** Of one kind, to one person, within an hour: whoever asks in somebody's name must not fill their mailbox. */
const MAX_LINKS_PER_HOUR = 5;

async function hashOf(password: string): Promise<string> {
  const fault = passwordFault(password);
  if (fault) refuse('request.invalid', { field: 'password', detail: fault });
  return hashPassword(password);
}

/** To be called under the lock of the account's rights. */
async function replacePassword(
  tx: WriteTx,
  accountId: number,
  userId: string,
  passwordHash: string,
  keptSession: Buffer | null = null,
): Promise<void> {
  await queries.updatePassword(tx, accountId, userId, passwordHash);
  await deleteTokensOf(tx, accountId, [userId], keptSession);
}

/** Gives a user another password. What was signed in with the old one is signed out. */
export async function setPassword(ctx: Context, userId: string, password: string): Promise<void> {
  const passwordHash = await hashOf(password);
  return actOn(ctx, { userId }, (tx, accountId) => replacePassword(tx, accountId, userId, passwordHash));
}

/** Gives the caller, who has shown to know the old one, another password. The session of this token goes on. */
export async function changeOwnPassword(ctx: Context, password: string, sessionToken: string): Promise<void> {
  const { accountId, userId } = ctx.caller;
  const passwordHash = await hashOf(password);
  return ctx.write(async (tx) => {
    await changeRights(tx, accountId);
    await queries.lockAgainstEnrollments(tx, accountId, [userId]);
    await replacePassword(tx, accountId, userId, passwordHash, sha256(sessionToken));
  });
}

/** Whose password a link sets; null for a link that leads nowhere any more. Uses nothing up. */
export const loginOfLink = (
  db: Database,
  accountId: number,
  secret: string,
  now: Date,
): Promise<string | null> =>
  db.read(async (tx) => (await ownerOfLink(tx, accountId, secret, now))?.login ?? null);

/** Sets the password of a link's owner; false when the link leads nowhere any more. Of many who try at once, one succeeds. */
export async function setPasswordByLink(
  db: Database,
  accountId: number,
  { secret, password }: { readonly secret: string; readonly password: string },
  now: Date,
): Promise<boolean> {
  // First, as hashing takes time that nobody gets without a link.
  if ((await loginOfLink(db, accountId, secret, now)) === null) return false;
  const passwordHash = await hashOf(password);
  return db.write(async (tx) => {
    await changeRights(tx, accountId);
    const owner = await ownerOfLink(tx, accountId, secret, now);
    if (!owner) return false;
    await queries.lockAgainstEnrollments(tx, accountId, [owner.userId]);
    await replacePassword(tx, accountId, owner.userId, passwordHash);
    return true;
  });
}

/** The job that follows where somebody asked for a link, whether there is such a person or not. */
export const PASSWORD_ASKED = 'people.password_asked';

/**
 * Asks for a link to be sent to whoever has this login or e-mail. The same is done for nobody as for somebody, so that
 * neither the answer nor its time tells which it was.
 */
export async function askForLink(db: Database, accountId: number, name: string, now: Date): Promise<void> {
  const userId = await db.read((tx) => queries.findByName(tx, accountId, keyOf(name)));
  const job = { kind: PASSWORD_ASKED, runAt: now, payload: { userId } };
  await db.write((tx) => enqueue(tx, accountId, [job], now));
}

/** Sends who was meant, if anybody, a link; whether they can be written to is decided when it is sent. */
export const passwordAsked: TransactionHandler = {
  concurrency: 1,
  maxAttempts: 20,
  backoff: { firstMs: 1_000, longestMs: 60_000 },
  runIn: async (tx, { accountId, payload }, now) => {
    const { userId } = payload as { userId: string | null };
    if (userId === null || (await hasEnough(tx, accountId, userId, 'password_reset', now))) return;
    await queueLink(tx, accountId, userId, { kind: 'password_reset' }, now);
  },
};

const hasEnough = async (
  tx: ReadTx,
  accountId: number,
  userId: string,
  kind: LinkMessage['kind'],
  now: Date,
): Promise<boolean> => {
  const since = new Date(now.getTime() - HOUR_MS);
  return (await countAsked(tx, accountId, { userId, kind, since })) >= MAX_LINKS_PER_HOUR;
};

const queueLink = (
  tx: WriteTx,
  accountId: number,
  userId: string,
  content: LinkMessage,
  now: Date,
): Promise<number> =>
  queueMail(tx, accountId, [{ key: `${content.kind} ${newId()}`, userId, content, notBefore: now }], now);

/** Sends a user a link to set a password, in the transaction that adds them. */
export const sendInvitation = (tx: WriteTx, ctx: Context, userId: string, message: string): Promise<number> =>
  queueLink(
    tx,
    ctx.caller.accountId,
    userId,
    { kind: 'invitation', message: message.trim() || null },
    ctx.now,
  );

/**
 * Sends a user a link to set a password, for whoever might set it. Refuses to where nobody would be written to (409).
 */
export function invite(ctx: Context, mail: MailSender, userId: string, message: string): Promise<void> {
  return ctx.write(async (tx) => {
    await requireOver(tx, ctx, userId);
    const detail = await objectionToWriting(tx, ctx, mail, userId);
    if (detail) refuse('people.not_written_to', { ids: userId, detail });
    await sendInvitation(tx, ctx, userId, message);
  });
}

/** Why nobody would be written to, or null. */
async function objectionToWriting(
  tx: ReadTx,
  ctx: Context,
  mail: MailSender,
  userId: string,
): Promise<string | null> {
  const { accountId } = ctx.caller;
  const person = await queries.findAddress(tx, accountId, userId, ctx.now);
  if (!person?.isActive) return 'the user is not active';
  if (!person.address) return 'the user has no e-mail address';
  if (!isAddress(person.address)) return 'the e-mail address of the user is not one plain address';
  if (await hasEnough(tx, accountId, userId, 'invitation', ctx.now))
    return `the user was invited ${MAX_LINKS_PER_HOUR} times within an hour`;
  return (await mail.isSentBy(tx, accountId)) ? null : 'the account sends no mail';
}
