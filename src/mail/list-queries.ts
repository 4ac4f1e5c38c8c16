import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { type Content, type Kind, readContent } from './kinds.ts';

/** SQL of messages as administrators see them. */

export const STATES = ['waiting', 'sent', 'dropped', 'failed'] as const;
export type State = (typeof STATES)[number];

export interface MessageRow {
  readonly messageId: string;
  readonly userId: string;
  readonly key: string;
  readonly kind: Kind;
  readonly state: State;
  readonly reason: string | null;
  readonly status: string | null;
  readonly locale: string | null;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly notBefore: Date;
  readonly dueAt: Date;
  readonly settledAt: Date | null;
  readonly mergedInto: string | null;
}

const columns = sql`message_id as "messageId", user_id as "userId", key, kind, state, reason, status, locale, attempts,
  created_at as "createdAt", not_before as "notBefore", due_at as "dueAt", settled_at as "settledAt",
  merged_into as "mergedInto"`;

export interface MessageFilter {
  readonly state: State | null;
  readonly userId: string | null;
}

/** Messages after a place, in the order in which they were asked for. */
export async function messagesAfter(
  tx: ReadTx,
  accountId: number,
  { state, userId }: MessageFilter,
  after: string | null,
  limit: number,
): Promise<MessageRow[]> {
  const { rows } = await sql<MessageRow>`
    select ${columns} from mail_message
    where account_id = ${accountId} ${state ? sql`and state = ${state}` : sql``}
      ${userId ? sql`and user_id = ${userId}` : sql``} ${after ? sql`and message_id > ${after}::uuid` : sql``}
    order by message_id limit ${limit}`.execute(tx);
  return rows;
}

/** The message, locked. */
export async function lockMessage(
  tx: WriteTx,
  accountId: number,
  messageId: string,
): Promise<MessageRow | null> {
  const { rows } = await sql<MessageRow>`
    select ${columns} from mail_message where account_id = ${accountId} and message_id = ${messageId} for update`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** Lets a message that failed wait again, and those that went with it: they go as one once more. */
export async function sendAgain(tx: WriteTx, accountId: number, messageId: string, now: Date): Promise<void> {
  await sql`
    update mail_message m set state = 'waiting', settled_at = null, due_at = ${now}, status = null, merged_into = null,
      reason = case when exists (
        select from mail_message o where o.account_id = m.account_id and o.merged_into = ${messageId}) then 'cap' end
    where account_id = ${accountId} and (message_id = ${messageId} or merged_into = ${messageId})`.execute(
    tx,
  );
}

export async function countWaitingOf(tx: ReadTx, accountId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from mail_message where account_id = ${accountId} and state = 'waiting'`.execute(
    tx,
  );
  return rows[0]?.n ?? 0;
}

/** What somebody was sent, the latest first. */
export async function sentMessages(
  tx: ReadTx,
  accountId: number,
  userId: string,
  limit: number,
): Promise<{ readonly at: Date; readonly content: Content }[]> {
  const { rows } = await sql<{ kind: Kind; data: Record<string, unknown>; settled_at: Date }>`
    select kind, data, settled_at from mail_message
    where account_id = ${accountId} and user_id = ${userId} and state = 'sent'
    order by message_id desc limit ${limit}`.execute(tx);
  return rows.map((row) => ({ at: row.settled_at, content: readContent(row.kind, row.data) }));
}
