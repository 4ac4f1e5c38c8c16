import { sql } from 'kysely';
import { isActiveAt } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { NAME } from './day-queries.ts';
import type { SeatedSession } from './seat-queries.ts';

/** All SQL of what learners choose themselves: their own seat in a training, and the waiting lists. */

/** One at a time for each learner: two clicks, or two tabs, follow each other. */
export async function lockChooser(tx: WriteTx, accountId: number, userId: string): Promise<void> {
  await sql`select from users where account_id = ${accountId} and user_id = ${userId} for no key update`.execute(
    tx,
  );
}

export interface ChoosableSession extends SeatedSession {
  readonly startsAt: Date | null;
  readonly registrationDeadlineHours: number | null;
  readonly cancellationDeadlineHours: number | null;
}

/** Sessions of a training, locked in order of their ids, so that two who switch in opposite directions do not block each other. */
export async function lockSessions(
  tx: WriteTx,
  accountId: number,
  trainingId: string,
  sessionIds: readonly string[],
): Promise<Map<string, ChoosableSession>> {
  const { rows } = await sql<{
    session_id: string;
    training_id: string;
    seat_limit: number;
    starts_at: Date | null;
    registration_deadline_hours: number | null;
    cancellation_deadline_hours: number | null;
  }>`
    with locked as materialized (
      select * from training_session
      where account_id = ${accountId} and training_id = ${trainingId} and session_id = any(${[...sessionIds]}::uuid[])
      order by session_id for no key update)
    select s.session_id, s.training_id, s.seat_limit, t.registration_deadline_hours, t.cancellation_deadline_hours,
      (select min(d.starts_at) from training_day d where d.account_id = ${accountId} and d.session_id = s.session_id) as starts_at
    from locked s join training t on t.account_id = ${accountId} and t.training_id = s.training_id`.execute(
    tx,
  );
  return new Map(
    rows.map((row) => [
      row.session_id,
      {
        sessionId: row.session_id,
        trainingId: row.training_id,
        seatLimit: row.seat_limit,
        startsAt: row.starts_at,
        registrationDeadlineHours: row.registration_deadline_hours,
        cancellationDeadlineHours: row.cancellation_deadline_hours,
      },
    ]),
  );
}

export interface OwnSeat {
  readonly sessionId: string;
  readonly takenBy: 'administrator' | 'learner';
  /** Whether attendance of a day of the session was recorded for its user. */
  readonly isAttended: boolean;
}

/** Somebody's seat in a training; null if they have none. */
export async function findOwnSeat(
  tx: ReadTx,
  accountId: number,
  trainingId: string,
  userId: string,
): Promise<OwnSeat | null> {
  const { rows } = await sql<{
    session_id: string;
    taken_by: 'administrator' | 'learner';
    is_attended: boolean;
  }>`
    select s.session_id, s.taken_by, exists (
        select from training_day d join training_attendance a on a.account_id = d.account_id and a.day_id = d.day_id
        where d.account_id = s.account_id and d.session_id = s.session_id and a.user_id = s.user_id) as is_attended
    from training_seat s
    where s.account_id = ${accountId} and s.training_id = ${trainingId} and s.user_id = ${userId}`.execute(
    tx,
  );
  const row = rows[0];
  return row ? { sessionId: row.session_id, takenBy: row.taken_by, isAttended: row.is_attended } : null;
}

/** Puts somebody at the end of the list of a locked session; whoever is on it already keeps their place. */
export async function insertWaiting(
  tx: WriteTx,
  accountId: number,
  { sessionId, trainingId }: SeatedSession,
  userId: string,
  now: Date,
): Promise<void> {
  await sql`
    insert into training_waiting (account_id, training_id, user_id, session_id, place, since)
    values (${accountId}, ${trainingId}, ${userId}, ${sessionId}, (
      select coalesce(max(place), 0) + 1 from training_waiting where account_id = ${accountId} and session_id = ${sessionId}), ${now})
    on conflict (account_id, training_id, user_id) do update set session_id = excluded.session_id, place = excluded.place,
      since = excluded.since where training_waiting.session_id <> excluded.session_id`.execute(tx);
}

