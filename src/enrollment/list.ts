import { type Context, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { type EnrollmentKey, readEnrollmentId } from '../kernel/ids.ts';
import { seal, sealState } from '../operations/index.ts';
import { certificatesOf, type IssuedCertificate } from '../progress/index.ts';
import type { ReadTx } from '../storage/index.ts';
import * as queries from './list-queries.ts';
import { type Cursor, readToken, START, writeToken } from './page-token.ts';

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
): Promise<ListedEnrollment[]> {
  const certificateOf = await certificatesOf(tx, accountId, enrollments);
  return enrollments.map((enrollment) => ({ ...enrollment, certificate: certificateOf(enrollment) }));
}

export interface ListFilter {
  readonly learnerIds?: readonly string[] | undefined;
  readonly courseIds?: readonly string[] | undefined;
  readonly enrollmentIds?: readonly string[] | undefined;
}

/**
 * Every enrollment the caller may see, page after page, each its own statement: no transaction and no cursor stays
 * open while a slow client reads. Refuses unknown ids in a filter (400) to callers who see the whole account.
 */
export async function listFor(ctx: Context, wanted: ListFilter): Promise<AsyncGenerator<ListedEnrollment[]>> {
  const filter = await toFilter(ctx, wanted);
  return pages(ctx, filter);
}

async function* pages(ctx: Context, filter: queries.Filter): AsyncGenerator<ListedEnrollment[]> {
  let place = START;
  for (;;) {
    const page = await ctx.db.read(async (tx) =>
      withCertificates(tx, filter.accountId, await queries.enrollmentsAfter(tx, filter, place, STREAM_PAGE)),
    );
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < STREAM_PAGE) return;
    place = last;
  }
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
  const filter = await toFilter(ctx, wanted);
  const { accountId } = ctx.caller;
  if ((await ctx.read((tx) => sealState(tx, accountId))).hasUnsealed) await seal(ctx.db, accountId);
  return ctx.read(async (tx) => {
    const { position } = await sealState(tx, accountId);
    return readPage(tx, filter, cursor ?? { after: START, seen: position, late: null }, position, pageSize);
  });
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

/** A current enrollment. An unknown id is 400 for callers who see the whole account; for others it is as a foreign one: 403. */
export async function findFor(ctx: Context, id: string): Promise<ListedEnrollment> {
  const reach = reachOf(ctx.caller, 'enrollment.read');
  const key = readEnrollmentId(id);
  const keys = key?.accountId === ctx.caller.accountId ? [key] : [];
  const filter = { accountId: ctx.caller.accountId, reach, learnerIds: null, itemIds: null, keys };
  const [found] = await ctx.read(async (tx) =>
    withCertificates(tx, filter.accountId, await queries.enrollmentsAfter(tx, filter, START, 1)),
  );
  if (found) return found;
  return refuse(reach === 'everyone' ? 'enrollment.unknown' : 'auth.enrollment_scope', { ids: id });
}

async function toFilter(ctx: Context, wanted: ListFilter): Promise<queries.Filter> {
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
    if (reach === 'everyone') await refuseUnknown(tx, filter, wanted);
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
async function refuseUnknown(tx: ReadTx, filter: queries.Filter, wanted: ListFilter): Promise<void> {
  if (filter.learnerIds || filter.itemIds) {
    const unknown = await queries.unknownIds(
      tx,
      filter.accountId,
      filter.learnerIds ?? [],
      filter.itemIds ?? [],
    );
    if (unknown.items.length > 0) refuse('enrollment.unknown_course', { ids: listIds(unknown.items) });
    if (unknown.learners.length > 0) refuse('enrollment.unknown_learner', { ids: listIds(unknown.learners) });
  }
  const ids = some(wanted.enrollmentIds);
  if (!ids) return;
  const all: queries.Filter = { ...filter, learnerIds: null, itemIds: null };
  const found = await queries.enrollmentsAfter(tx, all, START, ids.length);
  const known = new Set(found.map((enrollment) => enrollment.enrollmentId));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) refuse('enrollment.unknown', { ids: listIds(unknown) });
}
