import { sql } from 'kysely';
import type { ReadTx } from '../storage/index.ts';
import { CLAIM, type ClaimRow, toClaim } from './queries.ts';
import type { ChunkClaim } from './rules.ts';

/** All SQL of the audit of the ledger: the chain of chunks, and operations held against them. */

export interface SealedClaim {
  readonly position: bigint;
  readonly hash: Buffer | null;
  readonly chunk: bigint;
  readonly operationId: string;
  /** Null when the operation is not there. */
  readonly claim: ChunkClaim | null;
}

/** Sealed chunks after a position, in order. */
export async function sealedAfter(
  tx: ReadTx,
  accountId: number,
  position: bigint,
  limit: number,
): Promise<SealedClaim[]> {
  const { rows } = await sql<ClaimRow & { position: string; hash: Buffer | null; is_there: boolean }>`
    select ${CLAIM}, c.position, c.hash, o.operation_id is not null as is_there from (
      select * from operation_chunk where account_id = ${accountId} and position > ${String(position)}::int8
      order by position limit ${limit}) c
    left join operation o on o.account_id = c.account_id and o.operation_id = c.operation_id
    order by c.position`.execute(tx);
  return rows.map((row) => ({
    position: BigInt(row.position),
    hash: row.hash,
    chunk: BigInt(row.chunk),
    operationId: row.operation_id,
    claim: row.is_there ? toClaim(row) : null,
  }));
}

/** The end of the chain as the counter has it; null when there is no counter. */
export async function findSeal(
  tx: ReadTx,
  accountId: number,
): Promise<{ position: bigint; hash: Buffer } | null> {
  const { rows } = await sql<{ position: string; hash: Buffer }>`
    select position, hash from seal where account_id = ${accountId}`.execute(tx);
  return rows[0] ? { position: BigInt(rows[0].position), hash: rows[0].hash } : null;
}

export interface CheckedOperation {
  readonly operationId: string;
  readonly state: string;
  /** Whether it has a first chunk, and its position: for the line of a fault. */
  readonly position: bigint | null;
  readonly hasPlan: boolean;
  readonly isCompleted: boolean;
  /** Its counts are those of its chunks. */
  readonly isCounted: boolean;
  /** They add up to its total. */
  readonly isWhole: boolean;
  /** It created or changed something. */
  readonly hasEffect: boolean;
  readonly hasUndo: boolean;
  /** One that was neither undone itself nor cancelled. */
  readonly hasStandingUndo: boolean;
}

/** Operations after an id, each held against its chunks. */
export async function operationsAfter(
  tx: ReadTx,
  accountId: number,
  after: string,
  limit: number,
): Promise<CheckedOperation[]> {
  const { rows } = await sql<CheckedOperation & { position: string | null }>`
    with undo as materialized (
      select cause_id, bool_or(state not in ('undone', 'cancelled', 'failed')) as is_standing from operation
      where account_id = ${accountId} and kind = 'undo' and kind <> 'enroll' group by cause_id)
    select o.operation_id as "operationId", o.state, c.position,
      exists (select from operation_plan p where p.account_id = o.account_id and p.operation_id = o.operation_id) as "hasPlan",
      o.completed_at is not null as "isCompleted",
      (o.created, o.changed, o.unchanged, o.refused) = (c.created, c.changed, c.unchanged, c.refused) as "isCounted",
      o.created + o.changed + o.unchanged + o.refused = o.total as "isWhole",
      o.created + o.changed > 0 as "hasEffect", o.operation_id in (select cause_id from undo) as "hasUndo",
      o.operation_id in (select cause_id from undo where is_standing) as "hasStandingUndo"
    from (select * from operation where account_id = ${accountId} and operation_id > ${after}::uuid
          order by operation_id limit ${limit}) o
    cross join lateral (
      select coalesce(sum(created), 0) as created, coalesce(sum(changed), 0) as changed,
             coalesce(sum(unchanged), 0) as unchanged, coalesce(sum(refused), 0) as refused, min(position) as position
      from operation_chunk where account_id = o.account_id and operation_id = o.operation_id) c
    order by o.operation_id`.execute(tx);
  return rows.map((row) => ({ ...row, position: row.position === null ? null : BigInt(row.position) }));
}
