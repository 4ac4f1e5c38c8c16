import { type RawBuilder, sql } from 'kysely';
import { isActiveAt } from '../access/index.ts';
import { afterPosition } from '../enrollment/index.ts';
import type { FeedPlace } from '../feed/index.ts';
import { newId } from '../kernel/ids.ts';
import { currentTerm, isDone, STATUSES } from '../progress/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Scheduled, Terms } from './rules.ts';

/** SQL of what is to be said when: how far events are followed, dates and whom they concern. */

const DONE = STATUSES.filter(isDone);

/** Accounts that have events which were not followed yet. */
export async function accountsAhead(tx: ReadTx): Promise<number[]> {
  const { rows } = await sql<{ account_id: number }>`
    select s.account_id from seal s left join notice_place p on p.account_id = s.account_id
    where s.position > coalesce(p.at_position, 0) or s.events > coalesce(p.at_event, 0)
      or exists (select from operation_chunk c where c.account_id = s.account_id and c.position is null)
      or exists (select from event e where e.account_id = s.account_id and e.number is null)
    order by s.account_id`.execute(tx);
  return rows.map((row) => row.account_id);
}

/** How far an account's events are followed, locked: one follows them at a time, and nobody changes settings meanwhile. */
export async function lockPlace(tx: WriteTx, accountId: number): Promise<FeedPlace> {
  const { position, itemId, ordinal } = afterPosition(0n);
  await sql`
    insert into notice_place (account_id, at_position, at_item, at_ordinal, at_event)
    values (${accountId}, ${String(position)}::int8, ${itemId}, ${ordinal}, 0) on conflict do nothing`.execute(
    tx,
  );
  const { rows } = await sql<{ at_position: string; at_item: string; at_ordinal: number; at_event: string }>`
    select at_position, at_item, at_ordinal, at_event from notice_place where account_id = ${accountId} for update`.execute(
    tx,
  );
  const [row] = rows;
  if (!row) return { ...afterPosition(0n), number: 0n };
  return {
    position: BigInt(row.at_position),
    itemId: row.at_item,
    ordinal: row.at_ordinal,
    number: BigInt(row.at_event),
  };
}

export async function recordPlace(tx: WriteTx, accountId: number, place: FeedPlace): Promise<void> {
  await sql`update notice_place set at_position = ${String(place.position)}::int8, at_item = ${place.itemId},
    at_ordinal = ${place.ordinal}, at_event = ${String(place.number)}::int8 where account_id = ${accountId}`.execute(
    tx,
  );
}

/** SQL: the versions that a chunk of `w` put there for an item, wherever they are now. */
const versions = (accountId: number): RawBuilder<unknown> => {
  const columns = sql`learner_id, item_id, chunk, ordinal, version_chunk, access_at, due_at, recorded_at`;
  const first = sql`account_id = ${accountId} and item_id = w.item_id and chunk = w.chunk and version_chunk = w.chunk`;
  const rewritten = sql`account_id = ${accountId} and version_chunk = w.chunk and version_chunk <> chunk and item_id = w.item_id`;
  return sql`
    select ${columns}, null::timestamptz as past_at from enrollment where ${first}
    union all select ${columns}, null from enrollment where ${rewritten}
    union all select ${columns}, past_at from enrollment_past where ${first}
    union all select ${columns}, past_at from enrollment_past where ${rewritten}`;
};

/** What a chunk put there for an item. */
export interface Put {
  readonly chunk: bigint;
  readonly itemId: string;
}

export interface PutTerms extends Put, Terms {
  readonly learners: number;
}

/** The dates of what chunks put there: for each the same for all, but for files, in which each row has its own. */
export async function termsOf(tx: ReadTx, accountId: number, puts: readonly Put[]): Promise<PutTerms[]> {
  const { rows } = await sql<{
    no: number;
    access_at: Date;
    due_at: Date | null;
    recorded_at: Date;
    learners: number;
  }>`
    select w.no, v.access_at, v.due_at, min(v.recorded_at) as recorded_at, count(*)::int as learners
    from unnest(${puts.map((_, no) => no)}::int[], ${puts.map(({ chunk }) => String(chunk))}::int8[],
                ${puts.map(({ itemId }) => itemId)}::uuid[]) as w(no, chunk, item_id)
    cross join lateral (${versions(accountId)}) v
    group by w.no, v.access_at, v.due_at order by w.no`.execute(tx);
  return rows.flatMap((row) => {
    const put = puts[row.no];
    return put
      ? {
          ...put,
          accessAt: row.access_at,
          dueAt: row.due_at,
          recordedAt: row.recorded_at,
          learners: row.learners,
        }
      : [];
  });
}

