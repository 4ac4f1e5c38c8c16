import { type RawBuilder, sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import type { PackedIds } from '../kernel/id-set.ts';
import type { EnrollmentKey } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { AskedChunk } from './outcome-queries.ts';
import { type Ceasing, type Change, lockAndCount, VERSION } from './past-queries.ts';
import type { TouchedPair } from './undo-rules.ts';

/**
 * All SQL of undo. A chunk touches a pair once: it puts a version there, takes one away, or both. What a pair has may
 * come back, so it is known by its origin: the chunk that first brought it about, whichever undo restored it since.
 */

/** SQL: the origin of a version, and of nothing being there after a version `v` that ceased. */
const ORIGIN = sql`coalesce(restored_chunk, version_chunk)`;
const ORIGIN_OF_NOTHING = sql`coalesce(left_chunk, past_chunk)`;
/** SQL: whatever ceased of a pair and left nothing; fenced, so that no other index is tempting than that of pairs. */
const pastOf = (accountId: number, pair: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
  select left_chunk, past_chunk from enrollment_past
  where account_id = ${accountId} and learner_id = ${pair}.learner_id and item_id = ${pair}.item_id
    and (past_cause = 'ended' or left_chunk is not null) offset 0)`;

/**
 * SQL: the CTE `touched`: what a chunk did. Nothing here changes once the chunk is committed. The versions that are not
 * the first of their enrollment have an index of their own.
 */
const touched = (accountId: number, chunk: bigint): RawBuilder<unknown> => {
  const number = sql`${String(chunk)}::int8`;
  return sql`
    put as materialized (
      select ${VERSION} from enrollment where account_id = ${accountId} and chunk = ${number} and version_chunk = ${number}
      union all
      select ${VERSION} from enrollment where account_id = ${accountId} and version_chunk = ${number} and version_chunk <> chunk
      union all
      select ${VERSION} from enrollment_past where account_id = ${accountId} and chunk = ${number} and version_chunk = ${number}
      union all
      select ${VERSION} from enrollment_past
      where account_id = ${accountId} and version_chunk = ${number} and version_chunk <> chunk),
    taken as materialized (select * from enrollment_past where account_id = ${accountId} and past_chunk = ${number}),
    touched as materialized (
      select coalesce(put.learner_id, taken.learner_id) as learner_id, coalesce(put.item_id, taken.item_id) as item_id,
             taken.chunk as before_chunk, taken.ordinal as before_ordinal, put.chunk as after_chunk, put.ordinal as after_ordinal,
             put.term, put.recorded_at,
             case when put.chunk is null then coalesce(taken.left_chunk, taken.past_chunk)
                  else coalesce(put.restored_chunk, put.version_chunk) end as origin
      from put full join taken on taken.learner_id = put.learner_id and taken.item_id = put.item_id)`;
};

/** A chunk of an operation that did something, and to how many pairs. */
export interface EffectiveChunk {
  readonly chunk: bigint;
  readonly pairs: number;
}

export async function effectiveChunks(
  tx: ReadTx,
  accountId: number,
  operationId: string,
): Promise<EffectiveChunk[]> {
  const { rows } = await sql<{ chunk: string; pairs: number }>`
    select chunk, created + changed as pairs from operation_chunk
    where account_id = ${accountId} and operation_id = ${operationId} and created + changed > 0
    order by place`.execute(tx);
  return rows.map((row) => ({ chunk: BigInt(row.chunk), pairs: row.pairs }));
}

/** Some of the learners a chunk did something to who are beyond a reach. */
export async function learnersBeyond(
  tx: ReadTx,
  accountId: number,
  chunk: bigint,
  reach: Reach,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ learner_id: string }>`
    with ${touched(accountId, chunk)}
    select t.learner_id from (select distinct learner_id from touched) t
    where not exists (
      select from users u where u.account_id = ${accountId} and u.user_id = t.learner_id
        and ${within(reach, sql`u.department_id`)})
    order by t.learner_id limit ${limit}`.execute(tx);
  return rows.map((row) => row.learner_id);
}

/**
 * Locks whom a chunk concerned, as whoever ends enrollments does, and then what they have now, so that no edit comes
 * between judging and writing.
 */
export async function lockTouched(tx: WriteTx, accountId: number, chunk: bigint): Promise<void> {
  await lockAndCount(
    tx,
    accountId,
    sql`with ${touched(accountId, chunk)},
      wanted as materialized (select distinct learner_id from touched order by learner_id)`,
  );
  await sql`
    with ${touched(accountId, chunk)},
    held as materialized (
      select e.chunk from (select * from touched order by learner_id, item_id) t cross join lateral (
        select chunk from enrollment
        where account_id = ${accountId} and learner_id = t.learner_id and item_id = t.item_id for update) e)
    select count(*) from held`.execute(tx);
}

/** The pairs that a chunk did something to, and whether they are still as it left them, in a fixed order. */
export async function touchedPairs(tx: ReadTx, accountId: number, chunk: bigint): Promise<TouchedPair[]> {
  const { rows } = await sql<{
    learner_id: string;
    item_id: string;
    before_chunk: string | null;
    before_ordinal: number;
    after_chunk: string | null;
    after_ordinal: number;
    term: number;
    recorded_at: Date;
    is_standing: boolean;
  }>`
    with ${touched(accountId, chunk)}
    select t.*, t.origin = coalesce(present.origin, absent.origin, 0) as is_standing
    from touched t
    left join lateral (
      select ${ORIGIN} as origin from enrollment
      where account_id = ${accountId} and learner_id = t.learner_id and item_id = t.item_id offset 0) present on true
    left join lateral (
      select ${ORIGIN_OF_NOTHING} as origin from ${pastOf(accountId, sql`t`)} p
      order by past_chunk desc limit 1) absent on true
    order by coalesce(before_chunk, after_chunk), coalesce(before_ordinal, after_ordinal)`.execute(tx);
  const keyOf = (key: string | null, ordinal: number): EnrollmentKey | null =>
    key === null ? null : { accountId, chunk: BigInt(key), ordinal };
  return rows.map((row) => ({
    learnerId: row.learner_id,
    itemId: row.item_id,
    before: keyOf(row.before_chunk, row.before_ordinal),
    after: keyOf(row.after_chunk, row.after_ordinal),
    term: row.term,
    since: row.recorded_at,
    isStanding: row.is_standing,
  }));
}

/** What a later chunk was asked, and by what kind of operation. */
export interface LaterChunk extends AskedChunk {
  readonly kind: string;
}

/**
 * Chunks after one that told somebody that something is as asked already, of operations that stand, and that may have
 * been asked about these learners and items: by an enrollment's id, or by one of the items and a learner between the
 * first and the last of those given.
 */
export async function laterUnchanged(
  tx: ReadTx,
  accountId: number,
  after: bigint,
  about: { learnerIds: PackedIds; itemIds: readonly string[] },
  limit: number,
): Promise<LaterChunk[]> {
  const { learnerIds } = about;
  const first = learnerIds.part(0, 1).bytes;
  const last = learnerIds.part(learnerIds.length - 1, learnerIds.length).bytes;
  const { rows } = await sql<{
    place: number;
    chunk: string;
    kind: string;
    ids: Buffer;
    item_ids: Buffer | null;
    id_reasons: Buffer | null;
    item_reasons: Buffer | null;
  }>`
    select c.place, c.chunk, o.kind, c.ids, c.item_ids, c.id_reasons, c.item_reasons
    from operation_chunk c cross join lateral (
      select kind from operation where account_id = ${accountId} and operation_id = c.operation_id
        and kind <> 'undo' and state not in ('undone', 'cancelled') offset 0) o
    where c.account_id = ${accountId} and c.chunk > ${String(after)}::int8 and c.unchanged > 0 and length(c.ids) > 0
      and (c.item_ids is null or o.kind = 'import' or (
        substring(c.ids from 1 for 16) <= ${last} and substring(c.ids from length(c.ids) - 15) >= ${first}))
      and (c.item_ids is null or exists (
        select from unnest(${`{${about.itemIds.join(',')}}`}::uuid[]) as i(id) where position(uuid_send(i.id) in c.item_ids) > 0))
    order by c.chunk limit ${limit}`.execute(tx);
  return rows.map((row) => ({
    place: row.place,
    chunk: BigInt(row.chunk),
    kind: row.kind,
    ids: row.ids,
    itemIds: row.item_ids,
    idReasons: row.id_reasons,
    itemReasons: row.item_reasons,
  }));
}

/** How enrollments become past whose pairs had nothing before a chunk: nobody can tell afterwards that it was there. */
export const leavingNothing = (accountId: number, chunk: bigint): Ceasing => ({
  cause: 'undone',
  left: sql`coalesce((
    select ${ORIGIN_OF_NOTHING} from ${pastOf(accountId, sql`v`)} p
    where p.past_chunk < ${String(chunk)}::int8
    order by p.past_chunk desc limit 1), 0)`,
});

/** A version that a chunk took away, to be put back. `place`: among those that were enrolled again; null for the others. */
export interface PutBack {
  readonly key: EnrollmentKey;
  readonly place: number | null;
}

/**
 * Puts back what a chunk took away: the same enrollments with the same terms, from when what their pairs had since is
 * over. Their pairs are locked, and free.
 */
export async function putBack(
  tx: WriteTx,
  { accountId, chunk, at }: Change,
  undone: bigint,
  versions: readonly PutBack[],
): Promise<void> {
  await sql`
    with wanted as materialized (
      select * from unnest(${versions.map(({ key }) => String(key.chunk))}::int8[], ${versions.map(({ key }) => key.ordinal)}::int[],
                           ${versions.map(({ place }) => place)}::int[]) as w(chunk, ordinal, place)),
    taken as materialized (
      select * from enrollment_past where account_id = ${accountId} and past_chunk = ${String(undone)}::int8)
    insert into enrollment (${VERSION})
    select account_id, learner_id, item_id, chunk, ordinal, access_at, due_at, due_period_hours, due_rule, lock_after_due,
           type_group, term, ${String(chunk)}::int8, greatest(${at}::timestamptz, (
             select max(p.past_at) from enrollment_past p where p.account_id = ${accountId}
               and p.learner_id = taken.learner_id and p.item_id = taken.item_id)), ${ORIGIN}, place
    from taken join wanted using (chunk, ordinal)`.execute(tx);
}

/** An operation and its state. */
export interface Standing {
  readonly operationId: string;
  readonly state: string;
}

/** SQL: the CTE `chain`: an operation; if it is an undo, what it undoes; if that is one, what that undoes, and so on. */
const chain = (accountId: number, operationId: string): RawBuilder<unknown> => sql`
  chain as (
    select operation_id, kind, cause_id, 0 as depth from operation
    where account_id = ${accountId} and operation_id = ${operationId}
    union all
    select o.operation_id, o.kind, o.cause_id, c.depth + 1
    from chain c cross join lateral (
      select * from operation where account_id = ${accountId} and operation_id = c.cause_id offset 0) o
    where c.kind = 'undo')`;

/** An operation, what it undoes if it is an undo, and so on down to what is none. */
export const undoChain = (tx: ReadTx, accountId: number, operationId: string): Promise<Standing[]> =>
  findChain(tx, accountId, operationId, sql``);

/** The same; their states stay so until the transaction ends. */
export const lockUndoChain = (tx: WriteTx, accountId: number, operationId: string): Promise<Standing[]> =>
  findChain(tx, accountId, operationId, sql`for update`);

async function findChain(
  tx: ReadTx,
  accountId: number,
  operationId: string,
  lock: RawBuilder<unknown>,
): Promise<Standing[]> {
  const { rows } = await sql<{ operation_id: string; state: string }>`
    with recursive ${chain(accountId, operationId)}
    select operation_id, state from operation
    where account_id = ${accountId} and operation_id = any(array(select operation_id from chain))
    order by operation_id desc ${lock}`.execute(tx);
  // An undo is younger than what it undoes.
  return rows.map((row) => ({ operationId: row.operation_id, state: row.state }));
}

/** Marks an operation as undone; what it had undone, if it was an undo, is done again, and so on. */
export async function markUndone(tx: WriteTx, accountId: number, operationId: string): Promise<void> {
  await sql`
    with recursive ${chain(accountId, operationId)}
    update operation set state = case state when 'done' then 'undone' else 'done' end
    where account_id = ${accountId} and operation_id = any(array(select operation_id from chain))`.execute(
    tx,
  );
}
