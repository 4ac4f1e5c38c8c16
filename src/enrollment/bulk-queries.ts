import { type RawBuilder, sql } from 'kysely';
import { isActiveAt } from '../access/index.ts';
import { type NewEvent, recordEvents } from '../events/index.ts';
import { type IdSet, PackedIds, pack } from '../kernel/id-set.ts';
import type { OperationState } from '../operations/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { PackedRows } from './packed-rows.ts';
import { nextTerm, sinceWhen, uuidArray } from './queries.ts';
import type { RefusalReason } from './reasons.ts';
import type { OperationKind, Receipt } from './receipt.ts';

/** All SQL of large operations: acceptance, lease, and the chunks of those that enroll. */

/** An item of a large operation with the terms that were resolved when it was accepted. Instants are ISO text. */
export interface PlannedItem {
  readonly itemId: string;
  readonly accessAt: string;
  readonly dueAt: string | null;
  readonly duePeriodHours: number | null;
  readonly dueRule: number;
  readonly lock: boolean;
}

/** An item of a lenient one that nobody can be enrolled in. */
export interface RefusedItem {
  readonly itemId: string;
  readonly reason: RefusalReason;
}

/** What a large operation does; a plan of another kind is none of ours. */
export type LargeKind = Extract<OperationKind, 'enroll' | 'delete' | 'import' | 'undo'>;

/** What is left to write of a large operation. */
export interface LargeWork {
  /** Learners to enroll, or enrollments to end; chunks are cut from them by place. */
  readonly ids: IdSet;
  /** In what to enroll; nothing when enrollments end. */
  readonly items: readonly (PlannedItem | RefusedItem)[];
  /** A byte for each id: why it is refused (demand.ts); null when none is. */
  readonly idReasons: Buffer | null;
  /** What is wanted for each id by itself; null where all want the same of the items. */
  readonly rows: PackedRows | null;
  /** The chunks that an undo undoes, one by one; nothing otherwise. */
  readonly undoes?: readonly bigint[];
  /** Whose turn it takes among the operations of the account; its own unless given. */
  readonly turn?: string;
  readonly chunkPairs: number;
}

export interface AcceptedOperation extends LargeWork {
  readonly receipt: Receipt;
  readonly leaseUntil: Date;
}

/** Records what was validated whole; from here on it is always completed. Returns false if the rights changed meanwhile. */
export async function accept(
  tx: WriteTx,
  { receipt, ...work }: AcceptedOperation,
  rightsVersion: bigint,
): Promise<boolean> {
  const { rows } = await sql<{ rights_version: string }>`
    select rights_version from account where account_id = ${receipt.accountId} for key share`.execute(tx);
  if (BigInt(rows[0]?.rights_version ?? -1) !== rightsVersion) return false;
  await sql`
    with recorded as (
      insert into operation (account_id, operation_id, kind, state, actor_id, client_id, source, cause_id,
                             request_digest, accepted_at, total)
      values (${receipt.accountId}, ${receipt.operationId}, ${receipt.kind}, 'accepted', ${receipt.actorId}, ${receipt.clientId},
              ${receipt.source}, ${receipt.causeId ?? null}, ${receipt.requestDigest}, ${receipt.acceptedAt}, ${receipt.total}))
    insert into operation_plan (account_id, operation_id, ids, items, id_reasons, row_items, row_terms, undoes, turn, chunk_pairs, lease_until)
    values (${receipt.accountId}, ${receipt.operationId}, ${pack(work.ids).bytes},
            ${JSON.stringify(work.items)}, ${work.idReasons}, ${work.rows?.items ?? null}, ${work.rows?.terms ?? null},
            ${(work.undoes ?? []).map(String)}::int8[], ${work.turn ?? receipt.operationId}::uuid, ${work.chunkPairs}, ${work.leaseUntil})`.execute(
    tx,
  );
  return true;
}

/** Accounts that have accepted operations nobody is writing: after a crash, or released at a stop. */
export async function accountsToResume(tx: ReadTx, now: Date): Promise<number[]> {
  const { rows } = await sql<{ account_id: number }>`
    select distinct account_id from operation_plan where lease_until < ${now}`.execute(tx);
  return rows.map((row) => row.account_id);
}

