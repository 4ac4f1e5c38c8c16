import { type RawBuilder, sql } from 'kysely';
import { PackedIds } from '../kernel/id-set.ts';
import type { EnrollmentKey } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { column } from './array-literal.ts';
import type { PlannedItem, RefusedItem } from './bulk-queries.ts';
import { uuidArray } from './queries.ts';

/** All SQL of plans: keeping them, their parts, and how the pairs of a part stand. */

/** Whose plan it is. */
export interface PlanOwner {
  readonly accountId: number;
  readonly callerId: string;
}

export interface NewPlan extends PlanOwner {
  readonly planId: string;
  readonly requestDigest: Buffer;
  readonly pairs: number;
  readonly plannedAt: Date;
  readonly expiresAt: Date;
  readonly ids: PackedIds;
  readonly idReasons: Buffer | null;
  readonly items: readonly (PlannedItem | RefusedItem)[];
  readonly chunkPairs: number;
}

export async function insertPlan(tx: WriteTx, plan: NewPlan): Promise<void> {
  await sql`
    insert into enrollment_plan (account_id, plan_id, caller_id, request_digest, pairs, planned_at, expires_at, ids,
                                 id_reasons, items, chunk_pairs)
    values (${plan.accountId}, ${plan.planId}, ${plan.callerId}, ${plan.requestDigest}, ${plan.pairs}, ${plan.plannedAt},
            ${plan.expiresAt}, ${plan.ids.bytes}, ${plan.idReasons}, ${JSON.stringify(plan.items)}, ${plan.chunkPairs})`.execute(
    tx,
  );
}

export async function insertPart(
  tx: WriteTx,
  { accountId, planId }: Pick<NewPlan, 'accountId' | 'planId'>,
  place: number,
  enrolled: Buffer,
): Promise<void> {
  await sql`
    insert into enrollment_plan_part (account_id, plan_id, place, enrolled)
    values (${accountId}, ${planId}, ${place}, ${enrolled})`.execute(tx);
}

/** A plan as it is kept, without its learners: those are read by parts. */
export interface KeptPlan {
  readonly accountId: number;
  readonly planId: string;
  readonly requestDigest: Buffer;
  readonly plannedAt: Date;
  readonly expiresAt: Date;
  readonly operationId: string | null;
  readonly learners: number;
  /** Empty once the plan has expired. */
  readonly items: readonly (PlannedItem | RefusedItem)[];
  readonly chunkPairs: number;
}

/** A plan of this owner; locked, so that of two that execute it one waits for the other. */
export const lockPlan = (tx: WriteTx, owner: PlanOwner, planId: string): Promise<KeptPlan | null> =>
  findPlan(tx, owner, planId, sql`for update`);

export async function findPlan(
  tx: ReadTx,
  { accountId, callerId }: PlanOwner,
  planId: string,
  lock: RawBuilder<unknown> = sql``,
): Promise<KeptPlan | null> {
  const { rows } = await sql<{
    request_digest: Buffer;
    planned_at: Date;
    expires_at: Date;
    operation_id: string | null;
    learners: number;
    items: (PlannedItem | RefusedItem)[] | null;
    chunk_pairs: number;
  }>`
    select request_digest, planned_at, expires_at, operation_id, coalesce(octet_length(ids), 0) / 16 as learners, items,
           chunk_pairs
    from enrollment_plan where account_id = ${accountId} and plan_id = ${planId} and caller_id = ${callerId} ${lock}`.execute(
    tx,
  );
  const row = rows[0];
  if (!row) return null;
  return {
    accountId,
    planId,
    requestDigest: row.request_digest,
    plannedAt: row.planned_at,
    expiresAt: row.expires_at,
    operationId: row.operation_id,
    learners: row.learners,
    items: row.items ?? [],
    chunkPairs: row.chunk_pairs,
  };
}

type PlanKey = Pick<KeptPlan, 'accountId' | 'planId'>;

/** Says what became of a plan; false if it had become something already. */
export async function usePlan(
  tx: WriteTx,
  { accountId, planId }: PlanKey,
  operationId: string,
): Promise<boolean> {
  const { rows } = await sql`
    update enrollment_plan set operation_id = ${operationId}
    where account_id = ${accountId} and plan_id = ${planId} and operation_id is null returning 1`.execute(tx);
  return rows.length === 1;
}

/** Why each learner of a plan was refused; null when none was. */
export async function reasonsOf(tx: ReadTx, { accountId, planId }: PlanKey): Promise<Buffer | null> {
  const { rows } = await sql<{ id_reasons: Buffer | null }>`
    select id_reasons from enrollment_plan where account_id = ${accountId} and plan_id = ${planId}`.execute(
    tx,
  );
  return rows[0]?.id_reasons ?? null;
}

/** The learners of a part, from one place of the plan to another, and why they are refused. */
export async function learnersOf(
  tx: ReadTx,
  { accountId, planId }: PlanKey,
  from: number,
  to: number,
): Promise<{ ids: PackedIds; idReasons: Buffer | null }> {
  const { rows } = await sql<{ ids: Buffer | null; id_reasons: Buffer | null }>`
    select substring(ids from ${from * 16 + 1}::int for ${(to - from) * 16}::int) as ids,
           substring(id_reasons from ${from + 1}::int for ${to - from}::int) as id_reasons
    from enrollment_plan where account_id = ${accountId} and plan_id = ${planId}`.execute(tx);
  return { ids: new PackedIds(rows[0]?.ids ?? Buffer.alloc(0)), idReasons: rows[0]?.id_reasons ?? null };
}

