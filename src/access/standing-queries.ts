import { type RawBuilder, sql } from 'kysely';

/**
 * A user's status at an instant, as SQL over an alias of `users`: a scheduled end counts from its date on. Nothing may
 * ask `status` alone.
 */

/** 1 active, 3 inactive, 5 employment ended. */
export const statusAt = (user: string, now: Date): RawBuilder<number> => sql<number>`
  case when ${sql.ref(`${user}.status`)} = 5 or ${sql.ref(`${user}.terminate_at`)} <= ${now}::timestamptz then 5
       when ${sql.ref(`${user}.status`)} = 3 or ${sql.ref(`${user}.deactivate_at`)} <= ${now}::timestamptz then 3 else 1 end`;

export const isActiveAt = (user: string, now: Date): RawBuilder<boolean> => sql<boolean>`
  (${sql.ref(`${user}.status`)} = 1 and (${sql.ref(`${user}.active_until`)} <= ${now}::timestamptz) is not true)`;
