import { type RawBuilder, sql } from 'kysely';
import { isActiveAt } from '../access/index.ts';
import type { Database, ReadTx, WriteTx } from '../storage/index.ts';
import { findTrainings } from '../training/index.ts';
import { column } from './array-literal.ts';
import { type Demand, DIGEST_VERSION, digestOfDemand } from './demand.ts';
import type { Receipt } from './receipt.ts';
import type { KnownContent, KnownItem, KnownLearner, Terms } from './rules.ts';

/** All SQL that loads for and writes enrollments. Lists are in list-queries.ts, large operations in bulk-queries.ts. */

export interface LoadedLearner extends KnownLearner {
  /** How often enrollments of theirs have ended: what is inserted must still find this count. */
  readonly endings: number;
}

export interface Loaded extends KnownContent {
  readonly rightsVersion: bigint;
  readonly learners: ReadonlyMap<string, LoadedLearner>;
}

interface LoadedRow {
  kind: 'account' | 'learner' | 'item';
  id: string | null;
  version: string | null;
  department_id: string | null;
  flag: boolean | null;
  due_type: KnownItem['defaultDueType'] | null;
  due_at: Date | null;
  number: number | null;
  default_lock: boolean | null;
}

/**
 * What a decision needs, in one statement of learners + items rows, never their product; a second one only tells
 * trainings from ids that name nothing. Unknown and foreign learners cost the same: the statement does not
 * depend on the caller.
 */
export async function loadForEnrollment(
  tx: ReadTx,
  accountId: number,
  learnerIds: readonly string[],
  itemIds: readonly string[],
  now: Date,
): Promise<Loaded> {
  const { rows } = await sql<LoadedRow>`
    /* prepared: load_for_enrollment */
    select 'account' as kind, null::uuid as id, rights_version as version, null::uuid as department_id, null::boolean as flag,
           null::text as due_type, null::timestamptz as due_at, null::integer as number, null::boolean as default_lock
    from account where account_id = ${accountId}
    union all
    select 'learner', u.user_id, null, u.department_id, ${isActiveAt('u', now)}, null, null, u.endings, null
    from unnest(${uuidArray(learnerIds)}::uuid[]) as w(id) cross join lateral (
      select * from users where account_id = ${accountId} and user_id = w.id and deleted_at is null offset 0) u
    union all
    select 'item', i.item_id, null, null, i.retired_at is not null, i.default_due_type, i.default_due_at,
           i.default_due_period_hours, i.default_lock
    from unnest(${uuidArray(itemIds)}::uuid[]) as w(id) cross join lateral (
      select * from content_item where account_id = ${accountId} and item_id = w.id offset 0) i`.execute(tx);
  const loaded = {
    rightsVersion: -1n,
    learners: new Map<string, LoadedLearner>(),
    items: new Map<string, KnownItem>(),
  };
  for (const row of rows) {
    if (row.kind === 'account') loaded.rightsVersion = BigInt(row.version ?? -1);
    else if (row.kind === 'learner')
      loaded.learners.set(row.id ?? '', {
        departmentId: row.department_id ?? '',
        isActive: row.flag === true,
        endings: row.number ?? 0,
      });
    else
      loaded.items.set(row.id ?? '', {
        isRetired: row.flag === true,
        defaultDueType: row.due_type ?? 'unlimited',
        defaultDueAt: row.due_at,
        defaultDuePeriodHours: row.number,
        defaultLock: row.default_lock === true,
      });
  }
  const nameless = itemIds.filter((id) => !loaded.items.has(id));
  if (nameless.length === 0) return { ...loaded, trainings: NONE };
  return { ...loaded, trainings: new Set((await findTrainings(tx, accountId, nameless)).keys()) };
}

const NONE: ReadonlySet<string> = new Set();

/** A PostgreSQL array literal: one string instead of an element each for the driver to quote. Only for checked UUIDs. */
export const uuidArray = (ids: readonly string[]): string => `{${ids.join(',')}}`;

const sortedIds = (parents: readonly { readonly id: string }[]): string[] =>
  [...new Set(parents.map(({ id }) => id))].sort();

/** A small operation ready to be written: its pairs are learners × items, without those it refuses. */
export interface SmallWrite {
  readonly receipt: Receipt;
  readonly chunk: bigint;
  readonly rightsVersion: bigint;
  readonly typeGroup: number;
  readonly learnerIds: readonly string[];
  readonly terms: ReadonlyMap<string, Terms>;
  readonly demand: Demand;
  /** The terms of each item asked for (packed-terms.ts). */
  readonly given: Buffer;
}

