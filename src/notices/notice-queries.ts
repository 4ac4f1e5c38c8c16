import { sql } from 'kysely';
import { isActiveAt } from '../access/index.ts';
import { newId } from '../kernel/ids.ts';
import { hasOptedOut, type Notice } from '../mail/index.ts';
import { currentTerm, isDone, STATUSES } from '../progress/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { readNotice, type Said, writeNotice } from './said.ts';

/** SQL of what is to be said to people: kept for a moment, then said; and whether it still holds. */

const DONE = STATUSES.filter(isDone);

export async function insertNotices(
  tx: WriteTx,
  accountId: number,
  said: readonly Said[],
  now: Date,
): Promise<void> {
  if (said.length === 0) return;
  const column = <T>(pick: (one: Said) => T): T[] => said.map(pick);
  await sql`
    insert into notice (account_id, notice_id, user_id, kind, data, at, staged_at)
    select ${accountId}, w.notice_id, w.user_id, w.kind, w.data::jsonb, w.at, ${now}::timestamptz
    from unnest(${column(() => newId())}::uuid[], ${column(({ userId }) => userId)}::uuid[],
                ${column(({ notice }) => notice.kind)}::text[], ${column(({ notice }) => writeNotice(notice))}::text[],
                ${column(({ at }) => at.toISOString())}::timestamptz[]) as w(notice_id, user_id, kind, data, at)`.execute(
    tx,
  );
}

export interface Staged extends Said {
  readonly noticeId: string;
}

/** Takes all that is to be said to some people, in order of people and time. */
export async function takeNotices(tx: WriteTx, accountId: number, people: number): Promise<Staged[]> {
  const { rows } = await sql<{
    notice_id: string;
    user_id: string;
    kind: Notice['kind'];
    data: Record<string, unknown>;
    at: Date;
  }>`
    with who as materialized (
      select user_id from notice where account_id = ${accountId} group by user_id order by user_id limit ${people}),
    taken as (
      delete from notice n using who where n.account_id = ${accountId} and n.user_id = who.user_id
      returning n.notice_id, n.user_id, n.kind, n.data, n.at)
    select * from taken order by user_id, at, notice_id`.execute(tx);
  return rows.map((row) => ({
    noticeId: row.notice_id,
    userId: row.user_id,
    notice: readNotice(row.kind, row.data),
    at: row.at,
  }));
}

export async function oldestStaged(tx: ReadTx, accountId: number): Promise<Date | null> {
  const { rows } = await sql<{ staged_at: Date | null }>`
    select min(staged_at) as staged_at from notice where account_id = ${accountId}`.execute(tx);
  return rows[0]?.staged_at ?? null;
}

/** What is to be known of an enrollment when something is said of it. */
export interface Standing {
  readonly dueAt: Date | null;
  readonly isDone: boolean;
  readonly isActive: boolean;
}

/** How the enrollments of pairs stand, in their order; null where there is none. */
export async function standingsOf(
  tx: ReadTx,
  accountId: number,
  pairs: readonly { readonly learnerId: string; readonly itemId: string }[],
  now: Date,
): Promise<(Standing | null)[]> {
  if (pairs.length === 0) return [];
  const { rows } = await sql<{ no: number; due_at: Date | null; is_done: boolean; is_active: boolean }>`
    select w.no, e.due_at, ${isActiveAt('u', now)} as is_active, exists (
        select from progress p where p.account_id = ${accountId} and p.learner_id = e.learner_id and p.item_id = e.item_id
          and p.term = ${currentTerm(accountId, sql`e.learner_id`, sql`e.item_id`)} and p.status = any(${DONE}::text[])
      ) as is_done
    from unnest(${pairs.map((_, no) => no)}::int[], ${pairs.map(({ learnerId }) => learnerId)}::uuid[],
                ${pairs.map(({ itemId }) => itemId)}::uuid[]) as w(no, learner_id, item_id)
    join enrollment e on e.account_id = ${accountId} and e.learner_id = w.learner_id and e.item_id = w.item_id
    join users u on u.account_id = ${accountId} and u.user_id = w.learner_id`.execute(tx);
  const standings = new Map(rows.map((row) => [row.no, row] as const));
  return pairs.map((_, no) => {
    const row = standings.get(no);
    return row ? { dueAt: row.due_at, isDone: row.is_done, isActive: row.is_active } : null;
  });
}

/** Which of these people have a seat in which of these sessions, in their order. */
export async function seatsOf(
  tx: ReadTx,
  accountId: number,
  seats: readonly { readonly userId: string; readonly sessionId: string }[],
): Promise<boolean[]> {
  if (seats.length === 0) return [];
  const { rows } = await sql<{ no: number }>`
    select w.no from unnest(${seats.map((_, no) => no)}::int[], ${seats.map(({ userId }) => userId)}::uuid[],
                            ${seats.map(({ sessionId }) => sessionId)}::uuid[]) as w(no, user_id, session_id)
    join training_seat s on s.account_id = ${accountId} and s.user_id = w.user_id and s.session_id = w.session_id`.execute(
    tx,
  );
  const taken = new Set(rows.map(({ no }) => no));
  return seats.map((_, no) => taken.has(no));
}

/** To which of these people nothing can be sent, and why; of who wants no reminders, none. */
export async function withheldFrom(
  tx: ReadTx,
  accountId: number,
  userIds: readonly string[],
  now: Date,
): Promise<Map<string, 'no_address' | 'inactive' | 'unsubscribed'>> {
  const { rows } = await sql<{ user_id: string; why: 'no_address' | 'inactive' | 'unsubscribed' | null }>`
    select u.user_id, case when not ${isActiveAt('u', now)} then 'inactive' when coalesce(u.email, '') = '' then 'no_address'
      when ${hasOptedOut('u')} then 'unsubscribed' end as why
    from users u where u.account_id = ${accountId} and u.user_id = any(${[...userIds]}::uuid[])`.execute(tx);
  return new Map(rows.flatMap((row) => (row.why ? [[row.user_id, row.why] as const] : [])));
}

/** Who had a seat in which of these sessions before an instant each. */
export async function participantsOf(
  tx: ReadTx,
  accountId: number,
  sessions: readonly { readonly sessionId: string; readonly at: Date }[],
): Promise<{ readonly no: number; readonly userId: string }[]> {
  if (sessions.length === 0) return [];
  const { rows } = await sql<{ no: number; user_id: string }>`
    select w.no, s.user_id
    from unnest(${sessions.map((_, no) => no)}::int[], ${sessions.map(({ sessionId }) => sessionId)}::uuid[],
                ${sessions.map(({ at }) => at.toISOString())}::timestamptz[]) as w(no, session_id, at)
    join training_seat s on s.account_id = ${accountId} and s.session_id = w.session_id and s.taken_at < w.at
    order by w.no, s.user_id`.execute(tx);
  return rows.map((row) => ({ no: row.no, userId: row.user_id }));
}
