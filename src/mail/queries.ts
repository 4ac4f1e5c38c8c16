import { sql } from 'kysely';
import { isActiveAt } from '../access/index.ts';
import { newId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Facts, Person, Session } from './compose.ts';
import { type Content, type Kind, readContent, writeContent } from './kinds.ts';
import { entriesOf, isLinkMessage, type Reason, type Recipient } from './rules.ts';
import { hasOptedOut } from './settings-queries.ts';

/** SQL of messages: asking for them, taking what is due, recording what became of them. */

export interface NewMessage {
  /** However often a message of this key is asked for, it is one. */
  readonly key: string;
  readonly userId: string;
  readonly content: Content;
  /** When it is meant to be sent; its age counts from here. */
  readonly notBefore: Date;
}

/** Any number of messages in one statement. Those whose key is known are left as they are; how many were new. */
export async function insertMessages(
  tx: WriteTx,
  accountId: number,
  messages: readonly NewMessage[],
  now: Date,
): Promise<number> {
  const column = <T>(pick: (message: NewMessage) => T): T[] => messages.map(pick);
  const { rows } = await sql`
    insert into mail_message (account_id, message_id, user_id, key, kind, data, not_before, due_at, created_at)
    select ${accountId}, w.message_id, w.user_id, w.key, w.kind, w.data::jsonb, w.not_before, w.not_before, ${now}::timestamptz
    from unnest(${column(() => newId())}::uuid[], ${column(({ userId }) => userId)}::uuid[],
                ${column(({ key }) => key)}::text[], ${column(({ content }) => content.kind)}::text[],
                ${column(({ content }) => writeContent(content))}::text[],
                ${column(({ notBefore }) => notBefore.toISOString())}::timestamptz[])
      as w(message_id, user_id, key, kind, data, not_before)
    order by w.key
    on conflict (account_id, key) do nothing returning 1`.execute(tx);
  return rows.length;
}

/** A message that is due, with whom it is for as that stands now. */
export interface DueMessage {
  readonly messageId: string;
  readonly userId: string;
  readonly content: Content;
  readonly notBefore: Date;
  readonly attempts: number;
  /** It was put off because the person had had enough for a day. */
  readonly wasPutOff: boolean;
  readonly countedOn: string | null;
  /** Null when nobody of that id was ever here. */
  readonly recipient: (Recipient & Person) | null;
}

/** SQL: what somebody is called, or null. */
const nameOf = (user: string) =>
  sql`nullif(trim(concat_ws(' ', ${sql.ref(`${user}.fields`)}->>'FIRST_NAME', ${sql.ref(`${user}.fields`)}->>'LAST_NAME')), '')`;

interface DueRow {
  message_id: string;
  user_id: string;
  kind: Kind;
  data: Record<string, unknown>;
  not_before: Date;
  attempts: number;
  reason: string | null;
  counted_on: string | null;
  known: boolean;
  is_active: boolean;
  email: string | null;
  opted_out: boolean;
  name: string | null;
  login: string | null;
  locale: string | null;
  time_zone: string | null;
}

/** Messages that are due, locked, in the order in which they became due. Others may take further ones meanwhile. */
export async function dueMessages(
  tx: WriteTx,
  accountId: number,
  now: Date,
  limit: number,
): Promise<DueMessage[]> {
  const { rows } = await sql<DueRow>`
    with due as materialized (
      select message_id, user_id, kind, data, not_before, due_at, attempts, reason, counted_on from mail_message
      where account_id = ${accountId} and state = 'waiting' and merged_into is null and due_at <= ${now}
      order by due_at, message_id limit ${limit} for update skip locked)
    select due.message_id, due.user_id, due.kind, due.data, due.not_before, due.attempts, due.reason,
      due.counted_on::text as counted_on, u.user_id is not null as known, ${isActiveAt('u', now)} as is_active, u.email,
      ${hasOptedOut('u')} as opted_out, ${nameOf('u')} as name, u.login, u.locale, u.time_zone
    from due left join users u on u.account_id = ${accountId} and u.user_id = due.user_id
    order by due.due_at, due.message_id`.execute(tx);
  return rows.map((row) => ({
    messageId: row.message_id,
    userId: row.user_id,
    content: readContent(row.kind, row.data),
    notBefore: row.not_before,
    attempts: row.attempts,
    wasPutOff: row.reason === 'cap',
    countedOn: row.counted_on,
    recipient: row.known
      ? {
          isActive: row.is_active,
          address: row.email,
          hasOptedOut: row.opted_out,
          name: row.name,
          login: row.login,
          locale: row.locale,
          timeZone: row.time_zone,
        }
      : null,
  }));
}

