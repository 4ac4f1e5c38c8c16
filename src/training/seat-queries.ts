import { sql } from 'kysely';
import { isActiveAt, type Reach, within } from '../access/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { Attendance } from './attendance.ts';
import type { KnownUser } from './rules.ts';

/** All SQL of seats and attendance. Sessions and days are in queries.ts. */

/** Users by id, locked so that their status and department hold until the transaction ends. */
export async function lockUsers(
  tx: WriteTx,
  accountId: number,
  userIds: readonly string[],
  now: Date,
): Promise<Map<string, KnownUser>> {
  const { rows } = await sql<{ user_id: string; department_id: string; is_active: boolean }>`
    select user_id, department_id, ${isActiveAt('users', now)} as is_active from users
    where account_id = ${accountId} and user_id = any(${userIds}::uuid[]) and deleted_at is null
    order by user_id for share`.execute(tx);
  return new Map(
    rows.map((row) => [row.user_id, { departmentId: row.department_id, isActive: row.is_active }]),
  );
}

export interface SeatedSession {
  readonly sessionId: string;
  readonly trainingId: string;
  /** Its capacity, or the largest integer when it has none */
  readonly seatLimit: number;
}

interface SeatedSessionRow {
  session_id: string;
  training_id: string;
  seat_limit: number;
}

const toSeatedSession = (row: SeatedSessionRow | undefined): SeatedSession | null =>
  row ? { sessionId: row.session_id, trainingId: row.training_id, seatLimit: row.seat_limit } : null;

/** Locks a session, so that its seats are given one request at a time; null when there is none. */
export async function lockSession(
  tx: WriteTx,
  accountId: number,
  sessionId: string,
): Promise<SeatedSession | null> {
  const { rows } = await sql<SeatedSessionRow>`
    select session_id, training_id, seat_limit from training_session
    where account_id = ${accountId} and session_id = ${sessionId} for no key update`.execute(tx);
  return toSeatedSession(rows[0]);
}

export async function sessionExists(tx: ReadTx, accountId: number, sessionId: string): Promise<boolean> {
  const { rows } = await sql`
    select from training_session where account_id = ${accountId} and session_id = ${sessionId}`.execute(tx);
  return rows.length > 0;
}

export async function sessionOfDay(
  tx: ReadTx,
  accountId: number,
  dayId: string,
): Promise<SeatedSession | null> {
  const { rows } = await sql<SeatedSessionRow>`
    select s.session_id, s.training_id, s.seat_limit from training_day d
    join training_session s on s.account_id = d.account_id and s.session_id = d.session_id
    where d.account_id = ${accountId} and d.day_id = ${dayId}`.execute(tx);
  return toSeatedSession(rows[0]);
}

/**
 * Seats users who have none in the training yet, on the lowest free numbers of a locked session. Among the first
 * taken + wanted numbers there are always enough; one above the limit violates `training_seat_limit`. Returns who got one.
 */
export async function insertSeats(
  tx: WriteTx,
  accountId: number,
  session: SeatedSession,
  seats: readonly { seatId: string; userId: string }[],
  taken: { by: 'administrator' | 'learner'; at: Date },
): Promise<string[]> {
  const { sessionId, trainingId, seatLimit } = session;
  const { rows } = await sql<{ user_id: string }>`
    with wanted as (
      select w.user_id, w.seat_id, row_number() over (order by w.seat_id) as place
      from unnest(${seats.map((seat) => seat.userId)}::uuid[], ${seats.map((seat) => seat.seatId)}::uuid[]) as w(user_id, seat_id)
      where not exists (select from training_seat s
        where s.account_id = ${accountId} and s.training_id = ${trainingId} and s.user_id = w.user_id)),
    occupied as (
      select seat_number from training_seat where account_id = ${accountId} and session_id = ${sessionId}),
    free as (
      select number, row_number() over (order by number) as place
      from generate_series(1, (select count(*)::int from occupied) + (select count(*)::int from wanted)) as n(number)
      where number not in (select seat_number from occupied))
    insert into training_seat (account_id, training_id, user_id, session_id, seat_id, seat_number, seat_limit, taken_by, taken_at)
    select ${accountId}, ${trainingId}, w.user_id, ${sessionId}, w.seat_id, f.number, ${seatLimit}, ${taken.by}, ${taken.at}
    from wanted w join free f on f.place = w.place
    on conflict (account_id, training_id, user_id) do nothing returning user_id`.execute(tx);
  return rows.map((row) => row.user_id).sort();
}