/** The enrollments that the pairs of a part had when it was planned; null if none had one. */
export async function plannedEnrolled(
  tx: ReadTx,
  { accountId, planId }: PlanKey,
  place: number,
): Promise<Buffer | null> {
  const { rows } = await sql<{ enrolled: Buffer }>`
    select enrolled from enrollment_plan_part
    where account_id = ${accountId} and plan_id = ${planId} and place = ${place}`.execute(tx);
  return rows[0]?.enrolled ?? null;
}

/** An id and where it stands. */
export interface Placed {
  readonly id: string;
  readonly place: number;
}

export interface PlacedPairs {
  readonly learnerIds: readonly Placed[];
  readonly itemIds: readonly Placed[];
  /** How many there are, with those that are left out. */
  readonly learners: number;
}

/** A pair that is enrolled, by its item's place × learners + its learner's place. */
export interface EnrolledPair {
  readonly no: number;
  readonly key: EnrollmentKey;
}

/** Which of the pairs are enrolled. */
export async function enrolledPairs(
  tx: ReadTx,
  accountId: number,
  pairs: PlacedPairs,
  lock: RawBuilder<unknown> = sql``,
): Promise<EnrolledPair[]> {
  const { learnerIds, itemIds, learners } = pairs;
  if (learnerIds.length === 0 || itemIds.length === 0) return [];
  // One look-up by the primary key for each pair, whatever the statistics say (areAllEnrolled).
  const { rows } = await sql<{ no: number; chunk: string; ordinal: number }>`
    select i.place * ${learners}::int + l.place as no, e.chunk, e.ordinal
    from unnest(${uuidArray(learnerIds.map(({ id }) => id))}::uuid[], ${column(learnerIds, ({ place }) => place)}::int[]) as l(id, place)
    cross join unnest(${uuidArray(itemIds.map(({ id }) => id))}::uuid[], ${column(itemIds, ({ place }) => place)}::int[]) as i(id, place)
    cross join lateral (
      select learner_id, item_id, chunk, ordinal from enrollment
      where account_id = ${accountId} and (learner_id, item_id) >= (l.id, i.id)
      order by learner_id, item_id limit 1 ${lock}) e
    where e.learner_id = l.id and e.item_id = i.id`.execute(tx);
  return rows.map(({ no, chunk, ordinal }) => ({ no, key: { accountId, chunk: BigInt(chunk), ordinal } }));
}

/** The pairs that are enrolled; until the transaction ends nobody puts another enrollment in the place of one of them. */
export const holdEnrolledPairs = (
  tx: WriteTx,
  accountId: number,
  pairs: PlacedPairs,
): Promise<EnrolledPair[]> => enrolledPairs(tx, accountId, pairs, sql`for key share`);

/**
 * Lets the oldest open plans of an owner expire, until those that are left are no more than so many, with no more than so
 * many pairs together.
 */
export async function expireOldest(
  tx: WriteTx,
  { accountId, callerId }: PlanOwner,
  most: { plans: number; pairs: number },
  now: Date,
): Promise<void> {
  await empty(
    tx,
    sql`
    select account_id, plan_id from (
      select account_id, plan_id, row_number() over newest as n, sum(pairs) over newest as pairs
      from enrollment_plan where account_id = ${accountId} and caller_id = ${callerId} and ids is not null
      window newest as (order by plan_id desc)) p
    where n > ${most.plans} or (n > 1 and pairs > ${most.pairs})`,
    now,
  );
}

/**
 * Empties plans of all accounts that have expired, and forgets those that expired long ago; at most so many of each.
 * Tells whether there may be more.
 */
export async function sweepPlans(
  tx: WriteTx,
  now: Date,
  forgetBefore: Date,
  atOnce: number,
): Promise<boolean> {
  const emptied = await empty(
    tx,
    sql`
    select account_id, plan_id from enrollment_plan where expires_at <= ${now} and ids is not null
    order by expires_at limit ${atOnce} for update skip locked`,
    now,
  );
  const { rows } = await sql`
    delete from enrollment_plan where (account_id, plan_id) in (
      select account_id, plan_id from enrollment_plan where expires_at <= ${forgetBefore}
      order by expires_at limit ${atOnce} for update skip locked) returning 1`.execute(tx);
  return emptied === atOnce || rows.length === atOnce;
}

/** Takes out of plans what they hold, so that nothing is left but that they expired. Tells of how many. */
async function empty(tx: WriteTx, plans: RawBuilder<unknown>, now: Date): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with emptied as (
      update enrollment_plan p set expires_at = least(p.expires_at, ${now}::timestamptz), ids = null, id_reasons = null,
        items = null
      from (${plans}) gone where p.account_id = gone.account_id and p.plan_id = gone.plan_id
      returning p.account_id, p.plan_id),
    parts as (
      delete from enrollment_plan_part part using emptied
      where part.account_id = emptied.account_id and part.plan_id = emptied.plan_id)
    select count(*)::int as n from emptied`.execute(tx);
  return rows[0]?.n ?? 0;
}

/** Which of these learners have no address to which they could be written, by place. */
export async function placesWithoutAddress(
  tx: ReadTx,
  accountId: number,
  learners: readonly Placed[],
): Promise<Set<number>> {
  const { rows } = await sql<{ place: number }>`
    select w.place from unnest(${uuidArray(learners.map(({ id }) => id))}::uuid[], ${learners.map(({ place }) => place)}::int[])
      as w(id, place)
    join users u on u.account_id = ${accountId} and u.user_id = w.id
    where coalesce(u.email, '') = ''`.execute(tx);
  return new Set(rows.map((row) => row.place));
}