/** How many messages of a day each of these people has had, or is about to have. */
export async function countsOf(
  tx: ReadTx,
  accountId: number,
  userIds: readonly string[],
  day: string,
): Promise<Map<string, number>> {
  const { rows } = await sql<{ user_id: string; n: number }>`
    select user_id, count(*)::int as n from mail_message
    where account_id = ${accountId} and user_id = any(${[...userIds]}::uuid[]) and counted_on = ${day}::date
      and merged_into is null and state in ('waiting', 'sent')
    group by user_id`.execute(tx);
  return new Map(rows.map((row) => [row.user_id, row.n]));
}

/** Takes messages: until then nobody else does, and they count for that day, but for links to set a password. */
export async function claim(
  tx: WriteTx,
  accountId: number,
  messages: readonly Pick<DueMessage, 'messageId' | 'content'>[],
  { until, day }: { until: Date; day: string },
): Promise<void> {
  const counted = messages.filter(({ content }) => !isLinkMessage(content)).map(({ messageId }) => messageId);
  await sql`update mail_message set attempts = attempts + 1, due_at = ${until},
      counted_on = case when message_id = any(${counted}::uuid[]) then ${day}::date end
    where account_id = ${accountId} and message_id = any(${messages.map(({ messageId }) => messageId)}::uuid[])`.execute(
    tx,
  );
}

/**
 * Makes one message of those that were put off and are due by now: they go with the one that is sent to each person,
 * but for those from before an instant, which are too old.
 */
export async function mergeInto(
  tx: WriteTx,
  accountId: number,
  mains: readonly Pick<DueMessage, 'messageId' | 'userId'>[],
  { now, before }: { readonly now: Date; readonly before: Date },
): Promise<void> {
  if (mains.length === 0) return;
  // Anew each time: what an earlier attempt took along may be too old by now.
  await sql`update mail_message set merged_into = null
    where account_id = ${accountId} and merged_into = any(${mains.map(({ messageId }) => messageId)}::uuid[])`.execute(
    tx,
  );
  await sql`
    update mail_message m set merged_into = w.message_id
    from unnest(${mains.map(({ messageId }) => messageId)}::uuid[], ${mains.map(({ userId }) => userId)}::uuid[])
      as w(message_id, user_id)
    where m.account_id = ${accountId} and m.user_id = w.user_id and m.message_id <> w.message_id and m.state = 'waiting'
      and m.reason = 'cap' and m.merged_into is null and m.due_at <= ${now} and m.not_before >= ${before}`.execute(
    tx,
  );
}

/** The contents that go with each of these messages, in the order in which they were asked for. */
export async function mergedContents(
  tx: ReadTx,
  accountId: number,
  messageIds: readonly string[],
): Promise<Map<string, Content[]>> {
  const { rows } = await sql<{ merged_into: string; kind: Kind; data: Record<string, unknown> }>`
    select merged_into, kind, data from mail_message
    where account_id = ${accountId} and merged_into = any(${[...messageIds]}::uuid[]) order by message_id`.execute(
    tx,
  );
  const contents = new Map<string, Content[]>();
  for (const { merged_into: main, kind, data } of rows)
    contents.set(main, [...(contents.get(main) ?? []), readContent(kind, data)]);
  return contents;
}

