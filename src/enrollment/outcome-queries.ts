import { sql } from 'kysely';
import { PackedIds } from '../kernel/id-set.ts';
import type { EnrollmentKey } from '../kernel/ids.ts';
import type { ReadTx } from '../storage/index.ts';
import type { Demand } from './demand.ts';
import { uuidArray } from './queries.ts';
import type { OutcomeKind } from './reasons.ts';

/** All SQL that tells what became of what was asked: chunks of an operation, and what enrollments and history say. */

export interface AskedChunk extends Omit<Demand, 'refused'> {
  readonly place: number;
  readonly chunk: bigint;
}

/**
 * The chunks of an operation from a place on that were asked `pairs` things together, the last of them whole. With an
 * outcome only those that have it. Chunks from before outcomes were kept are left out.
 */
export async function chunksFrom(
  tx: ReadTx,
  accountId: number,
  operationId: string,
  range: { place: number; pairs: number; outcome: OutcomeKind | undefined },
): Promise<AskedChunk[]> {
  const wanted = range.outcome ? sql`and ${sql.ref(range.outcome)} > 0` : sql``;
  const { rows } = await sql<{
    place: number;
    chunk: string;
    ids: Buffer;
    item_ids: Buffer | null;
    id_reasons: Buffer | null;
    item_reasons: Buffer | null;
  }>`
    select place, chunk, ids, item_ids, id_reasons, item_reasons from (
      select *, sum(created + changed + unchanged + refused) over (order by place)
                - (created + changed + unchanged + refused) as before
      from operation_chunk where account_id = ${accountId} and operation_id = ${operationId}
        and place >= ${range.place} and ids is not null ${wanted}) c
    where before < ${range.pairs} order by place`.execute(tx);
  return rows.map((row) => ({
    place: row.place,
    chunk: BigInt(row.chunk),
    ids: row.ids,
    itemIds: row.item_ids,
    idReasons: row.id_reasons,
    itemReasons: row.item_reasons,
  }));
}

/** A pair that a chunk was asked to enroll. */
export interface AskedPair {
  readonly chunk: bigint;
  readonly learnerId: string;
  readonly itemId: string;
}

/**
 * The enrollment that each pair had after its chunk: the one the chunk created, else the one whose version held then,
 * else the next. Numbers of chunks are drawn under the locks by which an insert and an ending of the same learner wait for each
 * other, so their order is that of what happened.
 */
export async function enrollmentsAtChunk(
  tx: ReadTx,
  accountId: number,
  pairs: readonly AskedPair[],
): Promise<(EnrollmentKey | null)[]> {
  const { rows } = await sql<{ no: number; chunk: string; ordinal: number }>`
    select w.no::int, e.chunk, e.ordinal
    from unnest(${pairs.map(({ chunk }) => String(chunk))}::int8[], ${uuidArray(pairs.map((pair) => pair.learnerId))}::uuid[],
                ${uuidArray(pairs.map((pair) => pair.itemId))}::uuid[]) with ordinality as w(chunk, learner_id, item_id, no)
    cross join lateral (
      select chunk, ordinal from (
        select chunk, ordinal, version_chunk from enrollment
        where account_id = ${accountId} and learner_id = w.learner_id and item_id = w.item_id
        union all
        select chunk, ordinal, version_chunk from enrollment_past
        where account_id = ${accountId} and learner_id = w.learner_id and item_id = w.item_id
          and past_chunk > w.chunk) v
      order by v.chunk <> w.chunk, version_chunk > w.chunk, version_chunk limit 1) e`.execute(tx);
  const found = new Map(rows.map((row) => [row.no, row]));
  return pairs.map((_, place) => {
    const row = found.get(place + 1);
    return row ? { accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal } : null;
  });
}

/** A pair and its chunk, to be found by. */
export const nameOf = ({ chunk, learnerId, itemId }: AskedPair): string => `${chunk} ${learnerId} ${itemId}`;

