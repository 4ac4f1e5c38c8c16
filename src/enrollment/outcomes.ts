import type { Context } from '../access/index.ts';
import { refuse } from '../kernel/errors.ts';
import { enrollmentId, readEnrollmentId } from '../kernel/ids.ts';
import { type OperationRow, readOperation } from '../operations/index.ts';
import type { ReadTx } from '../storage/index.ts';
import { type Asked, askedOf, type Pairing, pairingOf, sizeOf } from './demand.ts';
import {
  type AskedChunk,
  type AskedEnrollment,
  type AskedPair,
  chunksFrom,
  createdByChunks,
  editedAtChunk,
  enrollmentsAtChunk,
  nameOf,
  touchedAtChunk,
} from './outcome-queries.ts';
import { type OutcomeKind, REASONS, type Reason, type StoredReason } from './reasons.ts';

/** What became of everything an operation was asked: rebuilt from its chunks, and from enrollments and their history. */

export interface Outcome {
  readonly learnerId: string;
  readonly itemId: string;
  readonly outcome: OutcomeKind;
  readonly reason: Reason | undefined;
  /** Of what was created, changed, or was there already. */
  readonly enrollmentId: string | undefined;
}

export interface OutcomePage {
  readonly items: readonly Outcome[];
  readonly nextPageToken: string | undefined;
  /** Everything after this page. */
  readonly rest: AsyncIterable<readonly Outcome[]>;
}

/** An operation with its outcomes. */
export interface OperationOutcomes {
  readonly operation: OperationRow;
  readonly outcomes: AsyncIterable<readonly Outcome[]>;
}

/** Outcomes looked at when one kind is wanted: a page may therefore have fewer than asked, and still not be the last. */
export const LOOKED_AT = 10_000;
/** Outcomes told apart in one statement. */
const AT_ONCE = 1_000;

/** Where a reader stands: how many outcomes of which chunk are behind. */
export interface Cursor {
  readonly place: number;
  readonly index: number;
}

const NOTHING: ReadonlySet<number> = new Set();

export const START: Cursor = { place: 0, index: 0 };

/** A page of an operation's outcomes, in a fixed order. Refuses `operation.unknown` and `request.page_token`. */
export async function outcomePage(
  ctx: Context,
  operationId: string,
  wanted: { outcome: OutcomeKind | undefined; pageSize: number; pageToken: string | undefined },
): Promise<OutcomePage> {
  const from = readCursor(wanted.pageToken);
  const operation = await readOperation(ctx, operationId);
  const { items, next } = await pageFrom(ctx, operation, wanted.outcome, from, wanted.pageSize);
  return {
    items,
    nextPageToken: next ? writeCursor(next) : undefined,
    rest: pagesFrom(ctx, operation, wanted.outcome, next),
  };
}

/** All of them, or those of one kind, page after page, each its own statements. Refuses `operation.unknown`. */
export async function outcomesOf(
  ctx: Context,
  operationId: string,
  outcome?: OutcomeKind,
): Promise<OperationOutcomes> {
  const operation = await readOperation(ctx, operationId);
  return { operation, outcomes: pagesFrom(ctx, operation, outcome, START) };
}

async function* pagesFrom(
  ctx: Context,
  operation: OperationRow,
  outcome: OutcomeKind | undefined,
  from: Cursor | null,
): AsyncGenerator<readonly Outcome[]> {
  for (let at = from; at !== null; ) {
    const { items, next } = await pageFrom(ctx, operation, outcome, at, AT_ONCE);
    if (items.length > 0) yield items;
    at = next;
  }
}

async function pageFrom(
  ctx: Context,
  { operationId, kind }: OperationRow,
  outcome: OutcomeKind | undefined,
  from: Cursor,
  size: number,
): Promise<{ items: Outcome[]; next: Cursor | null }> {
  return ctx.read(async (tx) => {
    const lookedAt = outcome ? LOOKED_AT : size;
    const range = { place: from.place, pairs: from.index + lookedAt + 1, outcome };
    const chunks = await chunksFrom(tx, ctx.caller.accountId, operationId, range);
    const pairing = pairingOf(kind);
    const asked = placesFrom(chunks, pairing, from, lookedAt + 1);
    const { accountId } = ctx.caller;
    const within = asked.slice(0, lookedAt);
    const places = outcome ? await candidates(tx, accountId, outcome, within) : within;
    const items: Outcome[] = [];
    for (let at = 0; at < places.length; at += AT_ONCE) {
      const some = places.slice(at, at + AT_ONCE);
      const told = await tell(tx, accountId, kind, some);
      for (const [n, one] of told.entries()) {
        if (items.length === size) return { items, next: some[n] ?? null };
        if (one !== null && (!outcome || one.outcome === outcome)) items.push(one);
      }
      const following = places[at + AT_ONCE];
      if (items.length === size && following) return { items, next: following };
    }
    return { items, next: asked[lookedAt] ?? null };
  });
}

/**
 * The places whose outcome may be of a kind: not those of which their reason, or what their chunk created, says
 * otherwise. To look up ten thousand pairs one by one takes a third of a second.
 */