/** What became of a message. */
export interface Outcome {
  readonly messageId: string;
  /** The attempt that it became of; a later one has its own say. */
  readonly attempt: number;
  readonly state: 'waiting' | 'sent' | 'dropped' | 'failed';
  readonly reason: Reason | null;
  /** Of a waiting one, when it is tried next. */
  readonly dueAt: Date | null;
  readonly status: string | null;
  readonly locale: string | null;
}

/** Records what became of messages, and of whatever goes with them; those of which a later attempt is under way are left. */
export async function record(
  tx: WriteTx,
  accountId: number,
  outcomes: readonly Outcome[],
  now: Date,
): Promise<void> {
  const column = <T>(pick: (outcome: Outcome) => T): T[] => outcomes.map(pick);
  await sql`
    with became as materialized (
      select * from unnest(${column(({ messageId }) => messageId)}::uuid[], ${column(({ attempt }) => attempt)}::int4[],
        ${column(({ state }) => state)}::text[], ${column(({ reason }) => reason)}::text[],
        ${column(({ dueAt }) => dueAt?.toISOString() ?? null)}::timestamptz[], ${column(({ status }) => status)}::text[],
        ${column(({ locale }) => locale)}::text[]) as w(message_id, attempt, state, reason, due_at, status, locale)),
    mains as (
      update mail_message m set state = w.state, due_at = coalesce(w.due_at, m.due_at), status = w.status,
        reason = case when w.state = 'waiting' and m.reason = 'cap' then 'cap' else w.reason end,
        locale = coalesce(w.locale, m.locale),
        -- What somebody wrote themselves is kept no longer than it may yet be sent.
        data = case when w.state in ('sent', 'dropped') then m.data - 'message' else m.data end,
        settled_at = case when w.state <> 'waiting' then ${now}::timestamptz end,
        counted_on = case when w.state = 'sent' then m.counted_on end
      from became w
      where m.account_id = ${accountId} and m.message_id = w.message_id and m.attempts = w.attempt and m.state = 'waiting'
      returning m.message_id, w.state, w.reason, w.locale, w.status)
    update mail_message m set state = w.state, reason = w.reason, locale = w.locale, status = w.status,
      settled_at = ${now}::timestamptz
    from mains w
    where m.account_id = ${accountId} and m.merged_into = w.message_id and m.state = 'waiting' and w.state <> 'waiting'`.execute(
    tx,
  );
}

/** Drops what has become too old, whether it could have been sent or not; how many. */
export async function dropOlder(tx: WriteTx, accountId: number, before: Date, now: Date): Promise<number> {
  const { rows } = await sql`
    with old as (
      select message_id from mail_message
      where account_id = ${accountId} and state = 'waiting' and merged_into is null and not_before < ${before}
        and due_at <= ${now}
      order by not_before limit 10000 for update skip locked)
    update mail_message m set state = 'dropped', reason = 'too_old', data = m.data - 'message', settled_at = ${now}::timestamptz
    where m.account_id = ${accountId} and m.state = 'waiting'
      and coalesce(m.merged_into, m.message_id) in (select message_id from old) returning 1`.execute(tx);
  return rows.length;
}

/** Forgets messages of which something became before an instant, a part of them at a time. */
export async function deleteSettled(tx: WriteTx, accountId: number, before: Date): Promise<void> {
  await sql`
    delete from mail_message where account_id = ${accountId} and message_id in (
      select message_id from mail_message
      where account_id = ${accountId} and state <> 'waiting' and settled_at < ${before}
      order by settled_at limit 10000)`.execute(tx);
}

/** When the next message is due, and whether there are any at all. */
export async function nextDue(
  tx: ReadTx,
  accountId: number,
): Promise<{ readonly dueAt: Date | null; readonly isEmpty: boolean }> {
  const { rows } = await sql<{ due_at: Date | null; is_empty: boolean }>`
    select (select min(due_at) from mail_message
            where account_id = ${accountId} and state = 'waiting' and merged_into is null) as due_at,
      not exists (select from mail_message where account_id = ${accountId}) as is_empty`.execute(tx);
  return { dueAt: rows[0]?.due_at ?? null, isEmpty: rows[0]?.is_empty ?? true };
}

