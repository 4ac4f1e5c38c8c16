import { type RawBuilder, sql } from 'kysely';
import type { Database, ReadTx } from '../storage/index.ts';
import type { Receipt } from './receipt.ts';
import type { KnownItem, KnownLearner, Terms } from './rules.ts';

/** All SQL that loads for and writes enrollments. Lists are in list-queries.ts, large operations in bulk-queries.ts. */

export interface LoadedLearner extends KnownLearner {
  /** How often enrollments of theirs have ended: what is inserted must still find this count. */
  readonly endings: number;
}

export interface Loaded {
  readonly rightsVersion: bigint;
  readonly learners: Map<string, LoadedLearner>;
  readonly items: Map<string, KnownItem>;
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
 * What a decision needs, in one statement of learners + items rows, never their product.
 * Unknown and foreign learners cost the same: the statement does not depend on the caller.
 */
export async function loadForEnrollment(
  tx: ReadTx,
  accountId: number,
  learnerIds: readonly string[],
  itemIds: readonly string[],
): Promise<Loaded> {
  const { rows } = await sql<LoadedRow>`
    /* prepared: load_for_enrollment */
    select 'account' as kind, null::uuid as id, rights_version as version, null::uuid as department_id, null::boolean as flag,
           null::text as due_type, null::timestamptz as due_at, null::integer as number, null::boolean as default_lock
    from account where account_id = ${accountId}
    union all
    select 'learner', u.user_id, null, u.department_id, u.status = 1, null, null, u.endings, null
    from users u where u.account_id = ${accountId} and u.user_id = any(${uuidArray(learnerIds)}::uuid[])
    union all
    select 'item', i.item_id, null, null, i.retired_at is not null, i.default_due_type, i.default_due_at,
           i.default_due_period_hours, i.default_lock
    from content_item i where i.account_id = ${accountId} and i.item_id = any(${uuidArray(itemIds)}::uuid[])`.execute(
    tx,
  );
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
  return loaded;
}

/** A PostgreSQL array literal: one string instead of an element each for the driver to quote. Only for checked UUIDs. */
export const uuidArray = (ids: readonly string[]): string => `{${ids.join(',')}}`;

/** A small operation ready to be written: its pairs are learners × items. */
export interface SmallWrite {
  readonly receipt: Receipt;
  readonly chunk: bigint;
  readonly digest: Buffer;
  readonly rightsVersion: bigint;
  readonly typeGroup: number;
  readonly learnerIds: readonly string[];
  readonly terms: ReadonlyMap<string, Terms>;
}

/** More look-ups of terms than this are planned for the table as it is: a kept plan may be of a time when it was empty. */
const FEW_LOOK_UPS = 100;

/** SQL: the term of a new enrollment of learner `l` in item `i`: the highest there ever was, and one. */
export const nextTerm = (accountId: number, hasPast: RawBuilder<unknown>): RawBuilder<number> => sql`
  case when ${hasPast} then 1 + coalesce((
    select max(past.term) from enrollment_past past where past.account_id = ${accountId}
      and past.learner_id = l.learner_id and past.item_id = i.item_id), 0) else 1 end`;

/** What became of a small write: how many were new, or null when what was loaded no longer held and nothing was written. */
export type SmallResult = { readonly created: number } | null;

/**
 * Writes any number of small operations of one account in one statement, which is its own transaction: operations,
 * chunks, enrollments, outbox.
 *
 * Parents are locked FOR KEY SHARE, in order of id, before anything is inserted, which also re-reads their latest
 * version; an operation that lost a parent, whose learners had enrollments ended since they were loaded, or whose
 * caller's rights changed is left out whole. Pairs that exist stay as they are; of equal pairs in two operations the first wins. Nothing here depends on the number of pairs.
 */
export async function insertSmall(
  db: Database,
  accountId: number,
  loaded: Loaded,
  writes: readonly SmallWrite[],
): Promise<SmallResult[]> {
  const learners = writes.flatMap((write, no) =>
    write.learnerIds.map((id, place) => ({ no, id, place, endings: loaded.learners.get(id)?.endings ?? 0 })),
  );
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
  const rows = await db.writeOnce(sql<{ no: number; created: number | null }>`
    ${prepared}
    with job as (
      select * from unnest(
        ${writes.map((_, no) => no)}::int[], ${uuidArray(writes.map((w) => w.receipt.operationId))}::uuid[],
        ${writes.map((w) => String(w.chunk))}::int8[], ${writes.map((w) => w.receipt.actorId)}::uuid[],
        ${writes.map((w) => w.receipt.clientId)}::uuid[], ${writes.map((w) => w.receipt.source)}::text[],
        ${writes.map((w) => w.receipt.requestDigest)}::bytea[], ${writes.map((w) => w.digest)}::bytea[],
        ${writes.map((w) => String(w.rightsVersion))}::int8[], ${writes.map((w) => w.receipt.acceptedAt)}::timestamptz[],
        ${writes.map((w) => w.typeGroup)}::int2[], ${writes.map((w) => w.receipt.total)}::int8[])
      as j(no, operation_id, chunk, actor_id, client_id, source, request_digest, digest, rights_version, accepted_at, type_group, total)),
    learner as (
      select * from unnest(${learners.map((l) => l.no)}::int[], ${uuidArray(learners.map((l) => l.id))}::uuid[],
                           ${learners.map((l) => l.place)}::int[], ${learners.map((l) => l.endings)}::int[])
      as l(no, learner_id, place, endings)),
    item as (
      select * from unnest(${items.map((i) => i.no)}::int[], ${uuidArray(items.map((i) => i.id))}::uuid[],
        ${items.map((i) => i.offset)}::int[], ${items.map((i) => i.terms.accessAt)}::timestamptz[],
        ${items.map((i) => i.terms.dueAt)}::timestamptz[], ${items.map((i) => i.terms.duePeriodHours)}::int[],
        ${items.map((i) => i.terms.dueRule)}::int2[], ${items.map((i) => i.terms.lock)}::boolean[])
      as i(no, item_id, first, access_at, due_at, due_period_hours, due_rule, lock_after_due)),
    account_row as materialized (select rights_version from account where account_id = ${accountId} for key share),
    learner_row as materialized (
      select user_id, endings from users where account_id = ${accountId} and status = 1
        and user_id = any(${uuidArray([...new Set(learners.map((l) => l.id))])}::uuid[])
      order by user_id for key share),
    item_row as materialized (
      select item_id from content_item where account_id = ${accountId} and retired_at is null
        and item_id = any(${uuidArray([...new Set(items.map((i) => i.id))])}::uuid[])
      order by item_id for key share),
    good as materialized (
      select * from job j where j.rights_version = (select rights_version from account_row)
        and not exists (select from learner l where l.no = j.no
          and (l.learner_id, l.endings) not in (select user_id, endings from learner_row))
        and not exists (select from item i where i.no = j.no and i.item_id not in (select item_id from item_row))),
    inserted as (
      insert into enrollment (account_id, learner_id, item_id, chunk, ordinal, access_at, due_at, due_period_hours,
                              due_rule, lock_after_due, type_group, term, version_chunk, recorded_at)
      select ${accountId}, p.* from (
        select distinct on (l.learner_id, i.item_id) l.learner_id, i.item_id, j.chunk, i.first + l.place as ordinal,
               i.access_at, i.due_at, i.due_period_hours, i.due_rule, i.lock_after_due, j.type_group,
               ${nextTerm(accountId, sql`l.endings > 0`)} as term, j.chunk as version_chunk, j.accepted_at
        from good j join learner l on l.no = j.no join item i on i.no = j.no
        order by l.learner_id, i.item_id, j.no) p
      on conflict (account_id, learner_id, item_id) do nothing
      returning chunk, item_id),
    counted as materialized (select chunk, item_id, count(*)::int as n from inserted group by chunk, item_id),
    outbox_rows as (
      insert into outbox (account_id, chunk, item_id, event_type, learners)
      select ${accountId}, chunk, item_id, 'LEARNERS_ENROLLED_IN_COURSE', n from counted),
    result as materialized (
      select j.no, coalesce((select sum(n) from counted c where c.chunk = j.chunk), 0)::int as created from good j),
    operation_rows as (
      insert into operation (account_id, operation_id, kind, state, actor_id, client_id, source, request_digest,
                             accepted_at, completed_at, total, created, unchanged)
      select ${accountId}, j.operation_id, 'enroll', 'done', j.actor_id, j.client_id, j.source, j.request_digest,
             j.accepted_at, j.accepted_at, j.total, r.created, j.total - r.created
      from good j join result r on r.no = j.no),
    chunk_rows as (
      insert into operation_chunk (account_id, chunk, operation_id, created, unchanged, digest)
      select ${accountId}, j.chunk, j.operation_id, r.created, j.total - r.created, j.digest
      from good j join result r on r.no = j.no)
    select j.no, r.created from job j left join result r on r.no = j.no order by j.no`);
  return rows.map((row) => (row.created === null ? null : { created: row.created }));
}
