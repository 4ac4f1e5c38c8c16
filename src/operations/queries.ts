import { type RawBuilder, sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { ChunkClaim } from './rules.ts';

/** All SQL of the ledger: operations, their chunks, and the seal. */

export type OperationState = 'accepted' | 'running' | 'done' | 'cancelled' | 'failed' | 'undone';

export interface OperationRow {
  readonly operationId: string;
  readonly kind: string;
  readonly state: OperationState;
  readonly actorId: string;
  readonly source: string;
  readonly reason: string | null;
  /** The operation that it undoes. */
  readonly causeId: string | null;
  readonly acceptedAt: Date;
  readonly completedAt: Date | null;
  readonly total: number;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly refused: number;
}

interface OperationSqlRow {
  operation_id: string;
  kind: string;
  state: OperationState;
  actor_id: string;
  source: string;
  reason: string | null;
  cause_id: string | null;
  accepted_at: Date;
  completed_at: Date | null;
  total: string;
  created: string;
  changed: string;
  unchanged: string;
  refused: string;
}

const toOperation = (row: OperationSqlRow): OperationRow => ({
  operationId: row.operation_id,
  kind: row.kind,
  state: row.state,
  actorId: row.actor_id,
  source: row.source,
  reason: row.reason,
  causeId: row.cause_id,
  acceptedAt: row.accepted_at,
  completedAt: row.completed_at,
  total: Number(row.total),
  created: Number(row.created),
  changed: Number(row.changed),
  unchanged: Number(row.unchanged),
  refused: Number(row.refused),
});

/** SQL: operations `o` with their counts; those of a running one are summed over the chunks written so far. */
const COUNTED = sql`
  select o.operation_id, o.kind, o.state, o.actor_id, o.source, o.reason, o.cause_id, o.accepted_at, o.completed_at, o.total,
         coalesce(c.created, 0) as created, coalesce(c.changed, 0) as changed,
         coalesce(c.unchanged, 0) as unchanged, coalesce(c.refused, 0) as refused
  from operation o
  cross join lateral (
    select sum(created) as created, sum(changed) as changed, sum(unchanged) as unchanged, sum(refused) as refused
    from operation_chunk c where c.account_id = o.account_id and c.operation_id = o.operation_id) c`;

export async function findOperation(
  tx: ReadTx,
  accountId: number,
  operationId: string,
): Promise<OperationRow | null> {
  const { rows } = await sql<OperationSqlRow>`
    ${COUNTED} where o.account_id = ${accountId} and o.operation_id = ${operationId}`.execute(tx);
  return rows[0] ? toOperation(rows[0]) : null;
}

/** When operations were accepted, by their ids. */
export async function acceptedAt(
  tx: ReadTx,
  accountId: number,
  operationIds: readonly string[],
): Promise<Map<string, Date>> {
  const { rows } = await sql<{ operation_id: string; accepted_at: Date }>`
    select operation_id, accepted_at from operation
    where account_id = ${accountId} and operation_id = any(${[...operationIds]}::uuid[])`.execute(tx);
  return new Map(rows.map((row) => [row.operation_id, row.accepted_at]));
}

/** Which operations; null means any. */
export interface OperationFilter {
  readonly actorId: string | null;
  readonly state: OperationState | null;
  readonly kind: string | null;
  /** Accepted at or after, and before. */
  readonly from: Date | null;
  readonly to: Date | null;
}

/** Where a reader of the list stands: the order is (acceptedAt, operationId). */
export interface OperationPlace {
  readonly acceptedAt: Date;
  readonly operationId: string;
}

/** The next operations in order of acceptance. Every filter that may be rare has an index in this order. */
export const operationsAfter = (
  tx: ReadTx,
  accountId: number,
  filter: OperationFilter,
  after: OperationPlace | null,
  limit: number,
): Promise<OperationRow[]> =>
  operationsWhere(
    tx,
    accountId,
    [
      ...conditionsOf(accountId, filter),
      ...(after
        ? [sql`(accepted_at, operation_id) > (${after.acceptedAt}, ${after.operationId}::uuid)`]
        : []),
    ],
    sql`accepted_at, operation_id limit ${limit}`,
  );

/** The last ones, in the same order. */
export const lastOperations = (
  tx: ReadTx,
  accountId: number,
  filter: OperationFilter,
  limit: number,
): Promise<OperationRow[]> =>
  operationsWhere(
    tx,
    accountId,
    conditionsOf(accountId, filter),
    sql`accepted_at desc, operation_id desc limit ${limit}`,
  );

const conditionsOf = (
  accountId: number,
  { actorId, state, kind, from, to }: OperationFilter,
): RawBuilder<unknown>[] => [
  sql`account_id = ${accountId}`,
  ...(actorId ? [sql`actor_id = ${actorId}`] : []),
  ...(state ? [sql`state = ${state} and ${state === 'done' ? sql`true` : sql`state <> 'done'`}`] : []),
  ...(kind ? [sql`kind = ${kind} and ${kind === 'enroll' ? sql`true` : sql`kind <> 'enroll'`}`] : []),
  ...(from ? [sql`accepted_at >= ${from}`] : []),
  ...(to ? [sql`accepted_at < ${to}`] : []),
];

async function operationsWhere(
  tx: ReadTx,
  accountId: number,
  conditions: readonly RawBuilder<unknown>[],
  chosen: RawBuilder<unknown>,
): Promise<OperationRow[]> {
  const { rows } = await sql<OperationSqlRow>`
    with page as materialized (
      select operation_id from operation where ${sql.join(conditions, sql` and `)}
      order by ${chosen})
    ${COUNTED} join page using (operation_id) where o.account_id = ${accountId}
    order by o.accepted_at, o.operation_id`.execute(tx);
  return rows.map(toOperation);
}

/** How far an account is sealed: the last position of a chunk, and the last number of an event. */
export interface SealState {
  readonly position: bigint;
  readonly events: bigint;
  /** Whether committed chunks wait for their position. */
  readonly hasUnsealed: boolean;
}

export async function sealState(tx: ReadTx, accountId: number): Promise<SealState> {
  const { rows } = await sql<{ position: string; events: string; has_unsealed: boolean }>`
    select position, events, exists(select from operation_chunk c where c.account_id = s.account_id and c.position is null) as has_unsealed
    from seal s where account_id = ${accountId}`.execute(tx);
  return {
    position: BigInt(rows[0]?.position ?? 0),
    events: BigInt(rows[0]?.events ?? 0),
    hasUnsealed: rows[0]?.has_unsealed ?? false,
  };
}

/** Locks the account's counter: only one sealer works at a time, and no writer ever waits for it. */
export async function lockSeal(
  tx: WriteTx,
  accountId: number,
): Promise<{ position: bigint; events: bigint; hash: Buffer }> {
  const { rows } = await sql<{ position: string; events: string; hash: Buffer }>`
    select position, events, hash from seal where account_id = ${accountId} for update`.execute(tx);
  const row = rows[0];
  if (!row) throw new Error(`account ${accountId} has no seal`);
  return { position: BigInt(row.position), events: BigInt(row.events), hash: row.hash };
}

/** Instants as they are hashed: to the microsecond, whatever a Date can hold. */
export const micros = (instant: string) => sql`(extract(epoch from ${sql.ref(instant)}) * 1000000)::int8`;

export interface ClaimRow {
  chunk: string;
  operation_id: string;
  place: number;
  created: number;
  changed: number;
  unchanged: number;
  refused: number;
  hash_version: number;
  digest: Buffer;
  kind: string;
  actor_id: string;
  client_id: string | null;
  source: string;
  cause_id: string | null;
  request_digest: Buffer;
  accepted_micros: string;
  total: string;
}

/** SQL: what the hash of a chunk `c` of an operation `o` covers. */
export const CLAIM = sql`c.chunk, c.operation_id, c.place, c.created, c.changed, c.unchanged, c.refused, c.hash_version, c.digest,
  o.kind, o.actor_id, o.client_id, o.source, o.cause_id, o.request_digest, ${micros('o.accepted_at')} as accepted_micros, o.total`;

export const toClaim = (row: ClaimRow): ChunkClaim => ({
  chunk: BigInt(row.chunk),
  place: row.place,
  created: row.created,
  changed: row.changed,
  unchanged: row.unchanged,
  refused: row.refused,
  version: row.hash_version,
  digest: row.digest,
  operation: {
    operationId: row.operation_id,
    kind: row.kind,
    actorId: row.actor_id,
    clientId: row.client_id,
    source: row.source,
    causeId: row.cause_id,
    requestDigest: row.request_digest,
    acceptedMicros: row.accepted_micros,
    total: row.total,
  },
});

export async function unsealedChunks(tx: ReadTx, accountId: number, limit: number): Promise<ChunkClaim[]> {
  const { rows } = await sql<ClaimRow>`
    select ${CLAIM} from (
      select * from operation_chunk where account_id = ${accountId} and position is null order by chunk limit ${limit}) c
    join operation o on o.account_id = c.account_id and o.operation_id = c.operation_id
    order by c.chunk`.execute(tx);
  return rows.map(toClaim);
}

export interface SealedChunk {
  readonly chunk: bigint;
  readonly position: bigint;
  readonly hash: Buffer;
}

/** Writes positions and hashes, and moves the counters: to the last of them, and to the last number of an event. */
export async function writeSeals(
  tx: WriteTx,
  accountId: number,
  sealed: readonly SealedChunk[],
  events: bigint,
): Promise<void> {
  const last = sealed.at(-1);
  if (!last) {
    await sql`update seal set events = ${String(events)}::int8 where account_id = ${accountId} and events <> ${String(events)}::int8`.execute(
      tx,
    );
    return;
  }
  await sql`
    with moved as (
      update seal set position = ${String(last.position)}::int8, hash = ${last.hash}, events = ${String(events)}::int8
      where account_id = ${accountId})
    update operation_chunk c set position = s.position, hash = s.hash
    from unnest(${sealed.map((s) => String(s.chunk))}::int8[], ${sealed.map((s) => String(s.position))}::int8[],
                ${sealed.map((s) => s.hash)}::bytea[]) as s(chunk, position, hash)
    where c.account_id = ${accountId} and c.chunk = s.chunk`.execute(tx);
}
