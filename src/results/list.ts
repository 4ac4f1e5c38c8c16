import { type Context, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { type EnrollmentKey, readEnrollmentId } from '../kernel/ids.ts';
import type { ReadTx } from '../storage/index.ts';
import { readToken, writeToken } from './page-token.ts';
import * as queries from './queries.ts';

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
  return pageOf(ctx, wanted, pageSize, pageToken, queries.resultsAfter);
}

/** One page of results, a row per enrollment and module of its courses. Refuses unknown ids (400). */
export function pageOfModuleResults(
  ctx: Context,
  wanted: ModuleResultsWanted,
  pageSize: number,
  pageToken: string | undefined,
): Promise<ResultPage<queries.ModuleResult>> {
  return pageOf(ctx, wanted, pageSize, pageToken, queries.moduleResultsAfter);
}

async function pageOf<T extends Omit<queries.Place, 'moduleId'>>(
  ctx: Context,
  wanted: ModuleResultsWanted,
  pageSize: number,
  pageToken: string | undefined,
  load: (
    tx: ReadTx,
    filter: queries.ModuleFilter,
    place: queries.Place | null,
    limit: number,
  ) => Promise<T[]>,
): Promise<ResultPage<T>> {
  const place = readToken(pageToken);
  const filter = toFilter(ctx, wanted);
  return ctx.read(async (tx) => {
    if (filter.reach === 'everyone') await refuseUnknown(tx, filter, wanted);
    const rows = await load(tx, filter, place, pageSize + 1);
    const items = rows.slice(0, pageSize);
    const last = items.at(-1);
    return { items, nextPageToken: rows.length > pageSize && last ? writeToken(last) : undefined };
  });
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