export async function insertSchedule(
  tx: WriteTx,
  accountId: number,
  scheduled: readonly (PutTerms & { readonly nextAt: Date })[],
): Promise<void> {
  if (scheduled.length === 0) return;
  const column = <T>(pick: (one: PutTerms & { readonly nextAt: Date }) => T): T[] => scheduled.map(pick);
  await sql`
    insert into notice_schedule (account_id, schedule_id, chunk, item_id, access_at, due_at, recorded_at, learners, next_at)
    select ${accountId}, w.* from unnest(
      ${column(() => newId())}::uuid[], ${column(({ chunk }) => String(chunk))}::int8[],
      ${column(({ itemId }) => itemId)}::uuid[], ${column(({ accessAt }) => accessAt.toISOString())}::timestamptz[],
      ${column(({ dueAt }) => dueAt?.toISOString() ?? null)}::timestamptz[],
      ${column(({ recordedAt }) => recordedAt.toISOString())}::timestamptz[],
      ${column(({ learners }) => learners)}::int4[],
      ${column(({ nextAt }) => nextAt.toISOString())}::timestamptz[]) as w
    on conflict (account_id, chunk, item_id, access_at, due_at) do nothing`.execute(tx);
}

/** Dates of which something is to be said. */
export interface DueTerms extends PutTerms, Scheduled {
  readonly scheduleId: string;
}

/** Dates of which something is due, locked, those that wait longest first: of so many learners at most, but one at least. */
export async function lockDue(
  tx: WriteTx,
  accountId: number,
  now: Date,
  most: { readonly rows: number; readonly learners: number },
): Promise<DueTerms[]> {
  const { rows } = await sql<{
    schedule_id: string;
    chunk: string;
    item_id: string;
    access_at: Date;
    due_at: Date | null;
    recorded_at: Date;
    learners: number;
    said_at: Date | null;
  }>`
    select schedule_id, chunk, item_id, access_at, due_at, recorded_at, learners, said_at from notice_schedule
    where account_id = ${accountId} and next_at <= ${now}
    order by next_at limit ${most.rows} for update`.execute(tx);
  let learners = 0;
  const upTo = rows.findIndex((row) => {
    learners += row.learners;
    return learners > most.learners;
  });
  return rows.slice(0, upTo < 0 ? rows.length : Math.max(upTo, 1)).map((row) => ({
    scheduleId: row.schedule_id,
    chunk: BigInt(row.chunk),
    itemId: row.item_id,
    accessAt: row.access_at,
    dueAt: row.due_at,
    recordedAt: row.recorded_at,
    learners: row.learners,
    saidAt: row.said_at,
  }));
}

/** What is said of dates: all up to an instant. What is never looked at again is forgotten. */
export async function recordSaid(
  tx: WriteTx,
  accountId: number,
  said: readonly { readonly scheduleId: string; readonly nextAt: Date | null }[],
  upTo: Date,
): Promise<void> {
  const over = said.filter(({ nextAt }) => nextAt === null).map(({ scheduleId }) => scheduleId);
  const open = said.flatMap(({ scheduleId, nextAt }) => (nextAt ? { scheduleId, nextAt } : []));
  if (over.length > 0)
    await sql`delete from notice_schedule
      where account_id = ${accountId} and schedule_id = any(${over}::uuid[])`.execute(tx);
  if (open.length > 0)
    await sql`
      update notice_schedule s set said_at = ${upTo}, next_at = w.next_at
      from unnest(${open.map(({ scheduleId }) => scheduleId)}::uuid[],
                  ${open.map(({ nextAt }) => nextAt.toISOString())}::timestamptz[]) as w(schedule_id, next_at)
      where s.account_id = ${accountId} and s.schedule_id = w.schedule_id`.execute(tx);
}

export async function nextDue(tx: ReadTx, accountId: number): Promise<Date | null> {
  const { rows } = await sql<{ next_at: Date | null }>`
    select min(next_at) as next_at from notice_schedule where account_id = ${accountId}`.execute(tx);
  return rows[0]?.next_at ?? null;
}

