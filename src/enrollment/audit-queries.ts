import { sql } from 'kysely';
import { micros } from '../operations/index.ts';
import type { ReadTx } from '../storage/index.ts';
import type { Demand } from './demand.ts';

/** All SQL of the audit of enrollments: chunks with everything they claim, and the versions to hold against them. */

/** A chunk as an auditor needs it. Instants are microseconds since 1970, as text: nothing is rounded. */
export interface AuditedChunk extends Demand {
  readonly chunk: bigint;
  readonly operationId: string;
  readonly position: bigint | null;
  readonly kind: string | null;
  readonly acceptedAt: string | null;
  readonly created: number;
  readonly changed: number;
  readonly version: number;
  readonly digest: Buffer;
  readonly terms: Buffer | null;
  /** Enrollments that it superseded or ended. */
  readonly superseded: number;
}

interface ChunkRow {
  chunk: string;
  operation_id: string;
  position: string | null;
  kind: string | null;
  accepted: string | null;
  created: number;
  changed: number;
  refused: number;
  hash_version: number;
  digest: Buffer;
  ids: Buffer | null;
  item_ids: Buffer | null;
  id_reasons: Buffer | null;
  item_reasons: Buffer | null;
  terms: Buffer | null;
  superseded: number;
}

const toChunk = (row: ChunkRow): AuditedChunk => ({
  chunk: BigInt(row.chunk),
  operationId: row.operation_id,
  position: row.position === null ? null : BigInt(row.position),
  kind: row.kind,
  acceptedAt: row.accepted,
  created: row.created,
  changed: row.changed,
  refused: row.refused,
  version: row.hash_version,
  digest: row.digest,
  ids: row.ids ?? Buffer.alloc(0),
  itemIds: row.item_ids,
  idReasons: row.id_reasons,
  itemReasons: row.item_reasons,
  terms: row.terms,
  superseded: row.superseded,
});

/** SQL: chunks `c` with their operations. */
const columns = (accountId: number) => sql`
  c.chunk, c.operation_id, c.position, o.kind, ${micros('o.accepted_at')} as accepted, c.created, c.changed, c.refused,
  c.hash_version, c.digest, c.ids, c.item_ids, c.id_reasons, c.item_reasons, c.terms,
  (select count(*)::int from enrollment_past p where p.account_id = ${accountId} and p.past_chunk = c.chunk) as superseded`;

/** Chunks after one, in order, that created so many enrollments together, the last of them whole. */
export async function chunksAfter(
  tx: ReadTx,
  accountId: number,
  after: bigint,
  range: { enrollments: number; chunks: number },
): Promise<AuditedChunk[]> {
  const { rows } = await sql<ChunkRow>`
    select ${columns(accountId)} from (
      select *, sum(created) over (order by chunk) - created as before from (
        select * from operation_chunk where account_id = ${accountId} and chunk > ${String(after)}::int8
        order by chunk limit ${range.chunks}) n) c
    left join operation o on o.account_id = c.account_id and o.operation_id = c.operation_id
    where before < ${range.enrollments} order by c.chunk`.execute(tx);
  return rows.map(toChunk);
}

export async function chunksOf(
  tx: ReadTx,
  accountId: number,
  chunks: readonly bigint[],
): Promise<AuditedChunk[]> {
  const { rows } = await sql<ChunkRow>`
    select ${columns(accountId)} from unnest(${chunks.map(String)}::int8[]) as w(chunk)
    join operation_chunk c on c.account_id = ${accountId} and c.chunk = w.chunk
    left join operation o on o.account_id = c.account_id and o.operation_id = c.operation_id`.execute(tx);
  return rows.map(toChunk);
}

