import { type RawBuilder, sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import { type EnrollmentKey, enrollmentId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { uuidArray } from './queries.ts';
import type { Terms } from './rules.ts';

/** All SQL by which current enrollments become history: superseded by another version, re-enrolled, ended. */

/** What a version of an enrollment is, in both tables. */
export const VERSION = sql`account_id, learner_id, item_id, chunk, ordinal, access_at, due_at, due_period_hours, due_rule,
  lock_after_due, type_group, term, version_chunk, recorded_at, restored_chunk, restored_place`;

/** The change: which account and chunk, and since when it holds. */
export interface Change {
  readonly accountId: number;
  readonly chunk: bigint;
  readonly at: Date;
}

/** Versions stand in order, also when a request was judged before the one that was written first. */
const moment = (at: Date): RawBuilder<Date> => sql`greatest(recorded_at, ${at}::timestamptz)`;

/** How versions become past: by an undo that leaves nothing, `left` is what had left nothing there before. */
export interface Ceasing {
  readonly cause: 'edited' | 'ended' | 'reenrolled' | 'undone';
  readonly left: RawBuilder<unknown>;
}
const ceasing = (cause: Ceasing['cause']): Ceasing => ({ cause, left: sql`null::int8` });
const ENDED = ceasing('ended');
export const REPLACED_BY_UNDO = ceasing('undone');

/** SQL: to be set with every new version: it is no undo's. */
export const NOT_RESTORED = sql`restored_chunk = null, restored_place = null`;

/** `from` is a CTE of versions that are replaced or gone. */
const archiveAs = (
  from: RawBuilder<unknown>,
  { chunk, at }: Change,
  { cause, left }: Ceasing,
): RawBuilder<unknown> => sql`
  insert into enrollment_past (${VERSION}, past_chunk, past_at, past_cause, left_chunk)
  select ${VERSION}, ${String(chunk)}::int8, ${moment(at)}, ${cause}, ${left} from ${from} v`;

export const archive = (
  from: RawBuilder<unknown>,
  change: Change,
  cause: Ceasing['cause'],
): RawBuilder<unknown> => archiveAs(from, change, ceasing(cause));

/** The current enrollment of a key, locked in its latest version. */
const held = (key: EnrollmentKey): RawBuilder<unknown> => sql`
  select ${VERSION} from enrollment
  where account_id = ${key.accountId} and chunk = ${String(key.chunk)}::int8 and ordinal = ${key.ordinal} for update`;

/** Locks an enrollment, so that the number of a chunk drawn under the lock tells which change came first; false if it is not there. */
export async function lockEnrollment(tx: WriteTx, key: EnrollmentKey): Promise<boolean> {
  const { rows } = await held(key).execute(tx);
  return rows.length === 1;
}

/** Gives an enrollment other terms, unless it has just these; null if it is no longer there. */
export async function replaceTerms(
  tx: WriteTx,
  key: EnrollmentKey,
  change: Change,
  terms: Terms,
): Promise<'changed' | 'unchanged' | null> {
  const { rows } = await sql<{ is_changed: boolean }>`
    with held as materialized (${held(key)}),
    old as materialized (
      select * from held where (access_at, due_at, due_period_hours, due_rule, lock_after_due) is distinct from
        (${terms.accessAt}::timestamptz, ${terms.dueAt}::timestamptz, ${terms.duePeriodHours}::int, ${terms.dueRule}::int2, ${terms.lock}::boolean)),
    kept as (${archive(sql`old`, change, 'edited')}),
    edited as (
      update enrollment e set access_at = ${terms.accessAt}, due_at = ${terms.dueAt}, due_period_hours = ${terms.duePeriodHours},
        due_rule = ${terms.dueRule}, lock_after_due = ${terms.lock}, version_chunk = ${String(change.chunk)}::int8,
        recorded_at = greatest(old.recorded_at, ${change.at}::timestamptz), ${NOT_RESTORED}
      from old where e.account_id = old.account_id and e.learner_id = old.learner_id and e.item_id = old.item_id)
    select exists (select from old) as is_changed from held`.execute(tx);
  const [row] = rows;
  if (!row) return null;
  return row.is_changed ? 'changed' : 'unchanged';
}

/**
 * Puts a new enrollment in the place of one: another id, the next term. The row of the pair stays, so that nobody can
 * enroll it in between. False if the old one is no longer there.
 */
export async function startNextTerm(
  tx: WriteTx,
  key: EnrollmentKey,
  change: Change,
  terms: Terms,
): Promise<boolean> {
  const { rows } = await sql`
    with old as materialized (${held(key)}),
    kept as (${archive(sql`old`, change, 'reenrolled')})
    update enrollment e set chunk = ${String(change.chunk)}::int8, ordinal = 0, access_at = ${terms.accessAt},
      due_at = ${terms.dueAt}, due_period_hours = ${terms.duePeriodHours}, due_rule = ${terms.dueRule},
      lock_after_due = ${terms.lock}, type_group = 0, version_chunk = ${String(change.chunk)}::int8,
      recorded_at = greatest(old.recorded_at, ${change.at}::timestamptz), ${NOT_RESTORED},
      term = 1 + greatest(old.term, (
        select max(p.term) from enrollment_past p
        where p.account_id = old.account_id and p.learner_id = old.learner_id and p.item_id = old.item_id))
    from old where e.account_id = old.account_id and e.learner_id = old.learner_id and e.item_id = old.item_id
    returning 1`.execute(tx);
  return rows.length === 1;
}

/** What ends: enrollments by their keys, or whatever some learners have. */
export type Ending = { readonly keys: readonly EnrollmentKey[] } | { readonly learnerIds: readonly string[] };

/**
 * SQL: a condition on the current enrollments `e`. The chunks are named apart, so that an index leads to them: without
 * statistics the planner would rather read every enrollment of the account than look up ten thousand keys. With
 * `is true` the keys are a hash, whatever is estimated, and no join.
 */
const isWanted = (ending: Ending): RawBuilder<boolean> =>
  'keys' in ending
    ? sql`e.chunk = any(${[...new Set(ending.keys.map((key) => String(key.chunk)))]}::int8[])
        and ((e.chunk, e.ordinal) in (
          select * from unnest(${ending.keys.map((key) => String(key.chunk))}::int8[], ${ending.keys.map((key) => key.ordinal)}::int[]))) is true`
    : sql`e.learner_id = any(${uuidArray(ending.learnerIds)}::uuid[])`;

/** How many of them are current, and of learners within reach. */
export async function countCurrent(
  tx: ReadTx,
  accountId: number,
  reach: Reach,
  ending: Ending,
): Promise<number> {
  const isReached =
    reach === 'everyone'
      ? sql`true`
      : sql`exists (select from users u where u.account_id = e.account_id and u.user_id = e.learner_id
          and ${within(reach, sql`u.department_id`)})`;
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from enrollment e
    where e.account_id = ${accountId} and ${isWanted(ending)} and ${isReached}`.execute(tx);
  return rows[0]?.n ?? 0;
}

/**
 * Locks whose enrollments are about to end, in order of id, and counts it up. Inserts lock the same rows, so those in
 * flight are waited for; those that wait for us find another count than they loaded, and judge again. To be called
 * in a statement of its own before {@link moveToPast}, which then sees what was waited for.
 */
export async function lockEnding(tx: WriteTx, accountId: number, ending: Ending): Promise<void> {
  await lockAndCount(
    tx,
    accountId,
    sql`with wanted as materialized (
      select distinct e.learner_id from enrollment e where e.account_id = ${accountId} and ${isWanted(ending)}
      order by e.learner_id)`,
  );
}

/** `wanted`: SQL that begins a statement, with a CTE of that name of learners in order of id. */
export async function lockAndCount(
  tx: WriteTx,
  accountId: number,
  wanted: RawBuilder<unknown>,
): Promise<void> {
  await sql`
    ${wanted},
    learner as materialized (
      select u.user_id from wanted w cross join lateral (
        select user_id from users where account_id = ${accountId} and user_id = w.learner_id for update) u)
    update users u set endings = u.endings + 1 from learner l
    where u.account_id = ${accountId} and u.user_id = l.user_id`.execute(tx);
}

/** Ends current enrollments; item → how many. What is no longer there is left out. */
export async function moveToPast(
  tx: WriteTx,
  change: Change,
  ending: Ending,
  how: Ceasing = ENDED,
): Promise<Map<string, number>> {
  const { rows } = await sql<{ item_id: string; n: number }>`
    with ended as (
      delete from enrollment e where e.account_id = ${change.accountId} and ${isWanted(ending)} returning e.*),
    kept as (${archiveAs(sql`ended`, change, how)})
    select item_id, count(*)::int as n from ended group by item_id`.execute(tx);
  return new Map(rows.map((row) => [row.item_id, row.n]));
}

/** The ids of what a chunk ended, in order of creation. */
export async function endedBy(tx: ReadTx, accountId: number, chunk: bigint): Promise<string[]> {
  const { rows } = await sql<{ chunk: string; ordinal: number }>`
    select chunk, ordinal from enrollment_past where account_id = ${accountId} and past_chunk = ${String(chunk)}::int8
    order by chunk, ordinal`.execute(tx);
  return rows.map((row) => enrollmentId({ accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal }));
}
