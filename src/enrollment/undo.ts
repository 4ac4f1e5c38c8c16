import { type Caller, type Context, reachOf } from '../access/index.ts';
import { toInstantText } from '../kernel/dates.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newChunkNumber } from '../kernel/ids.ts';
import { type OperationRow, readOperation } from '../operations/index.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { demandOfEnrollments } from './demand.ts';
import { type ChunkRecord, recordOperation } from './ledger-queries.ts';
import type { Outcome } from './outcomes.ts';
import { type OutcomeKind, REASONS } from './reasons.ts';
import { digestOf, newReceipt, type Receipt } from './receipt.ts';
import { previewChunk, undoChunk } from './undo-chunks.ts';
import * as queries from './undo-queries.ts';
import { isTooOld, outOfTurn, UNDO_DAYS } from './undo-rules.ts';

/** Undoing an operation, whatever it did; an undo is one itself. */

/** What is going to be undone: the chunks that did something, one by one. */
export interface Undoing {
  readonly receipt: Receipt & { readonly causeId: string };
  readonly chunks: readonly bigint[];
}

/**
 * Looks whether the caller may undo an operation and whether it is still possible. Refuses `operation.unknown`, 403
 * (scope), 409 (its state), 410 (too old).
 */
export async function judgeUndo(ctx: Context, operationId: string): Promise<Undoing> {
  const operation = await readOperation(ctx, operationId);
  const undoing = await ctx.read((tx) => undoingOf(tx, ctx, operationId));
  await ctx.read((tx) => refuseBeyond(tx, ctx.caller, undoing.chunks));
  refuseState(await ctx.read((tx) => queries.undoChain(tx, ctx.caller.accountId, operationId)));
  refuseOld(operation, ctx.now);
  return undoing;
}

/** How many learners beyond reach a refusal is made of: it names no more than a few. */
const NAMED = 100;

/** Refuses `auth.learner_scope` unless the caller may enroll everybody to whom the chunks did something. */
export async function refuseBeyond(tx: ReadTx, caller: Caller, chunks: readonly bigint[]): Promise<void> {
  const reach = reachOf(caller, 'enrollment.write');
  if (reach === 'everyone') return;
  for (const chunk of chunks) {
    const ids = await queries.learnersBeyond(tx, caller.accountId, chunk, reach, NAMED);
    if (ids.length > 0) refuse('auth.learner_scope', { ids: listIds(ids) });
  }
}

function refuseState(chain: readonly queries.Standing[]): void {
  const standing = outOfTurn(chain);
  if (standing) refuse('operation.state', { ids: standing.operationId, state: standing.state });
}

function refuseOld({ operationId: ids, completedAt }: OperationRow, now: Date): void {
  if (completedAt && isTooOld(completedAt, now))
    refuse('operation.too_old', { ids, at: toInstantText(completedAt), days: UNDO_DAYS });
}

/** The undo of what an operation has written so far, in whatever state it is. */
export async function undoingOf(
  tx: ReadTx,
  ctx: Pick<Context, 'caller' | 'source' | 'now' | 'operationId'>,
  operationId: string,
): Promise<Undoing> {
  const effective = await queries.effectiveChunks(tx, ctx.caller.accountId, operationId);
  const total = effective.reduce((sum, { pairs }) => sum + pairs, 0);
  const receipt = newReceipt(ctx, 'undo', digestOf({ undo: operationId }), total);
  return { receipt: { ...receipt, causeId: operationId }, chunks: effective.map(({ chunk }) => chunk) };
}

/** It as a large operation. */
export const workOf = ({ chunks }: Undoing) => ({
  ids: [],
  items: [],
  idReasons: null,
  rows: null,
  undoes: chunks,
});

/** In the transaction that begins the undo: nobody undoes an operation twice. Refuses `operation.state`. */
export async function claimUndo(tx: WriteTx, { receipt }: Undoing): Promise<void> {
  const { accountId, causeId } = receipt;
  refuseState(await queries.lockUndoChain(tx, accountId, causeId));
  await queries.markUndone(tx, accountId, causeId);
}

/** Undoes an operation of one chunk at most, in one transaction. */
export async function undoOne(tx: WriteTx, undoing: Undoing): Promise<void> {
  const { receipt, chunks } = undoing;
  await claimUndo(tx, undoing);
  const [chunk] = chunks;
  const done =
    chunk === undefined ? nothingDone() : await undoChunk(tx, receipt.accountId, chunk, receipt.acceptedAt);
  await recordOperation(tx, receipt, done);
}

const nothingDone = (): Omit<ChunkRecord, 'place'> => ({
  chunk: newChunkNumber(),
  created: 0,
  changed: 0,
  unchanged: 0,
  demand: demandOfEnrollments([]),
  events: [],
  given: null,
});

/** What undoing would lead to now. */
export interface UndoPreview {
  readonly summary: Readonly<Record<OutcomeKind, number>>;
  readonly outcomes: AsyncIterable<readonly Outcome[]>;
}

/** Looks ahead, chunk by chunk, twice: what it comes to in all is said first. Refuses as {@link judgeUndo} does. */
export async function previewUndo(ctx: Context, operationId: string): Promise<UndoPreview> {
  const { chunks } = await judgeUndo(ctx, operationId);
  const summary = { created: 0, changed: 0, unchanged: 0, refused: 0 };
  for await (const outcomes of previewed(ctx, chunks)) for (const { outcome } of outcomes) summary[outcome]++;
  return { summary, outcomes: previewed(ctx, chunks) };
}

async function* previewed(ctx: Context, chunks: readonly bigint[]): AsyncGenerator<readonly Outcome[]> {
  for (const chunk of chunks) {
    const pairs = await ctx.read((tx) => previewChunk(tx, ctx.caller.accountId, chunk, ctx.now));
    yield pairs.map(({ learnerId, itemId, enrollmentId, kept }) => ({
      learnerId,
      itemId,
      outcome: kept ? REASONS[kept].outcome : 'changed',
      reason: kept,
      enrollmentId,
    }));
  }
}
