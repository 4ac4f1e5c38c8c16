import { type Context, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { type EnrollmentKey, readEnrollmentId } from '../kernel/ids.ts';
import type { ReadTx } from '../storage/index.ts';
import { readToken, writeToken } from './page-token.ts';
import * as queries from './queries.ts';
import { firstStretch, nextStretch } from './rules.ts';

/** What a caller asks for; a list that is empty or left out means any, but without statuses only active users. */
export interface ResultsWanted {
  readonly userIds?: readonly string[] | undefined;
  readonly courseIds?: readonly string[] | undefined;
  readonly departmentIds?: readonly string[] | undefined;
  readonly enrollmentIds?: readonly string[] | undefined;
  readonly completionStatuses?: readonly string[] | undefined;
  readonly userStatuses?: readonly number[] | undefined;
  readonly completed: queries.DateRange;
  readonly access: queries.DateRange;
  readonly due: queries.DateRange;
}

export interface ModuleResultsWanted extends ResultsWanted {
  readonly moduleIds?: readonly string[] | undefined;
  readonly courseItemIds?: readonly string[] | undefined;
}

const ACTIVE = 1;

export interface ResultPage<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | undefined;
}

/** One page of results, a row per enrollment; of a learning track a row per course. Refuses unknown ids (400). */
export function pageOfResults(
  ctx: Context,
  wanted: ResultsWanted,
  pageSize: number,
  pageToken: string | undefined,
): Promise<ResultPage<queries.Result>> {
  return pageOf(ctx, wanted, pageSize, pageToken, { isPossible: async () => true, load: queries.resultsIn });
}

/** One page of results, a row per enrollment and module of its courses. Refuses unknown ids (400). */
export function pageOfModuleResults(
  ctx: Context,
  wanted: ModuleResultsWanted,
  pageSize: number,
  pageToken: string | undefined,
): Promise<ResultPage<queries.ModuleResult>> {
  return pageOf(ctx, wanted, pageSize, pageToken, {
    isPossible: queries.anyModule,
    load: queries.moduleResultsIn,
  });
}

async function pageOf<T extends Omit<queries.Place, 'moduleId'>>(
  ctx: Context,
  wanted: ModuleResultsWanted,
  pageSize: number,
  pageToken: string | undefined,
  source: Source<T>,
): Promise<ResultPage<T>> {
  const place = readToken(pageToken);
  const filter = toFilter(ctx, wanted);
  return ctx.read(async (tx) => {
    if (filter.reach === 'everyone') await refuseUnknown(tx, filter, wanted);
    const isPossible = await source.isPossible(tx, filter.accountId);
    const rows = isPossible ? await search(tx, filter, place, pageSize + 1, source.load) : [];
    const items = rows.slice(0, pageSize);
    const last = items.at(-1);
    return { items, nextPageToken: rows.length > pageSize && last ? writeToken(last) : undefined };
  });
}

type Load<T> = (
  tx: ReadTx,
  filter: queries.ModuleFilter,
  stretch: queries.Stretch,
  limit: number,
) => Promise<T[]>;

interface Source<T> {
  /** Whether the account can have any; a search that finds nothing would read every enrollment. */
  isPossible(tx: ReadTx, accountId: number): Promise<boolean>;
  readonly load: Load<T>;
}

/**
 * The first so many results from a place on, looked for stretch by stretch: each statement reads and sorts no more
 * enrollments than its stretch has, whatever the planner believes of the filter and however late the page. The first
 * stretch is a page, as most pages are found in it.
 */
async function search<T>(
  tx: ReadTx,
  filter: queries.ModuleFilter,
  place: queries.Place | null,
  limit: number,
  load: Load<T>,
): Promise<T[]> {
  const found: T[] = [];
  let from = place;
  for (let many = firstStretch(limit); ; ) {
    const before = queries.isWide(filter) ? await queries.furtherOn(tx, filter, from, many) : null;
    const rows = await load(tx, filter, { from, before }, limit - found.length);
    found.push(...rows);
    if (before === null || found.length >= limit) return found;
    from = queries.placeOf(before);
    many = nextStretch(many, rows.length, limit - found.length);
  }
}

function toFilter(ctx: Context, wanted: ModuleResultsWanted): queries.ModuleFilter {
  const { accountId } = ctx.caller;
  return {
    accountId,
    reach: reachOf(ctx.caller, 'result.read'),
    userStatuses: some(wanted.userStatuses) ?? [ACTIVE],
    now: ctx.now,
    userIds: some(wanted.userIds),
    courseIds: some(wanted.courseIds),
    departmentIds: some(wanted.departmentIds),
    keys: some(wanted.enrollmentIds) && ownKeys(accountId, wanted.enrollmentIds ?? []),
    statuses: some(wanted.completionStatuses),
    completed: wanted.completed,
    access: wanted.access,
    due: wanted.due,
    moduleIds: some(wanted.moduleIds),
    courseItemIds: some(wanted.courseItemIds),
  };
}

const some = <T>(values: readonly T[] | undefined): readonly T[] | null =>
  values === undefined || values.length === 0 ? null : [...new Set(values)];

const ownKeys = (accountId: number, ids: readonly string[]): EnrollmentKey[] =>
  [...new Set(ids)]
    .map(readEnrollmentId)
    .filter((key) => key !== null)
    .filter((key) => key.accountId === accountId);

/** The refusal that each parameter's unknown ids lead to. */
const UNKNOWN = {
  userIds: 'people.unknown_users',
  departmentIds: 'people.unknown_department',
  courseIds: 'content.unknown_ids',
  moduleIds: 'content.unknown_modules',
  courseItemIds: 'content.unknown_ids',
} as const;

/** Clients expect 400 for one unknown id in a filter; limited callers must not learn what exists. */
async function refuseUnknown(
  tx: ReadTx,
  filter: queries.ModuleFilter,
  wanted: ModuleResultsWanted,
): Promise<void> {
  const { accountId, keys } = filter;
  const named: queries.Named = {
    userIds: filter.userIds ?? [],
    departmentIds: filter.departmentIds ?? [],
    courseIds: filter.courseIds ?? [],
    moduleIds: filter.moduleIds ?? [],
    courseItemIds: filter.courseItemIds ?? [],
  };
  if (Object.values(named).some((ids) => ids.length > 0)) {
    const unknown = await queries.unknownIds(tx, accountId, named);
    const field = unknown[0]?.field;
    if (field)
      refuse(UNKNOWN[field], {
        field,
        ids: listIds(unknown.filter((one) => one.field === field).map((one) => one.id)),
      });
  }
  if (!keys) return;
  const foreign = (wanted.enrollmentIds ?? []).filter((id) => readEnrollmentId(id)?.accountId !== accountId);
  const ended = await queries.endedOf(tx, accountId, keys);
  if (foreign.length + ended.length > 0)
    refuse('enrollment.unknown', { ids: listIds([...foreign, ...ended]) });
}