export async function deleteWaiting(
  tx: WriteTx,
  accountId: number,
  trainingId: string,
  userIds: readonly string[],
): Promise<void> {
  await sql`delete from training_waiting where account_id = ${accountId} and training_id = ${trainingId}
    and user_id = any(${[...userIds]}::uuid[])`.execute(tx);
}

/** How many seats of a locked session are free, and who is next for them: active people, in the order of the list. */
export async function nextInLine(
  tx: WriteTx,
  accountId: number,
  { sessionId, seatLimit }: SeatedSession,
  now: Date,
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select w.user_id from training_waiting w
    join users u on u.account_id = w.account_id and u.user_id = w.user_id and ${isActiveAt('u', now)}
    where w.account_id = ${accountId} and w.session_id = ${sessionId} and not exists (
      select from training_seat t where t.account_id = w.account_id and t.training_id = w.training_id and t.user_id = w.user_id)
    order by w.place
    limit greatest(0, ${seatLimit} - (
      select count(*) from training_seat where account_id = ${accountId} and session_id = ${sessionId}))`.execute(
    tx,
  );
  return rows.map((row) => row.user_id);
}

/** What a learner sees of a session beside its times. */
export interface Occupancy {
  readonly sessionId: string;
  /** Null: as many as come. */
  readonly free: number | null;
  readonly waiting: number;
  /** The learner's own place in the list, from 1; null when not on it. */
  readonly ownPlace: number | null;
  readonly instructor: string | null;
}

export async function occupancyOf(
  tx: ReadTx,
  accountId: number,
  trainingId: string,
  userId: string,
): Promise<Map<string, Occupancy>> {
  const { rows } = await sql<{
    session_id: string;
    capacity: number | null;
    taken: number;
    waiting: number;
    own_place: number | null;
    instructor: string | null;
  }>`
    select s.session_id, s.capacity,
      (select count(*)::int from training_seat t where t.account_id = s.account_id and t.session_id = s.session_id) as taken,
      (select count(*)::int from training_waiting w where w.account_id = s.account_id and w.session_id = s.session_id) as waiting,
      (select count(*)::int from training_waiting w join training_waiting own
         on own.account_id = w.account_id and own.session_id = w.session_id and own.user_id = ${userId} and w.place <= own.place
       where w.account_id = s.account_id and w.session_id = s.session_id) as own_place,
      (select ${NAME} from users u
       where u.account_id = s.account_id and u.user_id = s.instructor_id) as instructor
    from training_session s where s.account_id = ${accountId} and s.training_id = ${trainingId}`.execute(tx);
  return new Map(
    rows.map((row) => [
      row.session_id,
      {
        sessionId: row.session_id,
        free: row.capacity === null ? null : Math.max(0, row.capacity - row.taken),
        waiting: row.waiting,
        ownPlace: row.own_place || null,
        instructor: row.instructor,
      },
    ]),
  );
}

/** The days of the sessions in which somebody has a seat, but for one training. */
export async function otherDaysOf(
  tx: ReadTx,
  accountId: number,
  userId: string,
  trainingId: string,
): Promise<{ title: string; startsAt: Date; durationSeconds: number }[]> {
  const { rows } = await sql<{ title: string; starts_at: Date; duration_seconds: number }>`
    select t.title, d.starts_at, d.duration_seconds from training_seat s
    join training t on t.account_id = s.account_id and t.training_id = s.training_id
    join training_day d on d.account_id = s.account_id and d.session_id = s.session_id
    where s.account_id = ${accountId} and s.user_id = ${userId} and s.training_id <> ${trainingId}
    order by d.starts_at`.execute(tx);
  return rows.map((row) => ({
    title: row.title,
    startsAt: row.starts_at,
    durationSeconds: row.duration_seconds,
  }));
}
