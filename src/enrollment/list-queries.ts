import { type RawBuilder, sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import { type EnrollmentKey, enrollmentId } from '../kernel/ids.ts';
import type { ReadTx } from '../storage/index.ts';
import { uuidArray } from './queries.ts';

/** All SQL that reads enrollments back. The order is (chunk, ordinal): creation, and an index of its own. */

export interface Enrollment {
  readonly enrollmentId: string;
  readonly chunk: bigint;
  readonly ordinal: number;
  readonly learnerId: string;
  readonly itemId: string;
  readonly accessAt: Date;
  readonly dueAt: Date | null;
  readonly duePeriodHours: number | null;
  readonly dueRule: number;
  readonly lockAfterDueDate: boolean;
  readonly typeGroup: number;
  readonly term: number;
}

/** Which enrollments; null means any. `reach` is whom the caller may see. */
export interface Filter {
  readonly accountId: number;
  readonly reach: Reach;
  readonly learnerIds: readonly string[] | null;
  readonly itemIds: readonly string[] | null;
  readonly keys: readonly EnrollmentKey[] | null;
}

export interface Place {
  readonly chunk: bigint;
  readonly ordinal: number;
}

interface EnrollmentRow {
  chunk: string;
  ordinal: number;
  learner_id: string;
  item_id: string;
  access_at: Date;
  due_at: Date | null;
  due_period_hours: number | null;
  due_rule: number;
  lock_after_due: boolean;
  type_group: number;
  term: number;
}

const COLUMNS = sql`e.chunk, e.ordinal, e.learner_id, e.item_id, e.access_at, e.due_at, e.due_period_hours,
  e.due_rule, e.lock_after_due, e.type_group, e.term`;
const CREATION = sql`order by chunk, ordinal`;

const toEnrollment = (accountId: number, row: EnrollmentRow): Enrollment => {
  const chunk = BigInt(row.chunk);
  return {
    enrollmentId: enrollmentId({ accountId, chunk, ordinal: row.ordinal }),
    chunk,
    ordinal: row.ordinal,
    learnerId: row.learner_id,
    itemId: row.item_id,
    accessAt: row.access_at,
    dueAt: row.due_at,
    duePeriodHours: row.due_period_hours,
    dueRule: row.due_rule,
    lockAfterDueDate: row.lock_after_due,
    typeGroup: row.type_group,
    term: row.term,
  };
};

/** Limits rows to learners the caller reaches. */
const reached = (filter: Filter): RawBuilder<unknown> =>
  filter.reach === 'everyone'
    ? sql``
    : sql`and exists (select from users u where u.account_id = e.account_id and u.user_id = e.learner_id
            and ${within(filter.reach, sql`u.department_id`)})`;

/**
 * SQL: the next enrollments by creation, of a table `e`, that satisfy `more`. Each kind of filter has its own shape, so
 * that each walks an index and none sorts more than it must: named enrollments, pairs, learners, one course after
 * another, or all.
 */
function walk(
  table: 'enrollment' | 'enrollment_past',
  filter: Filter,
  more: RawBuilder<unknown>,
  limit: number,
): RawBuilder<EnrollmentRow> {
  const from = sql`${sql.table(table)} e`;
  const { accountId, keys, learnerIds, itemIds } = filter;
  const learners = learnerIds && sql`e.learner_id = any(${uuidArray(learnerIds)}::uuid[])`;
  const items = itemIds && sql`e.item_id = any(${uuidArray(itemIds)}::uuid[])`;
  const rest = sql`${more} ${reached(filter)}`;
  if (keys) {
    return sql`
      select ${COLUMNS} from unnest(${keys.map((key) => String(key.chunk))}::int8[], ${keys.map((key) => key.ordinal)}::int[]) as k(c, o)
      join ${from} on e.account_id = ${accountId} and e.chunk = k.c and e.ordinal = k.o
      where ${learners ?? sql`true`} and ${items ?? sql`true`} ${rest} ${CREATION} limit ${limit}`;
  } else if (learners) {
    return sql`
      with own as materialized (
        select ${COLUMNS} from ${from} where e.account_id = ${accountId} and ${learners} and ${items ?? sql`true`} ${rest})
      select * from own ${CREATION} limit ${limit}`;
  } else if (itemIds) {
    return sql`
      select e.* from unnest(${uuidArray(itemIds)}::uuid[]) as wanted(id) cross join lateral (
        select ${COLUMNS} from ${from} where e.account_id = ${accountId} and e.item_id = wanted.id ${rest}
        ${CREATION} limit ${limit}) e
      ${CREATION} limit ${limit}`;
  }
  return sql`select ${COLUMNS} from ${from} where e.account_id = ${accountId} ${rest} ${CREATION} limit ${limit}`;
}

async function select(
  tx: ReadTx,
  filter: Filter,
  more: RawBuilder<unknown>,
  limit: number,
): Promise<Enrollment[]> {
  const { rows } = await walk('enrollment', filter, more, limit).execute(tx);
  return rows.map((row) => toEnrollment(filter.accountId, row));
}

const isAfter = (place: Place): RawBuilder<unknown> =>
  sql`and (e.chunk, e.ordinal) > (${String(place.chunk)}::int8, ${place.ordinal}::int)`;

/** Current enrollments created after a place, sealed or not. */
export const enrollmentsAfter = (
  tx: ReadTx,
  filter: Filter,
  place: Place,
  limit: number,
): Promise<Enrollment[]> => select(tx, filter, isAfter(place), limit);

/**
 * SQL: whether a chunk of `e` has a position up to `sealed`. A scalar subquery, looked up row by row in the order of creation: as
 * a join it may be turned round, and then every enrollment is read and sorted before the first is answered.
 */
const isSealed = (chunk: RawBuilder<unknown>, sealed: bigint): RawBuilder<boolean> =>
  sql`(select c.position from operation_chunk c where c.account_id = e.account_id and c.chunk = ${chunk}) <= ${String(sealed)}::int8`;

/** Those whose chunk has a position up to `sealed`. */
export const sealedAfter = (
  tx: ReadTx,
  filter: Filter,
  place: Place,
  sealed: bigint,
  limit: number,
): Promise<Enrollment[]> =>
  select(tx, filter, sql`${isAfter(place)} and ${isSealed(sql`e.chunk`, sealed)}`, limit);

/** No chunk has a greater number. */
const LAST_CHUNK = String(2n ** 63n - 1n);

/** An instant, and the position up to which what was recorded by then counts: with both, the answer stays the same for ever. */
export interface Moment {
  readonly at: Date;
  readonly sealed: bigint;
}

/**
 * What was current at a moment, created after a place: versions that had begun, and were not superseded or ended yet.
 * The past is looked at only as far as the page of what is still current reaches: most of it was over by then.
 */
export async function validAt(
  tx: ReadTx,
  filter: Filter,
  { at, sealed }: Moment,
  place: Place,
  limit: number,
): Promise<Enrollment[]> {
  const hasBegun = sql`${isAfter(place)} and e.recorded_at <= ${at} and ${isSealed(sql`e.version_chunk`, sealed)}`;
  const held = sql`(e.past_at > ${at} or ${isSealed(sql`e.past_chunk`, sealed)} is not true)`;
  const isOnPage = sql`e.chunk <= (
    select case when count(*) < ${limit}::int then ${LAST_CHUNK}::int8 else max(chunk) end from still)`;
  const { rows } = await sql<EnrollmentRow>`
    with still as materialized (${walk('enrollment', filter, hasBegun, limit)})
    (select * from still) union all
    (${walk('enrollment_past', filter, sql`${hasBegun} and ${isOnPage} and ${held}`, limit)})
    ${CREATION} limit ${limit}`.execute(tx);
  return rows.map((row) => toEnrollment(filter.accountId, row));
}

/** Those of the given chunks, after a place. */
export const ofChunksAfter = (
  tx: ReadTx,
  filter: Filter,
  chunks: readonly bigint[],
  place: Place,
  limit: number,
): Promise<Enrollment[]> =>
  select(tx, filter, sql`${isAfter(place)} and e.chunk = any(${chunks.map(String)}::int8[])`, limit);

/** Chunks below a number that were sealed within (from, upTo]: they were in flight when the number was passed. */
export async function chunksSealedLate(
  tx: ReadTx,
  accountId: number,
  below: bigint,
  from: bigint,
  upTo: bigint,
): Promise<bigint[]> {
  const { rows } = await sql<{ chunk: string }>`
    select chunk from operation_chunk where account_id = ${accountId}
      and position > ${String(from)}::int8 and position <= ${String(upTo)}::int8
      and chunk < ${String(below)}::int8 and created > 0`.execute(tx);
  return rows.map((row) => BigInt(row.chunk));
}

/** Which of the ids name nothing in this account, or named nothing at an instant: users, content items. */
export async function unknownIds(
  tx: ReadTx,
  accountId: number,
  learnerIds: readonly string[],
  itemIds: readonly string[],
  at: Date | null,
): Promise<{ learners: string[]; items: string[] }> {
  const { rows } = await sql<{ kind: string; id: string }>`
    select 'learner' as kind, w.id from unnest(${uuidArray(learnerIds)}::uuid[]) as w(id)
      where not exists (select from users u where u.account_id = ${accountId} and u.user_id = w.id
                          and (u.deleted_at is null ${at ? sql`or u.deleted_at > ${at}` : sql``}))
    union all
    select 'item', w.id from unnest(${uuidArray(itemIds)}::uuid[]) as w(id)
      where not exists (select from content_item i where i.account_id = ${accountId} and i.item_id = w.id)`.execute(
    tx,
  );
  const of = (kind: string) => rows.filter((row) => row.kind === kind).map((row) => row.id);
  return { learners: of('learner'), items: of('item') };
}
