import { sql } from 'kysely';
import type { EnrollmentKey } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { archive, NOT_RESTORED } from './past-queries.ts';
import { nextTerm, sinceWhen, uuidArray } from './queries.ts';
import type { EnrolledTerms } from './row-rules.ts';
import type { Terms } from './rules.ts';

/** All SQL of rows with terms of their own: what their pairs have, and how some thousand of them are written at once. */

export interface Pair {
  readonly learnerId: string;
  readonly itemId: string;
}

export type CurrentEnrollment = EnrolledTerms & Omit<EnrollmentKey, 'accountId'>;

/** The enrollment that each pair has; null where it has none. */
export async function currentOf(
  tx: ReadTx,
  accountId: number,
  pairs: readonly Pair[],
): Promise<(CurrentEnrollment | null)[]> {
  const { rows } = await sql<{
    no: number;
    chunk: string;
    ordinal: number;
    version_chunk: string;
    access_at: Date;
    due_at: Date | null;
    due_period_hours: number | null;
    due_rule: number;
    lock_after_due: boolean;
  }>`
    select w.no::int, e.* from unnest(${uuidArray(pairs.map((pair) => pair.learnerId))}::uuid[],
        ${uuidArray(pairs.map((pair) => pair.itemId))}::uuid[]) with ordinality as w(learner_id, item_id, no)
    cross join lateral (
      select chunk, ordinal, version_chunk, access_at, due_at, due_period_hours, due_rule, lock_after_due
      from enrollment where account_id = ${accountId} and learner_id = w.learner_id and item_id = w.item_id
      offset 0) e`.execute(tx);
  const found = new Map(
    rows.map((row) => [
      row.no - 1,
      {
        chunk: BigInt(row.chunk),
        ordinal: row.ordinal,
        version: BigInt(row.version_chunk),
        accessAt: row.access_at,
        dueAt: row.due_at,
        duePeriodHours: row.due_period_hours,
        dueRule: row.due_rule,
        lock: row.lock_after_due,
      },
    ]),
  );
  return pairs.map((_, place) => found.get(place) ?? null);
}

/** The chunk that writes, and when. */
interface Writing {
  readonly accountId: number;
  readonly chunk: bigint;
  readonly at: Date;
}

export interface NewRow extends Pair {
  readonly terms: Terms;
  /** Its place in the chunk. */
  readonly ordinal: number;
}

const termColumns = (rows: readonly { readonly terms: Terms }[]) => sql`
  ${rows.map(({ terms }) => terms.accessAt)}::timestamptz[], ${rows.map(({ terms }) => terms.dueAt)}::timestamptz[],
  ${rows.map(({ terms }) => terms.duePeriodHours)}::int[], ${rows.map(({ terms }) => terms.dueRule)}::int2[],
  ${rows.map(({ terms }) => terms.lock)}::boolean[]`;

/** Inserts those pairs that do not exist; returns how many per item. Their parents are locked. */
export async function insertRows(
  tx: WriteTx,
  { accountId, chunk, at }: Writing,
  rows: readonly NewRow[],
  withPast: ReadonlySet<string>,
): Promise<Map<string, number>> {
  const { rows: counted } = await sql<{ item_id: string; n: number }>`
    with inserted as (
      insert into enrollment (account_id, learner_id, item_id, chunk, ordinal, access_at, due_at, due_period_hours,
                              due_rule, lock_after_due, type_group, term, version_chunk, recorded_at)
      select ${accountId}, l.learner_id, i.item_id, ${String(chunk)}::int8, l.ordinal, l.access_at, l.due_at,
             l.due_period_hours, l.due_rule, l.lock_after_due, 0, ${nextTerm(accountId, sql`l.has_past`)},
             ${String(chunk)}::int8, ${sinceWhen(accountId, sql`l.has_past`, sql`${at}::timestamptz`)}
      from unnest(${uuidArray(rows.map((row) => row.learnerId))}::uuid[], ${uuidArray(rows.map((row) => row.itemId))}::uuid[],
          ${rows.map((row) => row.ordinal)}::int[], ${rows.map((row) => withPast.has(row.learnerId))}::boolean[],
          ${termColumns(rows)})
        as l(learner_id, item_id, ordinal, has_past, access_at, due_at, due_period_hours, due_rule, lock_after_due)
      cross join lateral (select l.item_id) as i
      on conflict (account_id, learner_id, item_id) do nothing
      returning item_id)
    select item_id, count(*)::int as n from inserted group by item_id`.execute(tx);
  return new Map(counted.map((row) => [row.item_id, row.n]));
}

export interface ChangedRow extends Pair {
  readonly terms: Terms;
  /** The version to be superseded; any other stays. */
  readonly version: bigint;
}

/** Gives enrollments other terms; returns how many per item were still in the version that was judged. */
export async function changeRows(
  tx: WriteTx,
  change: Writing,
  rows: readonly ChangedRow[],
): Promise<Map<string, number>> {
  const { rows: counted } = await sql<{ item_id: string; n: number }>`
    with wanted as materialized (
      select * from unnest(${uuidArray(rows.map((row) => row.learnerId))}::uuid[], ${uuidArray(rows.map((row) => row.itemId))}::uuid[],
          ${rows.map((row) => String(row.version))}::int8[], ${termColumns(rows)})
        as w(learner_id, item_id, version, access, due, hours, rule, lock)),
    old as materialized (
      select e.*, w.access, w.due, w.hours, w.rule, w.lock from wanted w cross join lateral (
        select * from enrollment where account_id = ${change.accountId} and learner_id = w.learner_id
          and item_id = w.item_id and version_chunk = w.version for update) e),
    kept as (${archive(sql`old`, change, 'edited')}),
    edited as (
      update enrollment e set access_at = old.access, due_at = old.due, due_period_hours = old.hours,
        due_rule = old.rule, lock_after_due = old.lock, version_chunk = ${String(change.chunk)}::int8,
        recorded_at = greatest(old.recorded_at, ${change.at}::timestamptz), ${NOT_RESTORED}
      from old where e.account_id = ${change.accountId} and e.learner_id = old.learner_id and e.item_id = old.item_id)
    select item_id, count(*)::int as n from old group by item_id`.execute(tx);
  return new Map(counted.map((row) => [row.item_id, row.n]));
}