/** A version as it stands in one of the tables; what only the past has is null where it is current. */
export interface AuditedVersion {
  readonly learner_id: string;
  readonly item_id: string;
  readonly chunk: string;
  readonly ordinal: number;
  readonly access_at: string;
  readonly due_at: string | null;
  readonly due_period_hours: number | null;
  readonly due_rule: number;
  readonly lock_after_due: boolean;
  readonly type_group: number;
  readonly term: number;
  readonly version_chunk: string;
  readonly recorded_at: string;
  readonly restored_chunk: string | null;
  readonly past_chunk: string | null;
  readonly past_at: string | null;
  readonly past_cause: string | null;
  readonly left_chunk: string | null;
  /** Another enrollment of the pair has the same term, or none has the one before. */
  readonly is_term_odd: boolean;
  /** The pair was free of, or changed, something at the instant from which this holds. */
  readonly has_turn: boolean;
}

/** Every version of the enrollments that chunks within (after, upTo] created; `upTo` null: all that come after. */
export async function versionsWithin(
  tx: ReadTx,
  accountId: number,
  after: bigint,
  upTo: bigint | null,
): Promise<AuditedVersion[]> {
  const isWithin = sql`v.account_id = ${accountId} and v.chunk > ${String(after)}::int8
    and ${upTo === null ? sql`true` : sql`v.chunk <= ${String(upTo)}::int8`}`;
  const common = sql`v.learner_id, v.item_id, v.chunk, v.ordinal, ${micros('v.access_at')} as access_at,
    ${micros('v.due_at')} as due_at, v.due_period_hours, v.due_rule, v.lock_after_due, v.type_group, v.term, v.version_chunk,
    ${micros('v.recorded_at')} as recorded_at, v.restored_chunk,
    exists (select from enrollment_past p where p.account_id = ${accountId} and p.learner_id = v.learner_id
              and p.item_id = v.item_id and p.term = v.term and (p.chunk, p.ordinal) <> (v.chunk, v.ordinal))
      or (v.term <> 1 and not exists (
        select from enrollment_past p where p.account_id = ${accountId} and p.learner_id = v.learner_id
          and p.item_id = v.item_id and p.term = v.term - 1)) as is_term_odd,
    exists (select from enrollment_past p where p.account_id = ${accountId} and p.learner_id = v.learner_id
              and p.item_id = v.item_id and p.past_at = v.recorded_at) as has_turn`;
  const { rows } = await sql<AuditedVersion>`
    select ${common}, null::int8 as past_chunk, null::int8 as past_at, null::text as past_cause, null::int8 as left_chunk
    from enrollment v where ${isWithin}
    union all
    select ${common}, v.past_chunk, ${micros('v.past_at')} as past_at, v.past_cause, v.left_chunk
    from enrollment_past v where ${isWithin}`.execute(tx);
  return rows;
}

/** What each of some chunks replaced by re-enrolling: `chunk learner item`. */
export async function replacedBy(
  tx: ReadTx,
  accountId: number,
  chunks: readonly bigint[],
): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`
    select p.past_chunk || ' ' || p.learner_id || ' ' || p.item_id as name
    from unnest(${chunks.map(String)}::int8[]) as w(chunk)
    join enrollment_past p on p.account_id = ${accountId} and p.past_chunk = w.chunk and p.past_cause = 'reenrolled'`.execute(
    tx,
  );
  return new Set(rows.map(({ name }) => name));
}

/** What each of some undoing chunks put back, or took away and left nothing: `chunk created ordinal`. */
export async function undoneBy(
  tx: ReadTx,
  accountId: number,
  chunks: readonly bigint[],
): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`
    select w.chunk || ' ' || v.chunk || ' ' || v.ordinal as name
    from unnest(${chunks.map(String)}::int8[]) as w(chunk) cross join lateral (
      select chunk, ordinal from enrollment
      where account_id = ${accountId} and version_chunk = w.chunk and version_chunk <> chunk
      union all
      select chunk, ordinal from enrollment_past
      where account_id = ${accountId} and version_chunk = w.chunk and version_chunk <> chunk
      union all
      select chunk, ordinal from enrollment_past
      where account_id = ${accountId} and past_chunk = w.chunk and left_chunk is not null) v`.execute(tx);
  return new Set(rows.map(({ name }) => name));
}

/** How many chunks wait for their position. */
export async function countUnsealed(tx: ReadTx, accountId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from operation_chunk where account_id = ${accountId} and position is null`.execute(
    tx,
  );
  return rows[0]?.n ?? 0;
}
