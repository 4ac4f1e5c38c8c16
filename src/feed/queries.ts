import { sql } from 'kysely';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { FeedEnd } from './places.ts';

/** All SQL about the extent of accounts' events: from where they are kept, up to where they are sealed. */

export interface FeedState extends FeedEnd {
  readonly accountId: number;
  /** Whether something is committed that has no place yet. */
  readonly hasUnsealed: boolean;
  /** What is told begins after this. */
  readonly kept: FeedEnd;
}

/** How the events of some accounts stand. */
export async function feedStates(tx: ReadTx, accountIds: readonly number[]): Promise<FeedState[]> {
  const { rows } = await sql<{
    account_id: number;
    position: string;
    events: string;
    kept_position: string;
    kept_events: string;
    has_unsealed: boolean;
  }>`
    select s.account_id, s.position, s.events, s.kept_position, s.kept_events,
      exists (select from operation_chunk c where c.account_id = s.account_id and c.position is null)
        or exists (select from event e where e.account_id = s.account_id and e.number is null) as has_unsealed
    from seal s where s.account_id = any(${[...accountIds]}::int[])`.execute(tx);
  return rows.map((row) => ({
    accountId: row.account_id,
    position: BigInt(row.position),
    events: BigInt(row.events),
    hasUnsealed: row.has_unsealed,
    kept: { position: BigInt(row.kept_position), events: BigInt(row.kept_events) },
  }));
}

export async function feedState(tx: ReadTx, accountId: number): Promise<FeedState> {
  const [state] = await feedStates(tx, [accountId]);
  if (!state) throw new Error(`account ${accountId} has no seal`);
  return state;
}

/** Notes from where on events are kept; it never goes back. */
export async function keepFrom(tx: WriteTx, accountId: number, kept: FeedEnd): Promise<void> {
  await sql`
    update seal set kept_position = greatest(kept_position, ${String(kept.position)}::int8),
      kept_events = greatest(kept_events, ${String(kept.events)}::int8)
    where account_id = ${accountId}`.execute(tx);
}

/** Accounts whose oldest kept event is from before an instant. */
export async function accountsWithOlder(tx: ReadTx, before: Date): Promise<number[]> {
  const { rows } = await sql<{ account_id: number }>`
    select s.account_id from seal s
    left join lateral (
      select o.accepted_at from operation_chunk c
      join operation o on o.account_id = c.account_id and o.operation_id = c.operation_id
      where c.account_id = s.account_id and c.position > s.kept_position order by c.position limit 1) chunk on true
    left join lateral (
      select e.occurred_at from event e
      where e.account_id = s.account_id and e.number > s.kept_events order by e.number limit 1) single on true
    where chunk.accepted_at < ${before} or single.occurred_at < ${before}
    order by s.account_id`.execute(tx);
  return rows.map((row) => row.account_id);
}
