import { type Context, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { requireWebLink } from '../kernel/links.ts';
import { type ReadTx, violatedConstraint, type WriteTx } from '../storage/index.ts';
import * as queries from './queries.ts';
import { type ContentType, type DueDefaults, objectionToDefaults } from './rules.ts';

/** What may be said about an item when it is made or edited; undefined leaves it as it is. */
export interface ItemInput {
  readonly title?: string | undefined;
  readonly subtitle?: string | undefined;
  readonly description?: string | undefined;
  readonly code?: string | undefined;
  readonly folderId?: string | undefined;
  readonly url?: string | undefined;
  readonly defaultDueType?: DueDefaults['defaultDueType'] | undefined;
  readonly defaultDueAt?: Date | undefined;
  readonly defaultDuePeriodHours?: number | undefined;
  readonly defaultLock?: boolean | undefined;
  readonly selfEnrollment?: boolean | undefined;
  readonly courseFields?: readonly queries.CourseField[] | undefined;
}

/** Codes are unique and folders exist by constraint; the constraint's name tells which did not hold. */
async function mapViolations<T>(input: ItemInput, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === 'content_item_code') refuse('content.code_taken', { code: input.code ?? '' });
    if (constraint === 'content_item_folder')
      refuse('content.unknown_folder', { field: 'folder_id', ids: input.folderId ?? '' });
    throw error;
  }
}

function merged<T extends DueDefaults & { url: string | null }>(before: T, input: ItemInput): T {
  const after = {
    ...before,
    ...Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)),
    ...(input.code === undefined ? {} : { code: input.code === '' ? null : input.code }),
    ...(input.url === undefined ? {} : { url: input.url === '' ? null : input.url }),
  } as T;
  if (after.defaultDueType !== 'due_date') Object.assign(after, { defaultDueAt: null });
  if (after.defaultDueType !== 'due_period') Object.assign(after, { defaultDuePeriodHours: null });
  const objection = objectionToDefaults(after);
  if (objection) refuse(objection.code, objection.details);
  if (after.url !== null) requireWebLink('url', after.url);
  return after;
}

/** Makes a content item of a type; returns its id. Refuses bad defaults and links (400), a taken code (409). */
export function createItem(
  ctx: Context,
  contentType: ContentType,
  input: ItemInput & { title: string },
): Promise<string> {
  reachOf(ctx.caller, 'content.write');
  const itemId = newId();
  const fresh = {
    itemId,
    contentType,
    title: input.title,
    subtitle: '',
    description: '',
    code: null,
    folderId: null,
    url: null,
    authorId: ctx.caller.userId,
    addedAt: ctx.now,
    defaultDueType: 'unlimited' as const,
    defaultDueAt: null,
    defaultDuePeriodHours: null,
    defaultLock: false,
    selfEnrollment: false,
    courseFields: [],
  };
  const item = merged<queries.NewItem>(fresh, input);
  return mapViolations(input, () =>
    ctx.write(async (tx) => {
      await queries.insertItems(tx, ctx.caller.accountId, [item]);
      return itemId;
    }),
  );
}

/** Changes what the input names. What `default` resolved to for people already enrolled does not move. */
export async function editItem(ctx: Context, itemId: string, input: ItemInput): Promise<void> {
  reachOf(ctx.caller, 'content.write');
  await mapViolations(input, () =>
    ctx.write(async (tx) => {
      const before = await lockItem(tx, ctx.caller.accountId, itemId);
      await queries.updateItem(tx, ctx.caller.accountId, merged(before, input));
    }),
  );
}

/** Retires an item: learners keep it, new enrollments are refused. Refuses while a course or a track contains it (409). */
export function retireItem(ctx: Context, itemId: string): Promise<void> {
  reachOf(ctx.caller, 'content.write');
  return ctx.write(async (tx) => {
    const { accountId } = ctx.caller;
    await lockItem(tx, accountId, itemId, 'enrollments');
    if (await queries.isInUse(tx, accountId, itemId)) refuse('content.in_use', { ids: itemId });
    await queries.retireItem(tx, accountId, itemId, ctx.now);
  });
}

/** The item, locked; refuses one that is not there (404). */
export async function lockItem(
  tx: WriteTx,
  accountId: number,
  itemId: string,
  against?: queries.LockAgainst,
): Promise<queries.Item> {
  const items = await queries.lockItems(tx, accountId, [itemId], against);
  return items.get(itemId) ?? refuse('content.unknown', { ids: itemId });
}

/** One item, also a retired one. The contract has no 404 here: an unknown id is 400. */
export async function findItem(ctx: Context, itemId: string): Promise<queries.Item> {
  reachOf(ctx.caller, 'content.read');
  const [item] = await ctx.read((tx) =>
    queries.selectItems(tx, { accountId: ctx.caller.accountId, itemIds: [itemId] }, null, 1),
  );
  return item ?? refuse('content.unknown_ids', { field: 'id', ids: itemId });
}

/** Items after a place; refuses unknown ids in the filter (400). */
export async function listItems(
  ctx: Context,
  filter: Omit<queries.ItemFilter, 'accountId'>,
  after: string | null,
  limit: number,
): Promise<queries.Item[]> {
  reachOf(ctx.caller, 'content.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    if (filter.itemIds?.length) await refuseUnknown(tx, accountId, filter.itemIds, 'contentItemIds');
    return queries.selectItems(tx, { ...filter, accountId }, after, limit);
  });
}

/** Refuses ids that name no item (400). */
export async function refuseUnknown(
  tx: ReadTx,
  accountId: number,
  ids: readonly string[],
  field: string,
): Promise<void> {
  const unknown = await queries.unknownItems(tx, accountId, ids);
  if (unknown.length > 0) refuse('content.unknown_ids', { field, ids: listIds(unknown) });
}