/** How many messages of a kind were asked for somebody since an instant. */
export async function countAsked(
  tx: ReadTx,
  accountId: number,
  { userId, kind, since }: { userId: string; kind: Kind; since: Date },
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from mail_message
    where account_id = ${accountId} and user_id = ${userId} and kind = ${kind} and created_at > ${since}`.execute(
    tx,
  );
  return rows[0]?.n ?? 0;
}

/** Accounts that have something to send. */
export async function accountsWaiting(tx: ReadTx): Promise<number[]> {
  const { rows } = await sql<{ account_id: number }>`
    select a.account_id from account a where exists (
      select from mail_message m where m.account_id = a.account_id and m.state = 'waiting' and m.merged_into is null)
    order by a.account_id`.execute(tx);
  return rows.map((row) => row.account_id);
}

/** How many messages wait, in all accounts. */
export async function countWaiting(tx: ReadTx): Promise<number> {
  const { rows } = await sql<{ n: string }>`
    select count(*) as n from mail_message where state = 'waiting'`.execute(tx);
  return Number(rows[0]?.n ?? 0);
}

/** What the database says about everything that these contents name: a statement for each kind of thing. */
export async function factsFor(tx: ReadTx, accountId: number, contents: readonly Content[]): Promise<Facts> {
  const notices = contents.flatMap(entriesOf);
  const named = notices.flatMap((notice) => Object.entries(notice));
  const [items = [], trainings = [], sessions = [], learners = [], requests = []] = [
    'itemId',
    'trainingId',
    'sessionId',
    'learnerId',
    'requestId',
  ].map((name) => [...new Set(named.filter(([key]) => key === name).map(([, id]) => String(id)))]);
  const titled = async (wanted: readonly string[], statement: ReturnType<typeof sql<Titled>>) =>
    new Map(
      wanted.length === 0
        ? []
        : (await statement.execute(tx)).rows.map((row) => [row.id, row.title] as const),
    );
  return {
    items: await titled(
      items,
      sql<Titled>`select item_id as id, title from content_item
        where account_id = ${accountId} and item_id = any(${items}::uuid[])`,
    ),
    trainings: await titled(
      trainings,
      sql<Titled>`select training_id as id, title from training
        where account_id = ${accountId} and training_id = any(${trainings}::uuid[])`,
    ),
    learners: await titled(
      learners,
      sql<Titled>`select u.user_id as id, coalesce(${nameOf('u')}, u.login) as title from users u
        where u.account_id = ${accountId} and u.user_id = any(${learners}::uuid[]) and u.deleted_at is null`,
    ),
    requests: await titled(
      requests,
      sql<Titled>`select request_id as id, coalesce(message, '') as title from unlock_request
        where account_id = ${accountId} and request_id = any(${requests}::uuid[])`,
    ),
    sessions: sessions.length === 0 ? new Map() : await sessionsOf(tx, accountId, sessions),
  };
}

interface Titled {
  id: string;
  title: string;
}

async function sessionsOf(
  tx: ReadTx,
  accountId: number,
  sessionIds: readonly string[],
): Promise<Map<string, Session>> {
  const { rows } = await sql<{
    session_id: string;
    title: string;
    starts_at: Date | null;
    duration_seconds: number;
    location: string | null;
    url: string | null;
  }>`
    select s.session_id, s.title, d.starts_at, d.duration_seconds, d.location, d.url
    from training_session s
    left join training_day d on d.account_id = s.account_id and d.session_id = s.session_id
    where s.account_id = ${accountId} and s.session_id = any(${[...sessionIds]}::uuid[])
    order by s.session_id, d.starts_at`.execute(tx);
  const sessions = new Map<string, Session>();
  for (const row of rows) {
    const { title, days } = sessions.get(row.session_id) ?? { title: row.title, days: [] };
    const day = row.starts_at && {
      startsAt: row.starts_at,
      seconds: row.duration_seconds,
      location: row.location,
      url: row.url,
    };
    sessions.set(row.session_id, { title, days: day ? [...days, day] : days });
  }
  return sessions;
}