/** Which of the users have their seat in another session of the training. */
export async function seatedElsewhere(
  tx: ReadTx,
  accountId: number,
  session: SeatedSession,
  userIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select user_id from training_seat where account_id = ${accountId} and training_id = ${session.trainingId}
      and user_id = any(${userIds}::uuid[]) and session_id <> ${session.sessionId} order by user_id`.execute(
    tx,
  );
  return rows.map((row) => row.user_id);
}

/** Returns who had one. */
export async function deleteSeats(
  tx: WriteTx,
  accountId: number,
  sessionId: string,
  userIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{
    user_id: string;
  }>`delete from training_seat where account_id = ${accountId} and session_id = ${sessionId}
    and user_id = any(${userIds}::uuid[]) returning user_id`.execute(tx);
  return rows.map((row) => row.user_id).sort();
}

export interface Seat {
  readonly seatId: string;
  readonly userId: string;
}

/** Seats of a session whose users are within reach, in the order in which they were taken. */
export async function seatsAfter(
  tx: ReadTx,
  filter: { accountId: number; sessionId: string; reach: Reach },
  after: string | null,
  limit: number,
): Promise<Seat[]> {
  const { rows } = await sql<{ seat_id: string; user_id: string }>`
    select s.seat_id, s.user_id from training_seat s
    join users u on u.account_id = s.account_id and u.user_id = s.user_id
    where s.account_id = ${filter.accountId} and s.session_id = ${filter.sessionId}
      and ${within(filter.reach, sql`u.department_id`)} ${after ? sql`and s.seat_id > ${after}::uuid` : sql``}
    order by s.seat_id limit ${limit}`.execute(tx);
  return rows.map((row) => ({ seatId: row.seat_id, userId: row.user_id }));
}

/** Which of the users have a seat in the session; their seats are locked, in order of user. */
export async function lockSeats(
  tx: WriteTx,
  accountId: number,
  sessionId: string,
  userIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select user_id from training_seat where account_id = ${accountId} and session_id = ${sessionId}
      and user_id = any(${userIds}::uuid[]) order by user_id for no key update`.execute(tx);
  return rows.map((row) => row.user_id);
}

/** Records a day for any number of users, in one statement; a later record replaces an earlier one. */
export async function upsertAttendance(
  tx: WriteTx,
  accountId: number,
  dayId: string,
  entries: readonly Attendance[],
  recorded: { by: string; at: Date },
): Promise<void> {
  await sql`
    insert into training_attendance (account_id, day_id, user_id, is_attended, duration_seconds, recorded_by, recorded_at)
    select ${accountId}, ${dayId}, e.*, ${recorded.by}, ${recorded.at}
    from unnest(${entries.map((e) => e.userId)}::uuid[], ${entries.map((e) => e.isAttended)}::boolean[],
      ${entries.map((e) => e.durationSeconds)}::int[]) as e
    on conflict (account_id, day_id, user_id) do update set is_attended = excluded.is_attended,
      duration_seconds = excluded.duration_seconds, recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at`.execute(
    tx,
  );
}

/** Which of these participants have attended every day of the session. */
export async function attendedInFull(
  tx: ReadTx,
  accountId: number,
  sessionId: string,
  userIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select s.user_id from training_seat s
    where s.account_id = ${accountId} and s.session_id = ${sessionId} and s.user_id = any(${userIds}::uuid[])
      and not exists (select from training_day d where d.account_id = s.account_id and d.session_id = s.session_id
        and not exists (select from training_attendance a where a.account_id = d.account_id and a.day_id = d.day_id
          and a.user_id = s.user_id and a.is_attended))
    order by s.user_id`.execute(tx);
  return rows.map((row) => row.user_id);
}

/** Free seats of each training in its sessions that have not begun; null where one of them has no limit. */
export async function freeSeats(
  tx: ReadTx,
  accountId: number,
  trainingIds: readonly string[],
  now: Date,
): Promise<Map<string, number | null>> {
  const { rows } = await sql<{ training_id: string; free: string; is_unlimited: boolean }>`
    select w.id as training_id, coalesce(s.free, 0) as free, coalesce(s.is_unlimited, false) as is_unlimited
    from (select distinct id from unnest(${[...trainingIds]}::uuid[]) as u(id)) w
    left join lateral (
      select sum(s.capacity - (select count(*) from training_seat t
                               where t.account_id = s.account_id and t.session_id = s.session_id)) as free,
             bool_or(s.capacity is null) as is_unlimited
      from training_session s
      where s.account_id = ${accountId} and s.training_id = w.id
        and (select min(d.starts_at) from training_day d
             where d.account_id = s.account_id and d.session_id = s.session_id) > ${now}) s on true`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.training_id, row.is_unlimited ? null : Number(row.free)]));
}
