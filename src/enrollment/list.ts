import { type Context, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { type EnrollmentKey, readEnrollmentId } from '../kernel/ids.ts';
import { seal, sealState } from '../operations/index.ts';
import { certificatesOf, type IssuedCertificate } from '../progress/index.ts';
import type { ReadTx } from '../storage/index.ts';
import * as queries from './list-queries.ts';
import {
  type Cursor,
  type MomentCursor,
  readToken,
  START,
  writeMomentToken,
  writeToken,
} from './page-token.ts';

/** Rows fetched at a time when a whole list is streamed. */
const STREAM_PAGE = 1_000;

/** An enrollment as it is answered. */
export interface ListedEnrollment extends queries.Enrollment {
  readonly certificate: IssuedCertificate | undefined;
}

/** Looked up per page, so that the statements of the lists stay as they are. */
async function withCertificates(
  tx: ReadTx,
  accountId: number,
  enrollments: readonly queries.Enrollment[],
  at: Date | null = null,
): Promise<ListedEnrollment[]> {
  const certificateOf = await certificatesOf(tx, accountId, enrollments, at);
  return enrollments.map((enrollment) => ({ ...enrollment, certificate: certificateOf(enrollment) }));
}

export interface ListFilter {
  readonly learnerIds?: readonly string[] | undefined;
  readonly courseIds?: readonly string[] | undefined;
  readonly enrollmentIds?: readonly string[] | undefined;
  /** What was current then; now, if left out. */
  readonly asOf?: Date | undefined;
}

/**
 * Every enrollment the caller may see, page after page, each its own statement: no transaction and no cursor stays
 * open while a slow client reads. Refuses unknown ids in a filter (400) to callers who see the whole account.
 */
export async function listFor(ctx: Context, wanted: ListFilter): Promise<AsyncGenerator<ListedEnrollment[]>> {
  const moment = await momentOf(ctx, wanted.asOf);
  const filter = await toFilter(ctx, wanted, moment);
  return pages(ctx, filter, moment);
}

async function* pages(
  ctx: Context,
  filter: queries.Filter,
  moment: queries.Moment | null,
): AsyncGenerator<ListedEnrollment[]> {
  let place = START;
  for (;;) {
    const page = await ctx.db.read((tx) => listAfter(tx, filter, moment, place, STREAM_PAGE));
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < STREAM_PAGE) return;
    place = last;
  }
}

/** Current enrollments after a place, or those of a moment. */
async function listAfter(
  tx: ReadTx,
  filter: queries.Filter,
  moment: queries.Moment | null,
  place: queries.Place,
  limit: number,
): Promise<ListedEnrollment[]> {
  const found = await (moment
    ? queries.validAt(tx, filter, moment, place, limit)
    : queries.enrollmentsAfter(tx, filter, place, limit));
  return withCertificates(tx, filter.accountId, found, moment?.at);
}

/** What is recorded of an instant by now. Refuses one that is still to come. */
async function momentOf(ctx: Context, asOf: Date | undefined): Promise<queries.Moment | null> {
  if (asOf === undefined) return null;
  if (asOf > ctx.now) refuse('request.invalid', { field: 'asOf', detail: 'is in the future' });
  return { at: asOf, sealed: await sealedPosition(ctx) };
}

/** The account's position once everything that is committed is sealed. */
async function sealedPosition(ctx: Context): Promise<bigint> {
  const { accountId } = ctx.caller;
  const before = await ctx.read((tx) => sealState(tx, accountId));
  if (!before.hasUnsealed) return before.position;
  await seal(ctx.db, accountId);
  return (await ctx.read((tx) => sealState(tx, accountId))).position;
}

export interface EnrollmentPage {
  readonly items: readonly ListedEnrollment[];
  /** Only when there is a next page. */
  readonly nextPageToken: string | undefined;
  /** Always: where to go on later, after the last row of this page. */
  readonly resumeToken: string;
}

/** One page in order of creation. Whoever keeps a token and comes back sees what was in flight, too. */
export async function pageFor(
  ctx: Context,
  wanted: ListFilter,
  pageSize: number,
  pageToken: string | undefined,
): Promise<EnrollmentPage> {
  const cursor = readToken(pageToken);
  const asked = await momentOf(ctx, wanted.asOf);
  if (cursor && 'moment' in cursor) {
    if (asked && asked.at.getTime() !== cursor.moment.at.getTime()) refuseOtherMoment();
    return momentPage(ctx, wanted, cursor, pageSize);
  }
  if (asked) {
    if (cursor) refuseOtherMoment();
    return momentPage(ctx, wanted, { after: START, moment: asked }, pageSize);
  }
  const filter = await toFilter(ctx, wanted, null);
  const position = await sealedPosition(ctx);
  return ctx.read((tx) =>
    readPage(tx, filter, cursor ?? { after: START, seen: position, late: null }, position, pageSize),
  );
}

const refuseOtherMoment = (): never =>
  refuse('request.invalid', { field: 'asOf', detail: 'is not that of the pageToken; leave it out' });