/** A large operation that this process may write, until its lease runs out. */
export interface Lease extends LargeWork {
  readonly ids: PackedIds;
  readonly accountId: number;
  readonly operationId: string;
  readonly kind: LargeKind;
  readonly epoch: bigint;
  readonly nextChunk: number;
  readonly acceptedAt: Date;
}

/**
 * Takes the account's oldest accepted operation, if nobody holds it: large operations of an account run in order.
 * Null when there is none; `busy` when somebody else holds it.
 */
export async function takeLease(
  tx: WriteTx,
  accountId: number,
  now: Date,
  leaseUntil: Date,
  mine: ReadonlySet<string>,
): Promise<Lease | 'busy' | null> {
  const { rows } = await sql<{
    operation_id: string;
    lease_epoch: string;
    lease_until: Date;
    next_chunk: number;
    ids: Buffer;
    items: (PlannedItem | RefusedItem)[];
    id_reasons: Buffer | null;
    row_items: Buffer | null;
    row_terms: Buffer | null;
    undoes: string[];
    chunk_pairs: number;
  }>`select operation_id, lease_epoch, lease_until, next_chunk, ids, items, id_reasons, row_items, row_terms,
            undoes, chunk_pairs
     from operation_plan where account_id = ${accountId}
     order by turn, operation_id limit 1 for update`.execute(tx);
  const row = rows[0];
  if (!row) return null;
  if (row.lease_until > now && !mine.has(row.operation_id)) return 'busy';
  const epoch = BigInt(row.lease_epoch) + 1n;
  await sql`update operation_plan set lease_epoch = ${String(epoch)}::int8, lease_until = ${leaseUntil}
    where account_id = ${accountId} and operation_id = ${row.operation_id}`.execute(tx);
  const { rows: operations } = await sql<{ kind: LargeKind; accepted_at: Date }>`
    update operation set state = 'running'
    where account_id = ${accountId} and operation_id = ${row.operation_id} returning kind, accepted_at`.execute(
    tx,
  );
  const operation = operations[0];
  if (!operation) throw new Error(`the plan ${row.operation_id} has no operation`);
  return {
    accountId,
    operationId: row.operation_id,
    kind: operation.kind,
    epoch,
    nextChunk: row.next_chunk,
    ids: new PackedIds(row.ids),
    items: row.items,
    idReasons: row.id_reasons,
    rows: row.row_items && row.row_terms ? { items: row.row_items, terms: row.row_terms } : null,
    undoes: row.undoes.map(BigInt),
    chunkPairs: row.chunk_pairs,
    acceptedAt: operation.accepted_at,
  };
}

/** Lets go of a lease at a stop, so that the next process need not wait for it to expire. */
export async function releaseLease(
  tx: WriteTx,
  accountId: number,
  operationId: string,
  epoch: bigint,
): Promise<void> {
  await sql`update operation_plan set lease_until = to_timestamp(0)
    where account_id = ${accountId} and operation_id = ${operationId} and lease_epoch = ${String(epoch)}::int8`.execute(
    tx,
  );
}

/** The row lock under which a chunk is written: false if another worker took over or the chunk is written already. */
export async function holdLease(
  tx: WriteTx,
  lease: Lease,
  place: number,
  leaseUntil: Date,
): Promise<boolean> {
  const { rows } = await sql`
    update operation_plan set next_chunk = ${place + 1}, lease_until = ${leaseUntil}
    where account_id = ${lease.accountId} and operation_id = ${lease.operationId}
      and lease_epoch = ${String(lease.epoch)}::int8 and next_chunk = ${place}
    returning 1`.execute(tx);
  return rows.length === 1;
}

/** Of the parents that were locked, those that went away meanwhile, and the learners of whom enrollments have ended. */
export interface LockedParents {
  readonly goneLearners: ReadonlySet<string>;
  readonly goneItems: ReadonlySet<string>;
  readonly withPast: ReadonlySet<string>;
}

/** Locks parents, in order of id, against going away. A statement after this one sees every ending of its learners. */
export const lockParents = (
  tx: WriteTx,
  accountId: number,
  learnerIds: readonly string[],
  itemIds: readonly string[],
  now: Date,
): Promise<LockedParents> => findParents(tx, accountId, learnerIds, itemIds, now, sql`for key share`);

