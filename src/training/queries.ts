import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of trainings. */

export interface Training {
  readonly trainingId: string;
  readonly title: string;
  readonly organizerId: string;
  readonly trainingType: string;
  readonly timeZone: string;
  readonly registrationDeadlineHours: number | null;
  readonly cancellationDeadlineHours: number | null;
}

export interface Session {
  readonly sessionId: string;
  readonly trainingId: string;
  readonly title: string;
  readonly instructorId: string | null;
  readonly capacity: number | null;
  readonly timeZone: string;
  /** In order of their start */
  readonly days: readonly Day[];
}

export interface Day {
  readonly dayId: string;
  readonly sessionId: string;
  readonly startsAt: Date;
  readonly durationSeconds: number;
  readonly location: string | null;
  readonly url: string | null;
}

/** Which of the ids are trainings, with their titles. */
export async function findTrainings(
  tx: ReadTx,
  accountId: number,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await sql<{ training_id: string; title: string }>`
    select training_id, title from training where account_id = ${accountId} and training_id = any(${`{${ids.join(',')}}`}::uuid[])`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.training_id, row.title]));
}

export async function findTraining(
  tx: ReadTx,
  accountId: number,
  trainingId: string,
): Promise<Training | null> {
  const { rows } = await sql<{
    title: string;
    organizer_id: string;
    training_type: string;
    time_zone: string;
    registration_deadline_hours: number | null;
    cancellation_deadline_hours: number | null;
  }>`select * from training where account_id = ${accountId} and training_id = ${trainingId}`.execute(tx);
  const row = rows[0];
  return row
    ? {
        trainingId,
        title: row.title,
        organizerId: row.organizer_id,
        trainingType: row.training_type,
        timeZone: row.time_zone,
        registrationDeadlineHours: row.registration_deadline_hours,
        cancellationDeadlineHours: row.cancellation_deadline_hours,
      }
    : null;
}

export async function insertTraining(
  tx: WriteTx,
  accountId: number,
  training: Training,
  now: Date,
): Promise<void> {
  await sql`
    insert into training (account_id, training_id, title, organizer_id, training_type, time_zone,
      registration_deadline_hours, cancellation_deadline_hours, added_at)
    values (${accountId}, ${training.trainingId}, ${training.title}, ${training.organizerId}, ${training.trainingType}, ${training.timeZone},
      ${training.registrationDeadlineHours}, ${training.cancellationDeadlineHours}, ${now})`.execute(tx);
}

/** A session with all its days, in one statement. */
export async function insertSession(
  tx: WriteTx,
  accountId: number,
  session: Omit<Session, 'timeZone'>,
): Promise<void> {
  const { days } = session;
  await sql`
    insert into training_session (account_id, session_id, training_id, title, instructor_id, capacity)
    values (${accountId}, ${session.sessionId}, ${session.trainingId}, ${session.title}, ${session.instructorId}, ${session.capacity})`.execute(
    tx,
  );
  await sql`
    insert into training_day (account_id, day_id, session_id, starts_at, duration_seconds, location, url)
    select ${accountId}, * from unnest(${days.map((d) => d.dayId)}::uuid[], ${days.map((d) => d.sessionId)}::uuid[],
      ${days.map((d) => d.startsAt)}::timestamptz[], ${days.map((d) => d.durationSeconds)}::int[],
      ${days.map((d) => d.location)}::text[], ${days.map((d) => d.url)}::text[])`.execute(tx);
}

interface SessionRow {
  session_id: string;
  training_id: string;
  title: string;
  instructor_id: string | null;
  capacity: number | null;
  time_zone: string;
  days: {
    day_id: string;
    starts_at: string;
    duration_seconds: number;
    location: string | null;
    url: string | null;
  }[];
}

/** Sessions of a training (all of them, in order of creation), one session, or the session of a day. */
export async function selectSessions(
  tx: ReadTx,
  accountId: number,
  by: { trainingId: string } | { sessionId: string } | { dayId: string },
): Promise<Session[]> {
  const condition =
    'trainingId' in by
      ? sql`s.training_id = ${by.trainingId}`
      : 'sessionId' in by
        ? sql`s.session_id = ${by.sessionId}`
        : sql`s.session_id = (select session_id from training_day where account_id = ${accountId} and day_id = ${by.dayId})`;
  const { rows } = await sql<SessionRow>`
    select s.session_id, s.training_id, s.title, s.instructor_id, s.capacity, t.time_zone,
      coalesce((select jsonb_agg(to_jsonb(d) order by d.starts_at, d.day_id) from training_day d
                where d.account_id = s.account_id and d.session_id = s.session_id), '[]') as days
    from training_session s join training t on t.account_id = s.account_id and t.training_id = s.training_id
    where s.account_id = ${accountId} and ${condition} order by s.session_id`.execute(tx);
  return rows.map((row) => ({
    sessionId: row.session_id,
    trainingId: row.training_id,
    title: row.title,
    instructorId: row.instructor_id,
    capacity: row.capacity,
    timeZone: row.time_zone,
    days: row.days.map((day) => ({
      dayId: day.day_id,
      sessionId: row.session_id,
      startsAt: new Date(day.starts_at),
      durationSeconds: day.duration_seconds,
      location: day.location,
      url: day.url,
    })),
  }));
}

/** Which of these users do not exist. */
export async function unknownUsers(tx: ReadTx, accountId: number, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select w.id from unnest(${ids}::uuid[]) as w(id)
    where not exists (select from users u where u.account_id = ${accountId} and u.user_id = w.id
                        and u.deleted_at is null)`.execute(tx);
  return rows.map((row) => row.id);
}

/** False when there is no such day, or it has that link already. */
export async function updateDayUrl(
  tx: WriteTx,
  accountId: number,
  dayId: string,
  url: string | null,
): Promise<boolean> {
  const { rows } = await sql`
    update training_day set url = ${url} where account_id = ${accountId} and day_id = ${dayId}
      and url is distinct from ${url} returning day_id`.execute(tx);
  return rows.length > 0;
}
