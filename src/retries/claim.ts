import type { Context } from '../access/index.ts';
import { Refusal, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { Attempt, KeyedRequest, Retries } from '../kernel/retries.ts';
import { violatedConstraint, type WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import { KEY_LIFETIME_MS, LEASE_MS, standingOf } from './rules.ts';

/** Seconds after which to ask again. */
const ASK_AGAIN_S = 1;

/** What an operation whose id is there already violates. */
const ONE_OPERATION = ['operation_pkey', 'operation_plan_pkey'];

type Claimed = Awaited<ReturnType<Retries<Context>['claim']>>;

/** Keys in the database: two servers over one database are as one. */
export const retries: Retries<Context> = {
  claim: (ctx, request) => ctx.write((tx) => claim(tx, ctx, request)),
};

async function claim(tx: WriteTx, ctx: Context, request: KeyedRequest): Promise<Claimed> {
  const { caller, now } = ctx;
  const { keyHash, fingerprint } = request;
  const place = { accountId: caller.accountId, callerId: caller.clientId ?? caller.userId, keyHash };
  const leaseUntil = new Date(now.getTime() + LEASE_MS);
  const operationId = newId();
  const expiredAt = new Date(now.getTime() - KEY_LIFETIME_MS);
  const attempt = await queries.insertKey(tx, {
    ...place,
    fingerprint,
    operationId,
    leaseUntil,
    now,
    expiredAt,
  });
  if (attempt !== null) return { attempt: attemptOf(ctx, { ...place, attempt }, operationId, null) };
  const known = await queries.findKey(tx, place);
  if (!known) throw stillRunning(null);
  const standing = standingOf(known, fingerprint, now);
  if (standing === 'other') return refuse('retry.other_request');
  if (known.answer !== null) return { kept: known.answer };
  const effectId = known.operation === null ? null : known.operationId;
  const isMine =
    standing !== 'running' &&
    (await queries.takeOver(tx, { ...place, attempt: known.attempt }, known, fingerprint, leaseUntil));
  if (!isMine) throw stillRunning(effectId);
  const held = { ...place, attempt: known.attempt + 1 };
  return { attempt: attemptOf(ctx, held, known.operationId, standing === 'done' ? { effectId } : null) };
}

function attemptOf(
  { db }: Context,
  held: queries.HeldKey,
  operationId: string,
  earlier: Attempt<Context>['earlier'],
): Attempt<Context> {
  return {
    earlier,
    run: async (ctx, work) => {
      try {
        return await work(markingContext(ctx, held, operationId));
      } catch (error) {
        // Another attempt became the operation.
        if (ONE_OPERATION.includes(violatedConstraint(error) ?? '')) throw stillRunning(operationId);
        throw error;
      }
    },
    keep: (answer) => db.write((tx) => queries.keepAnswer(tx, held, answer)),
    release: () => db.write((tx) => queries.endLease(tx, held)),
  };
}

/**
 * A context whose writes say in their transaction that the request is done, and fail if the key changed hands.
 * Enrollments are written without it, together with others': an operation of that id can be there once.
 */
const markingContext = (ctx: Context, held: queries.HeldKey, operationId: string): Context => ({
  ...ctx,
  operationId,
  write: (work) =>
    ctx.write(async (tx) => {
      if (!(await queries.markDone(tx, held, ctx.now))) throw stillRunning(null);
      return work(tx);
    }),
});

const stillRunning = (operationId: string | null): Refusal =>
  new Refusal('retry.running', {
    seconds: ASK_AGAIN_S,
    ...(operationId === null ? {} : { location: `/operations/${operationId}` }),
  });
