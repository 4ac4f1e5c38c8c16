import { sql } from 'kysely';
import { type Reach, within } from '../access/index.ts';
import { type EnrollmentKey, enrollmentId } from '../kernel/ids.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';

/** All SQL of requests to unlock. */

export const UNLOCK_STATES = ['open', 'answered', 'declined'] as const;
export type UnlockState = (typeof UNLOCK_STATES)[number];

export interface UnlockRequest {
  readonly requestId: string;
  readonly enrollmentId: string;
  readonly learnerId: string;
  readonly itemId: string;
  /** The due instant that locked it. */
  readonly dueAt: Date;
  readonly askedAt: Date;
  readonly message: string | null;
  readonly state: UnlockState;
  readonly declinedAt: Date | null;
  readonly declinedBy: string | null;
  readonly answer: string | null;
}

/** SQL: whether the enrollment of a request `r` is current, and locked by the same due instant, which has passed. */
const isStillLocked = sql<boolean>`exists (
  select from enrollment e where e.account_id = r.account_id and e.chunk = r.chunk and e.ordinal = r.ordinal
    and e.lock_after_due and e.due_at = r.due_at)`;

/** SQL: what became of a request `r`, as it is now. */
const state = sql<UnlockState>`case when r.declined_at is not null then 'declined'
  when ${isStillLocked} then 'open' else 'answered' end`;

const columns = sql`r.request_id, r.chunk, r.ordinal, r.learner_id, r.item_id, r.due_at, r.asked_at, r.message, ${state} as state,
  r.declined_at, r.declined_by, r.answer`;

interface Row {
  request_id: string;
  chunk: string;
  ordinal: number;
  learner_id: string;
  item_id: string;
  due_at: Date;
  asked_at: Date;
  message: string | null;
  state: UnlockState;
  declined_at: Date | null;
  declined_by: string | null;
  answer: string | null;
}

const toRequest =
  (accountId: number) =>
  (row: Row): UnlockRequest => ({
    requestId: row.request_id,
    enrollmentId: enrollmentId({ accountId, chunk: BigInt(row.chunk), ordinal: row.ordinal }),
    learnerId: row.learner_id,
    itemId: row.item_id,
    dueAt: row.due_at,
    askedAt: row.asked_at,
    message: row.message,
    state: row.state,
    declinedAt: row.declined_at,
    declinedBy: row.declined_by,
    answer: row.answer,
  });

/** An enrollment of somebody's own, as far as asking goes. */
export interface OwnEnrollment {
  readonly itemId: string;
  readonly departmentId: string;
  readonly dueAt: Date | null;
  readonly lockAfterDueDate: boolean;
}

/** Held: it does not end or change before the transaction does. */
export async function holdOwn(
  tx: WriteTx,
  accountId: number,
  learnerId: string,
  key: EnrollmentKey,
): Promise<OwnEnrollment | null> {
  const { rows } = await sql<OwnEnrollment>`
    select e.item_id as "itemId", u.department_id as "departmentId", e.due_at as "dueAt",
      e.lock_after_due as "lockAfterDueDate"
    from enrollment e join users u on u.account_id = e.account_id and u.user_id = e.learner_id
    where e.account_id = ${accountId} and e.chunk = ${String(key.chunk)}::int8 and e.ordinal = ${key.ordinal}
      and e.learner_id = ${learnerId} for share of e`.execute(tx);
  return rows[0] ?? null;
}

export interface NewUnlockRequest extends EnrollmentKey {
  readonly requestId: string;
  readonly dueAt: Date;
  readonly learnerId: string;
  readonly itemId: string;
  readonly askedAt: Date;
  readonly message: string | null;
}

/** Whether nobody had asked for the end of that lock before. */
export async function insertRequest(tx: WriteTx, request: NewUnlockRequest): Promise<boolean> {
  const { rows } = await sql`
    insert into unlock_request (account_id, request_id, chunk, ordinal, due_at, learner_id, item_id, asked_at, message)
    values (${request.accountId}, ${request.requestId}, ${String(request.chunk)}::int8, ${request.ordinal}, ${request.dueAt},
      ${request.learnerId}, ${request.itemId}, ${request.askedAt}, ${request.message})
    on conflict on constraint unlock_request_once do nothing returning 1`.execute(tx);
  return rows.length > 0;
}

/** What was asked of a lock: that of the enrollment by that due instant. */
export async function requestOf(
  tx: ReadTx,
  { accountId, chunk, ordinal }: EnrollmentKey,
  dueAt: Date,
): Promise<UnlockRequest | null> {
  const { rows } = await sql<Row>`
    select ${columns} from unlock_request r
    where r.account_id = ${accountId} and r.chunk = ${String(chunk)}::int8 and r.ordinal = ${ordinal}
      and r.due_at = ${dueAt}`.execute(tx);
  return rows.map(toRequest(accountId))[0] ?? null;
}

/** Requests of learners within reach after a place, in the order in which they were asked. */
export async function requestsAfter(
  tx: ReadTx,
  accountId: number,
  {
    reach,
    wanted,
    after,
    limit,
  }: { reach: Reach; wanted: UnlockState | null; after: string | null; limit: number },
): Promise<UnlockRequest[]> {
  const { rows } = await sql<Row>`
    select ${columns} from unlock_request r
    join users u on u.account_id = r.account_id and u.user_id = r.learner_id
    where r.account_id = ${accountId} and ${within(reach, sql`u.department_id`)}
      ${after ? sql`and r.request_id > ${after}::uuid` : sql``} ${wanted ? sql`and ${state} = ${wanted}` : sql``}
    order by r.request_id limit ${limit}`.execute(tx);
  return rows.map(toRequest(accountId));
}

/** A request of a learner within reach, locked. */
export async function lockRequest(
  tx: WriteTx,
  accountId: number,
  requestId: string,
  reach: Reach,
): Promise<UnlockRequest | null> {
  const { rows } = await sql<Row>`
    select ${columns} from unlock_request r
    join users u on u.account_id = r.account_id and u.user_id = r.learner_id
    where r.account_id = ${accountId} and r.request_id = ${requestId} and ${within(reach, sql`u.department_id`)}
    for update of r`.execute(tx);
  return rows.map(toRequest(accountId))[0] ?? null;
}

export async function recordDecline(
  tx: WriteTx,
  accountId: number,
  requestId: string,
  { by, at, answer }: { readonly by: string; readonly at: Date; readonly answer: string | null },
): Promise<void> {
  await sql`update unlock_request set declined_at = ${at}, declined_by = ${by}, answer = ${answer}
    where account_id = ${accountId} and request_id = ${requestId}`.execute(tx);
}

/** Which of these requests wait for an answer. */
export async function openRequests(
  tx: ReadTx,
  accountId: number,
  requestIds: readonly string[],
): Promise<Set<string>> {
  if (requestIds.length === 0) return new Set();
  const { rows } = await sql<{ request_id: string }>`
    select r.request_id from unlock_request r
    where r.account_id = ${accountId} and r.request_id = any(${[...requestIds]}::uuid[])
      and r.declined_at is null and ${isStillLocked}`.execute(tx);
  return new Set(rows.map((row) => row.request_id));
}

/** What they wrote goes with who is deleted. */
export async function forgetRequestsOf(
  tx: WriteTx,
  accountId: number,
  learnerIds: readonly string[],
): Promise<void> {
  await sql`delete from unlock_request
    where account_id = ${accountId} and learner_id = any(${[...learnerIds]}::uuid[])`.execute(tx);
}