/** The same without a lock, to look ahead. */
export async function findParents(
  tx: ReadTx,
  accountId: number,
  learnerIds: readonly string[],
  itemIds: readonly string[],
  now: Date,
  lock: RawBuilder<unknown> = sql``,
): Promise<LockedParents> {
  const { rows } = await sql<{ kind: string; id: string }>`
    with learner as materialized (
      select u.* from unnest(${uuidArray(learnerIds)}::uuid[]) as w(id) cross join lateral (
        select user_id, endings from users
        where account_id = ${accountId} and user_id = w.id and ${isActiveAt('users', now)} offset 0 ${lock}) u),
    item as materialized (
      select i.* from unnest(${uuidArray(itemIds)}::uuid[]) as w(id) cross join lateral (
        select item_id from content_item
        where account_id = ${accountId} and item_id = w.id and retired_at is null offset 0 ${lock}) i)
    select 'learner' as kind, id from unnest(${uuidArray(learnerIds)}::uuid[]) as w(id)
      where (select count(*) from learner) < ${learnerIds.length} and id not in (select user_id from learner)
    union all
    select 'item', id from unnest(${uuidArray(itemIds)}::uuid[]) as w(id)
      where (select count(*) from item) < ${itemIds.length} and id not in (select item_id from item)
    union all
    select 'past', user_id from learner where endings > 0`.execute(tx);
  const of = (kind: string) => new Set(rows.filter((row) => row.kind === kind).map((row) => row.id));
  return { goneLearners: of('learner'), goneItems: of('item'), withPast: of('past') };
}

/** A chunk of new pairs shows itself by one of so many, and pays next to nothing for having been looked at. */
const SAMPLE = 20;

/** Whether every pair is enrolled already: then there is nothing to insert, and no parent to lock for it. */
export async function areAllEnrolled(
  tx: ReadTx,
  accountId: number,
  learnerIds: readonly string[],
  itemIds: readonly string[],
): Promise<boolean> {
  const some = learnerIds.filter((_, place) => place % Math.ceil(learnerIds.length / SAMPLE) === 0);
  const isMissing = async (learners: readonly string[], items: readonly string[]): Promise<boolean> => {
    // A scalar subquery: one look-up for each pair, and none after the first that is missing. The order makes it one by the
    // primary key: on a table without statistics, equality alone was seen to read the whole course for each pair.
    const { rows } = await sql`
      select 1 from unnest(${uuidArray(learners)}::uuid[]) as l(id) cross join unnest(${uuidArray(items)}::uuid[]) as i(id)
      where (select e.learner_id = l.id and e.item_id = i.id from enrollment e
             where e.account_id = ${accountId} and (e.learner_id, e.item_id) >= (l.id, i.id)
             order by e.learner_id, e.item_id limit 1) is not true
      limit 1`.execute(tx);
    return rows.length > 0;
  };
  return !(await isMissing(some, itemIds.slice(0, 1))) && !(await isMissing(learnerIds, itemIds));
}

export interface ChunkRows {
  readonly accountId: number;
  readonly chunk: bigint;
  readonly recordedAt: Date;
  readonly learnerIds: readonly string[];
  readonly withPast: ReadonlySet<string>;
  readonly items: readonly PlannedItem[];
}

/**
 * Inserts the pairs that do not exist; returns how many per item. The primary key decides, row by row: looking first
 * would be faster when the plan probes that key for each pair, but on a growing table without statistics the planner
 * was seen to read whole courses instead, which is slower by two orders of magnitude.
 */
