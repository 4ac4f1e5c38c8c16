import { type Context, reachOf, whoReach } from '../access/index.ts';
import { recordEvents, unlockRequested } from '../events/index.ts';
import { refuse } from '../kernel/errors.ts';
import { newId, readEnrollmentId } from '../kernel/ids.ts';
import { queueMail } from '../mail/index.ts';
import { isLocked } from './rules.ts';
import * as queries from './unlock-queries.ts';

/**
 * Learners ask for more time, those who may give it are told, and give it by editing the enrollment or decline. A request
 * is answered as soon as that lock is gone, however it went: that is looked up, and stored nowhere.
 */

/** UTF-16 units, as everywhere on the wire. */
export const MAX_UNLOCK_TEXT = 500;

/** What XML cannot carry, and nobody types. */
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** What somebody wrote, with the ends of lines as everywhere else. Refuses what is too long (400). */
function plain(message: string): string | null {
  const text = message.replace(/\r\n?/g, '\n').replace(UNWRITABLE, '').trim();
  if (text.length > MAX_UNLOCK_TEXT)
    refuse('request.invalid', {
      field: 'message',
      detail: `must not be longer than ${MAX_UNLOCK_TEXT} characters`,
    });
  return text === '' ? null : text;
}

/**
 * Asks to unlock an enrollment of the caller's own, once for each lock. Refuses what is not theirs (404), what is not locked
 * (409), and a message that is too long (400).
 */
export function askToUnlock(ctx: Context, id: string, written: string): Promise<void> {
  const { accountId, userId: learnerId } = ctx.caller;
  const message = plain(written);
  const key = readEnrollmentId(id);
  if (key?.accountId !== accountId) return refuse('learning.unknown');
  return ctx.write(async (tx) => {
    const own = (await queries.holdOwn(tx, accountId, learnerId, key)) ?? refuse('learning.unknown');
    const { itemId, departmentId, dueAt } = own;
    if (!dueAt || !isLocked(own, ctx.now)) return refuse('unlock.not_locked');
    const requestId = newId();
    const request = { ...key, requestId, dueAt, learnerId, itemId, askedAt: ctx.now, message };
    if (!(await queries.insertRequest(tx, request))) return;
    const told = await whoReach(tx, accountId, 'enrollment.write', departmentId, ctx.now, learnerId);
    const content = { kind: 'unlock_asked', requestId, itemId, learnerId, dueAt } as const;
    await queueMail(
      tx,
      accountId,
      told.map((userId) => ({ key: `unlock ${requestId} ${userId}`, userId, content, notBefore: ctx.now })),
      ctx.now,
    );
    const asked = { courseId: itemId, learnerId, enrollmentIds: [id] };
    await recordEvents(tx, accountId, [unlockRequested(asked)], ctx.now);
  });
}

/** Requests of learners whose enrollments the caller may edit. */
export function listUnlockRequests(
  ctx: Context,
  wanted: queries.UnlockState | null,
  after: string | null,
  limit: number,
): Promise<queries.UnlockRequest[]> {
  const reach = reachOf(ctx.caller, 'enrollment.write');
  return ctx.read((tx) => queries.requestsAfter(tx, ctx.caller.accountId, { reach, wanted, after, limit }));
}

/**
 * Declines a request; declining again replaces the answer. Refuses an unknown one (404; 403 to limited callers, like a
 * foreign one) and one whose lock is gone (409).
 */
export function declineUnlock(ctx: Context, requestId: string, answer: string | null): Promise<void> {
  const reach = reachOf(ctx.caller, 'enrollment.write');
  const { accountId, userId } = ctx.caller;
  return ctx.write(async (tx) => {
    const request =
      (await queries.lockRequest(tx, accountId, requestId, reach)) ??
      refuse(reach === 'everyone' ? 'unlock.unknown' : 'auth.unlock_scope', { ids: requestId });
    if (request.state === 'answered') refuse('unlock.answered', { ids: requestId });
    await queries.recordDecline(tx, accountId, requestId, { by: userId, at: ctx.now, answer });
  });
}