/** More look-ups of terms than this are planned for the table as it is: a kept plan may be of a time when it was empty. */
const FEW_LOOK_UPS = 100;

/** SQL: the term of a new enrollment of learner `l` in item `i`: the highest there ever was, and one. */
export const nextTerm = (accountId: number, hasPast: RawBuilder<unknown>): RawBuilder<number> => sql`
  case when ${hasPast} then 1 + coalesce((
    select max(past.term) from enrollment_past past where past.account_id = ${accountId}
      and past.learner_id = l.learner_id and past.item_id = i.item_id), 0) else 1 end`;

/**
 * SQL: since when a new enrollment of learner `l` in item `i` holds: `at`, but never before the one before it was over.
 * Whoever was accepted first may write last; yet at no instant has a pair two enrollments.
 */
export const sinceWhen = (
  accountId: number,
  hasPast: RawBuilder<unknown>,
  at: RawBuilder<unknown>,
): RawBuilder<Date> => sql`
  case when ${hasPast} then greatest(${at}, (
    select max(past.past_at) from enrollment_past past where past.account_id = ${accountId}
      and past.learner_id = l.learner_id and past.item_id = i.item_id)) else ${at} end`;

/** What became of a small write: how many were new, or null when what was loaded no longer held and nothing was written. */
export type SmallResult = { readonly created: number } | null;

/**
 * Writes any number of small operations of one account in one statement, which is its own transaction: operations,
 * chunks, enrollments, outbox.
 *
 * Parents are locked FOR KEY SHARE, in order of id, before anything is inserted, which also re-reads their latest
 * version; an operation that lost a parent, of whose learners enrollments ended since they were loaded, or whose
 * caller's rights changed is left out whole. Pairs that exist stay as they are; of equal pairs in two operations the
 * first wins. Nothing here depends on the number of pairs, and each parent is looked up by its key whatever the
 * statistics say: a table filled a moment ago has none.
 */
export const insertSmall = async (
  db: Database,
  accountId: number,
  loaded: Loaded,
  writes: readonly SmallWrite[],
): Promise<SmallResult[]> => resultsOf(writes, await db.writeOnce(smallInsert(accountId, loaded, writes)));

/** The same within a transaction. */
export const insertSmallIn = async (
  tx: WriteTx,
  accountId: number,
  loaded: Loaded,
  writes: readonly SmallWrite[],
): Promise<SmallResult[]> =>
  resultsOf(writes, (await smallInsert(accountId, loaded, writes).execute(tx)).rows);

interface Inserted {
  no: number;
  created: number;
}

function resultsOf(writes: readonly SmallWrite[], rows: readonly Inserted[]): SmallResult[] {
  const written = new Map(rows.map(({ no, created }) => [no, { created }]));
  return writes.map((_, no) => written.get(no) ?? null);
}