/** What was current at a moment never changes, so the token keeps both, and the same page is answered whenever it is asked. */
async function momentPage(
  ctx: Context,
  wanted: ListFilter,
  { after, moment }: MomentCursor,
  pageSize: number,
): Promise<EnrollmentPage> {
  const filter = await toFilter(ctx, wanted, moment);
  const found = await ctx.read((tx) => listAfter(tx, filter, moment, after, pageSize + 1));
  const items = found.slice(0, pageSize);
  const last = items.at(-1) ?? after;
  const token = writeMomentToken({ after: { chunk: last.chunk, ordinal: last.ordinal }, moment });
  return { items, nextPageToken: found.length > pageSize ? token : undefined, resumeToken: token };
}

/** First what was sealed late, below the cursor; then what comes after it. One row more than asked tells if there is a next page. */
async function readPage(
  tx: ReadTx,
  filter: queries.Filter,
  cursor: Cursor,
  sealed: bigint,
  pageSize: number,
): Promise<EnrollmentPage> {
  const upTo = cursor.late?.upTo ?? sealed;
  const lateAfter = cursor.late?.after ?? START;
  const chunks =
    upTo > cursor.seen
      ? await queries.chunksSealedLate(tx, filter.accountId, cursor.after.chunk, cursor.seen, upTo)
      : [];
  const late =
    chunks.length > 0 ? await queries.ofChunksAfter(tx, filter, chunks, lateAfter, pageSize + 1) : [];
  if (late.length > pageSize) {
    const items = late.slice(0, pageSize);
    const token = writeToken({ ...cursor, late: { upTo, after: items.at(-1) ?? lateAfter } });
    return {
      items: await withCertificates(tx, filter.accountId, items),
      nextPageToken: token,
      resumeToken: token,
    };
  }
  // Rows sealed after `upTo` stay hidden here: they would be late for a token that has seen only `upTo`.
  const next = await queries.sealedAfter(tx, filter, cursor.after, upTo, pageSize - late.length + 1);
  const items = [...late, ...next.slice(0, pageSize - late.length)];
  const shown = next.slice(0, pageSize - late.length).at(-1) ?? cursor.after;
  const token = writeToken({ after: { chunk: shown.chunk, ordinal: shown.ordinal }, seen: upTo, late: null });
  const hasNext = next.length > pageSize - late.length || upTo < sealed;
  return {
    items: await withCertificates(tx, filter.accountId, items),
    nextPageToken: hasNext ? token : undefined,
    resumeToken: token,
  };
}

/** A current enrollment, or one that was current then. An unknown id is 400 for callers who see the whole account; for others it is as a foreign one: 403. */
export async function findFor(ctx: Context, id: string, asOf?: Date): Promise<ListedEnrollment> {
  const reach = reachOf(ctx.caller, 'enrollment.read');
  const key = readEnrollmentId(id);
  const keys = key?.accountId === ctx.caller.accountId ? [key] : [];
  const filter = { accountId: ctx.caller.accountId, reach, learnerIds: null, itemIds: null, keys };
  const moment = await momentOf(ctx, asOf);
  const [found] = await ctx.read((tx) => listAfter(tx, filter, moment, START, 1));
  if (found) return found;
  return refuse(reach === 'everyone' ? 'enrollment.unknown' : 'auth.enrollment_scope', { ids: id });
}

async function toFilter(
  ctx: Context,
  wanted: ListFilter,
  moment: queries.Moment | null,
): Promise<queries.Filter> {
  const reach = reachOf(ctx.caller, 'enrollment.read');
  const filter = {
    accountId: ctx.caller.accountId,
    reach,
    learnerIds: some(wanted.learnerIds),
    itemIds: some(wanted.courseIds),
    keys: toKeys(ctx.caller.accountId, wanted.enrollmentIds),
  };
  // Also without a filter: the check of the caller's rights happens here, before the first page.
  await ctx.read(async (tx) => {
    if (reach === 'everyone') await refuseUnknown(tx, filter, wanted, moment);
  });
  return filter;
}

const some = (ids: readonly string[] | undefined): readonly string[] | null =>
  ids === undefined || ids.length === 0 ? null : [...new Set(ids)];

function toKeys(accountId: number, ids: readonly string[] | undefined): EnrollmentKey[] | null {
  const wanted = some(ids);
  return (
    wanted
      ?.map(readEnrollmentId)
      .filter((key) => key !== null)
      .filter((key) => key.accountId === accountId) ?? null
  );
}

/** Clients expect 400 for one unknown id in a filter; limited callers must not learn what exists. */
async function refuseUnknown(
  tx: ReadTx,
  filter: queries.Filter,
  wanted: ListFilter,
  moment: queries.Moment | null,
): Promise<void> {
  if (filter.learnerIds || filter.itemIds) {
    const unknown = await queries.unknownIds(
      tx,
      filter.accountId,
      filter.learnerIds ?? [],
      filter.itemIds ?? [],
      moment?.at ?? null,
    );
    if (unknown.items.length > 0) refuse('enrollment.unknown_course', { ids: listIds(unknown.items) });
    if (unknown.learners.length > 0) refuse('enrollment.unknown_learner', { ids: listIds(unknown.learners) });
  }
  const ids = some(wanted.enrollmentIds);
  if (!ids) return;
  const all: queries.Filter = { ...filter, learnerIds: null, itemIds: null };
  const found = await listAfter(tx, all, moment, START, ids.length);
  const known = new Set(found.map((enrollment) => enrollment.enrollmentId));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) refuse('enrollment.unknown', { ids: listIds(unknown) });
}
