import { sql } from 'kysely';
import type { KeptAnswer } from '../kernel/retries.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import type { KnownKey } from './rules.ts';

/** All SQL of keys and of the answers kept under them. */

/** Whose key it is. */
export interface KeyPlace {
  readonly accountId: number;
  readonly callerId: string;
  readonly keyHash: Buffer;
}

/** Who holds a key, and since which change of hands. */
export type HeldKey = KeyPlace & { readonly attempt: number };

export interface NewKey extends KeyPlace {
  readonly fingerprint: Buffer;
  readonly operationId: string;
  readonly leaseUntil: Date;
  readonly now: Date;
  /** Keys from before this have expired. */
  readonly expiredAt: Date;
}

/** How many expired keys of the account go with each new one: more than one, so that they cannot pile up. */
const SWEPT_AT_ONCE = 2;

const at = ({ accountId, callerId, keyHash }: KeyPlace) =>
  sql`account_id = ${accountId} and caller_id = ${callerId} and key_hash = ${keyHash}`;

/** Takes a key that is new, or has expired; the attempt, or null if it is taken. */
export async function insertKey(tx: WriteTx, key: NewKey): Promise<number | null> {
  const { rows } = await sql<{ attempt: number }>`
    with swept as (
      delete from idempotency_key where (account_id, caller_id, key_hash) in (
        select account_id, caller_id, key_hash from idempotency_key
        where account_id = ${key.accountId} and created_at <= ${key.expiredAt} and not (${at(key)})
        order by created_at limit ${SWEPT_AT_ONCE} for update skip locked))
    insert into idempotency_key as k (account_id, caller_id, key_hash, request_fingerprint, operation_id, lease_until,
                                      created_at)
    values (${key.accountId}, ${key.callerId}, ${key.keyHash}, ${key.fingerprint}, ${key.operationId},
            ${key.leaseUntil}, ${key.now})
    on conflict (account_id, caller_id, key_hash) do update set
      request_fingerprint = excluded.request_fingerprint, operation_id = excluded.operation_id, attempt = k.attempt + 1,
      lease_until = excluded.lease_until, done_at = null, answer_status = null, answer_headers = null,
      answer_type = null, answer_body = null, created_at = excluded.created_at
      where k.created_at <= ${key.expiredAt}
    returning attempt`.execute(tx);
  return rows[0]?.attempt ?? null;
}

export interface StoredKey extends KnownKey {
  readonly attempt: number;
  readonly operationId: string;
}

export async function findKey(tx: ReadTx, place: KeyPlace): Promise<StoredKey | null> {
  const { rows } = await sql<{
    request_fingerprint: Buffer;
    operation_id: string;
    attempt: number;
    lease_until: Date | null;
    done_at: Date | null;
    answer_status: number | null;
    answer_headers: Record<string, string> | null;
    answer_type: string | null;
    answer_body: Buffer | null;
    operation_state: string | null;
  }>`
    select k.request_fingerprint, k.operation_id, k.attempt, k.lease_until, k.done_at, k.answer_status, k.answer_headers,
           k.answer_type, k.answer_body, o.state as operation_state
    from (select * from idempotency_key where ${at(place)}) k
    left join operation o on o.account_id = k.account_id and o.operation_id = k.operation_id`.execute(tx);
  const row = rows[0];
  if (!row) return null;
  const state = row.operation_state;
  return {
    fingerprint: row.request_fingerprint,
    operationId: row.operation_id,
    attempt: row.attempt,
    leaseUntil: row.lease_until,
    doneAt: row.done_at,
    operation: state === null ? null : state === 'accepted' || state === 'running' ? 'open' : 'complete',
    answer:
      row.answer_status === null
        ? null
        : {
            status: row.answer_status,
            headers: row.answer_headers ?? {},
            contentType: row.answer_type ?? '',
            body: row.answer_body,
          },
  };
}

/** Takes a key over that nobody is at, for the request of this fingerprint; false if somebody was faster. */
export async function takeOver(
  tx: WriteTx,
  held: HeldKey,
  { doneAt }: Pick<StoredKey, 'doneAt'>,
  fingerprint: Buffer,
  leaseUntil: Date,
): Promise<boolean> {
  const { rows } = await sql`
    update idempotency_key set attempt = attempt + 1, request_fingerprint = ${fingerprint}, lease_until = ${leaseUntil}
    where ${at(held)} and attempt = ${held.attempt} and answer_status is null
      and done_at is not distinct from ${doneAt}::timestamptz
    returning 1`.execute(tx);
  return rows.length === 1;
}

/** Says, in the transaction that does it, that the request is done; false if the key changed hands. */
export async function markDone(tx: WriteTx, held: HeldKey, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update idempotency_key set done_at = ${now} where ${at(held)} and attempt = ${held.attempt} returning 1`.execute(
    tx,
  );
  return rows.length === 1;
}

export async function keepAnswer(tx: WriteTx, held: HeldKey, answer: KeptAnswer): Promise<void> {
  await sql`
    update idempotency_key set lease_until = null, answer_status = ${answer.status},
      answer_headers = ${JSON.stringify(answer.headers)}::jsonb, answer_type = ${answer.contentType},
      answer_body = ${answer.body}
    where ${at(held)} and attempt = ${held.attempt}`.execute(tx);
}

export async function endLease(tx: WriteTx, held: HeldKey): Promise<void> {
  await sql`
    update idempotency_key set lease_until = null where ${at(held)} and attempt = ${held.attempt}`.execute(
    tx,
  );
}
