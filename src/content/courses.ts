import { type Context, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { WriteTx } from '../storage/index.ts';
import { findTrainings } from '../training/index.ts';
import * as queries from './course-queries.ts';
import { lockItem, refuseUnknown } from './library.ts';
import { type Item, lockItems, selectItems } from './queries.ts';
import { isMaterial } from './rules.ts';

/** What courses and learning tracks are made of. */

/** Adds a material or a training to a course; returns the module's id. Refuses what is neither, or retired (400). */
export function addModule(
  ctx: Context,
  courseId: string,
  input: { itemId: string; title?: string | undefined; sequentialNumber?: number | undefined },
): Promise<string> {
  reachOf(ctx.caller, 'content.write');
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    await lockCourse(tx, accountId, courseId);
    const item = (await lockItems(tx, accountId, [input.itemId])).get(input.itemId);
    if (item) refuseUnfit([item], 'itemId', isMaterial, 'neither a material nor a training');
    const training = item
      ? undefined
      : (await findTrainings(tx, accountId, [input.itemId])).get(input.itemId);
    if (!item && training === undefined)
      refuse('content.unknown_ids', { field: 'itemId', ids: input.itemId });
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

/** Takes a module out of a course; what learners did in it stays with the material. Refuses one that is not there (404). */
export function removeModule(ctx: Context, courseId: string, moduleId: string): Promise<void> {
  reachOf(ctx.caller, 'content.write');
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    await lockCourse(tx, accountId, courseId);
    const wasThere = await queries.deleteModule(tx, accountId, courseId, moduleId);
    if (!wasThere) refuse('content.unknown_module', { ids: moduleId });
  });
}

async function lockCourse(tx: WriteTx, accountId: number, courseId: string): Promise<void> {
  const course = await lockItem(tx, accountId, courseId);
  if (course.contentType !== 'Course')
    refuse('content.wrong_type', { field: 'courseId', ids: courseId, detail: 'no course' });
}

/** Refuses items of a type that cannot stand here, and retired ones: nobody new could be given them (400). */
function refuseUnfit(
  items: readonly Item[],
  field: string,
  fits: (type: Item['contentType']) => boolean,
  detail: string,
): void {
  const objections = [
    [items.filter((item) => !fits(item.contentType)), detail],
    [items.filter((item) => item.isRetired), 'retired'],
  ] as const;
  for (const [unfit, said] of objections)
    if (unfit.length > 0)
      refuse('content.wrong_type', { field, ids: listIds(unfit.map((item) => item.itemId)), detail: said });
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
    const track = await lockItem(tx, accountId, trackId);
    if (track.contentType !== 'LearningTrack')
      refuse('content.wrong_type', {
        field: 'learningTrackId',
        ids: trackId,
        detail: 'no learning track',
      });
    const courses = await lockItems(tx, accountId, wanted);
    const unknown = wanted.filter((id) => !courses.has(id));
    if (unknown.length > 0) refuse('content.unknown_ids', { field: 'courseIds', ids: listIds(unknown) });
    refuseUnfit([...courses.values()], 'courseIds', (type) => type === 'Course', 'no course');
    await queries.replaceTrackCourses(tx, accountId, trackId, wanted);
  });
}

/** The modules of one course. Refuses an unknown course (404) and what is no course (400). */
export function modulesOf(ctx: Context, courseId: string): Promise<queries.Module[]> {
  reachOf(ctx.caller, 'content.read');
  const { accountId } = ctx.caller;
  return ctx.read(async (tx) => {
    const [course] = await selectItems(tx, { accountId, itemIds: [courseId] }, null, 1);
    if (!course) refuse('content.unknown', { ids: courseId });
    if (course.contentType !== 'Course')
      refuse('content.wrong_type', { field: 'courseId', ids: courseId, detail: 'no course' });
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