async function candidates(
  tx: ReadTx,
  accountId: number,
  outcome: OutcomeKind,
  places: readonly Place[],
): Promise<Place[]> {
  const fitting = places.filter(({ asked }) => {
    const reason = reasonOf(asked);
    return reason ? REASONS[reason].outcome === outcome : outcome !== 'refused';
  });
  const chunks = new Set(fitting.flatMap((place) => (openPair(place) ? place.chunk : [])));
  if (chunks.size === 0) return fitting;
  const created = await createdByChunks(tx, accountId, [...chunks]);
  return fitting.filter((place) => {
    const pair = openPair(place);
    return pair === null || created.has(nameOf(pair)) === (outcome === 'created');
  });
}

/** The pair of a place, if what became of it is to be looked up. */
const openPair = ({ chunk, asked }: Place): AskedPair | null =>
  'enrollmentId' in asked || asked.refused ? null : { chunk, ...asked };

const reasonOf = (asked: Asked): StoredReason | undefined =>
  'enrollmentId' in asked ? asked.reason : asked.refused;

/** One thing asked, and where it stands. */
interface Place extends Cursor {
  readonly chunk: bigint;
  readonly asked: Asked;
}

function placesFrom(chunks: readonly AskedChunk[], pairing: Pairing, from: Cursor, count: number): Place[] {
  const places: Place[] = [];
  for (const chunk of chunks) {
    const first = chunk.place === from.place ? from.index : 0;
    const last = Math.min(sizeOf(chunk, pairing), first + count - places.length);
    for (const [n, asked] of askedOf(chunk, pairing, first, last).entries())
      places.push({ place: chunk.place, index: first + n, chunk: chunk.chunk, asked });
  }
  return places;
}

/** What became of each; null where history has nothing of it. */
async function tell(
  tx: ReadTx,
  accountId: number,
  kind: string,
  places: readonly Place[],
): Promise<(Outcome | null)[]> {
  const pairs: AskedPair[] = [];
  const named: AskedEnrollment[] = [];
  for (const { chunk, asked } of places)
    if ('enrollmentId' in asked) {
      const key = readEnrollmentId(asked.enrollmentId);
      if (key) named.push({ chunk, key });
    } else if (!asked.refused) pairs.push({ chunk, ...asked });
  const enrollments = pairs.length > 0 ? await enrollmentsAtChunk(tx, accountId, pairs) : [];
  // Only an import gives pairs that are there other terms.
  const edited = kind === 'import' ? await editedAtChunk(tx, accountId, pairs) : NOTHING;
  const touched = named.length > 0 ? await touchedAtChunk(tx, accountId, named) : [];
  const [nextEnrollment, nextTouched] = [enrollments.entries(), touched.values()];
  return places.map(({ chunk, asked }) => {
    if ('enrollmentId' in asked) {
      const found = nextTouched.next().value;
      return found ? outcomeOfChange(kind, chunk, accountId, asked, found) : null;
    }
    const { learnerId, itemId, refused } = asked;
    if (refused) return { learnerId, itemId, outcome: 'refused', reason: refused, enrollmentId: undefined };
    const [no = -1, key = null] = nextEnrollment.next().value ?? [];
    const outcome = key?.chunk === chunk ? 'created' : edited.has(no) ? 'changed' : 'unchanged';
    return {
      learnerId,
      itemId,
      outcome,
      reason: outcome !== 'unchanged' ? undefined : key ? 'already_enrolled' : 'already_ended',
      enrollmentId: key ? enrollmentId(key) : undefined,
    };
  });
}

function outcomeOfChange(
  kind: string,
  chunk: bigint,
  accountId: number,
  { enrollmentId: id, reason: kept }: { enrollmentId: string; reason: StoredReason | undefined },
  { learnerId, itemId, isTouched }: { learnerId: string; itemId: string; isTouched: boolean },
): Outcome {
  const of = { learnerId, itemId };
  if (kept) return { ...of, outcome: REASONS[kept].outcome, reason: kept, enrollmentId: id };
  if (kind === 'undo') return { ...of, outcome: 'changed', reason: undefined, enrollmentId: id };
  // Re-enrolling puts a new enrollment in the place of the addressed one.
  if (kind === 'reenroll') {
    const created = enrollmentId({ accountId, chunk, ordinal: 0 });
    return { ...of, outcome: 'created', reason: undefined, enrollmentId: created };
  }
  if (isTouched) return { ...of, outcome: 'changed', reason: undefined, enrollmentId: id };
  const reason = kind === 'edit' ? 'same_terms' : 'already_ended';
  return { ...of, outcome: 'unchanged', reason, enrollmentId: id };
}

export const writeCursor = ({ place, index }: Cursor): string =>
  Buffer.from(`${place}.${index}`).toString('base64url');

export function readCursor(token: string | undefined): Cursor {
  if (token === undefined || token === '') return START;
  const [, place, index] =
    /^(\d{1,9})\.(\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString('utf8')) ?? [];
  if (place === undefined || index === undefined)
    return refuse('request.page_token', { value: token.slice(0, 100) });
  return { place: Number(place), index: Number(index) };
}
