import { enqueue } from '../jobs/index.ts';
import type { WriteTx } from '../storage/index.ts';
import { insertMessages, type NewMessage } from './queries.ts';

/** The kind of job that sends an account's mail. There is one at a time: what is to be sent stands in the messages. */
export const MAIL_JOB = 'mail';

/** Lets the account's mail be sent at that time, or earlier if something else is due. */
export const sendAt = (tx: WriteTx, accountId: number, runAt: Date, now: Date): Promise<void> =>
  enqueue(tx, accountId, [{ kind: MAIL_JOB, key: MAIL_JOB, runAt, payload: {} }], now);

/**
 * Asks for messages, in the transaction that gives reason for them; how many of them were new. Whether somebody may be
 * sent something, and where, is decided when it is sent: nothing about people is stored but their ids.
 */
export async function queueMail(
  tx: WriteTx,
  accountId: number,
  messages: readonly NewMessage[],
  now: Date,
): Promise<number> {
  if (messages.length === 0) return 0;
  const added = await insertMessages(tx, accountId, messages, now);
  if (added === 0) return 0;
  const earliest = Math.min(...messages.map(({ notBefore }) => notBefore.getTime()));
  await sendAt(tx, accountId, new Date(Math.max(earliest, now.getTime())), now);
  return added;
}