export async function insertChunk(tx: WriteTx, rows: ChunkRows): Promise<Map<string, number>> {
  const { items } = rows;
  const counted = await sql<{ item_id: string; n: number }>`
    with item as materialized (
      select * from unnest(${uuidArray(items.map((i) => i.itemId))}::uuid[],
        ${items.map((_, place) => place * rows.learnerIds.length)}::int[], ${items.map((i) => i.accessAt)}::timestamptz[],
        ${items.map((i) => i.dueAt)}::timestamptz[], ${items.map((i) => i.duePeriodHours)}::int[],
        ${items.map((i) => i.dueRule)}::int2[], ${items.map((i) => i.lock)}::boolean[])
      as i(item_id, first, access_at, due_at, due_period_hours, due_rule, lock_after_due)),
    inserted as (
      insert into enrollment (account_id, learner_id, item_id, chunk, ordinal, access_at, due_at, due_period_hours,
                              due_rule, lock_after_due, type_group, term, version_chunk, recorded_at)
      select ${rows.accountId}, l.learner_id, i.item_id, ${String(rows.chunk)}::int8, (i.first + l.place - 1)::int, i.access_at, i.due_at,
             i.due_period_hours, i.due_rule, i.lock_after_due, 0, ${nextTerm(rows.accountId, sql`l.has_past`)},
             ${String(rows.chunk)}::int8, ${sinceWhen(rows.accountId, sql`l.has_past`, sql`${rows.recordedAt}::timestamptz`)}
      from unnest(${uuidArray(rows.learnerIds)}::uuid[], ${rows.learnerIds.map((id) => rows.withPast.has(id))}::boolean[])
        with ordinality as l(learner_id, has_past, place) cross join item i
      on conflict (account_id, learner_id, item_id) do nothing
      returning item_id)
    select item_id, count(*)::int as n from inserted group by item_id`.execute(tx);
  return new Map(counted.rows.map((row) => [row.item_id, row.n]));
}

/** Completes the operation: its counts are those of its chunks, its plan is gone. False if another worker took over. */
export async function completeOperation(
  tx: WriteTx,
  accountId: number,
  operationId: string,
  epoch: bigint,
  now: Date,
): Promise<boolean> {
  const isOurs = sql`lease_epoch = ${String(epoch)}::int8`;
  return endPlan(tx, accountId, operationId, isOurs, 'done', now);
}

/**
 * Ends an operation between two chunks, whoever writes it: a chunk being written is waited for, and its writer finds no
 * plan afterwards. False when every chunk was written.
 */
export const cancelOperation = (
  tx: WriteTx,
  accountId: number,
  operationId: string,
  now: Date,
): Promise<boolean> => endPlan(tx, accountId, operationId, sql`true`, 'cancelled', now);

async function endPlan(
  tx: WriteTx,
  accountId: number,
  operationId: string,
  condition: RawBuilder<unknown>,
  state: 'done' | 'cancelled',
  now: Date,
): Promise<boolean> {
  const removed =
    await sql`delete from operation_plan where account_id = ${accountId} and operation_id = ${operationId}
    and ${condition} returning 1`.execute(tx);
  if (removed.rows.length === 0) return false;
  const { rows } = await sql<EndedOperation>`
    update operation o set state = ${state}, completed_at = ${now}, created = c.created, changed = c.changed,
      unchanged = c.unchanged, refused = c.refused
    from (select coalesce(sum(created), 0) as created, coalesce(sum(changed), 0) as changed,
                 coalesce(sum(unchanged), 0) as unchanged, coalesce(sum(refused), 0) as refused
          from operation_chunk where account_id = ${accountId} and operation_id = ${operationId}) c
    where o.account_id = ${accountId} and o.operation_id = ${operationId}
    returning o.kind, o.actor_id, o.created, o.changed, o.unchanged, o.refused`.execute(tx);
  const event = rows.map((row) => completionOf(operationId, state, row));
  await recordEvents(tx, accountId, event, now);
  return true;
}

interface EndedOperation {
  kind: string;
  actor_id: string;
  created: string;
  changed: string;
  unchanged: string;
  refused: string;
}

/** What is told when an operation that took more than one transaction is over: whoever began it need not ask again and again. */
const completionOf = (operationId: string, state: string, row: EndedOperation): NewEvent => ({
  eventType: 'OPERATION_COMPLETED',
  payload: {
    operationId,
    kind: row.kind,
    state,
    actorId: row.actor_id,
    created: Number(row.created),
    changed: Number(row.changed),
    unchanged: Number(row.unchanged),
    refused: Number(row.refused),
  },
  userIds: [row.actor_id],
});

/** The state an operation is in. */
export async function stateOf(tx: ReadTx, accountId: number, operationId: string): Promise<OperationState> {
  const { rows } = await sql<{ state: OperationState }>`
    select state from operation where account_id = ${accountId} and operation_id = ${operationId}`.execute(
    tx,
  );
  if (!rows[0]) throw new Error(`operation ${operationId} is not there`);
  return rows[0].state;
}

/** Accepted operations that are not complete, of all accounts. */
export async function countPending(tx: ReadTx): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from operation_plan`.execute(tx);
  return rows[0]?.n ?? 0;
}