function smallInsert(accountId: number, loaded: Loaded, writes: readonly SmallWrite[]): RawBuilder<Inserted> {
  const learners = writes.flatMap((write, no) =>
    write.learnerIds.map((id, place) => ({ no, id, place, endings: loaded.learners.get(id)?.endings ?? 0 })),
  );
  const now = new Date(Math.max(...writes.map((write) => write.receipt.acceptedAt.getTime())));
  const items = writes.flatMap((write, no) =>
    [...write.terms].map(([id, terms], place) => ({
      no,
      id,
      terms,
      offset: place * write.learnerIds.length,
    })),
  );
  const lookUps = learners
    .filter(({ endings }) => endings > 0)
    .reduce((sum, { no }) => sum + (writes[no]?.terms.size ?? 0), 0);
  const prepared = lookUps > FEW_LOOK_UPS ? sql`` : sql`/* prepared: insert_small */`;
  return sql<Inserted>`
    ${prepared}
    with job as (
      select * from unnest(
        ${column(writes, (_, no) => no)}::int[], ${uuidArray(writes.map((w) => w.receipt.operationId))}::uuid[],
        ${column(writes, (w) => w.chunk)}::int8[], ${column(writes, (w) => w.receipt.actorId)}::uuid[],
        ${column(writes, (w) => w.receipt.clientId)}::uuid[], ${column(writes, (w) => w.receipt.source)}::text[],
        ${column(writes, (w) => w.receipt.requestDigest)}::bytea[], ${column(writes, (w) => digestOfDemand(w.demand, w.given))}::bytea[],
        ${column(writes, (w) => w.rightsVersion)}::int8[], ${column(writes, (w) => w.receipt.acceptedAt)}::timestamptz[],
        ${column(writes, (w) => w.typeGroup)}::int2[], ${column(writes, (w) => w.receipt.total)}::int8[],
        ${column(writes, (w) => w.demand.ids)}::bytea[], ${column(writes, (w) => w.demand.itemIds)}::bytea[],
        ${column(writes, (w) => w.demand.idReasons)}::bytea[], ${column(writes, (w) => w.demand.itemReasons)}::bytea[],
        ${column(writes, (w) => w.demand.refused)}::int[], ${column(writes, (w) => w.given)}::bytea[])
      as j(no, operation_id, chunk, actor_id, client_id, source, request_digest, digest, rights_version, accepted_at,
           type_group, total, ids, item_ids, id_reasons, item_reasons, refused, terms)),
    learner as (
      select * from unnest(${column(learners, (l) => l.no)}::int[], ${uuidArray(learners.map((l) => l.id))}::uuid[],
                           ${column(learners, (l) => l.place)}::int[], ${column(learners, (l) => l.endings)}::int[])
      as l(no, learner_id, place, endings)),
    item as (
      select * from unnest(${column(items, (i) => i.no)}::int[], ${uuidArray(items.map((i) => i.id))}::uuid[],
        ${column(items, (i) => i.offset)}::int[], ${column(items, (i) => i.terms.accessAt)}::timestamptz[],
        ${column(items, (i) => i.terms.dueAt)}::timestamptz[], ${column(items, (i) => i.terms.duePeriodHours)}::int[],
        ${column(items, (i) => i.terms.dueRule)}::int2[], ${column(items, (i) => i.terms.lock)}::boolean[])
      as i(no, item_id, first, access_at, due_at, due_period_hours, due_rule, lock_after_due)),
    account_row as materialized (select rights_version from account where account_id = ${accountId} for key share),
    learner_row as materialized (
      select u.* from unnest(${uuidArray(sortedIds(learners))}::uuid[]) as w(id) cross join lateral (
        select user_id, endings from users where account_id = ${accountId} and user_id = w.id
          and ${isActiveAt('users', now)} for key share) u),
    item_row as materialized (
      select i.item_id from unnest(${uuidArray(sortedIds(items))}::uuid[]) as w(id) cross join lateral (
        select item_id from content_item where account_id = ${accountId} and item_id = w.id and retired_at is null
        for key share) i),
    lost as materialized (
      select no from learner where (learner_id, endings) not in (select user_id, endings from learner_row)
      union select no from item where item_id not in (select item_id from item_row)),
    good as materialized (
      select * from job where rights_version = (select rights_version from account_row)
        and no not in (select no from lost)),
    inserted as (
      insert into enrollment (account_id, learner_id, item_id, chunk, ordinal, access_at, due_at, due_period_hours,
                              due_rule, lock_after_due, type_group, term, version_chunk, recorded_at)
      select ${accountId}, p.* from (
        select distinct on (l.learner_id, i.item_id) l.learner_id, i.item_id, j.chunk, i.first + l.place as ordinal,
               i.access_at, i.due_at, i.due_period_hours, i.due_rule, i.lock_after_due, j.type_group,
               ${nextTerm(accountId, sql`l.endings > 0`)} as term, j.chunk as version_chunk,
               ${sinceWhen(accountId, sql`l.endings > 0`, sql`j.accepted_at`)} as recorded_at
        from good j join learner l on l.no = j.no join item i on i.no = j.no
        order by l.learner_id, i.item_id, j.no) p
      on conflict (account_id, learner_id, item_id) do nothing
      returning chunk, item_id),
    counted as materialized (select chunk, item_id, count(*)::int as n from inserted group by chunk, item_id),
    outbox_rows as (
      insert into outbox (account_id, chunk, item_id, event_type, learners)
      select ${accountId}, chunk, item_id, 'LEARNERS_ENROLLED_IN_COURSE', n from counted),
    result as materialized (
      select j.*, coalesce(c.created, 0)::int as created
      from good j left join (select chunk, sum(n) as created from counted group by chunk) c on c.chunk = j.chunk),
    operation_rows as (
      insert into operation (account_id, operation_id, kind, state, actor_id, client_id, source, request_digest,
                             accepted_at, completed_at, total, created, unchanged, refused)
      select ${accountId}, operation_id, 'enroll', 'done', actor_id, client_id, source, request_digest,
             accepted_at, accepted_at, total, created, total - created - refused, refused from result),
    chunk_rows as (
      insert into operation_chunk (account_id, chunk, operation_id, created, unchanged, refused, hash_version,
                                   digest, ids, item_ids, id_reasons, item_reasons, terms)
      select ${accountId}, chunk, operation_id, created, total - created - refused, refused, ${DIGEST_VERSION}::int2,
             digest, ids, item_ids, id_reasons, item_reasons, terms from result)
    select no, created from result`;
}
