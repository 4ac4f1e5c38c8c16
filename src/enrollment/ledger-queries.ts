import { sql } from 'kysely';
import type { PairEventType } from '../events/index.ts';
import type { WriteTx } from '../storage/index.ts';
import { type Demand, DIGEST_VERSION, digestOfDemand } from './demand.ts';
import { type GivenTerms, packGiven } from './packed-terms.ts';
import { uuidArray } from './queries.ts';
import type { Receipt } from './receipt.ts';

/** All SQL that records what was done: operations, their chunks, and the events of a chunk. */

/** What subscribers and the feed are told of a chunk; event-queries.ts says whom each concerns. */
export interface ChunkEvent {
  readonly type: PairEventType;
  /** Item → how many learners. */
  readonly learners: ReadonlyMap<string, number>;
}

export interface ChunkRecord {
  readonly chunk: bigint;
  /** Which of the operation's chunks: 0 for the only one. */
  readonly place: number;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly demand: Demand;
  /** At most one of each type. */
  readonly events: readonly ChunkEvent[];
  /** The terms it gave, in the order of what it was asked; null when it gave none. */
  readonly given: GivenTerms | null;
}

/** An operation that one chunk completes. */
export async function recordOperation(
  tx: WriteTx,
  receipt: Receipt,
  done: Omit<ChunkRecord, 'place'>,
): Promise<void> {
  await sql`
    insert into operation (account_id, operation_id, kind, state, actor_id, client_id, source, cause_id,
                           request_digest, accepted_at, completed_at, total, created, changed, unchanged, refused)
    values (${receipt.accountId}, ${receipt.operationId}, ${receipt.kind}, 'done', ${receipt.actorId}, ${receipt.clientId},
            ${receipt.source}, ${receipt.causeId ?? null}, ${receipt.requestDigest}, ${receipt.acceptedAt},
            ${receipt.acceptedAt}, ${receipt.total}, ${done.created}, ${done.changed}, ${done.unchanged},
            ${done.demand.refused})`.execute(tx);
  await recordChunk(tx, receipt, { ...done, place: 0 });
}

/** The chunk's own row and its events, one for each type and item. */
export async function recordChunk(
  tx: WriteTx,
  { accountId, operationId }: Pick<Receipt, 'accountId' | 'operationId'>,
  record: ChunkRecord,
): Promise<void> {
  const { demand } = record;
  const given = record.given && packGiven(record.given);
  const told = record.events.flatMap(({ type, learners }) =>
    [...learners].map(([id, n]) => ({ type, id, n })),
  );
  await sql`
    with events as (
      insert into outbox (account_id, chunk, item_id, event_type, learners)
      select ${accountId}, ${String(record.chunk)}::int8, item_id, event_type, n
      from unnest(${uuidArray(told.map(({ id }) => id))}::uuid[], ${told.map(({ type }) => type)}::text[],
                  ${told.map(({ n }) => n)}::int[]) as e(item_id, event_type, n))
    insert into operation_chunk (account_id, chunk, operation_id, place, created, changed, unchanged, refused,
                                 hash_version, digest, ids, item_ids, id_reasons, item_reasons, terms)
    values (${accountId}, ${String(record.chunk)}::int8, ${operationId}, ${record.place}, ${record.created},
            ${record.changed}, ${record.unchanged}, ${demand.refused},
            ${DIGEST_VERSION}::int2, ${digestOfDemand(demand, given)}, ${demand.ids}, ${demand.itemIds}, ${demand.idReasons},
            ${demand.itemReasons}, ${given})`.execute(tx);
}
