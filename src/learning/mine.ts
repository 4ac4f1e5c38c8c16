import type { Context } from '../access/index.ts';
import { isLocked, requestOf, type UnlockRequest } from '../enrollment/index.ts';
import { refuse } from '../kernel/errors.ts';
import { enrollmentId, readEnrollmentId } from '../kernel/ids.ts';
import { certificatesOf, isDone } from '../progress/index.ts';
import * as queries from './queries.ts';
import { byUrgency, type Standing, standingOf } from './rules.ts';

/** What a learner has of their own: nobody else's is ever found here, whatever the caller's roles reach. */

export interface MyLearning extends Standing, queries.Learning {
  readonly enrollmentId: string;
}

/** Everything the caller is enrolled in, the most urgent first. */
export async function listMine(ctx: Context): Promise<MyLearning[]> {
  const { accountId, userId } = ctx.caller;
  const rows = await ctx.read((tx) => queries.learningOf(tx, accountId, userId));
  return rows
    .map((row) => standing(ctx, row))
    .sort((one, other) =>
      byUrgency(
        { ...one, completedAt: one.progress.completedAt },
        { ...other, completedAt: other.progress.completedAt },
      ),
    );
}

export const standing = (ctx: Context, row: queries.Learning): MyLearning => ({
  ...row,
  ...standingOf(row, { isDone: isDone(row.progress.status), isLocked: isLocked(row, ctx.now) }, ctx.now),
  enrollmentId: enrollmentId({ accountId: ctx.caller.accountId, ...row }),
});

/** One enrollment of the caller with what is within it, and its certificate. */
export interface MyItem {
  readonly learning: MyLearning;
  /** Within a learning track: the course that is looked at. */
  readonly course: queries.TrackCourse | null;
  readonly courses: readonly queries.TrackCourse[];
  readonly modules: readonly queries.Module[];
  readonly certificateId: string | null;
  /** What the caller asked of the lock that holds now. */
  readonly unlock: UnlockRequest | null;
}

/** Refuses `learning.unknown` for what is no current enrollment of the caller, or no course of that learning track. */
export async function readMine(ctx: Context, id: string, courseId: string | null = null): Promise<MyItem> {
  const { accountId, userId } = ctx.caller;
  const key = readEnrollmentId(id);
  if (key?.accountId !== accountId) return refuse('learning.unknown');
  return ctx.read(async (tx) => {
    const [row] = await queries.learningOf(tx, accountId, userId, key);
    if (!row) return refuse('learning.unknown');
    const learning = standing(ctx, row);
    const isTrack = row.contentType === 'LearningTrack';
    const courses = isTrack ? await queries.coursesOf(tx, accountId, userId, row.itemId) : [];
    const course = courses.find((own) => own.courseId === courseId) ?? null;
    if (courseId !== null && !course) return refuse('learning.unknown');
    const unlock = learning.closed === 'locked' && row.dueAt ? await requestOf(tx, key, row.dueAt) : null;
    const within = row.contentType === 'Course' ? row.itemId : course?.courseId;
    const modules = within ? await queries.modulesOf(tx, accountId, userId, within) : [];
    const itemId = course?.courseId ?? row.itemId;
    const { term } = course ?? row;
    const certificates = await certificatesOf(tx, accountId, [{ learnerId: userId, itemId, term }], null);
    return {
      learning,
      course,
      courses,
      modules,
      certificateId: certificates({ learnerId: userId, itemId })?.certificateId ?? null,
      unlock,
    };
  });
}