/** Lets dates after one be looked at again now, some of them; the last, or null if there are no more. */
export async function lookAgain(
  tx: WriteTx,
  accountId: number,
  { after, limit, now }: { readonly after: string; readonly limit: number; readonly now: Date },
): Promise<string | null> {
  const { rows } = await sql<{ schedule_id: string }>`
    with part as materialized (
      select schedule_id from notice_schedule where account_id = ${accountId} and schedule_id > ${after}
      order by schedule_id limit ${limit} for update)
    update notice_schedule s set next_at = least(s.next_at, ${now}::timestamptz) from part
    where s.account_id = ${accountId} and s.schedule_id = part.schedule_id returning s.schedule_id`.execute(
    tx,
  );
  const last = rows
    .map((row) => row.schedule_id)
    .sort()
    .at(-1);
  return rows.length === limit && last !== undefined ? last : null;
}

/** Something to be said of dates at an instant. */
export interface Saying extends Put, Terms {
  readonly at: Date;
  readonly isAssigned: boolean;
  readonly isReminder: boolean;
}

/** Whom something is to be said of. */
export interface Concerned {
  /** Which of what is said */
  readonly no: number;
  readonly learnerId: string;
  /** As it is now */
  readonly dueAt: Date | null;
  readonly isAssigned: boolean;
  readonly isReminder: boolean;
}

/**
 * Whom it concerns: whose enrollment had these dates at that instant, by this chunk, which one version at most can say of
 * itself, and who has it still. An assignment is said once of an enrollment, whatever became of its dates: if no version
 * before was open while it held.
 */
export async function concernedBy(
  tx: ReadTx,
  accountId: number,
  sayings: readonly Saying[],
  now: Date,
): Promise<Concerned[]> {
  if (sayings.length === 0) return [];
  const column = <T>(pick: (saying: Saying) => T): T[] => sayings.map(pick);
  const { rows } = await sql<{
    no: number;
    learner_id: string;
    due_at: Date | null;
    is_assigned: boolean;
    is_reminder: boolean;
  }>`
    select c.no, c.learner_id, c.due_at, c.is_assigned, c.is_reminder and not exists (
        select from progress p where p.account_id = ${accountId} and p.learner_id = c.learner_id and p.item_id = c.item_id
          and p.term = ${currentTerm(accountId, sql`c.learner_id`, sql`c.item_id`)} and p.status = any(${DONE}::text[])
      ) as is_reminder
    from (
      select w.no, e.learner_id, e.item_id, e.due_at,
        w.is_assigned and greatest(v.access_at, v.recorded_at) < coalesce(v.past_at, 'infinity') and (
          v.version_chunk = v.chunk or not exists (
            select from enrollment_past p where p.account_id = ${accountId} and p.chunk = v.chunk and p.ordinal = v.ordinal
              and p.version_chunk < v.version_chunk and greatest(p.access_at, p.recorded_at) < p.past_at)) as is_assigned,
        w.is_reminder and v.recorded_at <= w.at and (v.past_at > w.at) is not false and e.due_at = w.due_at as is_reminder
      from unnest(${column((_) => 0).map((_, no) => no)}::int[], ${column(({ chunk }) => String(chunk))}::int8[],
                  ${column(({ itemId }) => itemId)}::uuid[],
                  ${column(({ accessAt }) => accessAt.toISOString())}::timestamptz[],
                  ${column(({ dueAt }) => dueAt?.toISOString() ?? null)}::timestamptz[],
                  ${column(({ at }) => at.toISOString())}::timestamptz[],
                  ${column(({ isAssigned }) => isAssigned)}::bool[], ${column(({ isReminder }) => isReminder)}::bool[])
        as w(no, chunk, item_id, access_at, due_at, at, is_assigned, is_reminder)
      cross join lateral (${versions(accountId)}) v
      join enrollment e on e.account_id = ${accountId} and e.learner_id = v.learner_id and e.item_id = v.item_id
        and e.chunk = v.chunk and e.ordinal = v.ordinal
      join users u on u.account_id = ${accountId} and u.user_id = e.learner_id and ${isActiveAt('u', now)}
      where v.access_at = w.access_at and v.due_at is not distinct from w.due_at) c
    where c.is_assigned or c.is_reminder
    order by c.no, c.learner_id`.execute(tx);
  return rows
    .filter((row) => row.is_assigned || row.is_reminder)
    .map((row) => ({
      no: row.no,
      learnerId: row.learner_id,
      dueAt: row.due_at,
      isAssigned: row.is_assigned,
      isReminder: row.is_reminder,
    }));
}
