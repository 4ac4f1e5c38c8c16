import { sql } from 'kysely';
import type { ReadTx } from '../storage/index.ts';

/** SQL: the user `u` by the names in the profile; null where there are none. */
export const NAME = sql`nullif(trim(concat_ws(' ', u.fields->>'FIRST_NAME', u.fields->>'LAST_NAME')), '')`;

/** A day for which a user has a seat. */
export interface SeatedDay {
  readonly dayId: string;
  readonly trainingTitle: string;
  readonly sessionTitle: string;
  readonly timeZone: string;
  readonly startsAt: Date;
  readonly durationSeconds: number;
  readonly location: string | null;
  readonly url: string | null;
  /** Which of the session's days it is, from 1, and how many there are. */
  readonly number: number;
  readonly count: number;
  readonly instructor: string | null;
  readonly organizer: string | null;
}

interface SeatedDayRow {
  day_id: string;
  training_title: string;
  session_title: string;
  time_zone: string;
  starts_at: Date;
  duration_seconds: number;
  location: string | null;
  url: string | null;
  number: number;
  count: number;
  instructor: string | null;
  organizer: string | null;
}

/** The days of every session in which a user has a seat, if they start at an instant or later: the next ones first. */
export async function seatedDaysOf(
  tx: ReadTx,
  accountId: number,
  userId: string,
  { since, limit }: { since: Date; limit: number },
): Promise<SeatedDay[]> {
  const { rows } = await sql<SeatedDayRow>`
    select d.day_id, t.title as training_title, s.title as session_title, t.time_zone, d.starts_at, d.duration_seconds,
      d.location, d.url, d.number, d.count,
      (select ${NAME} from users u where u.account_id = s.account_id and u.user_id = s.instructor_id) as instructor,
      (select ${NAME} from users u where u.account_id = t.account_id and u.user_id = t.organizer_id) as organizer
    from training_seat seat
    join training_session s on s.account_id = seat.account_id and s.session_id = seat.session_id
    join training t on t.account_id = s.account_id and t.training_id = s.training_id
    cross join lateral (
      select *, row_number() over (order by starts_at, day_id)::int as number, count(*) over ()::int as count
      from training_day where account_id = s.account_id and session_id = s.session_id) d
    where seat.account_id = ${accountId} and seat.user_id = ${userId} and d.starts_at >= ${since}
    order by d.starts_at, d.day_id limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    dayId: row.day_id,
    trainingTitle: row.training_title,
    sessionTitle: row.session_title,
    timeZone: row.time_zone,
    startsAt: row.starts_at,
    durationSeconds: row.duration_seconds,
    location: row.location,
    url: row.url,
    number: row.number,
    count: row.count,
    instructor: row.instructor,
    organizer: row.organizer,
  }));
}
