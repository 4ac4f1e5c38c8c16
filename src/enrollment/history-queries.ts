import { type RawBuilder, sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import { type EnrollmentKey, enrollmentId } from '../kernel/ids.ts';
import type { ReadTx } from '../storage/index.ts';
import { VERSION } from './past-queries.ts';
import type { Terms } from './rules.ts';

/** All SQL that reads the history of one enrollment: its versions, and the operations that began and ended each. */

/** The operation that did something, and its chunk. */
export interface Doing {
  readonly chunk: bigint;
  readonly operationId: string;
  readonly kind: string;
  readonly actorId: string;
  readonly clientId: string | null;
  readonly source: string;
  readonly reason: string | null;
  /** The operation that it undoes, or that brought it about. */
  readonly causeId: string | null;
  readonly acceptedAt: Date;
}

export interface Version {
  readonly terms: Terms;
  readonly typeGroup: number;
  readonly recordedAt: Date;
  readonly begun: Doing;
  /** The one before it went over into this one without a gap; null for the first. */
  readonly follows: boolean | null;
  /** The enrollment in whose place this one came, by re-enrolling. */
  readonly replaces: string | undefined;
  /** Null while it is current. */
  readonly over: VersionEnd | null;
}

export interface VersionEnd {
  readonly at: Date;
  readonly by: Doing;
  /** Another version of the same enrollment takes its place at once. */
  readonly isContinued: boolean;
  /** The enrollment that came in its place, by re-enrolling. */
  readonly replacedBy: string | undefined;
}

/** Whose enrollment it is or was. */
export interface Subject {
  readonly learnerId: string;
  readonly itemId: string;
}

const isThis = ({ accountId, chunk, ordinal }: EnrollmentKey): RawBuilder<boolean> =>
  sql`account_id = ${accountId} and chunk = ${String(chunk)}::int8 and ordinal = ${ordinal}`;

/**
 * The learner and the item of an enrollment, current or ended, if the learner is within reach. No key is looked up as
 * one that names nothing is, so that nobody is told which it was.
 */
export async function findSubject(
  tx: ReadTx,
  accountId: number,
  [key]: readonly EnrollmentKey[],
  reach: Reach,
): Promise<Subject | null> {
  const { chunk, ordinal } = key ?? { chunk: -1n, ordinal: -1 };
  const isWanted = isThis({ accountId, chunk, ordinal });
  const isReached =
    reach === 'everyone'
      ? sql`true`
      : sql`exists (select from users u where u.account_id = ${accountId} and u.user_id = e.learner_id
          and ${within(reach, sql`u.department_id`)})`;
  const { rows } = await sql<{ learner_id: string; item_id: string }>`
    select learner_id, item_id from (
      select learner_id, item_id from enrollment where ${isWanted}
      union all select learner_id, item_id from enrollment_past where ${isWanted}) e
    where ${isReached} limit 1`.execute(tx);
  return rows[0] ? { learnerId: rows[0].learner_id, itemId: rows[0].item_id } : null;
}

interface DoingRow {
  chunk: string;
  operation_id: string;
  kind: string;
  actor_id: string;
  client_id: string | null;
  source: string;
  reason: string | null;
  cause_id: string | null;
  accepted_at: string;
}

interface VersionRow {
  access_at: Date;
  due_at: Date | null;
  due_period_hours: number | null;
  due_rule: number;
  lock_after_due: boolean;
  type_group: number;
  recorded_at: Date;
  past_at: Date | null;
  before_chunk: string | null;
  after_chunk: string | null;
  begun: DoingRow;
  over: DoingRow | null;
  replaces: { chunk: string; ordinal: number } | null;
  replaced_by: { chunk: string; ordinal: number } | null;
}

/** Where a reader of the versions stands. */
export interface VersionPlace {
  readonly recordedAt: Date;
  readonly chunk: bigint;
}

/** SQL: the operation of a chunk as JSON. */
const doing = (accountId: number, chunk: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
  select jsonb_build_object('chunk', c.chunk::text, 'operation_id', o.operation_id, 'kind', o.kind, 'actor_id', o.actor_id,
           'client_id', o.client_id, 'source', o.source, 'reason', o.reason, 'cause_id', o.cause_id,
           'accepted_at', o.accepted_at)
  from operation_chunk c join operation o on o.account_id = c.account_id and o.operation_id = c.operation_id
  where c.account_id = ${accountId} and c.chunk = ${chunk})`;

/** The versions of an enrollment after a place, in order. */
export async function versionsAfter(
  tx: ReadTx,
  key: EnrollmentKey,
  after: VersionPlace | null,
  limit: number,
): Promise<Version[]> {
  const { accountId } = key;
  const isAfter = after
    ? sql`(recorded_at, version_chunk) > (${after.recordedAt}::timestamptz, ${String(after.chunk)}::int8)`
    : sql`true`;
  const { rows } = await sql<VersionRow>`
    with version as materialized (
      select *, lag(past_chunk) over (order by recorded_at, version_chunk) as before_chunk,
                lead(version_chunk) over (order by recorded_at, version_chunk) as after_chunk
      from (select ${VERSION}, null::int8 as past_chunk, null::timestamptz as past_at, null::text as past_cause
            from enrollment where ${isThis(key)}
            union all
            select ${VERSION}, past_chunk, past_at, past_cause from enrollment_past where ${isThis(key)}) v),
    page as materialized (
      select * from version where ${isAfter} order by recorded_at, version_chunk limit ${limit})
    select v.*, v.before_chunk::text, v.after_chunk::text, ${doing(accountId, sql`v.version_chunk`)} as begun,
      ${doing(accountId, sql`v.past_chunk`)} as over,
      case when v.version_chunk = v.chunk then (
        select jsonb_build_object('chunk', p.chunk::text, 'ordinal', p.ordinal) from enrollment_past p
        where p.account_id = ${accountId} and p.past_chunk = v.chunk and p.past_cause = 'reenrolled'
          and p.learner_id = v.learner_id and p.item_id = v.item_id limit 1) end as replaces,
      case when v.past_cause = 'reenrolled' then (
        select jsonb_build_object('chunk', n.chunk::text, 'ordinal', n.ordinal) from (
          select chunk, ordinal, learner_id from enrollment where account_id = ${accountId} and chunk = v.past_chunk
            and item_id = v.item_id
          union all
          select chunk, ordinal, learner_id from enrollment_past where account_id = ${accountId} and chunk = v.past_chunk
            and item_id = v.item_id) n
        where n.learner_id = v.learner_id limit 1) end as replaced_by
    from page v order by v.recorded_at, v.version_chunk`.execute(tx);
  return rows.map((row) => toVersion(accountId, row));
}

const toDoing = (row: DoingRow): Doing => ({
  chunk: BigInt(row.chunk),
  operationId: row.operation_id,
  kind: row.kind,
  actorId: row.actor_id,
  clientId: row.client_id,
  source: row.source,
  reason: row.reason,
  causeId: row.cause_id,
  acceptedAt: new Date(row.accepted_at),
});

function toVersion(accountId: number, row: VersionRow): Version {
  const begun = toDoing(row.begun);
  const by = row.over && toDoing(row.over);
  const idOf = (key: { chunk: string; ordinal: number } | null) =>
    key ? enrollmentId({ accountId, chunk: BigInt(key.chunk), ordinal: key.ordinal }) : undefined;
  return {
    terms: {
      accessAt: row.access_at,
      dueAt: row.due_at,
      duePeriodHours: row.due_period_hours,
      dueRule: row.due_rule,
      lock: row.lock_after_due,
    },
    typeGroup: row.type_group,
    recordedAt: row.recorded_at,
    begun,
    follows: row.before_chunk === null ? null : BigInt(row.before_chunk) === begun.chunk,
    replaces: idOf(row.replaces),
    over:
      row.past_at && by
        ? {
            at: row.past_at,
            by,
            isContinued: row.after_chunk !== null && BigInt(row.after_chunk) === by.chunk,
            replacedBy: idOf(row.replaced_by),
          }
        : null,
  };
}

/** How the words name people and an item. A name is given of whom the caller reaches. */
export async function namesFor(
  tx: ReadTx,
  accountId: number,
  reach: Reach,
  userIds: readonly string[],
  itemId: string,
): Promise<{ users: ReadonlyMap<string, string>; title: string | undefined }> {
  const isReached = reach === 'everyone' ? sql`true` : within(reach, sql`u.department_id`);
  const { rows } = await sql<{ id: string; name: string }>`
    select u.user_id as id,
           coalesce(nullif(trim(concat_ws(' ', u.fields->>'FIRST_NAME', u.fields->>'LAST_NAME')), ''), u.login) as name
    from users u where u.account_id = ${accountId} and u.user_id = any(${[...userIds]}::uuid[])
      and u.deleted_at is null and ${isReached}
    union all
    select item_id, title from content_item where account_id = ${accountId} and item_id = ${itemId}`.execute(
    tx,
  );
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  return { users: names, title: names.get(itemId) };
}
