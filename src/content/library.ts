import { type Context, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { requireWebLink } from '../kernel/links.ts';
import { violatedConstraint } from '../storage/index.ts';
import { findTrainings } from '../training/index.ts';
import * as queries from './queries.ts';
import { type ContentType, type DueDefaults, isMaterial, objectionToDefaults } from './rules.ts';

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
}

/** That an item's code is free and its folder exists is checked by constraints; the constraint's name tells. */
async function namingViolations<T>(input: ItemInput, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === 'content_item_code') refuse('content.code_taken', { code: input.code ?? '' });
    if (constraint === 'content_item_folder')
      refuse('content.unknown_ids', { field: 'folder_id', ids: input.folderId ?? '' });
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
  };
  const item = merged<queries.NewItem>(fresh, input);
  return namingViolations(input, () =>
    ctx.write(async (tx) => {
      await queries.insertItems(tx, ctx.caller.accountId, [item]);
      return itemId;
    }),
  );
}

/** Changes what the input names. What `default` resolved to for people already enrolled does not move. */
export async function editItem(ctx: Context, itemId: string, input: ItemInput): Promise<void> {
  reachOf(ctx.caller, 'content.write');
  await namingViolations(input, () =>
    ctx.write(async (tx) => {
      const before =
        (await queries.lockItem(tx, ctx.caller.accountId, itemId)) ??
        refuse('content.unknown', { ids: itemId });
      await queries.updateItem(tx, ctx.caller.accountId, merged(before, input));
    }),
  );
}

/** Retires an item: learners keep it, new enrollments are refused. Refuses while a course or a track contains it (409). */
export function retireItem(ctx: Context, itemId: string): Promise<void> {
  reachOf(ctx.caller, 'content.write');
  return ctx.write(async (tx) => {
    const { accountId } = ctx.caller;
    if (!(await queries.lockItem(tx, accountId, itemId, 'enrollments')))
      refuse('content.unknown', { ids: itemId });
    if (await queries.isInUse(tx, accountId, itemId)) refuse('content.in_use', { ids: itemId });
    await queries.retireItem(tx, accountId, itemId, ctx.now);
  });
}

/** Adds a material or a training to a course; returns the module's id. Refuses what is neither (400). */
export function addModule(
  ctx: Context,
  courseId: string,
  input: { itemId: string; title?: string | undefined; sequentialNumber?: number | undefined },
): Promise<string> {
  reachOf(ctx.caller, 'content.write');
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    const course =
      (await queries.lockItem(tx, accountId, courseId)) ?? refuse('content.unknown', { ids: courseId });
    if (course.contentType !== 'Course')
      refuse('content.wrong_type', { field: 'courseId', ids: courseId, detail: 'is no course' });
    const item = await queries.lockItem(tx, accountId, input.itemId);
    const training = item
      ? undefined
      : (await findTrainings(tx, accountId, [input.itemId])).get(input.itemId);
    if (!item && training === undefined)
      refuse('content.unknown_ids', { field: 'itemId', ids: input.itemId });
    if (item && !isMaterial(item.contentType))
      refuse('content.wrong_type', {
        field: 'itemId',
        ids: input.itemId,
        detail: 'is neither a material nor a training',
      });
    const moduleId = newId();
    await queries.insertModule(tx, accountId, {
      moduleId,
      courseId,
      itemId: item ? item.itemId : null,
      trainingId: item ? null : input.itemId,
      title: input.title ?? item?.title ?? training ?? '',
      addedAt: ctx.now,
      sequentialNumber: input.sequentialNumber ?? null,
    });
    return moduleId;
  });
}

/** Gives a learning track these courses, in this order, in place of those it had. */
export async function setTrackCourses(
  ctx: Context,
  trackId: string,
  courseIds: readonly string[],
): Promise<void> {
  reachOf(ctx.caller, 'content.write');
  const { accountId } = ctx.caller;
  const wanted = [...new Set(courseIds)];
  await ctx.write(async (tx) => {
    const track =
      (await queries.lockItem(tx, accountId, trackId)) ?? refuse('content.unknown', { ids: trackId });
    if (track.contentType !== 'LearningTrack')
      refuse('content.wrong_type', {
        field: 'learningTrackId',
        ids: trackId,
        detail: 'is no learning track',
      });
    const known = await queries.selectItems(tx, { accountId, itemIds: wanted }, null, wanted.length + 1);
    const types = new Map(known.map((item) => [item.itemId, item.contentType]));
    const unknown = wanted.filter((id) => !types.has(id));
    if (wanted.length > 0 && unknown.length > 0)
      refuse('content.unknown_ids', { field: 'courseIds', ids: listIds(unknown) });
    const others = wanted.filter((id) => types.get(id) !== 'Course');
    if (others.length > 0)
      refuse('content.wrong_type', { field: 'courseIds', ids: listIds(others), detail: 'are no courses' });
    await queries.replaceTrackCourses(tx, accountId, trackId, wanted);
  });
}

/** One item, also a retired one. */
export async function findItem(ctx: Context, itemId: string): Promise<queries.Item> {
  reachOf(ctx.caller, 'content.read');
  const [item] = await ctx.read((tx) =>
    queries.selectItems(tx, { accountId: ctx.caller.accountId, itemIds: [itemId] }, null, 1),
  );
  return item ?? refuse('content.unknown', { ids: itemId });
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

async function refuseUnknown(
  tx: Parameters<typeof queries.selectItems>[0],
  accountId: number,
  ids: readonly string[],
  field: string,
): Promise<void> {
  const known = new Set(
    (await queries.selectItems(tx, { accountId, itemIds: ids }, null, ids.length)).map((item) => item.itemId),
  );
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) refuse('content.unknown_ids', { field, ids: listIds(unknown) });
}

/** The modules of one course. Refuses an unknown course (404) and what is no course (400). */
export function modulesOf(ctx: Context, courseId: string): Promise<queries.Module[]> {
  reachOf(ctx.caller, 'content.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    const [course] = await queries.selectItems(tx, { accountId, itemIds: [courseId] }, null, 1);
    if (!course) refuse('content.unknown', { ids: courseId });
    if (course.contentType !== 'Course')
      refuse('content.wrong_type', { field: 'courseId', ids: courseId, detail: 'is no course' });
    return queries.modulesOf(tx, accountId, courseId);
  });
}

/** Material modules of courses, after a place. */
export function listModules(
  ctx: Context,
  courseIds: readonly string[],
  after: string | null,
  limit: number,
): Promise<queries.Module[]> {
  reachOf(ctx.caller, 'content.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    if (courseIds.length > 0) await refuseUnknown(tx, accountId, courseIds, 'courseIds');
    return queries.materialModules(tx, accountId, courseIds, after, limit);
  });
}

/** Which courses the learning tracks have. Refuses unknown ids (400). */
export function coursesOfTracks(
  ctx: Context,
  trackIds: readonly string[],
): Promise<{ learningTrackId: string; courseId: string }[]> {
  reachOf(ctx.caller, 'content.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    await refuseUnknown(tx, accountId, trackIds, 'learningTrackIds');
    return queries.coursesOfTracks(tx, accountId, trackIds);
  });
}