/**
 * By name, all pairs whose enrollments were created by some chunks: a chunk's rows are side by side. They come packed, for to
 * a client ten thousand rows are dearer than to the database.
 */
export async function createdByChunks(
  tx: ReadTx,
  accountId: number,
  chunks: readonly bigint[],
): Promise<Set<string>> {
  const { rows } = await sql<{ chunk: string; pairs: Buffer }>`
    select w.chunk, string_agg(uuid_send(e.learner_id) || uuid_send(e.item_id), '') as pairs
    from unnest(${chunks.map(String)}::int8[]) as w(chunk) cross join lateral (
      select learner_id, item_id from enrollment where account_id = ${accountId} and chunk = w.chunk
      union all
      select learner_id, item_id from enrollment_past where account_id = ${accountId} and chunk = w.chunk) e
    group by w.chunk`.execute(tx);
  const created = new Set<string>();
  for (const { chunk, pairs } of rows) {
    const ids = new PackedIds(pairs);
    const named = ids.slice(0, ids.length);
    for (let at = 0; at < named.length; at += 2)
      created.add(nameOf({ chunk: BigInt(chunk), learnerId: named[at] ?? '', itemId: named[at + 1] ?? '' }));
  }
  return created;
}

/** The places of those pairs to which their chunk gave other terms. */
export async function editedAtChunk(
  tx: ReadTx,
  accountId: number,
  pairs: readonly AskedPair[],
): Promise<Set<number>> {
  const { rows } = await sql<{ no: number }>`
    select w.no::int
    from unnest(${pairs.map(({ chunk }) => String(chunk))}::int8[], ${uuidArray(pairs.map((pair) => pair.learnerId))}::uuid[],
                ${uuidArray(pairs.map((pair) => pair.itemId))}::uuid[]) with ordinality as w(chunk, learner_id, item_id, no)
    where exists (select from enrollment_past p
                  where p.account_id = ${accountId} and p.learner_id = w.learner_id and p.item_id = w.item_id
                    and p.past_chunk = w.chunk and p.past_cause = 'edited')`.execute(tx);
  return new Set(rows.map(({ no }) => no - 1));
}

/** An enrollment that a chunk was asked to change or end. */
export interface AskedEnrollment {
  readonly chunk: bigint;
  readonly key: EnrollmentKey;
}

export interface TouchedEnrollment {
  readonly learnerId: string;
  readonly itemId: string;
  /** Whether the chunk superseded or ended it. */
  readonly isTouched: boolean;
}

/** Whose each enrollment is or was, and whether its chunk did something to it. */
export async function touchedAtChunk(
  tx: ReadTx,
  accountId: number,
  asked: readonly AskedEnrollment[],
): Promise<(TouchedEnrollment | null)[]> {
  const { rows } = await sql<TouchedEnrollment & { no: number }>`
    select w.no::int, e.learner_id as "learnerId", e.item_id as "itemId",
           exists (select from enrollment_past p where p.account_id = ${accountId} and p.chunk = w.created
                     and p.ordinal = w.ordinal and p.past_chunk = w.chunk) as "isTouched"
    from unnest(${asked.map(({ chunk }) => String(chunk))}::int8[], ${asked.map(({ key }) => String(key.chunk))}::int8[],
                ${asked.map(({ key }) => key.ordinal)}::int[]) with ordinality as w(chunk, created, ordinal, no)
    cross join lateral (
      select learner_id, item_id from enrollment
      where account_id = ${accountId} and chunk = w.created and ordinal = w.ordinal
      union all
      select learner_id, item_id from enrollment_past
      where account_id = ${accountId} and chunk = w.created and ordinal = w.ordinal
      limit 1) e`.execute(tx);
  const found = new Map(rows.map((row) => [row.no, row]));
  return asked.map((_, place) => found.get(place + 1) ?? null);
}
